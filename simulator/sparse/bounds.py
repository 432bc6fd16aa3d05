"""Upper bounds of |F_cell F_latt| over groups of evaluations (spec 05 section 5, 06 section 10).

Of a group we know the indices h of its centre and its reach r on each axis: every evaluation lies within
h +- r. Both are single precision; the reach holds the rounding of h (see `clusters`), the constants here hold
that of the bound and of the evaluations themselves. A centre that is not a number gives a bound that is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Shape
from simulator.engine.stage import Axis, Stage
from simulator.physics.arithmetic import in_loops
from simulator.physics.lattice.factor import GAUSS_WIDTH, ROUND_FACTOR, TOPHAT_LIMIT, CrystalShape, sincg
from simulator.physics.structure_factors import Table
from simulator.physics.vectors import apply, length
from simulator.scene.instrument import Instrument
from simulator.sparse.groups import Centre, RayGroups

ALLOWANCE = 2.0**-16
"""Relative, for roundings of single precision: of the bound, and of factors computed in it."""
LEAST_FACTOR, LEAST_F = 2.0**-60, 2.0**-30
"""Relative values below are raised to these, so that no product of a bound underflows to 0."""
LEBESGUE = 1.25
"""Largest sum of |L_i(x)| of the four Lagrange polynomials on the middle interval, reached in its centre."""
NOISY_ROUND = 2.0**-10
"""Below this x, rounding may exceed 1 in the closed form of the ball's transform (Q-SINC3-SMALL)."""
NEIGHBOURS = 8
"""Numbers on each side of a multiple of pi whose grating function is computed for Q-SINCG-INTEGER."""
MOST_INDICES = 1 << 16
MOST_ENTRIES = 1 << 22


@dataclass(frozen=True, eq=False)
class Bounding:
    """What the bound of the evaluations of some groups of rays, near one orientation, depends on.

    weight: what multiplies each term [1, n, 1, 1], None for 1.
    """

    bound: TermBound
    centre: Centre
    rays: RayGroups
    weight: Tensor | None

    def largest_terms(self) -> Tensor:
        """Return an upper bound of weight F_cell^2 F_latt^2 of each group [n], float64."""
        amplitude = self.bound.amplitude(*self.centre.reach(self.rays)).double()
        terms = amplitude.square() * self.bound.scale
        terms = terms if self.weight is None else terms * self.weight[0, :, 0, 0]
        return terms.expand(self.rays.size_per_m.shape[1])


def _bound(_: Instrument, given: Bounding) -> Tensor:
    return given.largest_terms()


BOUND = Stage(
    "bound",
    _bound,
    in_loops,
    axes={"given.bound.factor.values": (Axis("U"),), "given.bound.lattice.caps": (None, Axis("V"))},
)
"""`Bounding.largest_terms`; its tables are those of windows and of caps."""


@dataclass(frozen=True, eq=False)
class TermBound:
    """The bound of a run.

    `scale` (float64, no dimensions) is what the square of the relative amplitude is multiplied with.
    """

    lattice: LatticeBound
    factor: FactorBound
    scale: Tensor

    @classmethod
    def of(cls, ins: Instrument) -> TermBound:
        """Return the bound of the evaluations of an instrument."""
        lattice, peak = LatticeBound.of(ins)
        factor, largest = FactorBound.of(ins.table, ins.plan.interpolate, ins.device)
        scale = ((1.0 + ALLOWANCE) * largest * peak) ** 2
        return cls(lattice, factor, torch.tensor(scale, dtype=torch.float64, device=ins.device))

    def amplitude(self, h: Tensor, r: Tensor) -> Tensor:
        """Return a bound of |F_cell F_latt| over sqrt(scale) for each group.

        Args: h, r: centre and reach [3, n]. Returns: [n].
        """
        return self.lattice.relative(h, r) * self.factor.relative(h, r)


