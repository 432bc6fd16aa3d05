"""The command `nbp gpu`: the suite, gradients and speed on a device, piece by piece within a time.

It needs a CUDA device and says so, with status 2, where there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden_suite_generator.cases import load_cases, select
from harness.bench.cases import device_case
from harness.commands.common import CommandParser, run_command
from harness.device.checked import BOUNDS, CheckState
from harness.device.dry import run_dry
from harness.device.gradient_checks import BOUNDS as SLOPE_BOUNDS
from harness.device.plan import SPEED
from harness.device.run import NO_LIMIT_S, RESULT, AskedChecks, device_title, environment, run_checks
from harness.errors import UsageError
from harness.files import require_fresh, stamp
from harness.option_types import duration
from harness.programs.programs import DEVICES
from harness.store.find import reports_root
from harness.suite.crystal_data import require_data
from system_io.shown import json_text

if TYPE_CHECKING:
    from rich.table import Table

NAME = "nbp gpu"
COMPILE = ("off", "on", "both")
MOST_JOBS = 64
SPEED_HEADINGS = (
    "case", "dtype", "compile", "10^6/s", "no set-up", "ms", "ratio to c", "diff/max", "MiB", "waits",
)  # fmt: skip
EXAMPLES = ("nbp gpu --budget 8m", "nbp gpu --device cpu --cases 'conv-*' --speed")
EPILOG = f"""\
The work is cut into pieces, each in a process of its own, the most valuable ones first: what the device
can do; images of the suite with every form of code, held to the C reference; large cases, timed in turn
with C; the same images in compiled code; gradients, held to those of the processor; all other images.
After each piece DIR/{RESULT} holds what is done. A piece that crashes or hangs costs itself, and
--budget ends the run in time; what was left out is stated.

Images: max |diff| of the maximum within {", ".join(f"{v:g} ({k})" for k, v in BOUNDS.items())}.
Gradients: within {", ".join(f"{v:g} ({k})" for k, v in SLOPE_BOUNDS.items())} of the largest entry.
Timed on a device unless named: {", ".join(SPEED["cuda"])}.

--device cpu runs the same without a device, not compiled and on fewer cases; it says nothing about one.
Without a C compiler the simulator on the processor is the oracle, and that is an error of the run.
--dry needs no device: every form of a stage is made into kernels for compute capability 9.0 by torch's
compiler and built by Triton (pip install triton). An innermost stage that keeps anything for each evaluation
in memory, or a kernel that spills registers, is a failure.
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
    add("--budget", type=duration, default=NO_LIMIT_S, metavar="TIME", help="end in this time: 480s, 8m")
    add("--dry", action="store_true", help="only show what a device would get, with none there")
    add("--dtypes", nargs="+", choices=list(BOUNDS), default=list(BOUNDS), help="default all")
    add(
        "--compile", choices=COMPILE, help="machine code for the pixel loop; default both, on a processor off"
    )
    add("--cases", nargs="+", default=[], metavar="GLOB", help="only these cases of the suite")
    add("--speed", nargs="*", metavar="CASE", help="cases of the benchmark")
    add("--quick", action="store_true", help="the cases of the benchmark in quick size")
    add(
        "--rounds",
        type=int,
        choices=range(1, 10),
        help="of a timed case, default 3; with --budget 2 of the first and 1 of the others",
    )
    add(
        "--jobs",
        type=int,
        choices=range(1, MOST_JOBS + 1),
        metavar="N",
        help="processes of a piece, default 1 on a processor, up to 8 on a device",
    )
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--outdir", type=Path, metavar="DIR", help="new directory; default gpu/TIME in reports")
    add("--reports", type=Path, metavar="DIR", help="root of the reports; default NB_REPORTS, else reports")
    add("--json", action="store_true", help="write gpu.json to standard output, no table")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    for name in options.speed or ():
        device_case(name)
    require_data(options.data)
    cases = select(load_cases(), options.cases)
    if not cases:
        raise UsageError(f"no case of the suite fits '{' '.join(options.cases)}'; see nb-golden list")
    if options.dry:
        return run_dry(options.dtypes, options.json, _note)
    title = device_title(options.device)
    if title is None:
        sys.stderr.write(f"{NAME}: no CUDA device that torch can use; nothing was checked\n")
        return CheckState.NOT_COMPARED.status
    created = stamp()
    target = options.outdir or reports_root(options.reports) / "gpu" / created
    require_fresh(target)
    target.mkdir(parents=True, exist_ok=True)
    label = "built-in crystal" if options.data is None else options.data.absolute().name
    head = {"created": created, "device": title, "data": label, **environment()}
    asked = AskedChecks(
        options.device, cases, options.dtypes, options.compile, options.speed, options.rounds,
        options.jobs, options.quick, options.data, options.budget,
    )  # fmt: skip
    result = run_checks(asked, target, head, _note)
    _show(result, target, options.json)
    return int(result["exit_status"])


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _show(result: Mapping[str, Any], target: Path, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text(result))
        return
    from rich.console import Console
    from rich.text import Text

    from harness.wide import wide_console

    for table in (_suite_table(result), _gradient_table(result), _speed_table(result)):
        if table.row_count:
            wide_console(table).print(table)
    console = Console()
    for line in (*_complaints(result), *(f"left out: {name}" for name in result["left_out"])):
        console.print(Text(line), soft_wrap=True)
    console.print(Text(f"results in {target}"), soft_wrap=True)


