"""The command nb-fuzz: drawn command lines through both programs, and what they disagree about."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import default_target, require_fresh
from harness.kept.options import add_no_cache, chosen_shelf
from harness.kept.runs import kept_note
from harness.option_types import duration
from harness.programs.programs import MODES, Program, first_program, program_hashes, second_program
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

if TYPE_CHECKING:
    from harness.fuzz.journal import CaseLine, FuzzFolder, FuzzSettings

NAME = "nb-fuzz"
DEFAULT_TIME = "10m"
MOST_SHOWN = 10
OF_FOLDER = ("seed", "shard", "mode", "outdir", "c_bin", "py_bin")
"""Options that decide which cases there are and who runs them; the folder of an earlier run tells them."""
EXAMPLES = (
    "nb-fuzz --time 10m --outdir fuzz",
    "nb-fuzz --resume fuzz --time 10m",
    "nb-fuzz --cases 500 --shard 1/2 --seed 7 --outdir fuzz-1",
    "nb-fuzz --merge fuzz-1 fuzz-2",
    "nb-fuzz --c-bin ./mine --mode c-parity",
)
EPILOG = """\
Command lines are drawn from the option table: order, spellings, values (those of the golden suite, and edges
of the table of ranges), reflection, dump, matrix, source, mask and header files, on detectors of at most
24 x 24 pixels. Both programs run each; float images are held to the strict bounds, integer, preview and noise
images of equal float images to every byte, traces to their bounds, and both must refuse or none. Pairs of
options that no case had come first. One process serves many cases; every fiftieth case, and each with a
finding, runs again in a fresh one.

A run writes into one folder: settings.json, cases.jsonl (a line for each case), findings/NUMBER-KIND/ (words,
inputs, outputs, cause, and in pair/ a bundle of nb-compare) and summary.json. A run that was interrupted or
killed goes on with --resume; without --time or --cases, up to the cases that were asked for at first.
--merge adds up cases, options, pairs, quirks and findings of several folders, such as those of shards.
nb-shrink makes a small command line of a finding. Results of C programs are kept from run to run as those of
nb-compare are (nbp cache), but for runs that a random number of the clock decides; a finding says which were.

exit status: 0 no finding, 1 the programs disagree, 2 no images were compared, 3 ERROR, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-fuzz and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def count(text: str) -> int:
    """Return a whole number above 0 (an argparse type)."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def shard(text: str) -> tuple[int, int]:
    """Return the number and the count of `i/n`, 1/1 for all (an argparse type)."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"'{text}' is not a shard i/n with i from 1 to n")
    return int(found[1]), int(found[2])


def make_parser() -> CommandParser:
    """Return the parser of nb-fuzz."""
    parser = CommandParser(
        NAME, "Draw command lines and find what the two programs disagree about.", EPILOG, EXAMPLES
    )
    add = parser.add_argument
    add(
        "--time",
        type=duration,
        metavar="T",
        help=f"end after T, such as 90s or 1h; default {DEFAULT_TIME}, or none with --cases",
    )
    add("--cases", type=count, metavar="N", help="end when the folder holds N cases")
    add("--findings", type=count, default=20, metavar="N", help="end after N findings; default 20")
    add("--seed", type=int, metavar="S", help="decides the cases; default 0")
    add("--shard", type=shard, metavar="i/n", help="the i-th of n parts, which have no case in common")
    add("--mode", choices=(*MODES, "both"), help="parity mode; default both, in turn")
    add("--outdir", metavar="DIR", help=f"new directory; default {NAME}-TIME")
    add("--resume", type=Path, metavar="DIR", help="go on where an earlier run ended")
    add("--merge", nargs="+", type=Path, metavar="DIR", help="add up what earlier runs found; runs nothing")
    add("--c-bin", metavar="P", help="first program, as for nb-compare")
    add("--py-bin", metavar="P", help="second program, as for nb-compare")
    add_no_cache(parser)
    add("--json", action="store_true", help="write summary.json to standard output, nothing else")
    parser.add_verbosity()
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    if options.merge is not None:
        return _merged(options)
    if options.resume is not None:
        _require_nothing_new(options, "--resume", OF_FOLDER)
    else:
        target = default_target(NAME, options.outdir)
        require_fresh(target)
    from harness.fuzz.journal import resumed_folder

    if options.resume is not None:
        with resumed_folder(options.resume) as folder:
            return _fuzzed(folder, options)
    from harness.fuzz.journal import new_folder

    settings = _settings(options)
    with new_folder(target.path, settings) as folder:
        return _fuzzed(folder, options)


def _merged(options: argparse.Namespace) -> int:
    """Add up what the folders of several runs hold."""
    from harness.fuzz.journal import read_record
    from harness.fuzz.told import merged_summary

    _require_nothing_new(options, "--merge", (*OF_FOLDER, "resume", "time", "cases"))
    summary = merged_summary([read_record(path) for path in options.merge])
    _show(summary, f"{len(options.merge)} folders", options)
    return EXIT_STATUS[word_of(summary)]


