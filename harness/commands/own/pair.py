"""The command `nbp pair`: two programs that a parity.toml describes, whatever they compute."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands.ci_files import CiFiles, add_ci_options
from harness.commands.common import CommandParser, run_command
from harness.commands.own.pair_diff import add_diff_action, run_diff
from harness.errors import UsageError
from harness.programs.watching import watching
from harness.shown import MOST_ROWS, Shown, ShownRow, show
from harness.store.find import reports_root
from system_io.parser import QUIET
from system_io.shown import json_text, printable

if TYPE_CHECKING:
    from harness.described.baseline import Flips
    from trace_tools.judging.tap_bounds import TapBoundRow

NAME = "nbp pair"
EPILOG = """exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR

run builds both programs, runs them on each case in an empty folder, compares every output element by element
and every trace record by record, and keeps all of it in a bundle that `nb-report` verifies and replays.
docs/own_programs.md describes the file and walks through an example."""
EXAMPLES = (
    "nbp pair check parity.toml",
    "nbp pair run",
    "nbp pair run --baseline known.json",
    "nbp pair run --sarif parity.sarif --junit parity.xml --markdown parity.md",
    "nbp pair run --file heat/parity.toml small --reports reports",
    "nbp pair floor",
    "nbp pair draft-graph small --to graph.json",
    "nbp pair diff a.npy b.npy --rel 1e-12",
    "nbp pair diff a.bin b.bin --format raw --dtype float64 --shape 100 64",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser with a sub-command for each action."""
    parser = CommandParser(
        NAME, "Compare your own two programs, as a parity.toml describes them.", EPILOG, EXAMPLES
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    run = actions.add_parser(
        "run", help="build, run, compare", description="Build, run and compare both programs."
    )
    add_run_options(run, Path("parity.toml"), "parity.toml")
    check = actions.add_parser(
        "check",
        help="read a description and say what it asks for",
        description="Read a description; nothing is run.",
    )
    check.add_argument(
        "file", type=Path, nargs="?", default=Path("parity.toml"), metavar="FILE", help="default parity.toml"
    )
    floor = actions.add_parser(
        "floor",
        help="measure bounds on variants that must not matter",
        description="Run the variants of a description and fix the bounds that say 'measured'.",
    )
    floor.add_argument("cases", nargs="*", metavar="CASE", help="default all")
    floor.add_argument(
        "--file", type=Path, default=Path("parity.toml"), metavar="FILE", help="default parity.toml"
    )
    floor.add_argument(
        "--k", type=float, default=4.0, metavar="X", help="factor from what is seen to the bound; default 4"
    )
    _add_draft_action(actions)
    add_diff_action(actions)
    return parser


def add_run_options(parser: CommandParser, file: Path, shown: str) -> None:
    """Add what a run of a description takes.

    Args:
        parser: of the command.
        file: the description where none is named.
        shown: the same in words.
    """
    add = parser.add_argument
    add("cases", nargs="*", metavar="CASE", help="default all")
    add("--file", type=Path, default=file, metavar="FILE", help=f"default {shown}")
    add(
        "--set", action="append", default=[], dest="values", type=assignment, metavar="NAME=VALUE",
        help="another value for a name in braces; repeatable",
    )  # fmt: skip
    add(
        "--reports", "--outdir", dest="reports", type=Path, metavar="DIR",
        help="default NB_REPORTS, else reports",
    )  # fmt: skip
    add(
        "--baseline", type=Path, metavar="FILE",
        help="known verdicts; the exit status is that of what got worse",
    )  # fmt: skip
    add("--update-baseline", metavar="REASON", help="write the baseline anew, with the reason")
    add("--json", action="store_true", help="print the metrics as JSON")
    add_ci_options(parser)
    parser.add_verbosity()


def assignment(text: str) -> tuple[str, str]:
    """Return the name and the value of a word NAME=VALUE (an argparse type)."""
    name, between, value = text.partition("=")
    if not name or not between:
        raise argparse.ArgumentTypeError(f"'{printable(text)}' is not NAME=VALUE")
    return name, value


def _add_draft_action(actions: Any) -> None:
    draft = actions.add_parser(
        "draft-graph",
        help="propose the tap graph of a trace",
        description="Run a program with one value of a case moved at a time; propose which tap is an input "
        "of which.",
    )
    draft.add_argument("case", nargs="?", metavar="CASE", help="default the first with a trace")
    draft.add_argument(
        "--file", type=Path, default=Path("parity.toml"), metavar="FILE", help="default parity.toml"
    )
    draft.add_argument("--trace", metavar="NAME", help="which trace; default the only one of the case")
    draft.add_argument("--side", choices=("first", "second"), default="first", help="whose program")
    draft.add_argument(
        "--move", type=float, default=1e-6, metavar="X", help="relative move of a value; default 1e-6"
    )
    draft.add_argument("--to", type=Path, metavar="FILE", help="new file to write; default: print")


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    return ACTIONS[options.action](options)


def _run(options: argparse.Namespace) -> int:
    return run_described(NAME, options)


def run_described(name: str, options: argparse.Namespace) -> int:
    """Build, run and compare what a description names; returns the exit status.

    Args:
        name: of the command, for its verdict line.
        options: of `add_run_options`.

    Raises:
        HarnessError: the description, a program or the baseline cannot be used.
    """
    from harness.described.baseline import entries_of
    from harness.described.pair_bundle import write_pair_bundle
    from harness.described.pair_run import CaseResult, cases_named, ready_programs
    from harness.described.read_description import read_description

    files = CiFiles.of(options)
    if options.update_baseline is not None and options.baseline is None:
        raise UsageError("--update-baseline writes the file of --baseline; name it")
    if options.baseline is not None and options.update_baseline is None:
        from harness.described.baseline import read_baseline

        read_baseline(options.baseline)

    def say(text: str) -> None:
        if options.verbosity > QUIET:
            sys.stderr.write(f"{printable(text)}\n")

    def told(result: CaseResult) -> None:
        say(f"{result.case}: {result.word.value}")

    command = ["nbp", "pair", "run", *options.cases, "--file", str(options.file)]
    command += [word for key, value in options.values for word in ("--set", f"{key}={value}")]
    with files.also_of_errors(f"{name} {options.file}"):
        description = read_description(options.file).with_values(dict(options.values))
        cases = cases_named(description, options.cases)
        programs = ready_programs(description, say)
        with watching(options.verbosity == QUIET) as watch:
            path, metrics, facts = write_pair_bundle(
                description, programs, cases, reports_root(options.reports), command, told, watch
            )
    files.publish(metrics, path)
    changed = _against_baseline(options, entries_of(facts, metrics))
    status = int(metrics["exit_status"]) if changed is None else changed.exit_status
    if options.json:
        flipped = {} if changed is None else {"against_baseline": changed.lines}
        sys.stdout.write(json_text({**metrics, **flipped, "bundle": str(path)}) + "\n")
    else:
        show(_shown(name, metrics, path, _divergence(facts)), options.verbosity)
        if changed is not None:
            sys.stdout.write("".join(f"{printable(line)}\n" for line in changed.lines))
    return status


def _against_baseline(options: argparse.Namespace, now: Mapping[str, Mapping[str, Any]]) -> Flips | None:
    """Return what differs from the baseline that was given, None without one; write it anew if asked."""
    from harness.described.baseline import flips, read_baseline, write_baseline

    if options.baseline is None:
        return None
    if options.update_baseline is not None:
        write_baseline(options.baseline, now, options.update_baseline)
    return flips(read_baseline(options.baseline), now)


def _divergence(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is known of the first divergence of a trace: both values, inputs, places in the source."""
    told = (part["figures"].get("told") for case in cases for part in case["parts"])
    return next((["first divergence:", *lines] for lines in told if lines), [])


def _shown(name: str, metrics: Mapping[str, Any], path: Path, divergence: Sequence[str]) -> Shown:
    """Return what a person sees: worst rows first; of images, the criteria of all."""
    order = ("failed", "not compared", "held", "no bound")
    rows = sorted(metrics["figures"], key=lambda row: order.index(row["state"]))
    shown = [_shown_row(row) for row in rows]
    most = MOST_ROWS + sum(bool(row.bound) for row in shown)
    reasons = metrics["reasons"]
    line = reasons[0] if reasons else metrics["coverage"][0]
    if len(reasons) > 1:
        line += f" (and {len(reasons) - 1} more)"
    if not reasons and metrics["notes"]:
        line += f"; {metrics['notes'][0]}"
    lines = [*divergence, *metrics["notes"], *metrics["coverage"][1:]]
    return Shown(name, metrics["verdict"], line, shown, lines, str(path), most_rows=most)


def _shown_row(row: Mapping[str, Any]) -> ShownRow:
    """Return the row of an output or trace, or of a criterion of an image with its number and bound."""
    name = f"{row['part']}: {row['name']}"
    before, word, bound = row["note"].partition("bound ")
    if before or not word:
        return ShownRow(name, row["note"], "", row["state"])
    measured = "-" if row["measured"] is None else f"{row['measured']:.6g}"
    return ShownRow(name, measured, bound, row["state"])


def _check(options: argparse.Namespace) -> int:
    from harness.described.read_description import read_description

    found = read_description(options.file)
    lines = [
        f"{found.title}: {found.programs['first'].name} (first) and {found.programs['second'].name} (second)"
    ]
    for case in found.cases:
        outputs = [f"{one.name} ({one.bounds})" for one in found.outputs_of(case.name)]
        traces = [f"{one.name}{_row_words(one.bounds)}" for one in found.traces_of(case.name)]
        lines.append(
            f"case {case.name}: outputs {', '.join(outputs) or 'none'}; traces {', '.join(traces) or 'none'}"
        )
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    return 0


def _row_words(rows: Sequence[TapBoundRow]) -> str:
    """Return the bounds of the taps of a trace in words, empty where none are given."""
    words = [f"{row.pattern}: {row.stated}" for row in rows]
    return f" ({'; '.join(words)})" if words else ""


def _floor(options: argparse.Namespace) -> int:
    from harness.described.pair_run import cases_named
    from harness.described.read_description import read_description
    from harness.measured.floor import measured_pair_floor
    from trace_tools.bounds.floor_file import PairFloor, write_floor

    if not 1.0 <= options.k < float("inf"):
        raise UsageError(f"--k is {options.k:g}, must be 1 or more; 4 is usual")
    description = read_description(options.file, with_floor=False)
    description.require_runs("floor")

    def say(text: str) -> None:
        sys.stderr.write(f"{printable(text)}\n")

    facts = measured_pair_floor(description, cases_named(description, options.cases), options.k, say)
    path = write_floor(description.folder, facts)
    for name, need in facts["outputs"].items():
        sys.stdout.write(f"output {name}: {_need_words(need, 'elements')}\n")
    for name, trace in facts["traces"].items():
        for tap, need in trace["taps"].items():
            sys.stdout.write(f"trace {name}, tap {printable(tap)}: {_need_words(need, 'values')}\n")
        sys.stdout.writelines(f"trace {name}: left out, {printable(text)}\n" for text in trace["left_out"])
    sys.stdout.write(f"{PairFloor(facts).text}, in {printable(str(path))}\n")
    return 0


def _draft(options: argparse.Namespace) -> int:
    from harness.described.pair_run import cases_named
    from harness.described.read_description import read_description
    from harness.measured.draft import chosen_trace, drafted_graph
    from trace_tools.draft_command import publish_draft, require_no_file

    if options.to is not None:
        require_no_file(options.to)
    description = read_description(options.file, with_floor=False)
    description.require_runs("draft-graph")
    traced = [case for case in description.cases if [*description.traces_of(case.name)]]
    (case, *_) = cases_named(description, [options.case]) if options.case else traced or description.cases
    trace = chosen_trace(description, case.name, options.trace)

    def say(text: str) -> None:
        sys.stderr.write(f"{printable(text)}\n")

    publish_draft(drafted_graph(description, case, trace, options.side, options.move, say), options.to)
    return 0


def _need_words(need: Mapping[str, Any], what: str) -> str:
    """Return the bound of an output or tap that variants need, and how many numbers they moved."""
    bound = f"rel {need['rel']:.3g} + abs {need['abs']:.3g}"
    return f"{bound}; {need['unequal']} of {need['compared']} {what} unequal"


ACTIONS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "check": _check,
    "floor": _floor,
    "draft-graph": _draft,
    "diff": run_diff,
}


if __name__ == "__main__":
    sys.exit(main())
