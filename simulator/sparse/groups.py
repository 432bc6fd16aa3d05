"""Orientations and rays put together in groups whose indices lie within a known reach of a centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulator.physics.vectors import Vec, apply, stack
from simulator.scene.instrument import Instrument

REACH = 0.05
"""Reach of an index up to which orientations and pixels are put together, a tenth of the way to a peak."""
FEWEST, MOST = 8, 1024
"""Sizes of a cluster: below, a bound costs what the evaluations cost; above, a call holds too many."""
ROUNDING = 2.0**-20
"""Sixteen units of single precision: of an index |a| |q|, of a reach, and of a phase, in turns."""


@dataclass(frozen=True, eq=False)
class Centre:
    """The centre of some orientations, in single precision."""

    vectors_m: Tensor
    """(a, b, c) that lie among them [3, 3, 1]."""
    spread_m: Tensor
    """Largest distance from these, with an allowance for rounding [3, 1]."""
    length_m: Tensor
    """Of these [3, 1]."""

    def reach(self, rays: RayGroups) -> tuple[Tensor, Tensor]:
        """Return the indices of the centre and a bound of their distance from any of the group, [3, n] each.

        |a.q - a_c.q_c| <= |a - a_c| |q| + |a_c| |q - q_c|
        """
        x, y, z = apply(_flat, rays.q_per_m)
        h = self.vectors_m[:, 0] * x + self.vectors_m[:, 1] * y + self.vectors_m[:, 2] * z
        r = self.spread_m * _flat(rays.size_per_m) + ROUNDING
        return h, r if rays.stray_per_m is None else r + self.length_m * _flat(rays.stray_per_m)


@dataclass(frozen=True, eq=False)
class Cluster:
    """Some phi steps and domains: their vectors as of `packed` [1, 1, 1, m, 9] in metres, and the centre."""

    cell: Tensor
    centre: Centre
    size: int

    @classmethod
    def of(cls, vectors: Tensor) -> Cluster:
        """Return the cluster of orientations [m, 3 vectors, 3 components] in metres, float64."""
        centre = ((vectors.amin(0) + vectors.amax(0)) / 2.0).float()
        length_m = centre.double().norm(dim=1)
        spread_m = (vectors - centre.double()).norm(dim=2).amax(0)
        return cls(
            cell=vectors.flatten(1)[None, None, None],
            centre=Centre(
                vectors_m=centre[:, :, None],
                spread_m=((spread_m + ROUNDING * (length_m + spread_m)) * (1.0 + ROUNDING))[:, None].float(),
                length_m=length_m[:, None].float(),
            ),
            size=len(vectors),
        )

    def first(self, count: int) -> Cluster:
        """Return the cluster with its first orientations only."""
        return replace(self, cell=self.cell[:, :, :, :count], size=min(count, self.size))


@dataclass(frozen=True, eq=False)
class RayGroups:
    """Groups of rays of neighbouring pixels, in single precision, [1, n, 1, 1]."""

    q_per_m: Vec
    """Components of the centres."""
    size_per_m: Tensor
    """Largest |q|."""
    stray_per_m: Tensor | None
    """Largest |q - q_c|, None for groups of one ray. n counts the groups of the first source, then those of
    the next."""

    @classmethod
    def of(cls, q_per_m: Vec, members: Tensor | None) -> RayGroups:
        """Return the groups of scattering vectors [K, N, 1, 1].

        Args:
            members: the pixels of each group [n, g], None for groups of one.
        """
        flat = apply(lambda part: part[:, :, 0, 0], q_per_m)
        if members is None:
            x, y, z = (on_pixels(part.reshape(-1).float()) for part in flat)
            return cls((x, y, z), (x.square() + y.square() + z.square()).sqrt(), None)
        grouped = apply(lambda part: part[:, members], flat)  # [K, n, g]
        middle = members.shape[1] // 2
        centre = apply(lambda part: part[:, :, middle].reshape(-1).float(), grouped)
        x, y, z = (part.flatten(0, 1) for part in grouped)
        dx, dy, dz = (part - mid.double()[:, None] for part, mid in zip((x, y, z), centre, strict=True))
        stray = (dx.square() + dy.square() + dz.square()).amax(1).sqrt() * (1.0 + ROUNDING)
        size = (x.square() + y.square() + z.square()).amax(1).sqrt() * (1.0 + ROUNDING)
        return cls(apply(on_pixels, centre), on_pixels(size.float()), on_pixels(stray.float()))


def clusters(ins: Instrument, q_per_m: float) -> list[Cluster]:
    """Return the phi steps and domains of a run in clusters.

    Args:
        q_per_m: typical length of a scattering vector; how far apart two orientations are depends on it.
    """
    found = [stack(apply(Tensor.detach, v))[0, 0] for v in ins.usual.final]
    vectors = torch.stack(found, -2).flatten(0, 1)  # [n, vector, component]
    points = vectors.cpu().numpy()
    parts = _split(points, REACH / q_per_m if q_per_m > 0.0 else np.inf)
    return [Cluster.of(vectors[torch.from_numpy(members).to(vectors.device)]) for members in parts]


def _split(points: NDArray[np.float64], close_m: float) -> Iterator[NDArray[np.int64]]:
    """Yield the members of clusters of [n, 3 vectors, 3 components]: boxes halved until they are small."""
    rows = points.reshape(len(points), -1)
    waiting = [np.arange(len(rows))]
    while waiting:
        members = waiting.pop()
        widths = rows[members].max(0) - rows[members].min(0)
        half_diagonal = np.linalg.norm(widths.reshape(3, 3), axis=1).max() / 2.0
        if len(members) <= FEWEST or (half_diagonal <= close_m and len(members) <= MOST):
            yield np.sort(members)
            continue
        order = members[np.argsort(rows[members, int(widths.argmax())], kind="stable")]
        waiting += [order[len(order) // 2 :], order[: len(order) // 2]]


def on_pixels(values: Tensor) -> Tensor:
    """Return [n] as [1, n, 1, 1]."""
    return values[None, :, None, None]


def _flat(values: Tensor) -> Tensor:
    """Return [1, n, 1, 1] as [n]."""
    return values[0, :, 0, 0]
