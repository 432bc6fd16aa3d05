"""Coarse to fine: the steps by which a refinement finds its way from a start that is far off.

A reflection of a crystal of N cells is 1/N wide in its index, so a start that is off by the part e of an
index h has some overlap with the measured spots while N h e is below about 1/2. A stage fits a Gaussian
crystal of fewer cells, with wide spots, up to the resolution to which that holds, to an image blurred as
much; it leaves an error several times smaller, which the next one with more cells and finer resolution can
start from. The last stages fit the run as it is, where spots are or may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from harness.errors import HarnessError
from harness.refinement.data import (
    FloatArray,
    ObservedImage,
    PixelFlags,
    background_shapes,
    weighted_background,
)
from simulator import RunConfig, simulate
from simulator.config import Steps, StructureFactors
from simulator.physics.vectors import plain
from simulator.scene.scene import prepare

FIRST_CELLS, GROWTH = 4.0, 1.5
ERROR_LEFT = 0.4
"""Of the error that a stage starts with, what the next one has to expect."""
REACH = 0.36
"""N h e up to which spots and model overlap enough."""
GAUSS_SIGMA = 0.4
"""Standard deviation of a spot of a Gaussian crystal, in 1/N of the distance of two spots."""
LEAST_BLUR = 0.7
FINE_STAGES = 2
NEAR_SIGMAS, FOUND_SIGMAS = 0.1, 6.0
MARGIN = 2
ENOUGH, SEED = 30000, 1
"""Pixels of a coarse stage."""


@dataclass(frozen=True)
class StagePlan:
    """A stage: its name, cells a side (None: the run as it is), finest resolution (m), blur (pixels)."""

    name: str
    cells: float | None
    dmin_m: float
    blur: float


@dataclass(frozen=True, eq=False)
class FitStage:
    """What a stage fits: the run that models it, the pixels, what was observed there and its background."""

    plan: StagePlan
    config: RunConfig
    slow: NDArray[np.intp]
    """Of the pixels [n]."""
    fast: NDArray[np.intp]
    """Of the pixels [n]."""
    photons: FloatArray
    """Observed [n]."""
    background: FloatArray
    """At the pixels, photons [n]."""
    shapes: FloatArray
    """What the background may change by, for a height of 1 [n, h]."""
    whole_background: FloatArray
    """Background of all pixels, photons [slow, fast]."""


def plans(config: RunConfig, error: float) -> Iterator[StagePlan]:
    """Yield the stages for a start that is off by a fraction `error` of a cell or by as many radians."""
    scene = prepare(config)
    edges = [plain(row.norm()) for row in scene.lattice.direct_m]
    spacing = (
        config.beam.wavelength_m * plain(scene.geometry.distance_m) / plain(config.detector.pixel_size_m)
    )
    spacing /= float(np.prod(edges)) ** (1.0 / 3.0)
    cells = FIRST_CELLS
    while cells < max(plain(count) for count in config.crystal.cells) / GROWTH**0.5:
        blur = GAUSS_SIGMA / cells * spacing
        dmin_m = max(edges) * cells * error / REACH
        blurred = blur >= LEAST_BLUR
        yield StagePlan(f"{cells:.0f} cells", cells, dmin_m, blur if blurred else 0.0)
        cells, error = cells * GROWTH, error * ERROR_LEFT
    for n in range(FINE_STAGES):
        yield StagePlan(f"whole run {n + 1}", None, 0.0, 0.0)


def stage_of(plan: StagePlan, config: RunConfig, observed: ObservedImage) -> FitStage:
    """Return a stage at the present values of a run.

    Raises:
        HarnessError: where nothing is left to fit.
    """
    made = config if plan.cells is None else coarse(config, plan.cells)
    photons, background = observed.photons, observed.background
    if plan.cells is None:
        background = background_beside(config, observed)
    if plan.blur:
        signal = np.where(observed.usable, photons - background, 0.0)
        photons = background + np.maximum(gaussian_filter(signal, plan.blur), 0.0)
        chosen = _some(observed.usable & _resolved(config, plan.dmin_m))
    elif plan.cells is None:
        near = observed.usable & _near_spots(config, observed, plan)
        chosen = near | _some(observed.usable & ~near)
    else:
        chosen = _some(observed.usable & _resolved(config, plan.dmin_m) & _near_spots(config, observed, plan))
    if not chosen.any():
        raise HarnessError(
            f"refinement, {plan.name}: no usable pixel near a spot; check geometry, mask and image"
        )
    slow, fast = np.nonzero(chosen)
    made = replace(made, detector=replace(made.detector, mask=chosen))
    shapes = background_shapes(chosen) if plan.cells is None else np.zeros((len(slow), 0))
    return FitStage(plan, made, slow, fast, photons[chosen], background[chosen], shapes, background)


def background_beside(config: RunConfig, observed: ObservedImage) -> FloatArray:
    """Return the background [slow, fast] of an image besides the spots of a run, brought to its scale."""
    model = simulate(replace(config, detector=replace(config.detector, mask=observed.usable))).cpu().numpy()
    model = np.asarray(model, np.float64)
    signal = (observed.photons - observed.background)[observed.usable]
    weight = 1.0 / (np.maximum(model, 0.0) + observed.background)[observed.usable]
    shown = model[observed.usable]
    power = float((weight * shown * shown).sum())
    scale = float((weight * shown * signal).sum()) / power if power > 0.0 else 0.0
    return weighted_background(observed, max(scale, 0.0) * model)


def coarse(config: RunConfig, cells: float) -> RunConfig:
    """Return a run with a Gaussian crystal of at most so many cells a side, one sample a pixel."""
    fewer = tuple(min(cells, plain(count)) for count in config.crystal.cells)
    crystal = replace(config.crystal, cells=fewer, size_m=(0.0, 0.0, 0.0), shape="GAUSS", fudge=1.0)  # type: ignore[arg-type]
    return replace(config, crystal=crystal, sampling=replace(config.sampling, oversample=1))


def _resolved(config: RunConfig, dmin_m: float) -> PixelFlags:
    """Return which pixels the simulator's resolution limit leaves [slow, fast]."""
    one = Steps(0.0, 0.0, 0.0, 1)
    crystal = replace(
        config.crystal, cells=(1, 1, 1), shape="SQUARE", mosaic_spread_rad=0.0, mosaic_domains=1, phi_rad=one
    )
    sampling = replace(config.sampling, oversample=1, dmin_m=max(dmin_m, config.sampling.dmin_m))
    flat = replace(config, crystal=crystal, sampling=sampling, structure_factors=StructureFactors(1.0))
    return np.asarray(simulate(flat).cpu().numpy() > 0.0)


