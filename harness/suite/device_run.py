"""The suite and large cases of the benchmark on a device: images checked, speed measured, one statement."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console

from golden_suite_generator.cases import Case
from golden_suite_generator.inputs.write import write_case_inputs
from harness.bench.cases import BenchCase
from harness.bench.measure import BenchPlan, measure_case
from harness.programs.build import build_reference
from harness.programs.environment import describe_environment
from harness.programs.programs import MODES, Program, simulator_program
from harness.suite.device_checks import Checked, CheckState, check_case
from harness.suite.runner import reference_program
from system_io.children import temporary_folder
from system_io.errors import UserError

SCHEMA = "nb-gpu 1"


def speed_plans(
    folder: Path, dtypes: Sequence[str], device: str, extra: Sequence[str], rounds: int, *, quick: bool
) -> list[BenchPlan]:
    """Return the plans of the benchmark on a device, one for each number type.

    Args:
        folder: holds A.mat and scaled.hkl.
        dtypes: number types.
        device: of the simulator.
        extra: further words for the simulator.
        rounds: of the benchmark.
        quick: whether the cases have their quick size.
    """
    reference = reference_program(build_reference("native"))
    return [
        BenchPlan(
            simulator_program(), {"c": reference}, folder, dtype=dtype, device=device, extra=tuple(extra),
            rounds=rounds, quick=quick, whole=False,
        )
        for dtype in dtypes
    ]  # fmt: skip


def device_title(device: str) -> str | None:
    """Return the name of the device, None if there is no such device."""
    import torch

    if device == "cpu":
        return "cpu"
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def check_suite(
    cases: Sequence[Case], settings: Sequence[str], dtypes: Sequence[str], jobs: int = 1
) -> tuple[list[Checked], int]:
    """Hold every image of some cases to the C reference.

    Args:
        cases: rows of the suite.
        settings: words for the simulator.
        dtypes: number types.
        jobs: how many images are made side by side, each in a process of its own if several.

    Returns:
        The checks, and how many images the cases have.
    """
    program = reference_program(build_reference())
    images = [(case, mode) for case in cases for mode in case.modes if not case.status[mode]]
    checks: list[Checked] = []
    with temporary_folder("nb-gpu") as scratch, Console(stderr=True).status("") as status:
        write_case_inputs(Path(scratch, "inputs"))
        check = partial(_check_image, program, Path(scratch), tuple(settings), tuple(dtypes))
        for number, found in enumerate(_results(check, images, jobs), 1):
            checks += found
            status.update(f"image {number} of {len(images)}: {found[0].case}, {found[0].mode}")
    return checks, len(images)


def _check_image(
    program: Program, scratch: Path, settings: Sequence[str], dtypes: Sequence[str], image: tuple[Case, str]
) -> list[Checked]:
    """Return the checks of one image, a case in a mode."""
    return check_case(program, *image, scratch, settings, dtypes)


def _results(
    check: Callable[[tuple[Case, str]], list[Checked]], images: Sequence[tuple[Case, str]], jobs: int
) -> Iterator[list[Checked]]:
    """Yield the checks of all images in their order, made here or in so many processes."""
    if jobs == 1:
        yield from map(check, images)
        return
    fresh = get_context("spawn")  # a device cannot be used in a fork
    with ProcessPoolExecutor(jobs, mp_context=fresh, initializer=_one_thread) as pool:
        yield from pool.map(check, images)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def measure_speed(
    plans: Sequence[BenchPlan], cases: Sequence[BenchCase]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Measure cases of the benchmark in each number type; what fails is stated with the reason."""
    rows, failures = [], []
    for case in cases:
        for plan in plans:
            try:
                row = {"dtype": plan.dtype, **measure_case(plan, case)}
            except UserError as error:
                failures.append({"case": case.id, "dtype": str(plan.dtype), "why": str(error)})
                continue
            rows.append(row)
            failures += [
                {
                    "case": case.id,
                    "dtype": str(plan.dtype),
                    "why": f"{one['figure']} not measured: {one['why']}",
                }
                for one in row["unmeasured"]
            ]
    return rows, failures


def statement(
    checks: Sequence[Checked],
    images: int,
    rows: Sequence[Mapping[str, Any]],
    failures: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Return verdict and figures: the worst state decides, and without a compared image nothing passes."""
    states = [check.state for check in checks]
    states += [CheckState.HELD if row["summary"]["agrees"] else CheckState.FAILED for row in rows]
    states += [CheckState.ERROR] * len(failures)
    if not any(state in (CheckState.HELD, CheckState.FAILED, CheckState.ERROR) for state in states):
        states.append(CheckState.NOT_COMPARED)
    worst = max((state for state in states if state is not CheckState.ZERO), key=lambda state: state.status)
    return {
        "schema": SCHEMA,
        "verdict": worst.verdict,
        "exit_status": worst.status,
        "images": images,
        "suite": [check.data() for check in checks],
        "speed": list(rows),
        "failures": list(failures),
    }


def environment() -> dict[str, Any]:
    """Return machine, software and commit, neither names nor paths of the machine."""
    found = describe_environment(os.environ)
    return {
        "machine": {key: found[key] for key in ("processor", "cpus_usable")},
        "software": {"python": found["python"], "torch": found["packages"]["torch"]},
        "git": found["git"],
        "modes": list(MODES),
    }
