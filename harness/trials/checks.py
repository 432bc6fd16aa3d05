"""What tells a faulty program from a sound one, as a table: each check looks at one command line.

A check compares only what both sound programs agree on, so that none of its findings is a false alarm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from harness.errors import HarnessError
from harness.faults.lines import TrialLine
from harness.invariants.examine import violated
from harness.programs.programs import Program
from harness.suite.generate import packaged_golden
from harness.suite.judge import FAIL, judge_golden
from harness.suite.manifest import Manifest, key_of, load_manifest, rows_of_run
from harness.suite.runner import CaseRun
from harness.trials.runs import Ran

NAMED = re.compile(r"(?<![\w.])-[A-Za-z_]\w*|'[^']+'|Q-[A-Z-]+")
"""Options, quoted names and quirks in a message."""
IMAGE, TRACE, BEHIND = "image", "trace", "behind the last tap"
RECORDED, INVARIANTS = "recorded figures", "invariants"


@dataclass(frozen=True)
class Beside:
    """One command line: a faulty program, the same program when sound, and the other one."""

    line: TrialLine
    faulty: Ran
    before: Ran
    other: Ran


def another_status(here: Beside) -> bool:
    """Tell whether the exit status is another one."""
    return here.before.status == here.other.status != here.faulty.status


def files_left(here: Beside) -> bool:
    """Tell whether files are missing, too many, or not whole."""
    broken = here.faulty.status == 0 and here.faulty.outputs is None is not here.before.outputs
    return broken or here.before.files == here.other.files != here.faulty.files


def derived_images(here: Beside) -> bool:
    """Tell whether integer, preview or noise image differ, pixels or header."""
    faulty, before, other = here.faulty.outputs, here.before.outputs, here.other.outputs
    if faulty is None or before is None or other is None:
        return False
    for kind in before.images:
        if kind == "float":
            continue
        same = np.array_equal(before.images[kind], other.images[kind])
        if same and not np.array_equal(faulty.images[kind], other.images[kind]):
            return True
        headers = [outputs.headers.get(kind) for outputs in (before, other, faulty)]
        if headers[0] == headers[1] != headers[2]:
            return True
    return False


def printed_lines(here: Beside) -> bool:
    """Tell whether a line that both sound programs print is missing."""
    common = set(here.before.printed.splitlines()) & set(here.other.printed.splitlines())
    return not common <= set(here.faulty.printed.splitlines())


def said_words(here: Beside) -> bool:
    """Tell whether an option, file or quirk that both sound programs name in a message is missing."""
    common = set(NAMED.findall(here.before.said)) & set(NAMED.findall(here.other.said))
    return not common <= set(NAMED.findall(here.faulty.said))


CHECKS: Mapping[str, Callable[[Beside], bool]] = {
    "exit status": another_status,
    "files": files_left,
    "derived images": derived_images,
    "printed lines": printed_lines,
    "messages": said_words,
}
"""Besides images and traces."""


def breaks_a_relation(path: Path) -> bool:
    """Tell whether a C reference violates an exact relation of one program."""
    return bool(violated(Program("reference", (str(path),), {"kind": "reference"}), mode="spec"))


PROGRAM_CHECKS: Mapping[str, Callable[[Path], bool]] = {INVARIANTS: breaks_a_relation}
"""Of one program by itself, given its path: what finds a fault that both programs have."""


def findings(here: Beside) -> list[str]:
    """Return the names of the checks that find something."""
    return [name for name, finds in CHECKS.items() if finds(here)]


@lru_cache(maxsize=1)
def _recorded() -> Manifest:
    manifest = load_manifest(packaged_golden())
    if manifest is None:
        raise HarnessError(f"'{packaged_golden()}' holds no golden figures; install the package again")
    return manifest


def off_record(here: Beside, inputs: Path) -> bool:
    """Tell whether an output of a faulty C reference is not what the golden figures say.

    Args:
        here: a line that is a case of the golden suite.
        inputs: folder with inputs/.
    """
    case, run = here.line.case, here.faulty
    expected = case.status[here.line.mode]
    if run.status != expected or (run.outputs is None and not expected):
        return True
    if run.outputs is None:
        return False
    made = CaseRun(0, run.outputs, run.printed, run.said)
    for row in rows_of_run(case, here.line.mode, made, inputs):
        golden = _recorded().rows.get(key_of(row))
        image = run.outputs.images.get(str(row["kind"]))
        if golden is not None and judge_golden(golden, row, image, None).verdict == FAIL:
            return True
    return False
