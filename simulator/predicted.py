"""The reflections that a run predicts, and the pixels that belong to each (spec 06 sections 3, 9 and 10)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.engine.workers import side_by_side
from simulator.kernel.miller_indices import miller_indices
from simulator.kernel.nearest_reflection import NOT_A_NUMBER, nearest_reflection
from simulator.kernel.rays import scattering_vectors
from simulator.kernel.taps import Spot
from simulator.physics.phi import orientation_steps
from simulator.physics.vectors import apply
from simulator.scene.instrument import Instrument
from simulator.scene.orientations import CellVectors
from simulator.scene.scene import Scene, prepare
from simulator.scene.setting_up import set_up
from simulator.untraced import untraced

NOT_COMPUTED = NOT_A_NUMBER
"""In place of the indices of a pixel that the run does not compute, or that has none."""
BLOCK = 1 << 14
FARTHEST = 0.05
"""How far an index may move between two phi steps that are looked at, unless they are neighbours."""
MOST_STEPS = 64
"""Phi steps that are looked at."""


@untraced
def predicted_reflections(config: RunConfig) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return h, k, l of the reflection that the middle of each pixel comes nearest to during the rotation.

    Seen from the middle one of the sources, on the foremost layer of the sensor, without mosaic spread.

    Args:
        config: of the run; its structure factors do not matter.

    Returns:
        [3, spixels, fpixels], `NOT_COMPUTED` where the run computes no pixel; and which pixels see another
        reflection at another time, [spixels, fpixels].

    Raises:
        InputError: for a run that cannot be simulated.

    Source: spec 06 sections 3, 9 and 10.
    """
    crystal = replace(config.crystal, mosaic_spread_rad=0.0, mosaic_domains=1)
    compute = replace(config.compute, device="cpu", precision="float64", epsilon=0.0)
    scene = prepare(replace(config, crystal=crystal, compute=compute))
    ins = _middle_source(set_up(replace(scene, oversample=1)))
    executed = scene.executed()
    spixels, fpixels = executed.shape
    cells = _orientations(scene, ins)
    places = torch.nonzero(executed.flatten())[:, 0]
    found = torch.empty((3, len(places)), dtype=torch.int32, device="cpu")
    shared = torch.empty(len(places), dtype=torch.bool, device="cpu")

    def block(number: int) -> None:
        with torch.inference_mode():
            part = slice(number * BLOCK, (number + 1) * BLOCK)
            spot = Spot(places[part] // fpixels, places[part] % fpixels)
            found[:, part], shared[part] = nearest_reflection(ins, spot, cells)

    for _ in side_by_side(block, -(-len(places) // BLOCK)):
        pass
    indices = torch.full((3, executed.numel()), NOT_COMPUTED, dtype=torch.int32, device="cpu")
    indices[:, places] = found
    seen_twice = torch.zeros(executed.numel(), dtype=torch.bool, device="cpu")
    seen_twice[places] = shared
    return indices.reshape(3, spixels, fpixels).numpy(), seen_twice.reshape(spixels, fpixels).numpy()


def _middle_source(ins: Instrument) -> Instrument:
    """Return the instrument with the middle one of its sources only."""
    middle = len(ins.wavelength_m) // 2
    only = slice(middle, middle + 1)
    return replace(
        ins, incident=apply(lambda part: part[only], ins.incident), wavelength_m=ins.wavelength_m[only]
    )


def _orientations(scene: Scene, ins: Instrument) -> list[CellVectors]:
    """Return the cell vectors at the phi steps that are looked at, components [1, 1, 1, 1].

    Neighbouring steps between which no index in the corners of the detector moves far are as good as one.
    """
    detector = scene.config.detector
    shown = sorted(set(orientation_steps(scene.phi_rad, False, scene.config.quirks)))
    ends = [(slow, fast) for slow in (0, detector.spixels - 1) for fast in (0, detector.fpixels - 1)]
    slow, fast = torch.tensor(ends, device="cpu").unbind(1)
    hkl = miller_indices(ins.usual.rotated, scattering_vectors(ins, Spot(slow, fast)))
    moved = max(
        float(index[:, :, shown].diff(dim=2).abs().amax()) if len(shown) > 1 else 0.0 for index in hkl
    )
    stride = max(1, int(FARTHEST / moved)) if 0.0 < moved < math.inf else 1
    count = min(MOST_STEPS, -(-(len(shown) - 1) // stride) + 1)
    places = np.unique(np.linspace(0, len(shown) - 1, count).round().astype(int)).tolist()
    return [_at(ins.usual.rotated, shown[place]) for place in places]


def _at(cells: CellVectors, step: int) -> CellVectors:
    """Return the cell vectors at one phi step."""
    a, b, c = (apply(lambda part: part[:, :, step : step + 1], v) for v in cells)
    return a, b, c
