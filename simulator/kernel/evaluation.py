"""The innermost loops: indices, lattice factor and structure factor of a chunk (spec 06 sections 7 to 11)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from simulator.engine.stage import Axis, Stage
from simulator.kernel.accumulate import running_sums, summed
from simulator.kernel.miller_indices import miller_indices
from simulator.kernel.taps import NEVER, Show, silent
from simulator.physics.arithmetic import in_loops
from simulator.physics.products import product
from simulator.physics.structure_factors import in_range, nearest_F, tricubic_F
from simulator.physics.vectors import Vec, apply, scale
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import CellVectors
from simulator.units import ANGSTROM_PER_M

TABLE = (Axis("T", least=27),)
"""Of a flat table of structure factors, which has a border all round."""


@dataclass(frozen=True)
class ChunkInputs:
    """What the evaluations of a chunk depend on besides the instrument."""

    q_per_m: Vec
    alive: Tensor | None
    """Sources that pass dmin [K, N, 1, 1], None for all."""
    cell: Tensor
    """The cell vectors as of `packed` [1, 1, P, M, 9]."""
    gain: Tensor | None
    """Factor of each term [K, N, 1, 1], None for 1."""
    weight: Tensor | None
    """Factor of the running sum [K, N, 1, 1], None for 1."""
    interpolate: bool
    """Whether structure factors are interpolated."""
    order: Tensor | None = None
    """Ordinals of the evaluations within a pixel [K, 1, P, M], None unless the run latches."""
    limit: int = NEVER
    """Evaluations with an ordinal below it interpolate."""

    @property
    def of_a_pixel(self) -> int:
        """Number of evaluations of a pixel."""
        return len(self.q_per_m[0]) * self.cell[..., 0].numel()


@dataclass(frozen=True)
class Evaluation:
    """The terms of a chunk."""

    term: Tensor
    """F_cell^2 F_latt^2 [K, N, P, M], 0 where a source is rejected."""
    executed: Tensor | None
    """Which count as executed (None for all, or where nobody asks)."""
    escape: Tensor | None
    """Ordinal of the first evaluation out of range [N], None if nobody asks."""


def add_evaluations(
    ins: Instrument, part: ChunkInputs, I: Tensor, show: Show = silent
) -> tuple[Tensor, Tensor | None]:
    """Return the sums with the terms of one chunk, and where interpolation first failed.

    Args:
        I: the sum of each pixel so far [N].

    Source: spec 06 sections 7 to 12.
    """
    terms = evaluate(ins, part, show)
    given = (I, terms.term, (part.gain, part.weight), terms.executed)
    total = summed(*given)
    show("I_running", partial(running_sums, *given, total), terms.executed)
    return total, terms.escape


def _add(ins: Instrument, given: Any) -> tuple[Tensor, Tensor | None]:
    return add_evaluations(ins, *given)


def in_single(ins: Instrument) -> bool:
    """Return whether evaluations are formed in single precision, whose code may fuse products and sums."""
    return ins.shape.dtype != torch.float64


ADD = Stage(
    "add",
    _add,
    in_loops,
    ("table", "shape"),
    ("short_cut", "sum_dtype", "quirks"),
    axes={"ins.table.values": TABLE},
    innermost=True,
    fuses=in_single,
)
"""`add_evaluations`: of what a chunk depends on, and the sums so far."""


def evaluate(ins: Instrument, part: ChunkInputs, show: Show = silent) -> Evaluation:
    """Return the terms of one chunk of sources, phi steps and domains.

    t = F_cell^2 F_latt^2 at h = a.q, k = b.q, l = c.q

    Args:
        show: is told each value.

    Source: spec 06 sections 7 to 12.
    """
    return evaluate_at(ins, part, miller_indices(unpacked(part.cell), part.q_per_m), show)


def evaluate_at(ins: Instrument, part: ChunkInputs, hkl: Vec, show: Show = silent) -> Evaluation:
    """Return the terms of one chunk at given indices: `evaluate`, but for the cell and scattering vectors.

    Args:
        hkl: fractional indices [K, N, P, M].

    Source: spec 06 sections 10 to 12.
    """
    alive = part.alive
    hkl = show("hkl_frac", hkl, alive)
    whole: Vec = apply(nearest_whole, hkl)
    shown = show("hkl_rounded", lambda: apply(lambda index: index.to(torch.int64), whole), alive)
    whole = whole if callable(shown) else shown
    F_latt = ins.shape.factor(hkl, whole, partial(show, where=alive))
    F_latt = show("F_latt", F_latt, alive)
    asked = part.weight is not None or part.order is not None or show is not silent
    executed = _executed(ins, F_latt, alive) if asked else alive
    F_cell, escape = _cell_factor(ins, part, (hkl, whole), executed, show)
    F_cell = show("F_cell", F_cell, executed)
    term = _term(F_cell, F_latt, ins.plan.sum_dtype)
    term = show("I_contribution", term, executed)
    return Evaluation(term if alive is None else torch.where(alive, term, 0.0), executed, escape)


def nearest_whole(index: Tensor) -> Tensor:
    """Return the nearest whole numbers, halves down, without slopes. Source: spec 06 section 10."""
    return (index.detach() - 0.5).ceil_()


def _term(F_cell: Tensor, F_latt: Tensor, sum_dtype: torch.dtype) -> Tensor:
    """Return F_cell^2 F_latt^2; of single-precision factors, the product is squared where it is summed."""
    if F_latt.dtype == sum_dtype:
        return product((F_cell, F_latt), power=2)
    return product((product((F_cell, F_latt)),), power=2, dtype=sum_dtype)


def packed(cell: CellVectors) -> Tensor:
    """Return cell vectors with components [1, 1, P, M] as one tensor [1, 1, P, M, 9]."""
    return torch.stack([part for v in cell for part in v], -1)


def unpacked(cells: Tensor) -> CellVectors:
    """Undo `packed`."""
    ax, ay, az, bx, by, bz, cx, cy, cz = cells.unbind(-1)
    return (ax, ay, az), (bx, by, bz), (cx, cy, cz)


def show_cell(show: Show, stem: str, cell: CellVectors, alive: Tensor | None) -> None:
    """Offer the three cell vectors in Angstrom."""
    for letter, v in zip("abc", cell, strict=True):
        show(f"{stem}_{letter}_angstroms", partial(scale, v, ANGSTROM_PER_M), alive)


def _executed(ins: Instrument, F_latt: Tensor, alive: Tensor | None) -> Tensor | None:
    """Return which evaluations go on after the short-cut, F_latt = 0 without water (spec 06 section 10)."""
    if not ins.plan.short_cut:
        return alive
    going = F_latt != 0.0
    return going if alive is None else going & alive


def _cell_factor(
    ins: Instrument, part: ChunkInputs, indices: tuple[Vec, Vec], executed: Tensor | None, show: Show
) -> tuple[Tensor, Tensor | None]:
    """Return F_cell [K, N, P, M] and where interpolation first failed [N] (spec 05 section 5)."""
    hkl, whole = indices
    nearest = nearest_F(ins.table, *whole)
    if not part.interpolate:
        return nearest, None
    inside = in_range(ins.table, hkl, ins.plan.quirks)
    use, escape = inside, None
    if part.order is not None:
        failed = ~inside if executed is None else ~inside & executed
        escape = torch.where(failed, part.order, NEVER).amin((0, 2, 3))
        use = inside & (part.order < part.limit)
    shown = use if executed is None else use & executed
    cubic = tricubic_F(ins.table, hkl, lambda entries: show("tricubic_F", entries, shown))
    return torch.where(use, cubic.to(nearest.dtype), nearest), escape
