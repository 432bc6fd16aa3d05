"""The command `nbp bench-gradients`: times runs with backward against runs without.

A forward run is what a user gets without gradients, with the same options; runs go A B A B in one process, so
that the ratio means something where the machine is shared.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from golden_suite_generator.cases import authoritative_args
from harness.bench.gradients import SETS, measure_set
from harness.bench.worker import peak_bytes
from harness.commands.common import CommandParser, run_command
from harness.programs.programs import DTYPES, MODES
from harness.suite.crystal_data import data_folder

NAME = "nbp bench-gradients"
MIB = 1 << 20
SOME_ROWS = ("-roi", "0", "2462", "1200", "1231")
EXAMPLES = ("nbp bench-gradients --quick", "nbp bench-gradients --data DIR --sets usual --rounds 5")
EPILOG = """\
The authoritative command (2463 x 2527, 10 phi steps) with -misset 0 0 0. usual: what a refinement of
crystal and detector varies; geometry: every continuous input that the run has but structure factors;
everything: these, too. The loss is the sum of squares of all pixels.

wall, cpu: seconds of a run, median of the rounds; ratio: forward + backward over forward of the same round,
median (least-most); MiB: largest resident size of the process so far, less that after import torch
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the benchmark."""
    parser = CommandParser(NAME, "Time forward + backward against forward.", EPILOG, EXAMPLES)
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--rounds", type=int, default=3, metavar="N", help="default 3")
    add("--parity-mode", choices=MODES, default="spec", help="default spec")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--compile", choices=("auto", "on", "off"), default="off", help="default off")
    add("--sets", nargs="+", choices=SETS, default=list(SETS), help="which inputs; default all")
    add("--quick", action="store_true", help="32 rows: a try, not a result")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    import torch

    from simulator.start_up.allocator import keep_freed

    keep_freed()
    start = peak_bytes()
    words = ["-misset", "0", "0", "0", "--compile", options.compile, "--parity-mode", options.parity_mode]
    words += ["-dtype", options.dtype] if options.dtype else []
    with data_folder(options.data) as (folder, label):
        args = [*authoritative_args(folder), *words, *(SOME_ROWS if options.quick else ())]
        from simulator.config import RunConfig

        config = RunConfig.from_args(args)
    settings = {key: getattr(options, key) for key in ("parity_mode", "dtype", "compile", "rounds", "quick")}
    head = {**settings, "data": label, "torch": torch.__version__, "threads": torch.get_num_threads()}
    sys.stdout.write(json.dumps(head) + "\n")
    for name in options.sets:
        row = measure_set(config, name, max(1, options.rounds))
        row["peak_MiB_above_import"] = round((peak_bytes() - start) / MIB)
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
