"""The command `nbp bench`: times the simulator against C programs, A B A B."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.bench.cases import CASES, chosen_cases
from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import require_fresh, stamp
from harness.option_types import positive_seconds
from harness.programs.programs import DEVICES, DTYPES, MODES, simulator_program
from harness.store.find import reports_root
from harness.suite.crystal_data import data_folder
from harness.time_limits import RUN_S
from system_io.shown import json_text, printable

NAME = "nbp bench"
FULL_ROUNDS, QUICK_ROUNDS = 3, 2
EXAMPLES = (
    "nbp bench --quick",
    "nbp bench --data DIR --cases authoritative --compile on --dtype mixed",
)
EPILOG = f"""\
In every round the simulator renders, then each C program runs, then the simulator runs as a whole process
with what the first run of the case left in the caches for compiled code (warm), and with empty ones (cold; in
the first round only if that takes more than 30 s).

simulator: set-up and rendering in one living process, after a first image; command line and input files
           are read before
C:         process time less that of a run on one pixel, which does everything but render. `c` is the C
           reference built with -O3 -march=native, one thread; `external` the program that NB_C_BIN names
ratio:     samples/s of the simulator over those of the C program in the same round: median (least-most)
sample:    one (pixel, sub-pixel, layer, source, phi step, domain)

Where a case has more than 2e8 samples the C programs compute a band of rows, and only those are compared.

cases: {", ".join(case.id for case in CASES)}
files: bench.json, bench.csv, bench.md, speed.png, domains.png in reports/bench/TIME; a line in
       reports/bench/history.jsonl
exit status: 0 everything measured and all images agree, 1 an image differs by more than the number type
is stated to keep, 3 something was not measured
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the benchmark."""
    parser = CommandParser(NAME, "Time the simulator against C programs.", EPILOG, EXAMPLES)
    add = parser.add_argument
    add("--cases", nargs="+", default=[], metavar="CASE", help="only these")
    add("--rounds", type=_rounds, metavar="N", help=f"default {FULL_ROUNDS}, quick {QUICK_ROUNDS}")
    add("--quick", action="store_true", help="small sizes: a try, not a result")
    add("--no-whole", action="store_true", help="leave whole processes of the simulator out")
    add("--profile", action="store_true", help="one more rendering of each case under torch's profiler")
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--parity-mode", choices=MODES, default=MODES[0], help="default c-parity")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add("--compile", choices=("auto", "on", "off"), help="of the simulator")
    add("--accuracy", metavar="A", help="of the simulator")
    add("--epsilon", type=_fraction, metavar="E", help="of the simulator; so much more may images differ")
    add("--outdir", type=Path, metavar="DIR", help="new directory; default bench/TIME in reports")
    add("--reports", type=Path, metavar="DIR", help="root of the reports; default NB_REPORTS, else reports")
    add("--markdown", type=Path, metavar="FILE", help="write bench.md there, too")
    add("--timeout", type=positive_seconds, default=RUN_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write bench.json to standard output, no table")
    return parser


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rounds from 1 on")
    return int(text)


def _fraction(text: str) -> str:
    try:
        sound = 0.0 < float(text) < 1.0
    except ValueError:
        sound = False
    if not sound:
        raise argparse.ArgumentTypeError(f"'{text}' is not a fraction above 0 and below 1")
    return text


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    cases = chosen_cases(options.cases)
    reports = reports_root(options.reports) / "bench"
    created = stamp()
    target = options.outdir or reports / created
    require_fresh(target)
    if options.markdown is not None and options.markdown.exists():
        raise UsageError(f"'{options.markdown}' exists; results are never overwritten, name a new file")
    extra = [word for key in ("compile", "accuracy", "epsilon") for word in _passed_on(options, key)]
    from rich.console import Console

    from harness.bench.measure import BenchPlan
    from harness.bench.run import c_programs, exit_status, run_bench, run_frame, write_bench

    console = Console(stderr=True)
    with data_folder(options.data) as (folder, label), console.status("building") as status:
        plan = BenchPlan(
            simulator_program(), c_programs(os.environ), folder, options.parity_mode, options.dtype,
            options.device, tuple(extra), options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS),
            options.quick, not options.no_whole, options.profile, options.timeout, status.update,
        )  # fmt: skip
        plan.check()
        for reports_folder in (target, reports):
            reports_folder.mkdir(parents=True, exist_ok=True)
        result = run_bench(plan, cases, target, run_frame(plan, label, created))
    write_bench(result, target, reports, options.markdown)
    _show(result, target, options.json)
    return exit_status(result)


def _passed_on(options: argparse.Namespace, key: str) -> list[str]:
    value = getattr(options, key)
    return [] if value is None else [f"--{key}", value]


def _show(result: Mapping[str, Any], target: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(result))
        return
    from rich.console import Console
    from rich.text import Text

    from harness.bench.report import notes, screen_tables

    console = Console()
    if result["cases"]:
        for table in screen_tables(result):
            console.print(table)
    for note in notes(result):
        console.print(Text(printable(note)), soft_wrap=True)
    console.print(Text(printable(f"results in {target}")), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
