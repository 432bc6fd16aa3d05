"""What the page needs to tell resolution and indices at its cursor: the vectors of the recorded run.

The simulator reads the command line and sets up the run; the page is left with sums, one division by a length
and three products (`lattice.js`). The structure factors do not matter, and of the files that the bundle names
only those are read that hold what the bundle recorded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from harness.errors import BundleError
from harness.pairs.part import PairPart
from harness.pairs.predicted import recorded_words
from harness.programs.run_config import resolved
from harness.recorded.rerun import Inputs
from simulator import RunConfig
from simulator.physics.vectors import plain, stack
from simulator.scene.scene import Scene, prepare
from simulator.units import ANGSTROM_PER_M, A_of_m
from system_io.errors import UserError

MOST_PHI_STEPS = 1000
MOST_SOURCES = 100_000


def geometry_content(part: PairPart) -> dict[str, Any]:
    """Return the vectors of a compared pair for the page.

    Returns:
        origin, fast, slow: place of pixel (0, 0)'s outer corner and the step of a pixel, in metres; incident:
        unit vector of the middle source; wavelength_A; cells_A: a, b, c in Angstrom at each phi step, without
        mosaic spread, empty with the reason in `no_cells`; remark: which source. Only `missing`, the reason,
        where the command line cannot be set up here.
    """
    try:
        with ExitStack() as stack_of_files, tempfile.TemporaryDirectory(prefix="nb-page-") as empty:
            config = resolved(recorded_words(part.summary, Inputs(None, stack_of_files)), Path(empty))
            return _vectors(_sharp(config, part))
    except UserError as error:
        return {"missing": str(error)}


def _sharp(config: RunConfig, part: PairPart) -> RunConfig:
    """Return the run without mosaic spread.

    Raises:
        HarnessError: if it has no flat detector of this size.
    """
    detector, beam = config.detector, config.beam
    if (detector.spixels, detector.fpixels) != part.first.shape:
        raise BundleError("the command line states another number of pixels than the image has")
    if detector.curved:
        raise BundleError("the detector is curved")
    if beam.hdiv_rad.count * beam.vdiv_rad.count * beam.dispersion.count > MOST_SOURCES:
        raise BundleError(f"there are more than {MOST_SOURCES} sources")
    return replace(config, crystal=replace(config.crystal, mosaic_spread_rad=0.0, mosaic_domains=1))


def _vectors(config: RunConfig) -> dict[str, Any]:
    steps = config.crystal.phi_rad.count
    few = steps <= MOST_PHI_STEPS
    crystal = (
        config.crystal
        if few
        else replace(config.crystal, phi_rad=type(config.crystal.phi_rad)(0.0, 0.0, 0.0, 1))
    )
    scene = prepare(replace(config, crystal=crystal))
    pixel_m = plain(config.detector.pixel_size_m)
    sources = scene.sources
    count = len(sources.wavelength_m)
    middle = count // 2
    geometry = scene.geometry
    return {
        "origin": _floats(geometry.pix0_m),
        "fast": _floats(geometry.fast * pixel_m),
        "slow": _floats(geometry.slow * pixel_m),
        "incident": _floats(-sources.direction[middle]),
        "wavelength_A": A_of_m(plain(sources.wavelength_m[middle])),
        "cells_A": _cells(scene) if few else [],
        "no_cells": f"there are more than {MOST_PHI_STEPS} phi steps",
        "remark": f"   source {middle} of {count}" if count > 1 else "",
    }


def _cells(scene: Scene) -> list[list[Sequence[float]]]:
    """Return a, b, c in Angstrom of each phi step, as all blocks of the run but the first see them."""
    edges = [stack(edge).reshape(-1, 3) * ANGSTROM_PER_M for edge in scene.orientations(False).rotated]
    return [[_floats(edge[step]) for edge in edges] for step in range(len(scene.phi_rad))]


def _floats(vector: Tensor) -> list[float]:
    return [float(value) for value in vector.tolist()]
