"""The stages of a recording, in order: what each does to the rows of a panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shots.frames import MASKED
from shots.geometry.panel import Panel, Setup
from shots.recording.background import expected_background
from shots.recording.blur import blurred
from shots.recording.noise import PixelValues, flicker_factor, photons_counted, readout_noise, sensitivity
from shots.recording.reading import BadPixels, bad_pixels, largest_count, whole_counts
from shots.recording.seeds import ShotSeeds
from shots.recording.settings import Recording
from simulator.units import DEFAULT_FLUENCE_PER_M2, sensor_m_of_um

ROWS = 64
"""Of a panel that go through the stages together; they stay in the cache of the processor."""


@dataclass(frozen=True, eq=False)
class Exposure:
    """What the stages of one panel and shot need.

    Attributes:
        panel: the panel.
        recording: settings.
        fluence_photons_per_m2: of the beam.
        poisson: generators of the photon noise, of dim and of bright pixels, which go on from rows to rows.
        readout: generator of the readout noise.
        background: expected photons [slow, fast], None without.
        flicker: what the beam of the shot is multiplied by.
        calibration: sensitivity of pixels [slow, fast], None for 1.
        bad: hot and dead pixels.
    """

    panel: Panel
    recording: Recording
    poisson: tuple[np.random.Generator, np.random.Generator]
    readout: np.random.Generator
    background: PixelValues | None
    flicker: np.float32
    calibration: PixelValues | None
    bad: BadPixels


RowStage = Callable[[PixelValues, slice, Exposure], PixelValues]
"""Of photons or counts of rows [rows, fast], the rows, and the exposure."""


@dataclass(frozen=True)
class StageRow:
    """A stage: its name, whether settings ask for it, and what it makes of rows, None for a whole panel."""

    name: str
    wanted: Callable[[Recording], bool]
    rows: RowStage


def _with_background(values: PixelValues, rows: slice, given: Exposure) -> PixelValues:
    return values if given.background is None else values + given.background[rows]


def _flickered(values: PixelValues, _rows: slice, given: Exposure) -> PixelValues:
    return values * given.flicker


def _calibrated(values: PixelValues, rows: slice, given: Exposure) -> PixelValues:
    return values if given.calibration is None else values * given.calibration[rows]


def _counted(values: PixelValues, _rows: slice, given: Exposure) -> PixelValues:
    return photons_counted(values, *given.poisson)


def _without_dead(values: PixelValues, rows: slice, given: Exposure) -> PixelValues:
    return _filled(values, rows, given.bad.dead, 0.0)


def _amplified(values: PixelValues, _rows: slice, given: Exposure) -> PixelValues:
    return values * np.float32(given.panel.gain * given.recording.gain)


def _read(values: PixelValues, _rows: slice, given: Exposure) -> PixelValues:
    return values + readout_noise(values.shape, given.recording.readout_noise, given.readout)


def _offset(values: PixelValues, _rows: slice, given: Exposure) -> PixelValues:
    return values + np.float32(given.recording.adc)


def _with_hot(values: PixelValues, rows: slice, given: Exposure) -> PixelValues:
    return _filled(values, rows, given.bad.hot, float("inf"))


def _filled(values: PixelValues, rows: slice, places: NDArray[np.int64], value: float) -> PixelValues:
    """Return rows with a value at those of the ascending places of the panel that lie in them."""
    fast = values.shape[1]
    first, last = np.searchsorted(places, (rows.start * fast, rows.stop * fast))
    if first == last:
        return values
    filled = values.copy()
    filled.ravel()[places[first:last] - rows.start * fast] = value
    return filled


BEFORE_BLUR: tuple[StageRow, ...] = (
    StageRow("background", lambda r: bool(r.background), _with_background),
    StageRow("flicker", lambda r: r.flicker > 0.0, _flickered),
    StageRow("calibration", lambda r: r.calibration > 0.0, _calibrated),
    StageRow("poisson", lambda r: r.poisson, _counted),
)
"""Stages of photons; the point-spread function follows, which needs the whole panel."""
AFTER_BLUR: tuple[StageRow, ...] = (
    StageRow("dead", lambda r: r.dead > 0.0, _without_dead),
    StageRow("gain", lambda _: True, _amplified),
    StageRow("readout_noise", lambda r: r.readout_noise > 0.0, _read),
    StageRow("adc", lambda r: r.adc != 0.0, _offset),
    StageRow("hot", lambda r: r.hot > 0.0, _with_hot),
)
"""Stages of counts; limits and rounding follow."""


def recorded_counts(
    photons: NDArray[np.float32],
    panel: Panel,
    setup: Setup,
    recording: Recording,
    seeds: ShotSeeds,
    fluence_photons_per_m2: float = DEFAULT_FLUENCE_PER_M2,
) -> NDArray[np.int32]:
    """Return the counts that a panel reads of a shot: background, noise, blur, gain, offset, limits.

    Args:
        photons: without background and noise [slow, fast]; they are left as they are.
        panel: one of the set-up's.
        setup: of the shot.
        recording: settings; its `detector_seed` counts, not that of the seeds.
        seeds: of the shot.
        fluence_photons_per_m2: of the beam, for the background.

    Returns:
        [slow, fast]; -1 at bad pixels where the settings mask them.

    Raises:
        UserError: for a background table that cannot be read.

    Source: spec 10.
    """
    given = _exposure(panel, setup, recording, seeds, fluence_photons_per_m2)
    before = [stage for stage in BEFORE_BLUR if stage.wanted(recording)]
    after = [stage for stage in AFTER_BLUR if stage.wanted(recording)]
    counts = np.empty(photons.shape, np.int32)
    largest = largest_count(panel, recording)
    seen: PixelValues = photons
    if recording.psf != "none":
        seen = np.empty(photons.shape, np.float32)
        for rows in _row_blocks(photons.shape[0]):
            seen[rows] = _through(before, photons[rows], rows, given)
        fwhm = sensor_m_of_um(recording.psf_fwhm_um) / panel.pixel_size_m
        seen, before = blurred(seen, recording.psf, fwhm), []
    for rows in _row_blocks(photons.shape[0]):
        values = _through([*before, *after], seen[rows], rows, given)
        counts[rows] = whole_counts(values, largest)
    if recording.mask_bad:
        for places in (given.bad.hot, given.bad.dead):
            counts.ravel()[places] = MASKED
    return counts


def _exposure(
    panel: Panel, setup: Setup, recording: Recording, seeds: ShotSeeds, fluence_photons_per_m2: float
) -> Exposure:
    number = setup.panels.index(panel)
    shape = (panel.slow_pixels, panel.fast_pixels)
    seeds = replace(seeds, detector=recording.detector_seed)
    bad = BadPixels(np.zeros(0, np.int64), np.zeros(0, np.int64))
    if recording.hot > 0.0 or recording.dead > 0.0:
        bad = bad_pixels(recording.hot, recording.dead, seeds.detector, number, shape[0] * shape[1])
    layers = recording.background
    calibration = recording.calibration
    return Exposure(
        panel=panel,
        recording=recording,
        poisson=(seeds.of_shot("poisson", number), seeds.of_shot("bright photons", number)),
        readout=seeds.of_shot("readout_noise", number),
        background=expected_background(panel, setup, layers, fluence_photons_per_m2) if layers else None,
        flicker=flicker_factor(recording.flicker, seeds),
        calibration=sensitivity(calibration, seeds.detector, number, shape) if calibration > 0.0 else None,
        bad=bad,
    )


def _row_blocks(count: int) -> list[slice]:
    return [slice(first, min(first + ROWS, count)) for first in range(0, count, ROWS)]


def _through(stages: list[StageRow], values: PixelValues, rows: slice, given: Exposure) -> PixelValues:
    for stage in stages:
        values = stage.rows(values, rows, given)
    return values