def _near_spots(config: RunConfig, observed: ObservedImage, plan: StagePlan) -> PixelFlags:
    """Return the pixels of spots as the model expects them, twice as wide, and of those that were found."""
    cells = plan.cells or max(plain(count) for count in config.crystal.cells)
    whole = replace(config, detector=replace(config.detector, mask=np.ones((0, 0), bool)))
    expected = simulate(coarse(whole, max(FIRST_CELLS, 0.5 * cells))).cpu().numpy().astype(np.float64)
    signal = np.where(observed.usable, observed.photons - observed.background, 0.0)
    deviation = np.sqrt(observed.background)
    found = observed.usable & (signal > FOUND_SIGMAS * deviation + MARGIN)
    found = np.asarray(binary_dilation(found, iterations=MARGIN))
    scale = signal[found].sum() / max(float(expected[observed.usable].sum()), np.finfo(float).tiny)
    return np.asarray(found | (expected * scale > NEAR_SIGMAS * deviation))


def _some(chosen: PixelFlags) -> PixelFlags:
    """Return at most `ENOUGH` of the chosen pixels, drawn at random."""
    places = np.flatnonzero(chosen)
    if len(places) > ENOUGH:
        places = np.random.default_rng(SEED).choice(places, ENOUGH, replace=False)
    found = np.zeros(chosen.shape, bool)
    found.reshape(-1)[places] = True
    return found
