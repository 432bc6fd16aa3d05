"""The dry run: what a CUDA device would get of every form of a stage, without one."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.bench.sides import CACHES
from harness.device.checked import CheckState
from harness.device.lowered import RUNS
from harness.device.pieces import Done, Piece, WallBudget, run_piece
from harness.device.pretended import can_pretend
from system_io.children import temporary_folder
from system_io.shown import json_text

SCHEMA = "nb-gpu-dry 1"
LIMIT_S = 3600.0
HEADINGS = ("stage", "run", "dtype", "state", "kernels", "buffers", "registers", "stack", "shared bytes")


def run_dry(dtypes: Sequence[str], as_json: bool, note: Callable[[str], None]) -> int:
    """Show what a device would get, and return the exit status.

    Args:
        dtypes: number types.
        as_json: whether JSON is written to standard output, no table.
        note: is told what is done.
    """
    if not can_pretend():
        note("Triton is not there, which makes the kernels: pip install triton; nothing was checked")
        return CheckState.NOT_COMPARED.status
    done = Done()
    with temporary_folder("nb-gpu") as scratch:
        environ = {name: str(Path(scratch, name.lower())) for name in CACHES}
        for name in RUNS:
            known = [row["form"] for row in done.of("lowered")]
            given = {
                "environ": environ,
                "runs": [name],
                "dtypes": list(dtypes),
                "build": True,
                "known": known,
            }
            run_piece(Piece(name, "lowered", given, LIMIT_S), WallBudget(math.inf), done)
            note(f"{name}: {done.seconds[name]:.1f} s")
    result = dry_statement(done)
    if as_json:
        sys.stdout.write(json_text(result))
    else:
        _show(result)
    return int(result["exit_status"])


def dry_statement(done: Done) -> dict[str, Any]:
    """Return the verdict over all stages, each of them once, and what is wrong with which."""
    rows: dict[str, dict[str, Any]] = {}
    for row in done.of("lowered"):
        rows.setdefault(row["form"], {**row, "wrong": wrong_with(row)})
    states = [CheckState.FAILED if row["wrong"] else CheckState.HELD for row in rows.values()]
    states += [CheckState.ERROR] * len(done.failures)
    worst = max(states, key=lambda state: state.status, default=CheckState.NOT_COMPARED)
    return {
        "schema": SCHEMA,
        "verdict": worst.verdict,
        "exit_status": worst.status,
        "stages": list(rows.values()),
        "failures": done.failures,
    }


def wrong_with(row: Mapping[str, Any]) -> str:
    """Return what is wrong with the code of a stage, in words, empty for nothing."""
    if row["why"]:
        return str(row["why"])
    if row["innermost"] and row["kept_for_each_evaluation"]:
        return f"keeps {', '.join(row['kept_for_each_evaluation'])} in memory for each evaluation"
    spilling = sum(built["stack_bytes"] or 0 for built in row["built"])
    return f"{spilling} bytes of registers are spilled" if spilling else ""


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    from harness.wide import wide_console

    table = Table(title=f"what a device of compute capability 9.0 would get: {result['verdict']}")
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result["stages"]:
        built = row.get("built", ())
        numbers = (
            "/".join(str(one[key]) for one in built) or "-"
            for key in ("registers", "stack_bytes", "shared_bytes")
        )
        state = (CheckState.FAILED if row["wrong"] else CheckState.HELD).value
        sizes = [str(row.get("kernels", "-")), str(len(row.get("buffers", ())))]
        table.add_row(row["stage"], row["run"], row["dtype"], state, *sizes, *numbers)
    wide_console(table).print(table)
    for row in result["stages"]:
        if row["wrong"]:
            sys.stdout.write(f"{row['stage']} of '{row['run']}' ({row['dtype']}): {row['wrong']}\n")
    for failure in result["failures"]:
        sys.stdout.write(f"{failure['piece']}: {failure['why']}\n")