@dataclass(frozen=True, eq=False)
class LatticeBound:
    """Decreasing bounds of the four shapes in the least distance of each index from a whole number.

    cells [3, 1]; several: the axes with more than one cell; fudge: less an allowance; steepness [3, 1]: s of
    r^2 = sum (e_i s_i)^2, or of the largest of them with Q-GAUSS-WIDTH; caps: of |sin(N x)/sin(x)|/N at whole
    numbers [3, 2 m + 1], with Q-SINCG-INTEGER, None for 1.
    """

    name: Shape
    cells: Tensor
    several: tuple[int, ...]
    steepness: Tensor
    along_one: bool
    fudge: Tensor
    caps: Tensor | None
    noisy: bool

    @classmethod
    def of(cls, ins: Instrument) -> tuple[LatticeBound, float]:
        """Return the bound of a crystal's lattice factor, and its value at 0."""
        shape = ins.shape
        cells = torch.stack([count.detach() for count in shape.cells])
        wide = shape.name in ("GAUSS", "TOPHAT") and "Q-GAUSS-WIDTH" in shape.quirks
        exact = shape.name == "SQUARE" and "Q-SINCG-INTEGER" in shape.quirks and shape.dtype == torch.float64
        count = float(shape.cell_count) * (ROUND_FACTOR if shape.name == "ROUND" else 1.0)
        return cls(
            name=shape.name,
            cells=cells[:, None].float(),
            several=tuple(axis for axis in range(3) if not shape.single[axis]),
            steepness=(_upstream_steepness(shape) if wide else cells)[:, None].float(),
            along_one=wide,
            fudge=shape.fudge.detach().float() * (1.0 - ALLOWANCE),
            caps=_caps(ins, cells) if exact else None,
            noisy="Q-SINC3-SMALL" in shape.quirks,
        ), count

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """Return the bound over the value at 0, [n] (a number where all axes have one cell)."""
        whole = h.round()
        least = ((h - whole).abs() - r).clamp(min=0.0)
        if self.name == "SQUARE":
            return self._square(least, whole, r)
        t = (least * self.steepness).square()
        t = (t.amax(0) if self.along_one else t.sum(0)) * self.fudge
        if self.name == "GAUSS":
            return torch.exp(t * (-1.0 / GAUSS_WIDTH)).clamp(min=LEAST_FACTOR)
        if self.name == "TOPHAT":
            return torch.where(t >= TOPHAT_LIMIT, 0.0, 1.0)
        x_sqr = t * math.pi**2
        bound = ((1.0 + 1.0 / x_sqr).sqrt() * 3.0 / x_sqr).clamp(LEAST_FACTOR, 1.0)
        return torch.where(x_sqr < NOISY_ROUND**2, torch.inf, bound) if self.noisy else bound

    def _square(self, least: Tensor, whole: Tensor, r: Tensor) -> Tensor:
        """Return the product of min(1, 1/(N sin(pi d))), with sin(pi d) >= d (3 - 4 d^2) on [0, 1/2]."""
        sine = least * (3.0 - 4.0 * least.square())
        quotient = 1.0 / (sine * self.cells)
        if self.caps is None:
            quotient = quotient.clamp(max=1.0)
        else:
            quotient = torch.minimum(quotient, self._cap(whole, r))
        product = torch.ones((), device=least.device)
        for axis in self.several:
            product = product * quotient[axis]
        return product

    def _cap(self, whole: Tensor, r: Tensor) -> Tensor:
        """Return the caps at the nearest whole numbers, or the largest where the reach holds more of them."""
        assert self.caps is not None  # only then it is called
        middle = self.caps.shape[1] // 2
        place = whole.clamp(-middle, middle).nan_to_num().to(torch.int64) + middle
        found = self.caps.gather(1, place)
        return torch.where(r < 0.5, found, self.caps.amax(1, keepdim=True))


def _upstream_steepness(shape: CrystalShape) -> Tensor:
    """Return Na Nb Nc/|a|, ... in 1/Angstrom [3].

    |d1 a* + d2 b* + d3 c*| >= |d1|/|a| with the dual a of the reciprocal vectors, as d1 = a.(...); the same
    holds for b and c.
    """
    rows = torch.stack([torch.stack([part.detach() for part in v]) for v in shape.reciprocal])
    dual: Tensor = torch.linalg.inv(rows)  # columns
    return shape.cell_count.detach() / dual.square().sum(0).sqrt()


def _caps(ins: Instrument, cells: Tensor) -> Tensor:
    """Return bounds of |sin(N x)/sin(x)|/N for doubles x near m pi, [3, 2 m + 1] (Q-SINCG-INTEGER).

    The nearest doubles are tried; behind them the rounding of N x, a unit of x times N, is less than
    1/NEIGHBOURS of sin(x) N. Beyond MOST_INDICES there is no bound.
    """
    edges_m = largest_lengths(ins)
    reach = float(edges_m.max()) * 2.0 / float(ins.wavelength_m.min())
    count = int(min(MOST_INDICES, math.ceil(reach) + 1)) if math.isfinite(reach) else MOST_INDICES
    m = torch.arange(-count, count + 1, device=ins.device, dtype=torch.float64)
    x = (math.pi * m)[:, None]
    unit = torch.nextafter(x.abs(), torch.full_like(x, torch.inf)) - x.abs()
    steps = torch.arange(-2 * NEIGHBOURS, 2 * NEIGHBOURS + 1, device=ins.device)
    near = x + steps * (0.5 * unit)  # [m, neighbours]; below a power of two, units are half as large
    found = torch.stack([(sincg(near, N) / N).abs().amax(1) for N in cells])
    caps = found.clamp(min=1.0 + 1.0 / NEIGHBOURS)
    caps[:, count] = 1.0
    if count == MOST_INDICES:
        caps[:, 0] = caps[:, -1] = torch.inf
    return caps.float() * (1.0 + ALLOWANCE)


