"""What making gives and writers take: the images of one shot, panel by panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Setup

MASKED = -1
"""What a pixel that does not measure reads."""


@dataclass(frozen=True)
class Frames:
    """The images of one shot.

    Attributes:
        number: of the shot in its plan, from 0.
        setup: where the panels stood.
        photons: of each panel, float32 [slow, fast], without background and noise.
        counts: of each panel, int32 [slow, fast], as the detector reads them; -1 where masked.
        command_lines: words that give `photons` again, one list a lattice and panel.
    """

    number: int
    setup: Setup
    photons: tuple[NDArray[np.float32], ...]
    counts: tuple[NDArray[np.int32], ...]
    command_lines: tuple[tuple[str, ...], ...]
