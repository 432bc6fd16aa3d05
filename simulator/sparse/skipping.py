"""Evaluations that are left out since they cannot matter: `--epsilon`.

For each group of evaluations (neighbouring pixels, orientations that are close to each other) an upper bound
of what one of them adds is computed. A pixel has an allowance, E of a lower bound of the image's maximum; as
long as it lasts, groups are charged to it and left out. What a pixel was charged is more than what it lost.
Everything else runs through the stages of the kernel as it does without.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from simulator.engine.eager import Eager
from simulator.kernel.blocks import Block
from simulator.kernel.evaluation import ChunkInputs
from simulator.kernel.factors import Factors
from simulator.kernel.finish import Sums, scaled
from simulator.kernel.kernel import Photons, photons
from simulator.kernel.rays import Rays, trace_rays
from simulator.kernel.small_blocks import FEW
from simulator.kernel.stages import Stages
from simulator.kernel.taps import NEVER, Show, Spot, Tap, no_tap, silent
from simulator.physics.vectors import Vec, apply, length
from simulator.scene.instrument import Instrument
from simulator.sparse.bounds import BOUND, Bounding, TermBound, largest_lengths
from simulator.sparse.groups import FEWEST, REACH, Cluster, RayGroups, clusters, on_pixels

MOST_SAMPLED, SAMPLED, COMPUTED, FEWEST_COMPUTED = 1 << 17, 16, 64, 64
"""To find a bright pixel, the bounds of so many are formed, or of one in so many; of these, one in so many,
but at least so many, are computed."""
MOST_CLIMBED, AROUND = 64, 3
"""Bright pixels around which the peak is looked for, and how far away on both axes."""
BLOCK_PIXELS, CALL = 1 << 15, 1 << 15
"""Pixels of a block and evaluations of a call for that."""
LARGEST_GROUP = 16
"""Neighbouring pixels that are put together at most."""
WORTH, GATHERING, TRIED = 3.0, 2.0, 2048
"""Evaluations of a group from which on it may pay to choose; time of a gathered evaluation over that of
another; pixels on which the share left out is measured."""
ALL_COMPUTED = "--epsilon leaves nothing out: to choose would take as long as to compute everything"
SAFETY = 1.0 - 2.0**-16
"""Keeps the rounding of sums below the allowance."""


@dataclass(frozen=True, eq=False)
class Charged:
    """The photons of a block, and what its pixels were charged."""

    photons: Photons
    charged_photons: Tensor | None = None
    """Upper bounds of what evaluations that were left out would add [N], None where none were."""
    left_out: int = 0
    """Their number."""


@dataclass(frozen=True, eq=False)
class Sparse:
    """How a run leaves evaluations out."""

    clusters: list[Cluster]
    bound: TermBound
    group: int
    """Pixels of a group."""
    evaluations: int
    """Of a pixel."""
    allowance_photons: float
    """Of a pixel."""
    worth: bool
    """Whether anything is left out, False where to choose would take as long as to compute."""

    @classmethod
    def of(cls, ins: Instrument, epsilon: float, executed: Tensor) -> Sparse:
        """Return what suits a run.

        Args:
            epsilon: fraction of the maximum that a pixel may lose.
            executed: which pixels are computed [spixels, fpixels].
        """
        with _one_thread():
            return cls._of(ins, epsilon, executed)

    @classmethod
    def _of(cls, ins: Instrument, epsilon: float, executed: Tensor) -> Sparse:
        """Do what `of` does."""
        executed = executed.to(ins.device)
        block = _sample(ins, executed)
        q_per_m, apart_per_m = _typical(ins, block)
        made = clusters(ins, q_per_m)
        K, P, M = ins.counts
        each = K * P * M * ins.plan.sides**2 * ins.plan.layers
        group = _group(ins, made, apart_per_m)
        size = group * P * M / len(made)
        scout = cls(made, TermBound.of(ins), 1, each, torch.inf, pays(size, 1.0) and len(block.slow) > 0)
        if not scout.worth:
            return scout
        allowance = SAFETY * epsilon / (1.0 + epsilon) * scout.bright(ins, block, executed)
        chosen = replace(scout, allowance_photons=allowance)
        return replace(
            chosen, group=group, worth=pays(size, chosen.share(ins, _thinned(block, executed.shape[1])))
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return () if self.worth else (ALL_COMPUTED,)

    def probe(self, stages: Stages) -> Stages:
        """Return stages that leave nothing out, with few orientations, to see all forms of a call."""
        if not self.worth:
            return stages
        few = {min(cluster.size, 2): cluster.first(FEW) for cluster in self.clusters}
        everything = replace(self, clusters=list(few.values()), allowance_photons=-torch.inf)
        return Skipping(everything, stages)

    def photons(self, stages: Stages, block: Block) -> Charged:
        """Return the photons of a block, and what the pixels were charged.

        A pixel whose charge exceeds the allowance after all, since its last factors grew, is computed whole.

        Args:
            stages: compute what is not left out.
        """
        if not self.worth or block.first_visit >= 0:
            return Charged(photons(stages, block))
        skipping = Skipping(self, stages)
        found = photons(skipping, block)
        charged = skipping.charged_photons
        left_out = len(block.slow) * self.evaluations - skipping.evaluated
        beyond = (~(charged <= self.allowance_photons)).nonzero().flatten()
        if len(beyond):
            whole = photons(stages, block.some(beyond)).pixels
            found = replace(found, pixels=found.pixels.index_copy(0, beyond, whole))
            charged = charged.index_fill(0, beyond, 0.0)
            left_out = max(0, left_out - len(beyond) * self.evaluations)
        return Charged(found, charged, left_out)

    def share(self, ins: Instrument, block: Block) -> float:
        """Return the share of the evaluations of a block that is left out."""
        skipping = Skipping(self, _eager(ins, block))
        photons(skipping, block)
        return 1.0 - skipping.evaluated / (len(block.slow) * self.evaluations)

    def bright(self, ins: Instrument, block: Block, executed: Tensor) -> float:
        """Return the largest of some pixels that may be the brightest.

        These are the pixels of a block with the largest bounds, then those around the largest of them.
        """
        bounds = []
        for n in range(0, len(block.slow), BLOCK_PIXELS):
            part = block.some(slice(n, n + BLOCK_PIXELS))
            skipping = Skipping(self, _eager(ins, part))
            photons(skipping, part)
            bounds.append(skipping.charged_photons.nan_to_num(nan=0.0))
        count = min(len(block.slow), max(FEWEST_COMPUTED, len(block.slow) // COMPUTED))
        best = block.some(torch.cat(bounds).topk(count).indices)
        found = _whole(ins, best)
        best = best.some(found.topk(min(count, MOST_CLIMBED)).indices)
        steps = torch.arange(-AROUND, AROUND + 1, device=ins.device)
        slow = (best.slow[:, None, None] + steps[:, None]).clamp(0, executed.shape[0] - 1)
        fast = (best.fast[:, None, None] + steps).clamp(0, executed.shape[1] - 1)
        places = (slow * executed.shape[1] + fast).flatten()
        near = _block_at(ins, executed, places[executed.flatten()[places]])
        return max(float(found.max()), float(_whole(ins, near).max()))


def pays(size: float, share: float) -> bool:
    """Return whether it pays to choose, with so many evaluations a group and such a share left out.

    The bound takes about as long as one evaluation, and gathered evaluations take longer than others.
    """
    return size >= WORTH and 1.0 / size + GATHERING * (1.0 - share) <= 1.0


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let operations run on this thread alone: they are too short to be shared among cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _sample(ins: Instrument, executed: Tensor) -> Block:
    """Return some of the computed pixels, at even distances in memory order."""
    flat = executed.flatten()
    count = int(flat.sum())
    step = _step(count // min(MOST_SAMPLED, max(FEWEST_COMPUTED, count // SAMPLED)), executed.shape[1])
    places = flat[::step].nonzero().flatten() * step
    return _block_at(ins, executed, places if len(places) else flat.nonzero().flatten())


def _thinned(block: Block, width: int) -> Block:
    """Return about TRIED pixels of a block."""
    return block.some(slice(None, None, _step(len(block.slow) // TRIED, width)))


def _step(wanted: int, width: int) -> int:
    """Return a distance of pixels in memory of about this size that leads through all columns."""
    step = max(1, wanted)
    while math.gcd(step, width) > 1:
        step += 1
    return step


def _block_at(ins: Instrument, executed: Tensor, places: Tensor) -> Block:
    """Return the pixels at places in memory order, with the interpolation of the run."""
    width = executed.shape[1]
    slow, fast = places.div(width, rounding_mode="floor"), places.remainder(width)
    return Block(slow, fast, interpolated=NEVER if ins.plan.interpolate else 0)


def _whole(ins: Instrument, block: Block) -> Tensor:
    """Return the finite, positive photons of pixels with nothing left out; 0 for others."""
    found = photons(_eager(ins, block), block).pixels
    return found.nan_to_num(0.0, 0.0, 0.0).clamp(min=0.0)


def _eager(ins: Instrument, block: Block) -> Stages:
    """Return the stages of a block, operation by operation."""
    return Stages(ins, Eager(CALL, len(block.slow)))


def _typical(ins: Instrument, block: Block) -> tuple[float, float]:
    """Return the mean length of the scattering vectors of some pixels, and of those to their neighbours."""
    here, there = (trace_rays(ins, Spot(block.slow, block.fast + n), None).q_per_m for n in range(2))
    apart: Vec = (there[0] - here[0], there[1] - here[1], there[2] - here[2])
    return float(length(here).nanmean()), float(length(apart).nanmean())


def _group(ins: Instrument, made: list[Cluster], apart_per_m: float) -> int:
    """Return how many neighbouring pixels are put together: as many as lie within REACH."""
    index_apart = float(largest_lengths(ins).max()) * apart_per_m
    size = sum(cluster.size for cluster in made) / len(made)
    room = max(1, int(2 * FEWEST / size))
    near = int(1.0 + 2.0 * REACH / index_apart) if index_apart > 0.0 else 1
    return max(1, min(LARGEST_GROUP, room, near))


class Skipping(Stages):
    """The stages of one block, which leave out what its pixels can be charged for.

    charged_photons: of each pixel [N], after `finish`; evaluated: number of evaluations.
    """

    elements = 1 << 62

    def __init__(self, sparse: Sparse, inner: Stages) -> None:
        super().__init__(inner.ins, inner.engine)
        self.charged_photons = torch.zeros(0, device="cpu")
        self.evaluated = 0
        self._sparse = sparse
        self._left = sparse.evaluations
        self._members: Tensor | None = None
        self._room = torch.zeros(0, device="cpu")
        self._charged = torch.zeros(0, device="cpu")

    def rays(self, spot: Spot, cached: Factors | None, tap: Tap = no_tap) -> Rays:
        """Do what `trace_rays` does; the first rays of a block tell what a pixel may be charged."""
        rays = super().rays(spot, cached, tap)
        if not len(self._room):
            self._open(rays.factors)
        return rays

    def add(self, part: ChunkInputs, I: Tensor, show: Show = silent) -> tuple[Tensor, Tensor | None]:
        """Do what `add_evaluations` does, with fewer evaluations."""
        K, N = part.q_per_m[0].shape[:2]
        groups, weight = RayGroups.of(part.q_per_m, self._members), self._weight(part)
        added = torch.zeros(K * N, dtype=I.dtype, device=I.device)
        for cluster in self._sparse.clusters:
            given = Bounding(self._sparse.bound, cluster.centre, groups, weight)
            charge = self.run(BOUND, given, N).view(K, -1) * cluster.size
            free = charge <= (self._room - self._charged) * (cluster.size / self._left)
            self._charged = self._charged + torch.where(free, charge, 0.0).sum(0)
            self._left -= K * cluster.size
            chosen = self._pixels_of(~free, N)
            self.evaluated += len(chosen) * cluster.size
            room = max(1, self.engine.elements // cluster.size)
            for start in range(0, len(chosen), room):
                some = chosen[start : start + room]
                zeros = torch.zeros_like(added[: len(some)])
                sums, _ = super().add(_gathered(part, cluster, some), zeros, show)
                added.index_add_(0, some, sums)
        return I + added.view(K, N).sum(0), None

    def finish(self, sums: Sums, factors: Factors, show: Show = silent) -> Tensor:
        """Do what `scaled` does, also to what the pixels were charged."""
        charged = self._charged
        if self._members is not None:
            charged = charged.repeat_interleave(self._members.shape[1])[: len(sums.I)]
        self.charged_photons = scaled(self.ins, Sums(charged, None, sums.omega_sum_sr), factors)
        return super().finish(sums, factors, show)

    def _open(self, factors: Factors) -> None:
        """Set what each group of pixels may be charged, in the units of the sums."""
        ins, N = self.ins, factors.omega.shape[1]
        ones = torch.ones(N, dtype=torch.float64, device=ins.device)
        photons_of_one = scaled(ins, Sums(ones, None, ones), factors)
        allowance = self._sparse.allowance_photons
        room = torch.where(photons_of_one > 0.0, allowance / photons_of_one, 0.0)
        g = self._sparse.group
        if g > 1:
            members = torch.arange(0, (N + g - 1) // g * g, device=ins.device).clamp(max=N - 1).view(-1, g)
            self._members, room = members, room[members].amin(1)
        self._room = room
        self._charged = torch.zeros_like(room)

    def _weight(self, part: ChunkInputs) -> Tensor | None:
        """Return the largest |gain| of each group of rays [1, n, 1, 1], 0 for those that dmin leaves out."""
        weight = None if part.gain is None else part.gain[:, :, 0, 0].abs()
        if part.alive is not None:
            alive = part.alive[:, :, 0, 0]
            weight = alive.double() if weight is None else torch.where(alive, weight, 0.0)
        if weight is not None and self._members is not None:
            weight = weight[:, self._members].amax(-1)
        return None if weight is None else on_pixels(weight.reshape(-1))

    def _pixels_of(self, chosen: Tensor, N: int) -> Tensor:
        """Return the places k N + n of the rays of the chosen groups [K, n]."""
        if self._members is None:
            return chosen.flatten().nonzero().flatten()
        k, n = chosen.nonzero().unbind(1)
        g = self._members.shape[1]
        pixel = n[:, None] * g + torch.arange(g, device=chosen.device)
        places = k[:, None] * N + pixel
        return places[pixel < N]


def _gathered(part: ChunkInputs, cluster: Cluster, rays: Tensor) -> ChunkInputs:
    """Return some rays of a part with the orientations of a cluster."""

    def some(values: Tensor) -> Tensor:
        return values.reshape(-1).index_select(0, rays)[None, :, None, None]

    return replace(
        part,
        q_per_m=apply(some, part.q_per_m),
        alive=None if part.alive is None else some(part.alive),
        gain=None if part.gain is None else some(part.gain),
        cell=cluster.cell,
    )
