"""Two programs that know nanoBragg's command line, run on one case of a description as nb-compare does."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.option_types import split_arguments
from harness.pairs.findings import Bench
from harness.pairs.options import NAME, asked_pair, make_parser
from harness.pairs.pair import PairResult, side_settings
from harness.pairs.rounding import pixel_logs
from harness.pairs.sides import compared_into
from harness.programs.programs import DIALECTS, first_program, second_program
from harness.programs.side_words import side_words
from harness.programs.watching import Watch
from harness.sides import SIDES
from system_io.children import temporary_folder
from system_io.shown import printable
from system_io.verdict_words import Word

REFERENCE, SIMULATOR = "reference", "simulator"
OWN_PROGRAM = {"first": REFERENCE, "second": SIMULATOR}
"""What a side is called that is ours; any other word is the path of a program."""
PATH_OPTIONS = {"first": "--c-bin", "second": "--py-bin"}


@dataclass(frozen=True)
class NanobraggCase:
    """A case as words of nb-compare, those behind the -- included, and the folder of its relative names."""

    words: tuple[str, ...]
    caller: Path

    @property
    def command(self) -> list[str]:
        """Return the command that gives the same comparison by itself."""
        return [NAME, *self.words]


def program_words(side: str, named: str, folder: Path) -> list[str]:
    """Return the option that names the program of a side, none for ours.

    Args:
        side: first or second.
        named: `reference`, `simulator`, or a path relative to the folder.
        folder: of the program.

    Raises:
        HarnessError: our program of the other side.
    """
    if named == OWN_PROGRAM[side]:
        return []
    if named in OWN_PROGRAM.values():
        raise HarnessError(
            f"{side}.nanobragg is '{printable(named)}'; on this side it is '{OWN_PROGRAM[side]}' or the path "
            "of a program: exchange the sides, or write ./ before the name of a file"
        )
    return [PATH_OPTIONS[side], str(folder / named)]


def require_programs(paths: Mapping[str, str | None], modes: Iterable[str]) -> None:
    """Check that both programs are there and know some parity modes; ours are built if they are not yet.

    Args:
        paths: of the program of each side, None for ours.
        modes: in which they will be run.

    Raises:
        ProgramError: a program is not there, or does not know a mode.
        BuildError: the C reference cannot be built.
    """
    programs = [first_program(paths["first"], os.environ), second_program(paths["second"])]
    for program, mode in itertools.product(programs, modes):
        program.settings(mode)


def compare_case(case: NanobraggCase, folder: Path, watch: Watch) -> PairResult:
    """Run and compare a case, and write the result of nb-compare into an empty folder.

    Raises:
        HarnessError: a program is not there, or the command line cannot be compared.
    """
    own, args = split_arguments(case.words)
    options = make_parser().parse_args(own)
    job = asked_pair(options, args or (), case.caller)
    return compared_into(folder, job, case.command, watch)[0]


def telling_pixel(summary: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return (slow, fast) of the pixel that tells why images fail, as a summary states them.

    None where they do not fail, where no pixel differs, or where a program does not print our traces.
    """
    own = (summary["metrics"] or {}).get("own")
    kinds = [run["provenance"]["kind"] for run in summary["runs"].values()]
    traced = all(kind in DIALECTS and DIALECTS[kind].schema_option for kind in kinds)
    if summary["verdict"] != Word.FAIL.value or own is None or not own["worst"] or not traced:
        return None
    slow, fast = own["worst_at"]
    return int(slow), int(fast)


def trace_pixel(result: PairResult, slow: int, fast: int) -> dict[str, bytes | None]:
    """Run both programs of a comparison again on one traced pixel.

    Returns:
        The log of each side (c, py), None for one that wrote none.
    """
    job = result.job
    told = side_words(result.arguments, job.programs)
    words = {side: one.arguments for side, one in told.items()}
    settings = dict(zip(SIDES, side_settings(job), strict=True))
    runs = dict(zip(SIDES, result.runs, strict=True))
    with temporary_folder("nb-worst") as scratch:
        bench = Bench(Path(scratch), job.timeout_s, job.threads, job.programs, settings, words, runs)
        return pixel_logs(bench, slow, fast)
