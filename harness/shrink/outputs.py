"""The outputs of a trial beside its float image: which part of them fails, by the judge of nb-compare."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.fuzz.bench import FuzzBench, SideRun
from harness.fuzz.case import FuzzCase, words_without
from harness.fuzz.outcome import float_image
from harness.outputs.compare import compare_outputs
from harness.outputs.request import (
    COMMON_SEED,
    NOISE_NAME,
    SEED_OPTIONS,
    OutputRequest,
    file_name,
    output_request,
    stated_request,
    switched_off,
)
from harness.outputs.rows import OutputRow, stated_row
from harness.outputs.sides import OutputSide
from harness.pairs.predicted import words_without_structure
from harness.programs.arguments import IMAGE_OPTIONS
from harness.programs.run_config import resolved
from harness.sides import SIDES
from harness.verdict import State
from simulator import RunConfig

HEADER_ENTRY = re.compile(rf"^(.+?) {SIDES[0]} '")
PRINTED_LINE = re.compile(rf"^{SIDES[0]} '?(?:no such line, {SIDES[1]} ')?([A-Za-z_]+)")


@dataclass(frozen=True)
class FailingOutput:
    """What is to fail: the outputs that are compared, and the part of one, None for the first that fails."""

    request: OutputRequest
    part: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**self.request.facts(), "part": self.part}

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> FailingOutput | None:
        """Return it from plain data, None for none."""
        return None if data is None else cls(stated_request(data), data["part"])

    @property
    def words(self) -> list[str]:
        """Return the options of nb-compare that show it."""
        noise = ["--noise", self.request.noise] if NOISE_NAME in self.request.names else []
        return ["--outputs", ",".join(self.request.names), *noise]


def asked_outputs(text: str | None) -> FailingOutput | None:
    """Return what --outputs asks for, None for nothing.

    Raises:
        UsageError: a name of no output.
    """
    request = output_request(text, None)
    return FailingOutput(request) if request.more else None


def failing_output(summary: Mapping[str, Any]) -> FailingOutput | None:
    """Return the part of an output that fails in a compared pair whose float images do not."""
    rows = [stated_row(row) for row in summary.get("outputs", ())]
    titles = {row.title for row in rows}
    broken = [
        row for row in summary["criteria"] if row["state"] == State.FAILED and row["name"] not in titles
    ]
    parts = failing_parts(rows)
    return FailingOutput(stated_request(summary["settings"]), parts[0]) if parts and not broken else None


def failing_parts(rows: list[OutputRow]) -> list[str]:
    """Return the failing parts of outputs by name: output, part, and the entry or line that differs first."""
    return [_part(row) for row in rows if row.state is State.FAILED]


def _part(row: OutputRow) -> str:
    pattern = {"header": HEADER_ENTRY, "printed": PRINTED_LINE}.get(row.part)
    found = None if pattern is None else pattern.match(row.text)
    return " ".join([row.output, row.part, *(() if found is None else (found[1],))])


def with_own_outputs(case: FuzzCase, request: OutputRequest) -> FuzzCase:
    """Return a case that writes its outputs under their usual names, and noise by a common seed."""
    words = case.words
    for option in sorted(IMAGE_OPTIONS & set(words)):
        words = words_without(words, option)
    clock = NOISE_NAME in request.names and not SEED_OPTIONS & set(words)
    return replace(case, words=(*words, *(COMMON_SEED if clock else ())))


def compared_outputs(
    bench: FuzzBench, case: FuzzCase, runs: Mapping[str, SideRun], request: OutputRequest
) -> list[OutputRow]:
    """Return what became of the outputs of two runs; nothing where a float image is missing."""
    folder = bench.scratch / "told"
    shutil.rmtree(folder, ignore_errors=True)
    case.write_files(folder)
    sides = [_side(bench, side, case, run, request, folder) for side, run in runs.items()]
    first, second = sides
    if first is None or second is None or first.image.shape != second.image.shape:
        return []
    every = replace(request, every=True)
    return compare_outputs((first, second), every, switched_off(case.words), None)


def _side(
    bench: FuzzBench, side: str, case: FuzzCase, run: SideRun, request: OutputRequest, folder: Path
) -> OutputSide | None:
    image = float_image(case, run)
    if image is None:
        return None
    names = {name: file_name(name, case.words) for name in request.more}
    files = {name: run.files[file] for name, file in names.items() if file in run.files}

    def told() -> RunConfig:
        words = words_without_structure(case.words, case.mode, lambda name: str(folder / name))
        return resolved(words, folder)

    return OutputSide(side, image, files, run.printed, told, bench.programs[side].kind != "external")
