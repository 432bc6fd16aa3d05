"""The lattice factor F_latt of the four crystal shapes (spec 06 section 10)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.config import Shape
from simulator.quirks import Quirks
from simulator.vectors import Vec, dot, square_root

ROUND_FACTOR = 0.723601254558268
"""Makes the integrated intensity of a round crystal that of the square one (close to sqrt(pi/6))."""
GAUSS_WIDTH = 0.63
TOPHAT_LIMIT = 0.3969
SINC3_SERIES_LIMIT = 0.05

Show = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class CrystalShape:
    """What the lattice factor depends on besides the indices.

    `reciprocal` holds a*, b*, c* (1/Angstrom); `dtype` is the arithmetic of sines and exponentials.
    """

    name: Shape
    cells: tuple[int, int, int]
    fudge: float
    reciprocal: tuple[Vec, Vec, Vec]
    quirks: Quirks
    dtype: torch.dtype

    @property
    def cell_count(self) -> float:
        """Na Nb Nc."""
        Na, Nb, Nc = self.cells
        return float(Na) * float(Nb) * float(Nc)


def lattice_factor(
    shape: CrystalShape, hkl: Vec, whole: Vec, show: Show = lambda name, value: None
) -> Tensor:
    """Return the Fourier transform of the stack of cells at fractional indices.

    SQUARE: product of sin(N pi h)/sin(pi h); ROUND: N 0.7236 sinc3(pi sqrt(hrad^2 fudge));
    GAUSS: N exp(-(r^2/0.63 fudge)); TOPHAT: N where r^2 fudge < 0.3969, else 0, with N = Na Nb Nc.

    Args: shape: the crystal. hkl, whole: fractional and nearest whole indices (float64, one shape).
        show: is told each intermediate value by its name.
    Returns: F_latt, in `shape.dtype` for SQUARE and GAUSS, else float64. Source: spec 06 sections 10 and 15.
    """
    if shape.name == "SQUARE":
        return _square(shape, hkl, whole, show)
    offset: Vec = (hkl[0] - whole[0], hkl[1] - whole[1], hkl[2] - whole[2])
    if shape.name == "ROUND":
        hrad_sqr = _hrad_sqr(shape, offset)
        show("hrad_sqr", hrad_sqr)
        x = math.pi * square_root(hrad_sqr * shape.fudge)
        return shape.cell_count * ROUND_FACTOR * sinc3(x, "Q-SINC3-SMALL" not in shape.quirks)
    upstream = "Q-GAUSS-WIDTH" in shape.quirks
    r_sqr = _rad_star_sqr(shape, offset) if upstream else _hrad_sqr(shape, offset)
    show("rad_star_sqr" if upstream else "hrad_sqr", r_sqr)
    if shape.name == "GAUSS":
        return shape.cell_count * (-(r_sqr / GAUSS_WIDTH * shape.fudge)).to(shape.dtype).exp()
    return torch.where(r_sqr * shape.fudge < TOPHAT_LIMIT, shape.cell_count, 0.0).to(r_sqr.dtype)


def sincg(phase: Tensor, phase_times_cells: Tensor, cells: int) -> Tensor:
    """Return the grating function sin(N x)/sin(x), which is N at x = 0.

    Args: phase, x in radians; phase_times_cells, N x, perhaps reduced by a multiple of pi; cells, N.
    Source: spec 06 section 10.
    """
    centre = phase == 0.0
    sine = torch.where(centre, 1.0, phase.sin())
    return torch.where(centre, float(cells), phase_times_cells.sin() / sine)


def sinc3(x: Tensor, series: bool) -> Tensor:
    """Return the transform of a ball, 3 (sin(x)/x - cos(x))/x^2, which is 1 at 0.

    Args: x, radians. series: whether 1 - x^2/10 + x^4/280 - x^6/15120 replaces it below 0.05.
    Source: spec 06 sections 10 and 15.
    """
    small = x < SINC3_SERIES_LIMIT if series else x == 0.0
    safe = torch.where(small, 1.0, x)
    closed = 3.0 * (safe.sin() / safe - safe.cos()) / (safe * safe)
    if not series:
        return torch.where(small, 1.0, closed)
    y = torch.where(small, x * x, 0.0)
    return torch.where(small, 1.0 - y / 10.0 + y * y / 280.0 - y * y * y / 15120.0, closed)


def _square(shape: CrystalShape, hkl: Vec, whole: Vec, show: Show) -> Tensor:
    """Return the product of the grating functions of the axes with more than one cell."""
    product: Tensor | None = None
    for axis, index, nearest, cells in zip("abc", hkl, whole, shape.cells, strict=True):
        if cells > 1:
            factor = sincg(*_phases(shape, index, nearest, cells), cells)
            product = factor if product is None else product * factor
        else:
            factor = torch.ones((), dtype=shape.dtype, device=index.device)
        show(f"F_latt_{axis}", factor)
    if product is None:
        return torch.ones((), dtype=shape.dtype, device=hkl[0].device).expand(hkl[0].shape)
    return product


def _phases(shape: CrystalShape, index: Tensor, nearest: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Return x = pi h and N x (or pi (h - h0) without Q-SINCG-INTEGER).

    In single precision both are reduced by multiples of pi in double precision first; only the sign is lost.
    """
    if shape.dtype == torch.float64:
        x = math.pi * (index if "Q-SINCG-INTEGER" in shape.quirks else index - nearest)
        return x, x * float(cells)
    offset = index - nearest
    turns = offset * float(cells)
    return (math.pi * offset).to(shape.dtype), (math.pi * (turns - turns.round())).to(shape.dtype)


def _hrad_sqr(shape: CrystalShape, offset: Vec) -> Tensor:
    """Return (h-h0)^2 Na^2 + (k-k0)^2 Nb^2 + (l-l0)^2 Nc^2."""
    a, b, c = (d * d * float(n) * float(n) for d, n in zip(offset, shape.cells, strict=True))
    return a + b + c


def _rad_star_sqr(shape: CrystalShape, offset: Vec) -> Tensor:
    """Return |(h-h0) a* + (k-k0) b* + (l-l0) c*|^2 Na^2 Nb^2 Nc^2 (Q-GAUSS-WIDTH)."""
    h, k, l = offset
    x, y, z = (h * a + k * b + l * c for a, b, c in zip(*shape.reciprocal, strict=True))
    total = dot((x, y, z), (x, y, z))
    for n in shape.cells:
        total = total * float(n) * float(n)
    return total
