"""The innermost loops: indices, lattice factor and structure factor of a chunk (spec 06 sections 7 to 11)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from simulator.blocks import NEVER, Block, Chunk, ordinals, place_of
from simulator.instrument import CellVectors, Instrument
from simulator.lattice_factor import lattice_factor
from simulator.rays import Rays, pixels_last
from simulator.structure_factors import in_range, nearest_F, tricubic_F
from simulator.taps import Level, Show, Tap
from simulator.units import ANGSTROM_PER_M
from simulator.vectors import Vec, apply, scale


@dataclass(frozen=True)
class Evaluation:
    """The terms of a chunk.

    term: F_cell^2 F_latt^2 [K, N, P, M], 0 where a source is rejected; executed: which count as executed
    (None for all, or where nobody asks); escape: ordinal of the first evaluation out of range [N], None if
    nobody asks.
    """

    term: Tensor
    executed: Tensor | None
    escape: Tensor | None


def evaluate(ins: Instrument, block: Block, rays: Rays, chunk: Chunk, tap: Tap) -> Evaluation:
    """Return the terms of one chunk of sources, phi steps and domains.

    t = F_cell^2 F_latt^2 at h = a.q, k = b.q, l = c.q

    Args: rays: scattering vectors of the sub-pixel. tap: who watches.
    Source: spec 06 sections 7 to 12.
    """
    alive = None if rays.alive is None else rays.alive[chunk.k]
    spot = place_of(rays.spot, chunk)
    show = tap.at(Level.MOSAIC, spot)
    if tap.active and chunk.m.start == 0:
        _show_cell(tap.at(Level.PHI, spot), "rot", _cell(ins, block, rays, chunk, final=False), alive)
    cell = _cell(ins, block, rays, chunk, final=True)
    if ins.scene.config.crystal.mosaic_spread_rad > 0.0:
        _show_cell(show, "mos", cell, alive)
    x, y, z = rays.q_per_m
    hkl = miller_indices(cell, (x[chunk.k], y[chunk.k], z[chunk.k]))
    whole: Vec = apply(lambda index: (index - 0.5).ceil(), hkl)
    show("hkl_frac", hkl, alive)
    show("hkl_rounded", lambda: apply(lambda index: index.to(torch.int64), whole), alive)
    F_latt = lattice_factor(ins.shape, hkl, whole, partial(show, where=alive))
    show("F_latt", F_latt, alive)
    asked = ins.policy.running or ins.latching or tap.active
    executed = _executed(ins, F_latt, alive) if asked else alive
    F_cell, escape = _cell_factor(ins, block, (hkl, whole), executed, (rays.visit, chunk), show)
    show("F_cell", F_cell, executed)
    L = F_latt.to(ins.sum_dtype)
    term = F_cell * F_cell * L * L
    show("I_contribution", term, executed)
    return Evaluation(term if alive is None else torch.where(alive, term, 0.0), executed, escape)


def miller_indices(cell: CellVectors, q_per_m: Vec) -> Vec:
    """Return h = a.q, k = b.q, l = c.q.

    Args: cell: components [1, 1, P, M] in metres; q_per_m: components [K, N, 1, 1].
    Returns: three tensors [K, N, P, M], pixels fastest in memory. Source: spec 06 section 9.
    """
    qx, qy, qz = pixels_last(q_per_m)  # [K, 1, 1, N]
    a, b, c = (pixels_last(v) for v in cell)  # [1, P, M, 1]
    h, k, l = ((v[0] * qx + v[1] * qy + v[2] * qz).movedim(-1, 1) for v in (a, b, c))
    return h, k, l


def _cell(ins: Instrument, block: Block, rays: Rays, chunk: Chunk, final: bool) -> CellVectors:
    """Return the cell vectors of a chunk, [1, 1, P, M]; the first visit of a run may see others."""
    first = block.first_visit >= 0 and rays.visit + chunk.k.start == block.first_visit
    orientations = ins.first if first else ins.usual
    m = chunk.m if final else slice(None)
    cell = orientations.final if final else orientations.rotated
    a, b, c = (apply(lambda part: part[:, :, chunk.p, m], v) for v in cell)
    return a, b, c


def _show_cell(show: Show, stem: str, cell: CellVectors, alive: Tensor | None) -> None:
    """Offer the three cell vectors in Angstrom."""
    for letter, v in zip("abc", cell, strict=True):
        show(f"{stem}_{letter}_angstroms", partial(scale, v, ANGSTROM_PER_M), alive)


def _executed(ins: Instrument, F_latt: Tensor, alive: Tensor | None) -> Tensor | None:
    """Return which evaluations go on after the short-cut, F_latt = 0 without water (spec 06 section 10)."""
    if not ins.short_cut:
        return alive
    going = F_latt != 0.0
    return going if alive is None else going & alive


def _cell_factor(
    ins: Instrument,
    block: Block,
    indices: tuple[Vec, Vec],
    executed: Tensor | None,
    place: tuple[int, Chunk],
    show: Show,
) -> tuple[Tensor, Tensor | None]:
    """Return F_cell [K, N, P, M] and where interpolation first failed [N] (spec 05 section 5)."""
    hkl, whole = indices
    nearest = nearest_F(ins.table, *whole)
    if not ins.scene.interpolate or block.interpolated == 0:
        return nearest, None
    inside = in_range(ins.table, hkl, ins.scene.config.quirks)
    use, escape = inside, None
    if ins.latching:
        order = ordinals(ins, *place)
        failed = ~inside if executed is None else ~inside & executed
        escape = torch.where(failed, order, NEVER).amin((0, 2, 3))
        use = inside & (order < block.interpolated)
    shown = use if executed is None else use & executed
    cubic = tricubic_F(ins.table, hkl, lambda entries: show("tricubic_F", entries, shown))
    return torch.where(use, cubic.to(nearest.dtype), nearest), escape
