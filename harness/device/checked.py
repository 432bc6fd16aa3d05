"""What a check on a device came to: an image of the suite, held to that of an oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import numpy as np

from harness.bench.measure import AGREEMENT
from harness.suite.figures import CaseImage

BOUNDS: Mapping[str, float] = {**AGREEMENT, "float64": 1e-7}
"""Largest |difference| of the maximum; for float64 half a step of the 4-byte floats, and some rounding."""


class CheckState(Enum):
    """What a check came to; ZERO is an image that is zero in both programs, which compares nothing."""

    HELD = "held"
    ZERO = "zero"
    FAILED = "failed"
    NOT_COMPARED = "not compared"
    ERROR = "error"

    @property
    def status(self) -> int:
        """Return the exit status that this state asks for."""
        return {"held": 0, "zero": 0, "failed": 1, "not compared": 2, "error": 3}[self.value]

    @property
    def verdict(self) -> str:
        """Return the verdict in the words of nb-compare."""
        return ("PASS", "FAIL", "NOT COMPARABLE", "ERROR")[self.status]


@dataclass(frozen=True)
class Checked:
    """A case in one mode and number type, and how far its image is from that of the oracle."""

    case: str
    mode: str
    dtype: str
    state: CheckState
    max_diff_of_max: float | None = None
    detail: str = ""
    computed: str = ""
    """How the image was computed, in the words of the command line."""

    def data(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {**asdict(self), "state": self.state.value}


def judged(expected: CaseImage, image: CaseImage, name: tuple[str, str, str]) -> Checked:
    """Return the check of an image; `name` is case, mode and number type."""
    if expected.shape != image.shape:
        detail = f"shape {image.shape}, not {expected.shape}"
        return Checked(*name, CheckState.FAILED, detail=detail)
    scale = float(np.abs(expected, dtype=np.float64).max())
    difference = float(np.abs(image.astype(np.float64) - expected).max())
    if scale == 0.0:
        state = CheckState.ZERO if difference == 0.0 else CheckState.FAILED
        return Checked(*name, state, detail="" if state is CheckState.ZERO else "not zero as the C image is")
    worst, bound = difference / scale, BOUNDS[name[2]]
    if not worst <= bound:
        finite = worst if np.isfinite(worst) else None
        return Checked(
            *name, CheckState.FAILED, finite, f"max |diff| is {worst:.3g} of the maximum, not {bound:g}"
        )
    return Checked(*name, CheckState.HELD, worst)
