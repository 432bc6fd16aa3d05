"""A run of the benchmark: its programs, its cases one after the other, its files and its exit status."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.bench.cases import BenchCase
from harness.bench.figures import scaling_exponents
from harness.bench.measure import BenchPlan, Note, measure_case
from harness.bench.plots import draw_series, draw_speed
from harness.bench.report import append_history, bench_markdown, csv_text
from harness.files import write_text_file
from harness.programs.build import build_reference
from harness.programs.environment import describe_environment
from harness.programs.programs import C_BIN_VARIABLE, Program, program_at
from system_io.errors import UserError
from system_io.shown import json_text

SCHEMA = "nb-bench 1"
VARIANT = "native"
HISTORY = "history.jsonl"
DISAGREE, NOT_MEASURED = 1, 3


def c_programs(environ: Mapping[str, str]) -> dict[str, Program]:
    """Return the C programs by the names of their columns: ours, and the one that `NB_C_BIN` names.

    Raises:
        BuildError: the reference cannot be built.
        ProgramError: `NB_C_BIN` names nothing that can be executed.
    """
    built = build_reference(VARIANT, environ=environ)
    found = {"c": Program("reference", (str(built.path),), dict(built.provenance))}
    if environ.get(C_BIN_VARIABLE):
        found["external"] = program_at(environ[C_BIN_VARIABLE], C_BIN_VARIABLE)
    return found


def run_frame(plan: BenchPlan, label: str, created: str) -> dict[str, Any]:
    """Return what a result says besides its figures; neither names nor paths of the machine."""
    environment = describe_environment(os.environ)
    facts = {name: program.provenance for name, program in plan.c_programs.items()}
    known = ("kind", "version", "variant", "flags", "compiler", "binary_sha256")
    return {
        "schema": SCHEMA,
        "created": created,
        "machine": {key: environment[key] for key in ("processor", "cpus_usable")},
        "software": {
            "python": environment["python"],
            "torch": environment["packages"]["torch"],
            "compiler": facts["c"]["compiler"]["version"],
        },
        "git": environment["git"],
        "settings": {
            "mode": plan.mode, "dtype": plan.in_force.dtype, "device": plan.device,
            "extra": list(plan.extra), "rounds": plan.rounds, "quick": plan.quick, "data": label,
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        },
        "programs": {
            "simulator": {key: plan.simulator.provenance[key] for key in ("version", "sources_sha256")},
            "c": {
                name: {key: _bare(found[key]) for key in known if key in found}
                for name, found in facts.items()
            },
        },
    }  # fmt: skip


def _bare(value: Any) -> Any:
    """Return the version text of a compiler, anything else as it is."""
    return value["version"] if isinstance(value, Mapping) else value


def run_bench(
    plan: BenchPlan, cases: Sequence[BenchCase], target: Path, head: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure cases in order; after each, bench.json of `target` holds what there is so far.

    Args:
        plan: what is timed and how.
        cases: which cases.
        target: folder of the results, which exists.
        head: of `frame`.

    Returns:
        The content of bench.json; a case that could not be measured stands in 'failures'.
    """
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    result: dict[str, Any] = {}
    for number, case in enumerate(cases, 1):
        label = f"case {number} of {len(cases)}, "
        try:
            rows.append(measure_case(replace(plan, note=_behind(plan.note, label)), case))
        except UserError as error:
            failures.append({"case": case.id, "why": str(error)})
        result = {
            **head,
            "complete": number == len(cases),
            "cases": rows,
            "scaling": scaling_exponents(rows, list(plan.c_programs)),
            "failures": failures,
        }
        write_text_file(target / "bench.json", json_text(result))
    return result


def _behind(note: Note, label: str) -> Note:
    return lambda text: note(label + text)


def exit_status(result: Mapping[str, Any]) -> int:
    """Return 0 if every case was measured and agrees, 1 if an image differs, 3 if anything is missing."""
    if result["failures"] or not result["cases"] or not result["complete"]:
        return NOT_MEASURED
    if any(row["unmeasured"] for row in result["cases"]):
        return NOT_MEASURED
    return 0 if all(row["summary"]["agrees"] for row in result["cases"]) else DISAGREE


def write_bench(result: Mapping[str, Any], target: Path, reports: Path, markdown: Path | None) -> None:
    """Write tables, pictures and history; nothing measured leaves bench.json alone."""
    if not result["cases"]:
        return
    write_text_file(target / "bench.csv", csv_text(result))
    for path in (target / "bench.md", *([markdown] if markdown else ())):
        write_text_file(path, bench_markdown(result))
    draw_speed(target / "speed.png", result)
    draw_series(target / "domains.png", result)
    append_history(reports / HISTORY, result)
