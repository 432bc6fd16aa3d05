"""The point-spread function: photons of a pixel that its neighbours see (spec 10)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from shots.recording.noise import PixelValues

FIBER_FALL = 0.652383013252053
"""Length g of the fibre's function for a width of 1."""
GAUSS_REACH = 3.0
"""In widths at half maximum; 1e-10 of a Gaussian lies beyond and is given back to the rest."""
Shares = NDArray[np.float64]


def gauss_antiderivative(fwhm: float, x: Shares, y: Shares) -> Shares:
    """Return the integral of a Gaussian of unit volume up to (x, y): a quarter of erf times erf.

    Args:
        fwhm: full width at half maximum, pixels.
        x: offset along fast, pixels.
        y: offset along slow, pixels.

    Source: spec 10 "Point-spread functions".
    """
    from scipy.special import erf

    per_pixel = 2.0 * math.sqrt(math.log(2.0)) / fwhm
    found: Shares = 0.25 * erf(per_pixel * x) * erf(per_pixel * y)
    return found


def fiber_antiderivative(fwhm: float, x: Shares, y: Shares) -> Shares:
    """Return the integral of a fibre taper's function of unit volume, atan(xy/(g sqrt(g^2+x^2+y^2)))/(2 pi).

    Args:
        fwhm: full width at half maximum, pixels.
        x: offset along fast, pixels.
        y: offset along slow, pixels.

    Source: spec 10 "Point-spread functions".
    """
    g = FIBER_FALL * fwhm
    found: Shares = np.arctan(x * y / (g * np.sqrt(g * g + x * x + y * y))) / (2.0 * math.pi)
    return found


ANTIDERIVATIVES: Mapping[str, Callable[[float, Shares, Shares], Shares]] = {
    "gauss": gauss_antiderivative, "fiber": fiber_antiderivative,
}  # fmt: skip


def psf_kernel(shape: str, fwhm: float, reach_slow: int, reach_fast: int) -> Shares:
    """Return the share of a pixel's photons that each pixel near it sees.

    Args:
        shape: a key of `ANTIDERIVATIVES`.
        fwhm: full width at half maximum, pixels.
        reach_slow: pixels on either side, along slow.
        reach_fast: pixels on either side, along fast.

    Returns:
        [2 reach_slow + 1, 2 reach_fast + 1].

    Source: spec 10 "Point-spread functions".
    """
    G = partial(ANTIDERIVATIVES[shape], fwhm)
    y = np.arange(-reach_slow, reach_slow + 2, dtype=np.float64)[:, None] - 0.5
    x = np.arange(-reach_fast, reach_fast + 2, dtype=np.float64)[None, :] - 0.5
    corners = G(x, y)
    return corners[1:, 1:] - corners[:-1, 1:] - corners[1:, :-1] + corners[:-1, :-1]


def blurred(image: PixelValues, shape: str, fwhm: float) -> PixelValues:
    """Return an image whose pixels share their photons with others; what passes its edge is lost.

    A Gaussian is cut at `GAUSS_REACH` widths and scaled to unit sum, so that it loses nothing inside; a fibre
    reaches over the whole panel and loses what it carries beyond it.

    Args:
        image: photons [slow, fast].
        shape: "gauss" or "fiber".
        fwhm: full width at half maximum, pixels.

    Source: spec 10 "Point-spread functions".
    """
    return BLURS[shape](image, fwhm)


def _gauss(image: PixelValues, fwhm: float) -> PixelValues:
    """Return the blur by a Gaussian, which is one along slow and one along fast."""
    from scipy.ndimage import correlate1d

    reach = max(1, math.ceil(GAUSS_REACH * fwhm))
    line = psf_kernel("gauss", fwhm, reach, reach).sum(axis=0)
    line /= line.sum()
    for axis in (0, 1):
        image = correlate1d(image, line, axis=axis, mode="constant")
    return image


def _fiber(image: PixelValues, fwhm: float) -> PixelValues:
    """Return the blur by a fibre taper: a Fourier transform of a size at which no edge meets another."""
    from scipy.fft import irfft2, rfft2

    slow, fast = image.shape
    size = _fourier_size(image.shape)
    waves = rfft2(image, size) * _fiber_waves(fwhm, slow, fast)
    whole = irfft2(waves, size)[slow - 1 : 2 * slow - 1, fast - 1 : 2 * fast - 1]
    found: PixelValues = np.maximum(whole, np.float32(0.0))
    return found


def _fourier_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return a size that transforms fast and holds an image and its kernel."""
    from scipy.fft import next_fast_len

    slow, fast = (next_fast_len(3 * side - 2, real=True) for side in shape)
    return slow, fast


@lru_cache(maxsize=1)
def _fiber_waves(fwhm: float, slow: int, fast: int) -> NDArray[np.complex64]:
    from scipy.fft import rfft2

    kernel = psf_kernel("fiber", fwhm, slow - 1, fast - 1).astype(np.float32)
    waves: NDArray[np.complex64] = rfft2(kernel, _fourier_size((slow, fast)))
    return waves


BLURS: Mapping[str, Callable[[PixelValues, float], PixelValues]] = {
    "gauss": _gauss, "fiber": _fiber,
}  # fmt: skip
