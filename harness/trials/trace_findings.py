"""The trace verdict on a faulty program: does it fail, and does it blame the tap where the fault strikes?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.faults.fault import SeededFault
from harness.suite.figures import CaseImage
from system_io.errors import UserError
from trace_tools.judging.behind import behind_last_tap
from trace_tools.judging.judge import judge_files
from trace_tools.reading.trace_file import read_trace

RIGHT, EXTRA, WRONG, NONE = "right", "right with extra", "wrong", "none"
FAILS = "FAIL"


@dataclass(frozen=True)
class TraceFinding:
    """The verdict on the traces of the chosen pixels, the taps that it blames, and whether these are right.

    `behind`: whether the image file is not what the last tap says.
    """

    verdict: str
    first: str
    causes: tuple[str, ...]
    behind: bool
    cause: str

    def data(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return {
            "verdict": self.verdict, "first": self.first, "causes": list(self.causes), "behind": self.behind,
            "cause": self.cause,
        }  # fmt: skip


def trace_finding(
    fault: SeededFault, logs: tuple[Path, Path], faulty: tuple[Path, CaseImage | None]
) -> TraceFinding:
    """Judge two traces, of which one is of a faulty program.

    Args:
        fault: which one.
        logs: of the C reference, and of the simulator.
        faulty: trace and float image of the faulty program.
    """
    try:
        report = judge_files(str(logs[0]), str(logs[1]))
        behind = faulty[1] is not None and bool(behind_last_tap(read_trace(faulty[0]), faulty[1]))
    except UserError as error:
        return TraceFinding(f"ERROR: {type(error).__name__}", "", (), behind=False, cause=NONE)
    causes = tuple(found.tap for found in report.causes)
    first = "" if report.first is None else report.first.tap
    return TraceFinding(report.verdict, first, causes, behind, _cause(fault, report.verdict, first, causes))


def _cause(fault: SeededFault, verdict: str, first: str, causes: tuple[str, ...]) -> str:
    if verdict != FAILS:
        return NONE
    if first not in fault.taps:
        return WRONG
    return RIGHT if set(causes) <= set(fault.taps) else EXTRA
