"""Command line of ``trace-diff``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from system_io.command import Command, say_error, say_warning
from system_io.errors import UserError
from system_io.files import require_free_targets, targets, write_whole
from system_io.parser import CommandParser
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.bounds.read_bounds import bounds_of_trace
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE
from trace_tools.judging.findings import finding
from trace_tools.judging.judge import Options, Report, judge_files, require_used
from trace_tools.judging.lookup import NO_GRAPH_WORD
from trace_tools.judging.render import explain, finding_lines, markdown, metrics, print_report
from trace_tools.judging.tap_bounds import TapBoundRow
from trace_tools.reading.bulk import ABSENT
from trace_tools.reading.trace_columns import kept_turn
from trace_tools.tap_points import TAP_POINTS, tap_point

NAME = "trace-diff"
EXAMPLES = (
    "trace-diff c.log py.log",
    "trace-diff c.log py.log --rtol 1e-6 --all --markdown diff.md",
    "trace-diff c.log py.log --bounds parity.toml --trace steps",
    "trace-diff c.log py.log --show 'F_latt s=3 f=4'",
    "trace-diff explain F_latt",
    "trace-diff draft-graph base.log k=k.log t0=t0.log --to graph.json",
)
_EPILOG = """exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR.
PASS says that every record of both logs was compared: a line that cannot be read, a record without a partner,
NaN on both sides and two logs of one run give NOT COMPARABLE. Logs of older builds need no context: pixels
are told apart by their TRACE_CONFIG lines, repeated taps are numbered (n=2 is the second).
`trace-diff explain [TAP]` prints a tap's definition, unit, formula and inputs, or lists all taps.
`trace-diff draft-graph BASE.log NAME=MOVED.log... --to FILE` proposes a tap graph. A graph file is JSON:
{"taps": [{"name": "x", "level": "mosaic", "inputs": ["hkl_frac"], "formula": "..."}]}; "inputs_before" are
taps of which it uses the value of an earlier turn of a loop."""
_WANTED = re.compile(r"(.*?)((?: [A-Za-z_]\w*=-?\d{1,10})*)\Z", re.DOTALL)


def make_parser() -> CommandParser:
    """Return the parser of trace-diff."""
    parser = CommandParser(
        NAME, "Compare two traces; find the first divergence and its cause.", _EPILOG, EXAMPLES
    )
    parser.add_argument("a", metavar="A.log", help="trace of one program")
    parser.add_argument("b", metavar="B.log", help="trace of the other program")
    parser.add_argument(
        "--bounds", metavar="FILE", help="parity.toml whose table [trace.NAME.bound] bounds taps by pattern"
    )
    parser.add_argument("--trace", metavar="NAME", help="whose bounds; default: of the only trace with some")
    parser.add_argument("--rtol", type=float, help="relative tolerance in place of the noise floor")
    parser.add_argument("--atol", type=float, help="absolute tolerance in place of the noise floor")
    parser.add_argument("--floor", metavar="FILE", help="noise floor file; default: the one of the package")
    parser.add_argument("--k", type=float, help="factor from noise floor to bound; default: that of the file")
    parser.add_argument(
        "--arithmetic",
        choices=ARITHMETICS,
        default=DOUBLE,
        help="that of the less precise program; default float64",
    )
    parser.add_argument(
        "--graph",
        metavar="FILE",
        help="tap graph (JSON) that adds to the taps of the contract; 'none': no graph",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="judge the records that both logs hold, whatever one of them lacks",
    )
    parser.add_argument(
        "--same-run",
        action="store_true",
        help="allow two logs of one run: they show only that it repeats itself",
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON in place of the table")
    parser.add_argument("--markdown", metavar="FILE", help="write the report as a Markdown page")
    parser.add_argument("--all", action="store_true", help="show all taps, not only those that differ")
    parser.add_argument("--show", metavar="'TAP KEY=I ...'", help="show one record with its inputs")
    return parser


def _show(report: Report, wanted: str) -> str:
    parts = _WANTED.match(wanted.strip())
    name, context = (parts[1], parts[2].split()) if parts else ("", [])
    alignment = report.comparison.alignment
    turns = {key: turn for key, _, turn in (word.partition("=") for word in context)}
    row = [kept_turn(int(turns[key])) if key in turns else ABSENT for key in alignment.keys]
    entries = alignment.entries(name) if turns.keys() <= set(alignment.keys) else np.zeros(0, int)
    found = entries[(alignment.contexts[alignment.context[entries]] == row).all(axis=1)]
    if len(found):
        return "\n".join(finding_lines(finding(report.blame, int(found[0])))) + "\n"
    raise TraceError(
        f"no record '{wanted}' in the traces; write the tap and its whole context, "
        "for example 'I_pixel_final s=0 f=0'"
    )


def _explain(words: list[str]) -> int:
    if not words:
        sys.stdout.write("".join(f"{tap.name:26s} {tap.unit:18s} {tap.formula}\n" for tap in TAP_POINTS))
        return 0
    try:
        sys.stdout.write("\n".join(explain(tap_point(word)) for word in words))
    except KeyError as error:
        raise TraceError(str(error.args[0])) from None
    return 0


def _bounds(args: argparse.Namespace) -> tuple[TapBoundRow, ...]:
    """Return the bounds of taps by pattern that were asked for, none where none were."""
    if args.bounds is None:
        if args.trace is not None:
            raise TraceError("--trace names a trace of the file of --bounds, which is missing; give it")
        return ()
    if args.rtol is not None or args.atol is not None:
        raise TraceError("--bounds takes the place of --rtol and --atol; leave them out")
    return bounds_of_trace(Path(args.bounds), args.trace)


def _diff(argv: list[str]) -> int:
    args = make_parser().parse_args(argv)
    graph = None if args.graph == NO_GRAPH_WORD else args.graph
    inputs = {
        "A.log": args.a, "B.log": args.b, "--floor": args.floor, "--graph": graph, "--bounds": args.bounds,
    }  # fmt: skip
    require_free_targets(targets({"--markdown": args.markdown}), targets(inputs), TraceError)
    options = Options(
        args.rtol, args.atol, args.floor, args.k, args.graph, args.partial, args.same_run, args.arithmetic,
        _bounds(args),
    )  # fmt: skip
    report = judge_files(args.a, args.b, options)
    if idle := require_used(report):
        say_warning(NAME, f"{args.bounds}: {idle}")
    if args.markdown:
        page = markdown(report).encode("utf-8", "surrogateescape")
        write_whole(Path(args.markdown), [page], "Markdown page", TraceError)
    if args.show is not None:
        sys.stdout.write(_show(report, args.show))
    elif args.json:
        sys.stdout.write(json.dumps(metrics(report), indent=1) + "\n")
    else:
        from rich.console import Console

        print_report(
            report, Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160), every_tap=args.all
        )
    if report.verdict is Word.ERROR:
        say_error(NAME, report.error)
    return report.exit_status


def _command(words: Sequence[str]) -> int:
    if list(words[:1]) == ["explain"]:
        return _explain(list(words[1:]))
    if list(words[:1]) == ["draft-graph"]:
        from trace_tools.draft_command import run_draft

        return run_draft(words[1:])
    try:
        return _diff(list(words))
    except UserError as error:
        if "--json" in words:
            sys.stdout.write(json.dumps(_refusal(error)) + "\n")
        raise


def _refusal(error: UserError) -> dict[str, object]:
    verdict = Word.NOT_COMPARABLE if isinstance(error, NotComparableError) else Word.ERROR
    facts = {"verdict": verdict.value, "exit_status": EXIT_STATUS[verdict], "error": str(error)}
    return {**facts, "first_divergence": None}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``trace-diff``; returns its exit status."""
    return Command(NAME, _command, EXIT_STATUS[Word.ERROR])(argv)


if __name__ == "__main__":
    sys.exit(main())
