"""The outputs of a pair beside the float images: asked for, compared, and compared again from a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from harness.contract.quirk_values import codes, switches
from harness.contract.rules import DeclaredQuirk
from harness.errors import BundleError
from harness.images.compare import Region
from harness.outputs.compare import compare_outputs
from harness.outputs.request import OutputRequest, file_name, switched_off
from harness.outputs.rows import OutputRow, stated_row
from harness.outputs.sides import OutputSide
from harness.pairs.predicted import words_without_structure
from harness.programs.arguments import PreparedArguments
from harness.programs.run import ProgramRun
from harness.programs.run_config import resolved
from harness.recorded.rerun import Inputs
from harness.sides import SIDES
from simulator import RunConfig
from system_io.children import temporary_folder
from system_io.verdict_words import Word

QUIRK_WORD = "--quirk"
SILENT_KIND = "external"
"""Of programs that need not print what spec 08 says."""


def output_rows(
    request: OutputRequest,
    args: Sequence[str],
    told: Mapping[str, PreparedArguments],
    runs: Mapping[str, ProgramRun],
    mode: str,
    region: Region | None,
    found: Callable[[str], str] = str,
    declared: tuple[DeclaredQuirk, ...] = (),
) -> tuple[OutputRow, ...]:
    """Return what became of the outputs of two runs; nothing where a program failed or none are compared.

    Of declared quirks either side may have any: the first states count with which nothing is left to account
    for, if there are such.

    Args:
        request: the outputs.
        args: the command line as it was given.
        told: what each side was told.
        runs: of both sides.
        mode: parity mode.
        region: the compared pixels.
        found: gives the path of an input file as the words name it; it may raise a UserError.
        declared: quirks that may come or go.
    """
    first: tuple[OutputRow, ...] | None = None
    for states in _states(declared):
        side_told = {side: _with_states(told[side], states.get(side, ())) for side in told}
        rows = _rows(request, args, side_told, runs, mode, region, found)
        if all(row.word is Word.PASS for row in rows):
            return rows
        first = rows if first is None else first
    return first or ()


def _states(declared: tuple[DeclaredQuirk, ...]) -> Iterator[dict[str, list[str]]]:
    """Yield the switches of each side: none, then all in which the sides have other states."""
    yield {}
    for one, other in product(codes(len(declared)) if declared else (), repeat=2):
        if one != other:
            yield {SIDES[0]: switches(declared, one), SIDES[1]: switches(declared, other)}


def _with_states(told: PreparedArguments, states: Sequence[str]) -> PreparedArguments:
    words = [word for state in states for word in (QUIRK_WORD, state)]
    return replace(told, words=(*told.words, *words))


def _rows(
    request: OutputRequest,
    args: Sequence[str],
    told: Mapping[str, PreparedArguments],
    runs: Mapping[str, ProgramRun],
    mode: str,
    region: Region | None,
    found: Callable[[str], str],
) -> tuple[OutputRow, ...]:
    images = [run.image for run in runs.values() if run.image is not None]
    if not request.more or len(images) != 2:
        return ()
    first, second = (
        OutputSide(
            side,
            image,
            _by_output(request, told[side], run),
            run.stdout.decode("utf-8", "replace"),
            _reader(told[side].words, mode, found),
            run.program.kind != SILENT_KIND,
        )
        for image, (side, run) in zip(images, runs.items(), strict=True)
    )
    return tuple(compare_outputs((first, second), request, switched_off(args), region))


def _by_output(request: OutputRequest, told: PreparedArguments, run: ProgramRun) -> dict[str, bytes]:
    names = {name: file_name(name, told.words) for name in request.more}
    return {name: run.files[file] for name, file in names.items() if file in run.files}


def _reader(words: Sequence[str], mode: str, found: Callable[[str], str]) -> Callable[[], RunConfig]:
    """Return a function that reads the command line of a side, but for its structure factors."""

    def read() -> RunConfig:
        with temporary_folder("nb-outputs") as empty:
            return resolved(words_without_structure(words, mode, found), Path(empty))

    return read


def recorded_rows(
    summary: Mapping[str, Any],
    request: OutputRequest,
    told: Mapping[str, PreparedArguments],
    runs: Mapping[str, ProgramRun],
    region: Region | None,
    declared: tuple[DeclaredQuirk, ...] = (),
) -> tuple[OutputRow, ...]:
    """Return what became of recorded outputs; as stated where an input file is gone.

    Args:
        summary: of the pair.
        request: the outputs.
        told: what each side was told.
        runs: of both sides.
        region: the compared pixels.
        declared: quirks that may come or go.
    """
    recorded = {item["path"]: item for item in summary["inputs"]}
    with ExitStack() as stack:
        inputs = Inputs(None, stack)
        gone: list[str] = []

        def found(name: str) -> str:
            try:
                return inputs.find(recorded[name]) if name in recorded else name
            except BundleError:
                gone.append(name)
                raise

        mode, args = str(summary["parity_mode"]), summary["arguments"]
        rows = output_rows(request, args, told, runs, mode, region, found, declared)
    return tuple(_as_stated(row, summary["outputs"]) for row in rows) if gone else rows


def _as_stated(row: OutputRow, stated: Sequence[Mapping[str, Any]]) -> OutputRow:
    """Return a row as a summary states it where only an input file could tell what accounts for a difference.

    What needs no account, and how much differs at all, follows from the files all the same.
    """
    for one in map(stated_row, stated):
        if row.unequal and (one.output, one.part, one.unequal) == (row.output, row.part, row.unequal):
            return one
    return row