def _require_nothing_new(options: argparse.Namespace, beside: str, names: Sequence[str]) -> None:
    for name in names:
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is told by the folder of {beside}; leave it out")


def _programs(c_bin: str | None, py_bin: str | None) -> tuple[Program, Program]:
    return first_program(c_bin, os.environ), second_program(py_bin)


def _settings(options: argparse.Namespace) -> FuzzSettings:
    from harness.fuzz.journal import FuzzSettings

    programs = _programs(options.c_bin, options.py_bin)
    external = any(program.kind == "external" for program in programs)
    mode = options.mode or (MODES[0] if external else "both")
    for program in programs:
        program.settings(MODES[0] if mode == "both" else mode)
        if mode == "both":
            program.settings(MODES[1])
    return FuzzSettings(
        options.seed or 0, mode, options.shard or (1, 1), options.c_bin, options.py_bin, options.cases,
        program_hashes(programs),
    )  # fmt: skip


def _fuzzed(folder: FuzzFolder, options: argparse.Namespace) -> int:
    from harness.fuzz.bench import open_bench
    from harness.fuzz.session import FuzzLimits, fuzz
    from harness.fuzz.told import fuzz_summary

    settings = folder.settings
    programs = _programs(settings.c_bin, settings.py_bin)
    if program_hashes(programs) != settings.programs:
        raise UsageError(f"a program is not the one that '{folder.path}' began with; start anew")
    cases = options.cases or settings.cases
    limit_s = options.time or (None if cases else duration(DEFAULT_TIME))
    limits = FuzzLimits(limit_s, cases, options.findings)
    shelf = chosen_shelf(options.no_cache, os.environ)
    with _progress(folder) as tell:
        try:
            with open_bench(*programs, shelf=shelf) as bench:
                fuzz(bench, folder, limits, tell)
        finally:
            summary = fuzz_summary(folder, shelf)
            folder.write_summary(summary)
    _show(summary, str(folder.path), options)
    return EXIT_STATUS[word_of(summary)]


def _show(summary: dict[str, Any], place: str, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(json.dumps(summary) + "\n")
        return
    lines = summary_lines(summary, place, options.verbosity)
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


@contextmanager
def _progress(folder: FuzzFolder) -> Iterator[Callable[[CaseLine], object]]:
    """Give what shows on a terminal how many cases are done."""
    start, before = time.monotonic(), len(folder.lines)
    visible = sys.stderr.isatty()

    def tell(_: CaseLine) -> None:
        if visible:
            done = len(folder.lines)
            rate = (done - before) / (time.monotonic() - start)
            found = sum(line.finding is not None for line in folder.lines)
            sys.stderr.write(f"\r{done} cases, {rate:.1f} a second, {found} findings ")

    yield tell
    if visible:
        sys.stderr.write("\n")


def word_of(summary: dict[str, Any]) -> Word:
    """Return the verdict: FAIL for a finding, NOT COMPARABLE where no images were compared, else PASS."""
    if summary["findings"]:
        return Word.FAIL
    return Word.PASS if summary["came"].get("agreed") else Word.NOT_COMPARABLE


def summary_lines(summary: dict[str, Any], place: str, verbosity: int) -> Iterator[str]:
    """Yield the lines that tell of a run."""
    yield f"{word_of(summary)}: {summary['cases']} cases, {len(summary['findings'])} findings, in {place}"
    if verbosity < 0:
        return
    if summary.get("shards missing"):
        yield f"shards that are not among them: {', '.join(summary['shards missing'])}"
    yield from (f"  {number:6d} {came}" for came, number in summary["came"].items())
    yield f"  {summary['bitwise']:6d} of these with float images equal bit for bit"
    kept = summary.get("kept results") or {"kept": 0}
    if kept["kept"]:
        yield kept_note("C programs", [kept["first"], kept["last"]], kept["kept"], kept["runs"])
    for name, what in (("options", "covered"), ("pairs", "covered"), ("quirks", "shown")):
        found = summary[name]
        done = found[what] if isinstance(found[what], int) else len(found[what])
        share = 100.0 * done / max(found["of"], 1)
        yield f"{name}: {done} of {found['of']} {what} ({share:.1f} %)"
        missing = [" with ".join(item) if isinstance(item, list) else item for item in found["missing"]]
        if missing:
            most = len(missing) if verbosity > 0 else MOST_SHOWN
            more = f" and {len(missing) - most} more" if len(missing) > most else ""
            yield f"  missing: {', '.join(missing[:most])}{more}"
    alone = [" with ".join(pair) for pair in summary["pairs"]["exclude each other"]]
    if alone:
        yield f"pairs that both programs refuse: {', '.join(alone)}"
    for item in summary["findings"]:
        yield f"finding: {item['folder']}: {'; '.join(item['reasons'])}"


if __name__ == "__main__":
    sys.exit(main())
