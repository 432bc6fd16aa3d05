"""Images of the suite, rendered in this process on a device and held to an oracle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden_suite_generator.cases import Case, load_cases
from harness.device.checked import Checked, CheckState, judged
from harness.programs.programs import Program
from harness.suite.figures import CaseImage
from harness.suite.rendered import case_config, rendered_case
from harness.suite.runner import run_case

if TYPE_CHECKING:
    from simulator.config import RunConfig

REASON_CHARACTERS = 300
ORACLE_WORDS = ("-device", "cpu", "--reproducible")
Oracle = Callable[[Case, str, Path], CaseImage]
"""Returns the image that a case has in a mode; the folder holds inputs/."""


def checked_images(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the check of each image as plain data; one that a program fails in is an error with the reason.

    Args:
        given: `images`, a list of (case, mode, number type) of which those with the same case and mode follow
            each other; `inputs`, the folder with inputs/; `words` for the simulator; `reference`, the path of
            the C reference, None for the simulator on the processor as the oracle.
    """
    cases = {case.id: case for case in load_cases()}
    inputs, oracle = Path(given["inputs"]), oracle_of(given["reference"])
    for (name, mode), images in groupby(given["images"], key=lambda image: tuple(image[:2])):
        case, dtypes = cases[name], [image[2] for image in images]
        try:
            expected = oracle(case, mode, inputs)
        except Exception as error:  # what fails here is not the end of the others
            for dtype in dtypes:
                yield Checked(name, mode, dtype, CheckState.ERROR, detail=_reason(error)).data()
            continue
        for dtype in dtypes:
            yield _check(expected, (case, mode, dtype), inputs, given["words"]).data()


def oracle_of(reference: str | None) -> Oracle:
    """Return what says which image is right: the C reference, or the simulator on the processor."""
    if reference is None:
        return _by_simulator
    program = Program("reference", (reference,), {})
    return lambda case, mode, inputs: run_case(program, case, mode, inputs).outputs.images["float"]


def _by_simulator(case: Case, mode: str, inputs: Path) -> CaseImage:
    return rendered_case(case, ["--parity-mode", mode, *ORACLE_WORDS], inputs).image


def _check(
    expected: CaseImage, image: tuple[Case, str, str], inputs: Path, settings: Sequence[str]
) -> Checked:
    case, mode, dtype = image
    words = ["--parity-mode", mode, "-dtype", dtype, *settings]
    try:
        made = rendered_case(case, words, inputs)
    except (Exception, AssertionError) as error:  # whatever a device throws is a finding, not the end
        return Checked(case.id, mode, dtype, CheckState.ERROR, detail=_reason(error))
    found = judged(expected, made.image, (case.id, mode, dtype))
    detail = "; ".join(text for text in (found.detail, *made.notes) if text)
    return replace(found, detail=detail, computed=made.computed)


def forms_of_images(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield for each image the forms of the stages that it needs as machine code, as plain data.

    Args:
        given: `images` and `inputs` as for `checked_images`. The processor tells; no device is needed.
    """
    cases = {case.id: case for case in load_cases()}
    for name, mode, dtype in given["images"]:
        words = ["--parity-mode", mode, "-dtype", dtype, "-device", "cpu"]
        with case_config(cases[name], words, Path(given["inputs"])) as config:
            yield {"image": [name, mode, dtype], "forms": forms_of(config)}


def forms_of(config: RunConfig) -> list[str]:
    """Return a digest of each form of a stage that a run calls, none for one that is not compiled."""
    from harness.device.stage_calls import calls_of

    return [hashlib.sha256(form.encode()).hexdigest()[:16] for form in calls_of(config)]


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:REASON_CHARACTERS]
