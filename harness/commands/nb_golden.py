"""`nb-golden`: makes, checks and lists the golden suite, and records the figures of upstream."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from golden_suite_generator.cases import Case, load_cases, select
from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import write_text_file
from harness.suite.generate import case_inputs, generate, packaged_golden, verify_golden
from harness.suite.judge import BITWISE, FAIL, WITHIN_BOUND
from harness.suite.record import UPSTREAM_NAME, record_upstream
from system_io.children import temporary_folder
from system_io.shown import json_text

NAME = "nb-golden"
JOBS = 2
PASSED, FAILED = 0, 1
LIST_WIDTH = 200
EXAMPLES = (
    "nb-golden verify",
    "nb-golden list --tags quirk",
    "nb-golden generate --only 'cell-*' --out DIR",
    "nb-golden worth --outdir docs",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line: 0 all pass, 1 a golden differs or a case is idle, 3 an error."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    return COMMANDS[options.command](options)


def make_parser() -> CommandParser:
    """Return the parser of nb-golden."""
    parser = CommandParser(NAME, "Make, check and list the golden images of the C reference.", None, EXAMPLES)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    texts = {
        "generate": "run the cases with the C reference and write images and manifest",
        "verify": "run the cases and compare them with the golden images",
        "list": "show the cases",
        "record": "write the figures of a recording of upstream",
        "worth": "say what each case adds to those before it; status 1 if one adds nothing",
    }
    made = {name: commands.add_parser(name, description=text, help=text) for name, text in texts.items()}
    for name in ("generate", "verify", "list"):
        made[name].add_argument(
            "--only", action="append", default=[], metavar="GLOB", help="case ids; repeatable"
        )
        made[name].add_argument("--tags", action="append", default=[], metavar="TAG", help="repeatable")
    for name in ("generate", "verify"):
        made[name].add_argument(
            "--outdir", "--out", dest="out", type=Path, default=packaged_golden(), metavar="DIR",
            help="golden folder",
        )  # fmt: skip
    made["generate"].add_argument("--accept", action="store_true", help="replace goldens that differ")
    made["generate"].add_argument("--reason", metavar="TEXT", help="why; kept in the manifest")
    made["generate"].add_argument("--all-images", action="store_true", help="keep large images, too")
    made["record"].add_argument(
        "--from", dest="source", type=Path, required=True, metavar="DIR", help="the recording"
    )
    made["record"].add_argument(
        "--outdir", "--out", dest="out", type=Path, default=packaged_golden(), metavar="DIR",
        help="golden folder",
    )  # fmt: skip
    made["worth"].add_argument(
        "--outdir",
        dest="out",
        type=Path,
        metavar="DIR",
        help="write suite_worth.json and suite_worth.md there",
    )
    made["worth"].add_argument(
        "--jobs", "-j", type=int, default=JOBS, metavar="N", help=f"runs at a time; default {JOBS}"
    )
    for one in made.values():
        one.add_argument("--json", action="store_true", help="write JSON to standard output, nothing else")
    return parser


def _selected(options: argparse.Namespace) -> list[Case]:
    return select(load_cases(), options.only, options.tags)


def _generate(options: argparse.Namespace) -> int:
    reason = (options.reason or "").strip()
    if options.accept != bool(reason):
        raise UsageError("--accept and --reason TEXT belong together; the reason is kept in the manifest")
    changed, made = generate(options.out, _selected(options), reason or None, options.all_images)
    facts = {"folder": str(options.out), "goldens": made, "changed": [str(name) for name in changed]}
    _say(options, facts, f"{made} goldens in {options.out}, {len(changed)} of them changed")
    return PASSED


def _say(options: argparse.Namespace, facts: Mapping[str, Any], text: str) -> None:
    """Print facts as JSON where that is asked for, the text otherwise."""
    sys.stdout.write(json_text(facts) if options.json else f"{text}\n")


def _verify(options: argparse.Namespace) -> int:
    findings = verify_golden(options.out, _selected(options))
    counts = Counter(finding.verdict for finding in findings)
    status = FAILED if counts[FAIL] else PASSED
    verdict = FAIL if counts[FAIL] else WITHIN_BOUND if counts[WITHIN_BOUND] else BITWISE
    unequal = [finding for finding in findings if finding.verdict != BITWISE]
    lines = [f"{one.verdict}: {one.case} {one.mode} {one.kind}: {one.detail}" for one in unequal]
    lines.append(f"{counts[BITWISE]} pass bitwise, {counts[WITHIN_BOUND]} within bound, {counts[FAIL]} fail")
    note = " (not bitwise, within 1e-7 of the maximum)" if verdict == WITHIN_BOUND else ""
    facts = {
        "verdict": verdict, "exit_status": status, "counts": dict(counts),
        "findings": [asdict(finding) for finding in findings],
    }  # fmt: skip
    _say(options, facts, "\n".join([*lines, f"{verdict}{note}"]))
    return status


def _list(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    cases = _selected(options)
    if not cases:
        raise UsageError("no case is selected; leave --only or --tags out")
    if options.json:
        facts = [{"id": case.id, "tags": list(case.tags), "modes": list(case.modes)} for case in cases]
        sys.stdout.write(json_text({"cases": facts}))
        return PASSED
    table = Table(title=f"{len(cases)} cases")
    for heading in ("case", "from", "tags", "outputs", "modes", "sets it apart", "note"):
        table.add_column(heading, overflow="fold")
    for case in cases:
        origin = "upstream" if case.recorded else "own"
        words = (" ".join(case.tags), " ".join(case.outputs) or "-", " ".join(case.modes))
        table.add_row(case.id, origin, *words, " ".join(case.own_options), case.note)
    Console(width=None if sys.stdout.isatty() else LIST_WIDTH).print(table)
    return PASSED


def _record(options: argparse.Namespace) -> int:
    text = record_upstream(options.source)
    options.out.mkdir(parents=True, exist_ok=True)
    write_text_file(options.out / UPSTREAM_NAME, text)
    _say(options, {"file": str(options.out / UPSTREAM_NAME)}, str(options.out / UPSTREAM_NAME))
    return PASSED


def _worth(options: argparse.Namespace) -> int:
    """Measure the suite: half an hour on two processors, most of it programs with one fault each."""
    from harness.row_worth.published import idle_cases, publish_worth, published_data, unsorted_places
    from harness.row_worth.worth import Workplace, suite_worth, tried_faults

    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: at least 1 is needed")
    cases = load_cases()
    with case_inputs() as inputs, temporary_folder("nb-worth") as scratch:
        place = Workplace(inputs, Path(scratch), options.jobs, _hear)
        data = published_data(suite_worth(cases, tried_faults(), place), cases)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        publish_worth(data, options.out)
    idle, places = idle_cases(data), unsorted_places(data)
    lines = [f"idle: {name}" for name in idle] + [
        f"no reason why it is not reached: {name}" for name in places
    ]
    lines.append(f"{len(data['rows'])} cases, {len(idle)} idle, {len(places)} functions without a reason")
    _say(options, {**data, "idle": idle, "without_reason": places}, "\n".join(lines))
    return FAILED if idle or places else PASSED


def _hear(text: str) -> None:
    sys.stderr.write(f"{text}\n")


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "generate": _generate,
    "verify": _verify,
    "list": _list,
    "record": _record,
    "worth": _worth,
}

if __name__ == "__main__":
    sys.exit(main())
