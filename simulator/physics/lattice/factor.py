"""The lattice factor F_latt of the four crystal shapes (spec 06 section 10)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from simulator.config import Shape
from simulator.physics.lattice.interference import ball_slope, grating_slopes
from simulator.physics.lattice.sines import angle_of, sine
from simulator.physics.products import product
from simulator.physics.vectors import Vec, dot, moves, scalar, square_root
from simulator.quirks import Quirks

ROUND_FACTOR = 0.723601254558268
"""Makes the integrated intensity of a round crystal that of the square one (close to sqrt(pi/6))."""
GAUSS_WIDTH = 0.63
TOPHAT_LIMIT = 0.3969
SINC3_SERIES_LIMIT = 0.05
OFF_CENTRE = 2.0**-100
"""Added to a phase, it changes no bit of sin(N x)/sin(x) but at x = 0, where the quotient becomes N."""

Show = Callable[[str, Tensor], None]
Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class CrystalShape:
    """What the lattice factor depends on besides the indices.

    `cells`, Na, Nb, Nc, and `fudge` are float64 without dimensions; `single` tells which axes have one cell;
    `reciprocal` holds a*, b*, c* (1/Angstrom); `dtype` is the arithmetic of sines and exponentials.
    """

    name: Shape
    cells: Vec
    single: tuple[bool, bool, bool]
    fudge: Tensor
    reciprocal: tuple[Vec, Vec, Vec]
    quirks: Quirks
    dtype: torch.dtype

    @classmethod
    def of(
        cls,
        name: Shape,
        cells: tuple[int, int, int],
        fudge: float,
        reciprocal: tuple[Vec, Vec, Vec],
        quirks: Quirks,
        dtype: torch.dtype,
    ) -> CrystalShape:
        """Return the shape of a crystal of so many cells, on the device of its reciprocal vectors."""
        device = reciprocal[0][0].device
        Na, Nb, Nc = (scalar(count).to(device, torch.float64) for count in cells)
        return cls(
            name=name,
            cells=(Na, Nb, Nc),
            single=(_single(cells[0]), _single(cells[1]), _single(cells[2])),
            fudge=scalar(fudge).to(device),
            reciprocal=reciprocal,
            quirks=quirks,
            dtype=dtype,
        )

    @property
    def cell_count(self) -> Tensor:
        """Na Nb Nc."""
        Na, Nb, Nc = self.cells
        return Na * Nb * Nc


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
    return torch.where(r_sqr * shape.fudge < TOPHAT_LIMIT, shape.cell_count, 0.0)


def _single(count: float | Tensor) -> bool:
    """Return whether an axis has one cell and stays so: its factor is 1 then."""
    return bool(count <= 1) and not moves(count)


def sincg(phase: Tensor, cells: Tensor) -> Tensor:
    """Return the grating function sin(N x)/sin(x), which is N at x = 0.

    Args: phase, x in radians, float64; cells, N. Returns: the shape of x. Source: spec 06 section 10.
    """
    return _grating(phase, None, cells, 1.0, phase.dtype)


def _grating(
    index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype
) -> Tensor:
    """Return sin(N x)/sin(x), x = index_rad (index - whole), with slopes that stay right at whole turns.

    Args: as of `_angles`. Returns: of type `dtype`; in single precision up to its sign.
    """
    if torch.is_grad_enabled() and (index.requires_grad or cells.requires_grad):
        recorded: Tensor = _Grating.apply(index, whole, cells, index_rad, dtype)  # type: ignore[no-untyped-call]
        return recorded
    return _quotient(_angles(index, whole, cells, index_rad, dtype))[0]


def _angles(index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype) -> Pair:
    """Return x and N x as `sine` takes them, a hair off the centre.

    In single precision N x is reduced to at most half a turn in double precision first, so that the quotient
    of the sines keeps the relative accuracy of `dtype` for all N.

    Args: index, in double precision; whole, the nearest whole number, None to take the index as it is (double
        precision only); index_rad, radians of an index: pi in single precision.
    """
    if dtype == torch.float64:
        x = index * index_rad if whole is None else (index - whole).mul_(index_rad)
        x = x.add_(OFF_CENTRE)
        return x, x * cells
    assert whole is not None  # in single precision nothing is taken as it is
    turns = (index - whole).add_(OFF_CENTRE)
    x = angle_of(turns.to(dtype))
    turns = turns.mul_(cells)
    rest = turns.sub_(turns.round())
    return x, angle_of(rest.to(dtype))


def _quotient(angles: Pair, keep: bool = False) -> tuple[Tensor, Tensor]:
    """Return sin(N x)/sin(x), and sin(x); keep: N x, which is overwritten otherwise."""
    x, many = angles
    one = sine(x)
    return sine(many, in_place=not keep).div_(one), one


def sinc3(x: Tensor, series: bool) -> Tensor:
    """Return the transform of a ball, 3 (sin(x)/x - cos(x))/x^2, which is 1 at 0.

    Args: x, radians. series: whether 1 - x^2/10 + x^4/280 - x^6/15120 replaces it below 0.05.
    Source: spec 06 sections 10 and 15.
    """
    if x.requires_grad:
        ball: Tensor = _Ball.apply(x, series)  # type: ignore[no-untyped-call]
        return ball
    small = x < SINC3_SERIES_LIMIT if series else x == 0.0
    safe = torch.where(small, 1.0, x)
    closed = 3.0 * (safe.sin() / safe - safe.cos()) / (safe * safe)
    if not series:
        return torch.where(small, 1.0, closed)
    y = torch.where(small, x * x, 0.0)
    return torch.where(small, 1.0 - y / 10.0 + y * y / 280.0 - y * y * y / 15120.0, closed)


def _square(shape: CrystalShape, hkl: Vec, whole: Vec, show: Show) -> Tensor:
    """Return the product of the grating functions of the axes with more than one cell."""
    one = torch.ones((), dtype=shape.dtype, device=hkl[0].device)
    upstream = shape.dtype == torch.float64 and "Q-SINCG-INTEGER" in shape.quirks
    factors = []
    for axis, index, nearest, cells, single in zip("abc", hkl, whole, shape.cells, shape.single, strict=True):
        if not single:
            factors.append(_grating(index, None if upstream else nearest, cells, math.pi, shape.dtype))
        show(f"F_latt_{axis}", one if single else factors[-1])
    if len(factors) < 2:
        return factors[0] if factors else one.expand(hkl[0].shape)
    return product(factors)


def _hrad_sqr(shape: CrystalShape, offset: Vec) -> Tensor:
    """Return (h-h0)^2 Na^2 + (k-k0)^2 Nb^2 + (l-l0)^2 Nc^2."""
    a, b, c = (d * d * n * n for d, n in zip(offset, shape.cells, strict=True))
    return a + b + c


def _rad_star_sqr(shape: CrystalShape, offset: Vec) -> Tensor:
    """Return |(h-h0) a* + (k-k0) b* + (l-l0) c*|^2 Na^2 Nb^2 Nc^2 (Q-GAUSS-WIDTH)."""
    h, k, l = offset
    x, y, z = (h * a + k * b + l * c for a, b, c in zip(*shape.reciprocal, strict=True))
    total = dot((x, y, z), (x, y, z))
    for n in shape.cells:
        total = total * n * n
    return total


class _Grating(torch.autograd.Function):
    """`_grating`, of which the angle, its sine and the quotient are kept; N x, too, where it was reduced."""

    @staticmethod
    def forward(
        ctx: Any, index: Tensor, whole: Tensor | None, cells: Tensor, index_rad: float, dtype: torch.dtype
    ) -> Tensor:
        """Return sin(N x)/sin(x)."""
        x, many = _angles(index, whole, cells, index_rad, dtype)
        reduced = many if dtype != torch.float64 else None
        grating, one = _quotient((x, many), keep=reduced is not None)
        ctx.save_for_backward(x, reduced, cells, one, grating)
        ctx.index_rad = index_rad
        return grating

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Return the products with both slopes."""
        x, reduced, cells, one, grating = ctx.saved_tensors
        angles = (x, x * cells if reduced is None else reduced)
        along_cells = ctx.needs_input_grad[2]
        along_x, along_N = grating_slopes(angles, cells, (grating, one), along_cells, ctx.index_rad)
        along_N = None if along_N is None else along_N.mul_(grads[0]).sum_to_size(cells.shape)
        return along_x.mul_(grads[0]).to(torch.float64), None, along_N, None, None


class _Ball(torch.autograd.Function):
    """`sinc3` with a slope that stays right near 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, series: bool) -> Tensor:
        """Return 3 (sin(x)/x - cos(x))/x^2."""
        ctx.save_for_backward(x)
        return sinc3(x.detach(), series)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the product with the slope."""
        (x,) = ctx.saved_tensors
        return grads[0] * ball_slope(x), None
