"""The separate noise program of upstream, deviate by deviate (spec 10).

Flicker, calibration and readout noise share the table and the spare Gaussian of the generator, counts are cut
off and not rounded, and a value below 0 is kept or wraps. There are no recorded images to hold it to; what
spec 10 states of it is tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shots.recording.blur import FIBER_FALL, psf_kernel
from simulator.output.poisson import deviates
from simulator.physics.c_random import Shuffle, Stream, fl32, gaussian

UPSTREAM_CALIBRATION_SEED = 123456789
LIMIT_16, LIMIT_32 = 65535.0, 2147483647.0
WHITE = 255
LN16 = math.log(16.0)
FAINTEST = 0.1
"""Of the square root of a pixel's photons: what its blur may lose at its automatic radius."""


@dataclass(frozen=True)
class UpstreamNoise:
    """The options of spec 10, of photons that are already on their scale.

    Attributes:
        flicker: relative rms, drawn for each pixel.
        calibration: relative rms.
        gain: pixel units a photon.
        readout_noise: rms in pixel units.
        adc: offset in pixel units.
        psf: "none", "gauss" or "fiber".
        psf_fwhm: pixels.
        psf_radius: pixels; 0 for automatic.
        bits: 16 or 32.
        seed: internal, minus the option's value.
        calibration_seed: internal, minus the option's value.
    """

    flicker: float = 0.0
    calibration: float = 0.03
    gain: float = 1.0
    readout_noise: float = 0.0
    adc: float = 40.0
    psf: str = "none"
    psf_fwhm: float = 0.46
    psf_radius: int = 0
    bits: int = 16
    seed: int = -1
    calibration_seed: int = UPSTREAM_CALIBRATION_SEED


@dataclass(frozen=True, eq=False)
class NoisyImage:
    """Counts as they are stored [slow, fast], and how many pixels were cut at the limit."""

    counts: NDArray[np.int64]
    overloads: int


def noiseless_counts(photons: NDArray[np.float32], gain: float, adc: float) -> NDArray[np.int64]:
    """Return trunc(min(gain p + adc, 65535)), of 16 bits, whatever the depth of the noise image is.

    Source: spec 10 "Order of operations" step 3.
    """
    values = np.minimum(photons.astype(np.float64) * gain + adc, LIMIT_16)
    return np.trunc(values).astype(np.int64) & int(LIMIT_16)


def noisified(photons: NDArray[np.float32], noise: UpstreamNoise) -> NoisyImage:
    """Return the noise image of upstream's separate program.

    Args:
        photons: expected, on their scale [slow, fast].
        noise: its options.

    Source: spec 10 "Order of operations" steps 4 to 6.
    """
    shared = Shuffle()
    draw = Stream(noise.seed, shared).one_by_one()
    calibrating = Stream(noise.calibration_seed, shared).one_by_one()
    counted = []
    for p in photons.ravel().astype(np.float64).tolist():
        mean = p * (1.0 + noise.flicker * gaussian(draw, shared)) if noise.flicker > 0.0 else p
        if noise.calibration > 0.0:
            mean *= 1.0 + noise.calibration * gaussian(calibrating, shared)
        counted += deviates([fl32(mean)], draw, shared)
    seen = np.array(counted, np.float32).reshape(photons.shape)
    if noise.psf != "none":
        seen = spread_by_pixel(seen, noise.psf, noise.psf_fwhm, noise.psf_radius)
    values = seen.astype(np.float64) * noise.gain + noise.adc
    if noise.readout_noise > 0.0:
        read = [noise.readout_noise * gaussian(draw, shared) for _ in range(values.size)]
        values = values + np.array(read).reshape(values.shape)
    limit = LIMIT_16 if noise.bits == 16 else LIMIT_32
    whole = np.trunc(np.minimum(values, limit)).astype(np.int64)
    return NoisyImage(whole & int(LIMIT_16) if noise.bits == 16 else whole, int((values > limit).sum()))


def spread_by_pixel(
    photons: NDArray[np.float32], shape: str, fwhm: float, radius: int = 0
) -> NDArray[np.float32]:
    """Return an image blurred pixel by pixel within a circle; what lies beyond goes evenly to all pixels.

    The place one beyond the end of a row counts as the first of the next row, as upstream has it.

    Args:
        photons: [slow, fast]; those of 0 or less are passed over.
        shape: "gauss" or "fiber".
        fwhm: full width at half maximum, pixels.
        radius: of the circle, pixels; 0 for one that follows from the photons.

    Source: spec 10 "Point-spread functions".
    """
    slow, fast = photons.shape
    canvas = np.zeros((slow, fast + 1))
    tails = 0.0
    kernels: dict[int, NDArray[np.float64]] = {}
    for y, x in np.argwhere(photons > 0.0).tolist():
        p = float(photons[y, x])
        reach = min(radius or _AUTOMATIC[shape](p, fwhm), max(slow, fast))
        if reach not in kernels:
            kernels[reach] = _disc(shape, fwhm, reach)
        rows = slice(max(0, y - reach), min(slow, y + reach + 1))
        columns = slice(max(0, x - reach), min(fast + 1, x + reach + 1))
        part = kernels[reach][_moved(rows, reach - y), _moved(columns, reach - x)]
        canvas[rows, columns] += p * part
        tails += p * _BEYOND[shape](reach, fwhm)
    spread = canvas[:, :fast]
    spread[1:, 0] += canvas[:-1, fast]
    return (spread + tails / spread.size).astype(np.float32)


def _disc(shape: str, fwhm: float, reach: int) -> NDArray[np.float64]:
    """Return the kernel inside a circle, 0 outside."""
    offsets = np.arange(-reach, reach + 1)
    inside = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= reach**2
    return np.where(inside, psf_kernel(shape, fwhm, reach, reach), 0.0)


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)


def _gauss_radius(p: float, fwhm: float) -> int:
    faintest = FAINTEST * math.sqrt(p)
    return 1 + math.ceil(fwhm * math.sqrt(max(0.0, -math.log(faintest / p)) / LN16))


def _fiber_radius(p: float, fwhm: float) -> int:
    return 1 + math.ceil(FIBER_FALL * fwhm * p / (FAINTEST * math.sqrt(p)))


def _gauss_beyond(radius: int, fwhm: float) -> float:
    return math.exp(-LN16 * (radius / fwhm) ** 2)


def _fiber_beyond(radius: int, fwhm: float) -> float:
    g = FIBER_FALL * fwhm
    return g / math.hypot(g, radius)


_AUTOMATIC: dict[str, Callable[[float, float], int]] = {"gauss": _gauss_radius, "fiber": _fiber_radius}
_BEYOND: dict[str, Callable[[int, float], float]] = {"gauss": _gauss_beyond, "fiber": _fiber_beyond}
