"""The command `nbp faults`: lists the seeded faults, makes a program with one, or tries the tools on all."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID, FAULTS
from harness.sides import SIDES
from system_io.tasks.choice import add_engine_options, chosen_engine
from system_io.tasks.processes import usable_cores
from system_io.verdict_words import EXIT_STATUS, Word

NAME = "nbp faults"
EXAMPLES = (
    "nbp faults list",
    "nbp faults make spindle-sign --side py --outdir DIR",
    "nbp faults run --tenth",
    "nbp faults run --keep results.jsonl --workers 8",
    "nbp faults run --keep results.jsonl --json docs/trust.json --markdown docs/trust.md",
)
EPILOG = """\
make prints the path of the program, to be given as --c-bin or --py-bin: the tools must find the fault at the
tap that the list names.

run makes a program with each fault, runs it and the sound other program on many command lines, and says which
checks found it, and whether the trace blames the right tap. --keep keeps each result as soon as it is there;
the same command goes on from it after an interruption. The results are the same whatever --workers, and with
--scheduler; its workers must see the folder for temporary files (TMPDIR) under the same name.

exit status: 0 every fault is found; 1 one is not, or the sound programs raise an alarm; 3 ERROR
"""
USUAL_WORKERS = 2
WHAT = ("list", "make", "run")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        NAME, "List the seeded faults, make a program with one, or try the tools on all.", EPILOG, EXAMPLES
    )
    parser.add_argument("what", choices=WHAT, help="what to do")
    parser.add_argument("id", nargs="?", help="make: which fault")
    group = parser.add_argument_group("make")
    group.add_argument("--side", choices=SIDES, default=SIDES[0], help="c reference or simulator; default c")
    group.add_argument("--outdir", type=Path, metavar="DIR", help="new directory for the program")
    group = parser.add_argument_group("run")
    which = group.add_mutually_exclusive_group()
    which.add_argument("--ids", nargs="+", default=[], metavar="ID", help="only these faults")
    which.add_argument("--tenth", action="store_true", help="a fixed tenth: of every file and module in turn")
    group.add_argument("--drawn", type=_count, default=0, metavar="COUNT",
                       help="so many more, drawn from all small changes of the sources")  # fmt: skip
    group.add_argument("--only-drawn", action="store_true", help="none but those")
    group.add_argument("--seed", type=_count, default=1, metavar="S", help="of the draw; default 1")
    group.add_argument("--share", type=_share, metavar="I/N", help="the I-th of N parts, from 1/N")
    add_engine_options(group, "2")
    group.add_argument(
        "--keep", type=Path, metavar="FILE", help="results so far, a line each; read and added to"
    )
    group.add_argument("--json", type=Path, metavar="FILE", help="write the results in short")
    group.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the page, and trust.svg beside it"
    )
    return parser


def _share(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"'{text}' is no share; give I/N with I from 1 to N")
    return int(number), int(count)


def _count(text: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from 0; give one")
    return int(text)


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    return {"list": _list, "make": _make, "run": _run}[options.what](options)


def _list(_options: argparse.Namespace) -> int:
    for fault in FAULTS:
        taps = f" ({fault.taps[0]})" if fault.taps else ""
        sys.stdout.write(f"{fault.id:28s} {'+'.join(fault.sides[:2]):5s} {fault.what}{taps}\n")
    return 0


def _make(options: argparse.Namespace) -> int:
    if options.id not in BY_ID or options.outdir is None:
        raise UsageError("make needs the id of a fault (nbp faults list) and --outdir DIR")
    fault = BY_ID[options.id]
    if options.side not in fault.sides:
        raise UsageError(f"fault '{fault.id}' is none of side {options.side}; give --side {fault.sides[0]}")
    if options.outdir.exists():
        raise UsageError(f"directory '{options.outdir}' exists; name one that does not")
    sys.stdout.write(f"{make_faulty(fault, options.side, options.outdir).path}\n")
    return 0


def _run(options: argparse.Namespace) -> int:
    from harness.mutants.drawn import drawn_faults
    from harness.trials.campaign import chosen_units, run_campaign
    from harness.trials.published import publish_results, results_of

    if options.id is not None:
        raise UsageError(f"run takes no fault by itself; give --ids {options.id}")
    drawn = drawn_faults(options.drawn, options.seed) if options.drawn else ()
    units = chosen_units(options.ids, options.share, drawn, only_tenth=options.tenth)
    if options.only_drawn:
        units = [unit for unit in units if unit[0] in drawn]
    if not units:
        raise UsageError("no fault is chosen; give a smaller N in --share I/N")
    engine = chosen_engine(options, len(units), min(USUAL_WORKERS, usable_cores()))
    campaign = run_campaign(units, engine, options.keep, _heard)
    results = results_of(campaign)
    publish_results(results, options.json, options.markdown)
    return _show(results)


def _heard(trial: Any, left: int) -> None:
    found = ", ".join(trial.killed_by) or "NOTHING"
    cause = f"; cause {trial.trace['cause']}" if trial.trace and trial.trace["cause"] != "none" else ""
    sys.stdout.write(f"{trial.fault} ({trial.side}): {found}{cause}; {left} left\n")
    sys.stdout.flush()


def _show(results: dict[str, Any]) -> int:
    """Print the scores.

    Returns:
        The exit status.
    """
    from harness.trials.score import drawn, score_of, single_faults, trial_name

    score = score_of(single_faults(results["rows"]))
    lost = [
        trial_name(row)
        for row in single_faults(results["rows"])
        if not row["killed_by"] and not row["unseen"]
    ]
    sys.stdout.write(
        f"found {score.killed} of {score.trials} faults of one program; image verdict: FAIL for"
        f" {score.failed}, within rounding for {score.rounded} of {score.changed} that change an image;"
        f" causes {dict(sorted(score.causes.items()))}\n"
    )
    drawn_rows = drawn(results["rows"])
    if drawn_rows:
        sys.stdout.write(_drawn_words(score_of(drawn_rows), results["broken"]))
    sys.stdout.write("".join(f"not found: {name}\n" for name in lost))
    sys.stdout.write("".join(f"false alarm: {alarm}\n" for alarm in results["alarms"]))
    return EXIT_STATUS[Word.FAIL if lost or results["alarms"] else Word.PASS]


def _drawn_words(score: Any, broken: int) -> str:
    return (
        f"drawn: found {score.killed} of {score.trials} ({broken} more do not compile);"
        f" image verdict: FAIL for {score.failed}, within rounding for {score.rounded} of {score.changed}"
        " that change an image\n"
    )


if __name__ == "__main__":
    sys.exit(main())
