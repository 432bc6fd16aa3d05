"""Holds one case of the suite, rendered in this process on a device, to the image of the C reference."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from golden_suite_generator.cases import Case
from harness.bench.measure import AGREEMENT
from harness.programs.programs import Program
from harness.suite.figures import CaseImage
from harness.suite.runner import lay_out, run_case
from system_io.children import temporary_folder
from system_io.errors import UserError

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
    """A case in one mode and number type, and how far its image is from that of the C reference."""

    case: str
    mode: str
    dtype: str
    state: CheckState
    max_diff_of_max: float | None = None
    detail: str = ""

    def data(self) -> dict[str, Any]:
        """Return the check as plain data."""
        return {**asdict(self), "state": self.state.value}


def check_case(
    program: Program, case: Case, mode: str, inputs: Path, settings: Sequence[str], dtypes: Sequence[str]
) -> list[Checked]:
    """Render a case in each number type and compare with the C reference, which runs once.

    Args:
        program: the C reference.
        case: a row of the suite that makes an image in this mode.
        mode: c-parity or spec.
        inputs: folder with inputs/.
        settings: words for the simulator.
        dtypes: number types.

    Returns:
        A check for each number type; one that a program fails in is an error with the reason.
    """
    try:
        expected = run_case(program, case, mode, inputs).outputs.images["float"]
    except UserError as error:
        return [Checked(case.id, mode, dtype, CheckState.ERROR, detail=str(error)) for dtype in dtypes]
    return [_check(expected, case, mode, inputs, settings, dtype) for dtype in dtypes]


def _check(
    expected: CaseImage, case: Case, mode: str, inputs: Path, settings: Sequence[str], dtype: str
) -> Checked:
    words = ["--parity-mode", mode, "-dtype", dtype, *settings, "-noprogress", *case.words(inputs)]
    try:
        image, notes = rendered_case(case, words, inputs)
    except (Exception, AssertionError) as error:  # whatever a device throws is a finding, not the end
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Checked(case.id, mode, dtype, CheckState.ERROR, detail=why)
    found = judged(expected, image, (case.id, mode, dtype))
    return replace(found, detail="; ".join(text for text in (found.detail, *notes) if text))


def rendered_case(case: Case, words: Sequence[str], inputs: Path) -> tuple[CaseImage, tuple[str, ...]]:
    """Return the image of a case, and the warnings of its rendering."""
    import torch

    from simulator import RunConfig
    from simulator.image import render
    from simulator.scene.scene import prepare

    with temporary_folder("nb-gpu") as folder, contextlib.chdir(folder):
        lay_out(case, inputs, Path(folder))
        rendered = render(prepare(RunConfig.from_args(words)))
    return np.asarray(rendered.image.to(torch.float32).cpu().numpy()), rendered.notes


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
