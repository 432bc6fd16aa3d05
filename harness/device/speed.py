"""Speed on a device: what is compiled first, and cases of the benchmark beside the C reference."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.bench.cases import BenchCase, device_case
from harness.bench.measure import BenchPlan, measure_case
from harness.programs.programs import Program, simulator_program
from system_io.errors import UserError

SMALL_REGION = ("-roi", "0", "15", "0", "15")
"""Enough pixels to be compiled for."""


def compile_case(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield how long the stages of a case took to compile, or why they could not be.

    Args:
        given: as for `timed_case`.
    """
    from simulator import RunConfig
    from simulator.image import render
    from simulator.scene.scene import prepare

    case, plan = device_case(given["case"]), _plan(given, "on")
    words = [*plan.words(), *case.arguments(plan.data, plan.quick), *SMALL_REGION]
    start_s = time.perf_counter()
    row: dict[str, Any] = {"case": case.id, "dtype": given["dtype"]}
    try:
        made = render(prepare(RunConfig.from_args(words)))
    except UserError as error:
        yield {**row, "seconds": time.perf_counter() - start_s, "computed": None, "why": str(error)}
        return
    row |= {"computed": str(made.how), "why": "; ".join(made.notes)}
    yield {**row, "seconds": time.perf_counter() - start_s}


def timed_case(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the figures of a case; where compiled code fails, why, and the figures without.

    Args:
        given: `case`, `dtype`, `device`, `compile`, `folder` with A.mat and scaled.hkl, `reference` (None
            without C), `rounds` and `quick`.
    """
    case = device_case(given["case"])
    ways = (given["compile"],) if given["compile"] == "off" else (given["compile"], "off")
    for way in ways:
        row: dict[str, Any] = {"case": case.id, "dtype": given["dtype"], "compile": way}
        try:
            found = measure_case(_plan(given, way, case), case)
        except UserError as error:
            yield {**row, "figures": None, "why": str(error)}
            continue
        yield {**row, "figures": found, "why": ""}
        return


def _plan(given: Mapping[str, Any], compiling: str, case: BenchCase | None = None) -> BenchPlan:
    programs = {}
    if given["reference"] is not None and (case is None or case.beside_c):
        programs["c"] = Program("reference", (given["reference"],), {})
    return BenchPlan(
        simulator_program(), programs, Path(given["folder"]), dtype=given["dtype"], device=given["device"],
        extra=("--compile", compiling), rounds=given["rounds"], quick=given["quick"], whole=False,
        fresh_caches=False,
    )  # fmt: skip
