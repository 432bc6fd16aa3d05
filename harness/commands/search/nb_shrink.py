"""The command nb-shrink: a failing command line made small, and the passing one that is nearest."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import TargetFolder, default_target, require_fresh
from harness.kept.options import add_no_cache, chosen_shelf
from harness.kept.runs import kept_note
from harness.option_types import duration, split_arguments
from harness.programs.programs import MODES, Program, first_program, program_hashes, second_program
from system_io.shell import shell_text
from system_io.shown import json_text, printable
from system_io.verdict_words import EXIT_STATUS, Word

if TYPE_CHECKING:
    from harness.shrink.passes import Shrinking
    from harness.shrink.workplace import Begun

NAME = "nb-shrink"
DEFAULT_TIME_S = 600.0
EXAMPLES = (
    "nb-shrink --c-bin ./mine -- -cell 79 79 38 -default_F 100 -N 10 -lambda 1 -distance 100 -detpixels 64",
    "nb-shrink proof --outdir small",
    "nb-shrink --resume small",
)
EPILOG = """\
BUNDLE is a result of nb-compare or trace-harness, or a finding of nb-fuzz. It is not trusted: it must verify,
its inputs are found by their content, and only this installation's programs run, or those given with --c-bin
and --py-bin; another program that the bundle names runs only with --run-recorded, and never from inside the
bundle.

Options are left out, values made round, files cut to the lines that matter, the detector cut to one pixel,
as long as the programs disagree in the same way: the same kind, and the same first causal tap of the worst
pixel; where only traces differ, of the pixel at which they first do; where a part of an output fails and no
float image (a header entry, a printed line, counts, noise), that part. No single option of the result can be
left out. Every trial is kept in trials.jsonl: a run that was interrupted or killed goes on with --resume.
Results of C programs are kept from run to run as those of nb-compare are (nbp cache).

files: commands.txt (the smallest failing command, the nearest passing one), inputs/, case.toml (a row for
the golden suite), shrink.json, trials.jsonl, original.json and original/

exit status: 0 made as small as it gets, 2 the programs agree, or time was up first, 3 ERROR, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-shrink and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, "Make a failing nanoBragg command line small.", EPILOG, EXAMPLES)
    parser.usage = f"{NAME} [options] BUNDLE\n       {NAME} [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add(
        "bundle",
        nargs="?",
        type=Path,
        metavar="BUNDLE",
        help="result of nb-compare or trace-harness, or finding of nb-fuzz",
    )
    add("--mode", choices=MODES, help="parity mode; default c-parity, or that of the bundle")
    add("--outdir", metavar="DIR", help=f"new directory for the files; default {NAME}-TIME")
    add("--resume", type=Path, metavar="DIR", help="go on where an earlier run ended")
    add("--outputs", metavar="LIST", help="the failure is in one of these outputs, as for nb-compare")
    add("--time", type=duration, metavar="T", help="end after T, such as 90s or 1h; default 10m")
    add("--c-bin", metavar="P", help="first program, as for nb-compare")
    add("--py-bin", metavar="P", help="second program, as for nb-compare")
    add("--data", type=Path, metavar="DIR", help="look here for input files of a bundle, by content")
    add("--run-recorded", action="store_true", help="run other programs that the bundle names, if unchanged")
    add_no_cache(parser)
    add("--json", action="store_true", help="write shrink.json to standard output, nothing else")
    parser.add_verbosity()
    return parser


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    given = [bool(options.bundle), bool(args), bool(options.resume)]
    if sum(given) != 1:
        raise UsageError(f"give one of BUNDLE, --resume DIR and a command line behind --; see {NAME} --help")
    if options.resume is not None:
        return _resumed(options)
    target = default_target(NAME, options.outdir)
    require_fresh(target)
    begun, programs = _begun(options, args or ())
    from harness.shrink.workplace import write_begun

    write_begun(target.path, begun)
    return _shrink(target, begun, programs, options)


