"""Runs the comparisons of a bundle again and compares with what it holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.compare import Roi, compare_images
from harness.errors import BundleError
from harness.evidence import load_parts
from harness.files import sha256_of_file
from harness.gates import CRYSTAL_FILES, write_built_in
from harness.pair import SIDES, PairJob, PairResult, run_pair
from harness.part import Part
from harness.programs import C_BIN_VARIABLE, Program, first_program, program_at, second_program
from harness.run import ProgramRun
from harness.verdict import EXIT_STATUS, Word


@dataclass(frozen=True)
class Replayed:
    """One comparison of a bundle, run again: PASS if both images and the verdict came out as recorded."""

    part: str
    word: Word
    lines: tuple[str, ...]


def replay(folder: Path, data: Path | None, c_bin: str | None, py_bin: str | None) -> list[Replayed]:
    """Run every compared pair of a bundle again.

    Args:
        folder: the bundle.
        data: where else to look for input files, by content.
        c_bin: first program in place of the recorded one.
        py_bin: second program in place of the recorded one.

    Raises:
        BundleError: nothing to run, or an input file is nowhere to be found.
    """
    parts = load_parts(folder)
    if not parts:
        raise BundleError(f"bundle '{folder}' holds no run of its own; replay the bundles that it names")
    with ExitStack() as stack:
        finder = _Inputs(data, stack)
        return [_replay_part(part, finder, c_bin, py_bin) for part in parts]


class _Inputs:
    """Finds input files by their content: where they were, in a folder, in the built-in crystal."""

    def __init__(self, data: Path | None, stack: ExitStack) -> None:
        self._data = data
        self._stack = stack
        self._built_in: Path | None = None

    def find(self, item: Mapping[str, Any]) -> str:
        recorded = Path(item["path"])
        for path in (recorded, *self._candidates(recorded.name)):
            if path.is_file() and sha256_of_file(path) == item["sha256"]:
                return str(path.absolute())
        raise BundleError(
            f"input '{recorded}' with sha256 {item['sha256'][:12]} not found; give --data DIR that holds it"
        )

    def _candidates(self, name: str) -> list[Path]:
        found = [] if self._data is None else sorted(p for p in self._data.rglob("*") if p.is_file())
        if name in CRYSTAL_FILES:
            found.append(self._generated() / name)
        return found

    def _generated(self) -> Path:
        if self._built_in is None:
            scratch = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="nb-replay-"))
            self._built_in = write_built_in(Path(scratch))
        return self._built_in


def _replay_part(part: Part, inputs: _Inputs, c_bin: str | None, py_bin: str | None) -> Replayed:
    result = run_pair(_job(part, inputs, c_bin, py_bin))
    lines: list[str] = []
    word = Word.PASS
    for side, run in zip(SIDES, result.runs, strict=False):
        one, text = _compare_side(part, side, run)
        word = max(word, one, key=lambda w: EXIT_STATUS[w])
        lines.append(f"{side}: {text}")
    again = result.comparison.verdict.word.value
    lines.append(f"verdict: recorded {part.summary['verdict']}, now {again}")
    if again != part.summary["verdict"]:
        word = Word.FAIL
    return Replayed(part.mode, word, (*lines, *_changed_programs(part, result)))


def _job(part: Part, inputs: _Inputs, c_bin: str | None, py_bin: str | None) -> PairJob:
    summary = part.summary
    moved = {item["path"]: inputs.find(item) for item in summary["inputs"]}
    caller = Path(summary["caller"])
    args = [moved.get(str((caller / word).absolute()), word) for word in summary["arguments"]]
    programs = [
        program_at(given, option) if given else _recorded(summary["runs"][side]["provenance"], side)
        for side, given, option in (("c", c_bin, "--c-bin"), ("py", py_bin, "--py-bin"))
    ]
    settings, asked = summary["settings"], summary["asked_region"]
    return PairJob(
        programs[0], programs[1], tuple(args), Path.cwd(), part.mode, settings["dtype"], settings["device"],
        None if asked is None else Roi(**asked), part.bounds(), summary["resampled"], settings["timeout_s"],
    )  # fmt: skip


def _recorded(provenance: Mapping[str, Any], side: str) -> Program:
    """Return the program that ran: one of this installation, or the binary at its recorded path."""
    if provenance["kind"] == "reference" and "sources_sha256" in provenance:
        return first_program(None, os.environ | {C_BIN_VARIABLE: ""})
    if provenance["kind"] == "simulator" and "sources_sha256" in provenance:
        return second_program(None)
    program = program_at(provenance["path"], f"{side} of the bundle")
    if program.provenance["binary_sha256"] != provenance["binary_sha256"]:
        raise BundleError(f"program '{provenance['path']}' has changed since; give --{side}-bin P")
    return program


def _compare_side(part: Part, side: str, run: ProgramRun) -> tuple[Word, str]:
    recorded = part.summary["runs"].get(side, {"failure": "was not run", "image_sha256": None})
    if run.image is None or recorded["image_sha256"] is None:
        same = (run.image is None) == (recorded["image_sha256"] is None)
        return (Word.PASS if same else Word.FAIL), run.failure or f"recorded: {recorded['failure']}"
    before = part.image(side)
    if before.shape == run.image.shape and np.array_equal(before.view(np.int32), run.image.view(np.int32)):
        return Word.PASS, "bitwise the recorded image"
    compared = compare_images(before, run.image)
    reasons = "; ".join(compared.verdict.reasons)
    shown = reasons or "within the strict bounds of the recorded image"
    return compared.verdict.word, f"not bitwise: {shown}"


def _changed_programs(part: Part, result: PairResult) -> Sequence[str]:
    lines = []
    for side, run in zip(SIDES, result.runs, strict=False):
        recorded = part.summary["runs"].get(side, {}).get("provenance", {})
        lines += [
            f"{side}: {key} is another one than recorded"
            for key in ("sources_sha256", "binary_sha256", "compiler", "flags", "version")
            if key in recorded and recorded[key] != run.program.provenance.get(key)
        ]
    return lines


def replay_word(replayed: Sequence[Replayed]) -> Word:
    """Return the worst verdict."""
    return max((one.word for one in replayed), key=lambda word: EXIT_STATUS[word])
