"""Rotation steps about the spindle, and which step's orientation a step with phi = 0 shows (spec 06 section
7).
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.config import Steps
from simulator.quirks import Quirks


def phi_angles_rad(steps: Steps) -> list[float]:
    """Return the angle at the start of each step, phi0 + dphi j (spec 04 section 1)."""
    return steps.values()


def orientation_steps(phi_rad: Sequence[float], first_block: bool, quirks: Quirks) -> list[int]:
    """Return for each phi step the step whose orientation it shows (Q-PHI-CARRYOVER).

    A step with phi exactly 0 shows the last non-zero step before it; failing that, the last non-zero step of
    the list, which the block before left behind; in the first block of the run, and where all angles are 0,
    itself.

    Args:
        phi_rad: the angles.
        first_block: whether this is the first executed (sub-pixel, source) of the run.

    Returns:
        Indices into phi_rad.

    Source: spec 06 section 7.
    """
    steps = list(range(len(phi_rad)))
    if "Q-PHI-CARRYOVER" not in quirks:
        return steps
    turned = [j for j in steps if phi_rad[j] != 0.0]
    left_behind = turned[-1] if turned and not first_block else None
    shown = []
    for j in steps:
        before = [i for i in turned if i < j]
        carried = before[-1] if before else left_behind
        shown.append(j if phi_rad[j] != 0.0 or carried is None else carried)
    return shown
