"""A run of all checks of a device: what it needs, piece after piece, and results on disk after each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_suite_generator.cases import Case
from golden_suite_generator.inputs.write import write_case_inputs
from harness.device.pieces import Done, Piece, WallBudget, run_pieces
from harness.device.plan import COMPILE, SPEED, Wanted, first_pieces, jobs_for, known_forms, later_pieces
from harness.device.statement import statement
from harness.files import write_text_file
from harness.programs.build import build_reference
from harness.programs.environment import describe_environment
from harness.programs.programs import MODES
from harness.suite.crystal_data import data_folder
from system_io.children import temporary_folder
from system_io.errors import UserError
from system_io.shown import json_text

RESULT = "gpu.json"
NO_LIMIT_S = float("inf")
WAYS: Mapping[str | None, tuple[str, ...]] = {None: (), "off": ("off",), "on": ("on",), "both": ("off", "on")}
"""Ways in which images are made for each word of --compile; none for what the device suggests."""
BUILDING = ("default", "native")
"""Builds of the C reference: the one that says which image is right, and the one that is timed."""


@dataclass(frozen=True)
class AskedChecks:
    """What the command line asks for; None stands for what the device suggests."""

    device: str
    cases: Sequence[Case]
    dtypes: Sequence[str]
    compile: str | None
    speed: Sequence[str] | None
    rounds: int | None
    jobs: int | None
    quick: bool
    data: Path | None
    budget_s: float = NO_LIMIT_S


def run_checks(
    asked: AskedChecks, target: Path, head: Mapping[str, Any], note: Callable[[str], None]
) -> dict[str, Any]:
    """Check a device and return what gpu.json of `target` holds then; it holds what is done after each piece.

    Args:
        asked: what is checked.
        target: folder of the results, which exists.
        head: what the result says besides.
        note: is told what is done.
    """
    budget, done = WallBudget(asked.budget_s), Done()
    result: dict[str, Any] = {}

    def write(complete: bool) -> None:
        result.update({**head, **statement(done, len(wanted.images)), "complete": complete})
        write_text_file(target / RESULT, json_text(result))

    def after(piece: Piece, so_far: Done) -> None:
        took = so_far.seconds.get(piece.name)
        note(f"{piece.name}: {'no time for it' if took is None else f'{took:.1f} s'}")
        write(complete=False)

    with prepared(asked, done, budget) as wanted:
        run_pieces(first_pieces(wanted), budget, done, after)
        run_pieces(later_pieces(wanted, known_forms(done.of("forms"))), budget, done, after)
        write(complete=True)
    return result


@contextmanager
def prepared(asked: AskedChecks, done: Done, budget: WallBudget) -> Iterator[Wanted]:
    """Give what is checked, with inputs, programs and an empty cache for machine code."""
    start_s = time.monotonic()
    kind = asked.device.partition(":")[0]
    images = [(case.id, mode) for case in asked.cases for mode in case.modes if not case.status[mode]]
    with temporary_folder("nb-gpu") as scratch, data_folder(asked.data) as (data, _):
        write_case_inputs(Path(scratch, "inputs"))
        reference, timed = (_built(variant, done) for variant in BUILDING)
        wanted = Wanted(
            device=asked.device,
            dtypes=tuple(asked.dtypes),
            ways=WAYS[asked.compile] or COMPILE[kind],
            images=tuple(images),
            speed=SPEED[kind] if asked.speed is None else tuple(asked.speed),
            inputs=scratch,
            data=str(data),
            cache=str(Path(scratch, "cache")),
            reference=reference,
            timed_reference=timed,
            rounds=asked.rounds,
            jobs=jobs_for(asked.device, asked.jobs, len(os.sched_getaffinity(0))),
            quick=asked.quick,
            limited=budget.seconds != NO_LIMIT_S,
        )
        done.seconds["preparing"] = round(time.monotonic() - start_s, 2)
        yield wanted


def _built(variant: str, done: Done) -> str | None:
    """Return the path of a build of the C reference, None where it cannot be built, which is stated."""
    try:
        return str(build_reference(variant).path)
    except UserError as error:
        instead = "images are held to the simulator on the processor, speed is not compared"
        done.failures.append({"piece": f"C reference, {variant} build", "why": f"{error}; {instead}"})
        return None


def device_title(device: str) -> str | None:
    """Return the name of the device, None if there is no such device."""
    import torch

    if device == "cpu":
        return "cpu"
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def environment() -> dict[str, Any]:
    """Return machine, software and commit, neither names nor paths of the machine."""
    found = describe_environment(os.environ)
    return {
        "machine": {key: found[key] for key in ("processor", "cpus_usable")},
        "software": {"python": found["python"], "torch": found["packages"]["torch"]},
        "git": found["git"],
        "modes": list(MODES),
    }