def _resumed(options: argparse.Namespace) -> int:
    for name in ("mode", "outputs", "outdir", "c_bin", "py_bin", "data"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is told by the folder of --resume; leave it out")
    from harness.shrink.workplace import read_begun, same_programs

    begun = read_begun(options.resume)
    programs = first_program(begun.c_bin, os.environ), second_program(begun.py_bin)
    same_programs(begun, program_hashes(programs), options.resume)
    return _shrink(TargetFolder(options.resume), begun, programs, options)


def _begun(options: argparse.Namespace, args: Sequence[str]) -> tuple[Begun, tuple[Program, Program]]:
    """Return the command line that is to be made small, and its programs."""
    from harness.shrink.outputs import asked_outputs, with_own_outputs
    from harness.shrink.request import bundle_case, typed_case
    from harness.shrink.workplace import Begun

    look = None
    if options.bundle is None:
        programs = first_program(options.c_bin, os.environ), second_program(options.py_bin)
        case = typed_case(args, Path.cwd(), options.mode or MODES[0])
        outputs = asked_outputs(options.outputs)
        case = case if outputs is None else with_own_outputs(case, outputs.request)
    elif options.outputs is not None:
        raise UsageError("--outputs is for a command line; a bundle tells what fails in it, leave it out")
    else:
        from harness.recorded.rerun import Chosen

        chosen = Chosen(
            options.bundle, options.c_bin, options.py_bin, options.run_recorded,
            lambda text: sys.stderr.write(f"{NAME}: {printable(text)}\n"),
        )  # fmt: skip
        found = bundle_case(options.bundle, options.data, chosen)
        case, programs = found.case, (found.first, found.second)
        look, outputs = found.look, found.outputs
    paths = [None if "sources_sha256" in p.provenance else str(p.provenance["path"]) for p in programs]
    return Begun(case, paths[0], paths[1], program_hashes(programs), look, outputs), programs


def _shrink(
    target: TargetFolder, begun: Begun, programs: tuple[Program, Program], options: argparse.Namespace
) -> int:
    from harness.fuzz.bench import open_bench
    from harness.shrink.nearest import nearest_passing
    from harness.shrink.passes import shrunk
    from harness.shrink.results import shrunk_data, write_results
    from harness.shrink.trial import LEAST_WORK, Trials
    from harness.shrink.workplace import open_trials

    start = time.monotonic()
    shelf = chosen_shelf(options.no_cache, os.environ)
    with open_trials(target.path) as (journal, known), open_bench(*programs, shelf=shelf) as bench:
        trials = Trials(bench, journal, known, start + (options.time or DEFAULT_TIME_S), look=begun.look)
        trials.outputs = begun.outputs
        trials.wanted = trials.try_out(begun.case)
        if not trials.wanted.fails:
            sys.stdout.write(f"{Word.NOT_COMPARABLE}: {trials.wanted.came}: nothing to make smaller\n")
            return EXIT_STATUS[Word.NOT_COMPARABLE]
        trials.most = max(LEAST_WORK, bench.evaluations(begun.case))
        state = shrunk(trials, begun.case, _tell)
        passing = nearest_passing(state, begun.case)
        data = shrunk_data(begun.case, state, passing, time.monotonic() - start)
        write_results(target.path, data, state, passing)
    if options.json:
        sys.stdout.write(json_text(data))
    else:
        sys.stdout.writelines(f"{printable(line)}\n" for line in _shown(data, state, target))
    return EXIT_STATUS[Word.PASS if state.finished else Word.NOT_COMPARABLE]


def _tell(items: Sequence[Any]) -> None:
    """Show on a terminal how small the command line is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{len(items)} options ")


def _shown(data: Mapping[str, Any], state: Shrinking, target: TargetFolder) -> Iterator[str]:
    """Yield the lines that tell of a result."""
    from harness.shrink.results import comparing

    how = "made small" if data["finished"] else "NOT FINISHED, go on with --resume"
    yield (
        f"{how}: {data['options_first']} options to {data['options']}, {data['trials']} trials,"
        f" {data['seconds']:.0f} s, in {target}"
    )
    cause = f", cause {data['cause']}" if data["cause"] else ""
    where = f", pixel slow {data['pixel'][0]} fast {data['pixel'][1]}" if data["pixel"] else ""
    yield f"{data['came']}{cause}{where}"
    kept = data["kept results"]
    if kept is not None and kept["kept"]:
        yield kept_note("C programs", [kept["first"], kept["last"]], kept["kept"], kept["runs"])
    yield f"fails:  {shell_text(comparing(state.case, state.looked_at, state.trials.outputs))}"
    if data["passing"] is None:
        yield "passes: none that differs in one option or value"
        return
    passing = replace(state.case, words=tuple(data["passing"]))
    yield f"passes: {shell_text(comparing(passing, state.looked_at, state.trials.outputs))}"
    yield f"        ({data['difference']})"


if __name__ == "__main__":
    sys.exit(main())
