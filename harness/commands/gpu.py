"""The command `nbp gpu`: the cases of the suite on a device against the C reference, and speed on large ones.

It needs a CUDA device and says so, with status 2, where there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden_suite_generator.cases import load_cases, select
from harness.bench.cases import chosen_cases
from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import require_fresh, stamp, write_text_file
from harness.programs.programs import DEVICES
from harness.store.find import reports_root
from harness.suite.crystal_data import data_folder
from harness.suite.device_checks import BOUNDS, CheckState
from system_io.shown import json_text

if TYPE_CHECKING:
    from rich.table import Table

NAME = "nbp gpu"
COMPILE = ("auto", "on", "off")
SPEED_CASES = ("authoritative", "domains-1000", "oversample-4")
EXAMPLES = ("nbp gpu", "nbp gpu --device cpu --cases 'conv-*' --speed")
EPILOG = f"""\
Each image of the suite is rendered in this process, in every number type and in both parity modes, and held
to the C reference: max |diff| of the maximum within {", ".join(f"{v:g} ({k})" for k, v in BOUNDS.items())}.
Then the large cases are rendered as `nbp bench` does, and their images compared.

--device cpu runs the same checks without a device; it says nothing about one. With --compile on, every stage
of the pixel loop is compiled first: 324 programs for the whole suite, 45 minutes with --jobs 2 on two cores;
what cannot be compiled says so.
exit status: 0 PASS, 1 FAIL, 2 no CUDA device or nothing compared, 3 ERROR
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(NAME, "Check and time the simulator on a device.", EPILOG, EXAMPLES)
    add = parser.add_argument
    add("--device", choices=DEVICES, default="cuda", help="default cuda")
    add("--dtypes", nargs="+", choices=list(BOUNDS), default=list(BOUNDS), help="default all")
    add("--compile", choices=COMPILE, default="auto", help="machine code for the pixel loop; default auto")
    add("--cases", nargs="+", default=[], metavar="GLOB", help="only these cases of the suite")
    add("--speed", nargs="*", default=list(SPEED_CASES), metavar="CASE", help="cases of the benchmark")
    add("--quick", action="store_true", help="the cases of the benchmark in quick size")
    add("--rounds", type=int, choices=range(1, 10), default=3, help="of the benchmark, default 3")
    add(
        "--jobs",
        type=int,
        choices=range(1, 65),
        default=1,
        metavar="N",
        help="images side by side, default 1",
    )
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--outdir", type=Path, metavar="DIR", help="new directory; default gpu/TIME in reports")
    add("--reports", type=Path, metavar="DIR", help="root of the reports; default NB_REPORTS, else reports")
    add("--json", action="store_true", help="write gpu.json to standard output, no table")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    speed = chosen_cases(options.speed) if options.speed else []
    cases = select(load_cases(), options.cases)
    if not cases:
        raise UsageError(f"no case of the suite fits '{' '.join(options.cases)}'; see nb-golden list")
    from harness.suite.device_run import (
        check_suite,
        device_title,
        environment,
        measure_speed,
        speed_plans,
        statement,
    )

    title = device_title(options.device)
    if title is None:
        sys.stderr.write(f"{NAME}: no CUDA device that torch can use; nothing was checked\n")
        return CheckState.NOT_COMPARED.status
    created = stamp()
    target = options.outdir or reports_root(options.reports) / "gpu" / created
    require_fresh(target)
    compiling = ("--compile", options.compile)
    settings = ("-device", options.device, *compiling)
    checks, images = check_suite(cases, settings, options.dtypes, options.jobs)
    with data_folder(options.data) as (folder, label):
        plans = speed_plans(
            folder, options.dtypes, options.device, compiling, options.rounds, quick=options.quick
        )
        rows, failures = measure_speed(plans, speed)
    result = statement(checks, images, rows, failures) | {
        "created": created, "device": title, "data": label, **environment(),
    }  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    write_text_file(target / "gpu.json", json_text(result))
    _show(result, target, options.json)
    return int(result["exit_status"])


def _show(result: Mapping[str, Any], target: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(result))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(_suite_table(result))
    if result["speed"]:
        console.print(_speed_table(result))
    bad = (CheckState.FAILED.value, CheckState.ERROR.value)
    for row in result["suite"]:
        if row["state"] in bad:
            where = f"{row['case']} ({row['mode']}, {row['dtype']})"
            console.print(Text(f"{where}: {row['state']}: {row['detail']}"), soft_wrap=True)
    for failure in result["failures"]:
        console.print(Text(f"{failure['case']} ({failure['dtype']}): {failure['why']}"), soft_wrap=True)
    console.print(Text(f"results in {target}"), soft_wrap=True)


def _suite_table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f"suite on {result['device']}: {result['verdict']}")
    for heading in ("dtype", "held", "failed", "error", "zero", "largest diff/max", "bound"):
        table.add_column(heading, justify="right")
    for dtype in dict.fromkeys(row["dtype"] for row in result["suite"]):
        rows = [row for row in result["suite"] if row["dtype"] == dtype]
        counts = [
            str(sum(row["state"] == state.value for row in rows))
            for state in (CheckState.HELD, CheckState.FAILED, CheckState.ERROR, CheckState.ZERO)
        ]
        worst = max((row["max_diff_of_max"] or 0.0 for row in rows), default=0.0)
        table.add_row(dtype, *counts, f"{worst:.3g}", f"{BOUNDS[dtype]:g}")
    return table


def _speed_table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f"speed on {result['device']}")
    for heading in ("case", "dtype", "10^6/s", "no set-up", "ratio to c", "diff/max", "device MiB", "waits"):
        table.add_column(heading, justify="right")
    for row in result["speed"]:
        found = row["summary"]
        speeds = [f"{found[key] / 1e6:.4g}" for key in ("samples_per_s", "samples_per_s_without_setup")]
        memory = "-" if found["device_bytes"] is None else f"{found['device_bytes'] / (1 << 20):.4g}"
        ratio = f"{found['c']['ratio']['median']:.3g}" if found["c"]["ratio"] else "-"
        differs = f"{found['c']['max_diff_of_max']:.2g}"
        waits = "-" if row["host_waits"] is None else str(row["host_waits"])
        table.add_row(row["id"], row["dtype"], *speeds, ratio, differs, memory, waits)
    return table


if __name__ == "__main__":
    sys.exit(main())
