"""What a test gets to compare with: arrays, traces, and described pairs, each required to pass."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from harness.described.built import make_ready
from harness.described.description import BOTH, DescribedOutput, DescribedTrace, Description
from harness.described.judged import JudgedPart, judged_logs, worded_figures
from harness.described.pair_bundle import write_pair_bundle
from harness.described.pair_run import cases_named
from harness.described.read_description import read_description
from harness.errors import UsageError
from harness.fields.compared import compare_fields
from harness.fields.field import FieldArray
from system_io.errors import UserError
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.bounds.read_bounds import bounds_of_trace
from trace_tools.element_bound import ElementBound


@dataclass(frozen=True)
class ParityFixture:
    """Comparisons of one test; each fails it with the words of the verdict unless that is a PASS.

    `folder` is where relative names start, `reports` gets the bundles, `session` names the call of pytest, in
    which a program is built once.
    """

    folder: Path
    reports: Path
    session: str

    def require_arrays(
        self, first: ArrayLike, second: ArrayLike, *, rel: float | None = None, abs: float | None = None,  # noqa: A002
        ulp: float | None = None, combined: bool = False, nan: bool = False, zeros: bool = False,
    ) -> None:  # fmt: skip
        """Fail the test unless two arrays agree.

        Args:
            first: of the trusted program, of any shape.
            second: of the same shape.
            rel: bound of the difference, of the larger of both; without a bound they must be equal.
            abs: absolute bound.
            ulp: bound in steps of the coarser type.
            combined: abs + rel max(|a|, |b|) in place of either.
            nan: NaN on both sides counts as equal.
            zeros: 0 everywhere on both sides is a result.
        """
        try:
            a, b = (
                FieldArray(np.asarray(first), "the first array"),
                FieldArray(np.asarray(second), "the second array"),
            )
            bound = ElementBound(rel, abs, ulp, combined)
            output = DescribedOutput("arrays", {}, bound, None, nan, zeros)
            word, text = worded_figures(compare_fields(a, b, bound), output, a)
        except UserError as error:
            word, text = Word.NOT_COMPARABLE, str(error)
        require_pass(JudgedPart("output", "arrays", word, text, {}))

    def require_traces(
        self, first: str | Path, second: str | Path, *, graph: str | Path | None = None,
        rtol: float | None = None, atol: float | None = None, bounds: str | Path | None = None,
        trace: str | None = None,
    ) -> None:  # fmt: skip
        """Fail the test unless two trace logs agree, naming the first tap that diverges.

        Args:
            first: log of the trusted program.
            second: log of the other.
            graph: file of a tap graph.
            rtol: one relative tolerance for all taps.
            atol: one absolute tolerance for all taps.
            bounds: a parity.toml whose table [trace.NAME.bound] bounds taps by pattern.
            trace: NAME of that table; needed only where the file has several.
        """
        __tracebackhide__ = True
        try:
            if bounds is not None and not (rtol is None and atol is None):
                raise UsageError("bounds take the place of rtol and atol; leave them out")
            rows = () if bounds is None else bounds_of_trace(self.folder / bounds, trace)
            path = None if graph is None else self.folder / graph
            told = DescribedTrace("logs", {}, path, rtol, atol, bounds=rows)
            part = judged_logs(told, self.folder / first, self.folder / second, path, every_row=True)
        except UserError as error:
            part = JudgedPart("trace", "logs", Word.ERROR, str(error), {})
        require_pass(part)

    def require_pair(self, case: str | None = None, file: str | Path = "parity.toml") -> Mapping[str, Any]:
        """Run the programs of a parity.toml on a case, all without a name, and fail unless they pass.

        Returns:
            The metrics of the bundle, with its path as 'bundle'.
        """
        __tracebackhide__ = True
        try:
            description = read_description(self.folder / file)
            cases = cases_named(description, [] if case is None else [case])
            with _alone(description, self.session) as build:
                programs = {side: make_ready(build(side), side) for side in BOTH}
            command = ["nbp", "pair", "run", *([case] if case else []), "--file", str(description.path)]
            path, metrics, facts = write_pair_bundle(description, programs, cases, self.reports, command)
        except UserError as error:
            pytest.fail(f"{Word.ERROR.value}: {error}", pytrace=False)
        if metrics["exit_status"]:
            pytest.fail("\n".join(_told(metrics, facts, path)), pytrace=False)
        return {**metrics, "bundle": path}


def _told(metrics: Mapping[str, Any], facts: list[dict[str, Any]], path: Path) -> Iterator[str]:
    """Yield what stands against a pair, with the first divergence of each trace."""
    yield f"{metrics['verdict']}: {metrics['title']}"
    yield from metrics["reasons"]
    for case in facts:
        for part in case["parts"]:
            yield from part["figures"].get("told", ())
    yield f"files in {path}"


def require_pass(part: JudgedPart) -> None:
    """Fail the running test unless a verdict is a pass."""
    __tracebackhide__ = True
    if EXIT_STATUS[part.word]:
        told = "\n".join([f"{part.word.value}: {part.text}", *part.figures.get("told", ())])
        pytest.fail(told, pytrace=False)


@contextmanager
def _alone(description: Description, session: str) -> Iterator[Any]:
    """Give what to make ready, one worker at a time: who comes later finds the program built."""
    key = hashlib.sha256(f"{description.path} {session}".encode()).hexdigest()[:24]
    place = Path(tempfile.gettempdir(), f"parity-built-{os.getuid()}-{key}")
    with place.open("a+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        built = bool(stream.read())

        def wanted(side: str) -> Any:
            program = description.programs[side]
            return replace(program, build=()) if built else program

        yield wanted
        if not built:
            stream.write("built\n")
