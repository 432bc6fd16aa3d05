"""Where every random number of a recording comes from: a seed, a shot, a stage and a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shots.seeds import keyed_generator

STAGE_KEYS: Mapping[str, int] = {
    "flicker": 101, "calibration": 102, "poisson": 103, "readout_noise": 104, "hot": 105, "dead": 106,
    "bright photons": 107,
}  # fmt: skip
"""Of the stages that draw; a number stays that of its stage, so that old data sets can be made anew."""
OF_NO_SHOT = 0xFFFFFFFF
"""Stands in place of a shot for what all shots of a detector share."""
OF_NO_PANEL = 0xFFFFFFFF
"""Stands in place of a panel for what all panels of a shot share."""


@dataclass(frozen=True)
class ShotSeeds:
    """What the random numbers of a shot follow from.

    Attributes:
        plan: seed of the plan.
        shot: number of the shot, from 0.
        detector: seed of what is the same in all shots: calibration, hot and dead pixels.
    """

    plan: int
    shot: int
    detector: int = 0

    def of_shot(self, stage: str, panel: int = OF_NO_PANEL) -> np.random.Generator:
        """Return the generator of a stage of this shot.

        Args:
            stage: a key of `STAGE_KEYS`.
            panel: its place in the detector; without one, the numbers are those of all panels.
        """
        return keyed_generator(self.plan, (self.shot, STAGE_KEYS[stage], panel))

    def of_detector(self, stage: str, panel: int) -> np.random.Generator:
        """Return the generator of a stage that is the same in all shots."""
        return keyed_generator(self.detector, (OF_NO_SHOT, STAGE_KEYS[stage], panel))