def largest_lengths(ins: Instrument) -> Tensor:
    """Return the largest |a|, |b|, |c| in metres over all phi steps and domains [3]."""
    return torch.stack([length(apply(Tensor.detach, v)).amax() for v in ins.usual.final])


@dataclass(frozen=True, eq=False)
class FactorBound:
    """Largest |F| over the table entries that a group can use, over the largest of all.

    values: flat tables of the largest entries in windows that start at an index, 8 of them, with windows
    longer by one or not along each axis (a single one, with long windows, of a large table; a single entry
    without a table); lower, upper [3, 1]: first and last start; strides, longer [3, 1]: distances in `values`
    of the next index and the longer window.
    """

    values: Tensor
    lower: Tensor
    upper: Tensor
    strides: Tensor
    longer: Tensor
    interpolate: bool

    @classmethod
    def of(cls, table: Table, interpolate: bool, device: torch.device) -> tuple[FactorBound, float]:
        """Return the bound of a table, and the largest |F_cell| (interpolated, if so) in electrons."""
        values = table.values.detach().abs()
        largest = float(values.max())
        relative = values / largest if largest != 0.0 else values
        relative = torch.where(relative == 0.0, 0.0, relative.clamp(min=LEAST_F)).float()
        largest *= LEBESGUE**3 if interpolate else 1.0
        low = [int(part) for part in table.lower]
        sizes = [int(high) - start + 1 for start, high in zip(low, table.upper, strict=True)]
        window = 4 if interpolate else 1
        made = relative[None, None, None, None, None]
        if table.present:
            made = _windows(relative.view([size + 2 for size in sizes]), window)
        small = made.numel() <= torch.iinfo(torch.int32).max

        def column(numbers: Iterable[int]) -> Tensor:
            kind = torch.int32 if small else torch.int64
            return torch.tensor(list(numbers), dtype=kind, device=device)[:, None]

        return cls(
            values=made.flatten(),
            lower=column(start - (window + 1) for start in low),
            upper=column(start + size for start, size in zip(low, sizes, strict=True)),
            strides=column(made.stride()[3:]),
            longer=column(made.stride(axis) if made.shape[0] > 1 else 0 for axis in range(3)),
            interpolate=interpolate,
        ), largest

    def relative(self, h: Tensor, r: Tensor) -> Tensor:
        """Return the bound over the largest |F|, [n] (a number without a table)."""
        if self.values.shape[0] == 1:
            return self.values[0]
        low, high = ((end.floor() - 1.0 if self.interpolate else end.round()) for end in (h - r, h + r))
        start, more = low.to(self.lower.dtype), high - low
        start = torch.minimum(torch.maximum(start, self.lower), self.upper) - self.lower
        along = start * self.strides + more.to(self.lower.dtype).clamp(0, 1) * self.longer
        found = self.values.index_select(0, along[0] + along[1] + along[2])
        return torch.where(more.amax(0) > 1.0, 1.0, found)


def _windows(box: Tensor, window: int) -> Tensor:
    """Return the largest entry of each window that touches a bordered box, [2 or 1] * 3 + [h, k, l].

    Beyond the box every entry is that of its border. Args: window: entries along each axis, in the first
    table of an axis; one more in the second. Windows start from `window` before the border on.
    """
    border = box[0, 0, 0]
    sizes = [size + 2 * window for size in box.shape]
    padded = border.expand(sizes).clone()
    inner = tuple(slice(window, window + size) for size in box.shape)
    padded[inner] = box
    lengths = (window, window + 1) if padded.numel() <= MOST_ENTRIES else (window + 1,)
    tables = []
    for along_h in lengths:
        by_h = _largest(padded, 0, along_h)
        for along_k in lengths:
            by_k = _largest(by_h, 1, along_k)
            tables += [_largest(by_k, 2, along_l) for along_l in lengths]
    count = len(lengths)
    return torch.stack(tables).view(count, count, count, *tables[0].shape).contiguous()


def _largest(values: Tensor, axis: int, length: int) -> Tensor:
    """Return the largest of so many entries from each one on; behind the last one stands the border."""
    found = values
    last = values.narrow(axis, values.shape[axis] - 1, 1)
    shifted = values
    for _ in range(length - 1):
        shifted = torch.cat([shifted.narrow(axis, 1, values.shape[axis] - 1), last], axis)
        found = torch.maximum(found, shifted)
    return found
