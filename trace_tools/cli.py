"""Command line of ``trace-diff``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from system_io.command import Command, say_error
from system_io.errors import UserError
from system_io.parser import CommandParser
from trace_tools.align import NotComparableError
from trace_tools.errors import TraceError
from trace_tools.findings import finding
from trace_tools.judge import EXIT_STATUS, Options, Report, judge_files
from trace_tools.render import explain, finding_lines, markdown, metrics, print_report, verdict_line
from trace_tools.tap_points import CONTEXT_KEYS, TAP_POINTS, tap_point

NAME = "trace-diff"
EXAMPLES = (
    "trace-diff c.log py.log",
    "trace-diff c.log py.log --rtol 1e-6 --all --markdown diff.md",
    "trace-diff c.log py.log --show 'F_latt s=3 f=4'",
    "trace-diff explain F_latt",
)
_EPILOG = """exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR.
`trace-diff explain [TAP]` prints a tap's definition, unit, formula and inputs, or lists all taps.
A graph file is JSON:
{"taps": [{"name": "x", "level": "mosaic", "inputs": ["hkl_frac"], "formula": "..."}]}"""


def make_parser() -> CommandParser:
    """Return the parser of trace-diff."""
    parser = CommandParser(
        NAME, "Compare two traces; find the first divergence and its cause.", _EPILOG, EXAMPLES
    )
    parser.add_argument("a", metavar="A.log", help="trace of one program")
    parser.add_argument("b", metavar="B.log", help="trace of the other program")
    parser.add_argument("--rtol", type=float, help="relative tolerance in place of the noise floor")
    parser.add_argument("--atol", type=float, help="absolute tolerance in place of the noise floor")
    parser.add_argument("--floor", metavar="FILE", help="noise floor file; default: the one of the package")
    parser.add_argument("--k", type=float, help="factor from noise floor to bound; default: that of the file")
    parser.add_argument(
        "--graph", metavar="FILE", help="tap graph (JSON) that adds to the taps of the contract"
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON in place of the table")
    parser.add_argument("--markdown", metavar="FILE", help="write the report as a Markdown page")
    parser.add_argument("--all", action="store_true", help="show all taps, not only those that differ")
    parser.add_argument("--show", metavar="'TAP KEY=I ...'", help="show one record with its inputs")
    return parser


def _write(path: str, text: str) -> None:
    target = Path(path)
    part = target.with_name(target.name + ".part")
    try:
        part.write_text(text)
        part.replace(target)
    except OSError as error:
        raise TraceError(
            f"cannot write '{path}': {error.strerror}; give a path in an existing folder"
        ) from None


def _show(report: Report, wanted: str) -> str:
    words = wanted.split()
    alignment = report.comparison.alignment
    turns = {key: turn for key, _, turn in (word.partition("=") for word in words[1:])}
    row = [int(turns[key]) if turns.get(key, "").isdigit() else -1 for key in CONTEXT_KEYS]
    entries = alignment.entries(words[0]) if words and turns.keys() <= set(CONTEXT_KEYS) else np.zeros(0, int)
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


def _diff(argv: list[str]) -> int:
    args = make_parser().parse_args(argv)
    report = judge_files(args.a, args.b, Options(args.rtol, args.atol, args.floor, args.k, args.graph))
    if args.markdown:
        _write(args.markdown, markdown(report))
    if args.show is not None:
        sys.stdout.write(_show(report, args.show))
    elif args.json:
        sys.stdout.write(json.dumps(metrics(report), indent=1) + "\n")
    else:
        from rich.console import Console

        print_report(
            report, Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160), every_tap=args.all
        )
    if report.verdict == "ERROR":
        say_error(NAME, verdict_line(report))
    return report.exit_status


def _command(words: Sequence[str]) -> int:
    if list(words[:1]) == ["explain"]:
        return _explain(list(words[1:]))
    try:
        return _diff(list(words))
    except UserError as error:
        if "--json" in words:
            sys.stdout.write(json.dumps(_refusal(error)) + "\n")
        raise


def _refusal(error: UserError) -> dict[str, object]:
    verdict = "NOT COMPARABLE" if isinstance(error, NotComparableError) else "ERROR"
    facts = {"verdict": verdict, "exit_status": EXIT_STATUS[verdict], "error": str(error)}
    return {**facts, "first_divergence": None}


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``trace-diff``; returns its exit status."""
    return Command(NAME, _command, EXIT_STATUS["ERROR"])(argv)


if __name__ == "__main__":
    sys.exit(main())