def _complaints(result: Mapping[str, Any]) -> list[str]:
    """Return a line for each check that was not held."""
    bad = (CheckState.FAILED.value, CheckState.ERROR.value)
    found = [
        f"{row['case']} ({row['mode']}, {row['dtype']}): {row['state']}: {row['detail']}"
        for row in result["suite"]
        if row["state"] in bad
    ]
    found += [
        f"gradient, {row['run']} ({row['dtype']}, compile {row['compile']}): {row['state']}: {row['detail']}"
        for row in result["gradients"]
        if row["state"] in bad
    ]
    found += [f"{row['ability']}: {row['why']}" for row in result["about"] if not row.get("there", True)]
    for row in (*result["compiling"], *result["speed"]):
        found += [f"{row['case']} ({row['dtype']}): {row['why']}"] if row["why"] else []
        for one in (row.get("figures") or {}).get("unmeasured", ()):
            found.append(f"{row['case']} ({row['dtype']}): {one['figure']} not measured: {one['why']}")
    return [*found, *(f"{failure['piece']}: {failure['why']}" for failure in result["failures"])]


def _suite_table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    share = f"{result['images_held']} of {result['images']} images"
    table = Table(title=f"suite on {result['device']}: {result['verdict']}, {share}")
    states = (CheckState.HELD, CheckState.FAILED, CheckState.ERROR, CheckState.ZERO)
    for heading in ("dtype", "computed", *(state.value for state in states), "largest diff/max", "bound"):
        table.add_column(heading, justify="right")
    kinds = dict.fromkeys((row["dtype"], row["computed"]) for row in result["suite"])
    for dtype, computed in sorted(kinds):
        rows = [row for row in result["suite"] if (row["dtype"], row["computed"]) == (dtype, computed)]
        counts = [str(sum(row["state"] == state.value for row in rows)) for state in states]
        worst = max((row["max_diff_of_max"] or 0.0 for row in rows), default=0.0)
        table.add_row(dtype, computed or "-", *counts, f"{worst:.3g}", f"{BOUNDS[dtype]:g}")
    return table


def _gradient_table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title="gradients, largest difference of the largest entry")
    for heading in ("run", "dtype", "--compile", "state", "difference", "along"):
        table.add_column(heading, justify="right")
    for row in result["gradients"]:
        worst = "-" if row["worst"] is None else f"{row['worst']:.2g}"
        table.add_row(row["run"], row["dtype"], row["compile"], row["state"], worst, row.get("input", "-"))
    return table


def _speed_table(result: Mapping[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f"speed on {result['device']}")
    for heading in SPEED_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result["speed"]:
        figures = row["figures"]
        if figures is not None:
            table.add_row(row["case"], row["dtype"], row["compile"], *_speed_cells(figures))
    return table


def _speed_cells(figures: Mapping[str, Any]) -> list[str]:
    """Return the figures of a case, a dash for each that is not known."""
    found = figures["summary"]
    speeds = [f"{found[key] / 1e6:.4g}" for key in ("samples_per_s", "samples_per_s_without_setup")]
    rendering_ms = 1e3 * figures["samples"] / found["samples_per_s_without_setup"]
    beside_c = found.get("c")
    ratio = f"{beside_c['ratio']['median']:.3g}" if beside_c and beside_c["ratio"] else "-"
    differs = f"{beside_c['max_diff_of_max']:.2g}" if beside_c else "-"
    memory = "-" if found["device_bytes"] is None else f"{found['device_bytes'] / (1 << 20):.4g}"
    waits = "-" if figures["host_waits"] is None else str(figures["host_waits"])
    return [*speeds, f"{rendering_ms:.3g}", ratio, differs, memory, waits]


if __name__ == "__main__":
    sys.exit(main())
