"""Compares the gradients of one command line: the first program differenced, the simulator by autograd."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from harness.errors import UsageError
from harness.files import input_facts
from harness.gradients.config import DiscreteChangeError, Driven, changes, driven_by
from harness.gradients.estimate import ObjectiveValue, steps
from harness.gradients.objective import FirstSide, Objective, choose_objective, simulator_slopes
from harness.gradients.rows import GradientReport, GradientRow, Slope
from harness.gradients.table import Place, choose_parameters, differenced_arguments, find_places
from harness.kept.shelf import Shelf
from harness.probing.match import Match
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import Program, simulator_program
from harness.programs.run_config import resolved
from harness.sides import SIDES
from harness.time_limits import GRADIENT_RUN_S
from simulator import RunConfig, simulate
from simulator.scene.scene import prepare
from simulator.units import ANGSTROM_PER_M, MM_PER_M
from system_io.children import temporary_folder
from system_io.errors import UserError

WORKERS = 2
NEUTRAL = {"crystal.has_misset"}


@dataclass(frozen=True)
class GradientJob:
    """What is asked.

    `args` are the words of the nanoBragg command line, relative names in them refer to `caller`; `params` are
    the names of the parameters, None for all; `objective` is chosen from the image unless it is given;
    `matched` are the quirks that tiny runs told of the first program, and that the simulator gets. `shelf`
    keeps results of the first program from run to run; None runs it anew.
    """

    first: Program
    args: tuple[str, ...]
    caller: Path
    mode: str
    params: tuple[str, ...] | None = None
    pixels: int = 24
    seed: int = 1
    timeout_s: float = GRADIENT_RUN_S
    objective: Objective | None = None
    matched: Match | None = None
    shelf: Shelf | None = None

    @property
    def simulator_settings(self) -> tuple[str, ...]:
        """Return the words that put the simulator in the state of the first program."""
        program = simulator_program()
        told = () if self.matched is None else self.matched.words(SIDES[1], program)
        return (*program.settings(self.mode, "float64").words, *told)


@dataclass(frozen=True)
class Question:
    """A job that is set up: the first side, the simulator's configuration, and what to difference."""

    first: FirstSide
    config: RunConfig
    places: tuple[Place, ...]
    words: tuple[str, ...]
    """Of the simulator, with its settings and the region of the objective."""
    folder: Path
    """Where they are read."""


def run_gradients(job: GradientJob) -> GradientReport:
    """Compare all parameters of a command line.

    Raises:
        UsageError: the command line cannot be differenced.
        ProgramError: the first program does not know what is asked.
        HarnessError: it fails on the command line as it is.
    """
    prepared = differenced_arguments(job.first, job.args, job.caller)
    inputs = input_facts(prepared.inputs)
    with temporary_folder("nb-gradients") as scratch:
        question, added = _question(job, prepared, Path(scratch))
        rows, middle, simulated = _compare(question)
    about = _about(job, question.first, inputs) | {"notes": [*prepared.notes, *added]}
    return GradientReport(tuple(rows), middle, simulated, about)


def _about(job: GradientJob, first: FirstSide, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    programs = {"c": job.first, "py": simulator_program()}
    return {
        "parity_mode": job.mode,
        "arguments": list(job.args),
        "caller": str(job.caller),
        "inputs": inputs,
        "asked": None if job.params is None else list(job.params),
        "settings": {
            "pixels": job.pixels,
            "seed": job.seed,
            "timeout_s": job.timeout_s,
            "matched": None if job.matched is None else job.matched.facts(),
            "kept": None if first.shelf is None else first.shelf.told(),
        },
        "programs": {
            side: {"title": program.title, **program.provenance} for side, program in programs.items()
        },
        "command": [*job.first.words, *first.settings, *first.command()],
        "objective": first.objective.facts(),
    }


def _question(
    job: GradientJob, prepared: PreparedArguments, folder: Path
) -> tuple[Question, tuple[str, ...]]:
    """Return the question, and notes on what was added to the command line."""
    for source, name in prepared.copies:
        shutil.copyfile(source, folder / name)
    settings = job.simulator_settings
    first_settings = job.first.settings(job.mode).words
    words, added = _completed(prepared.words, settings, folder)
    places = choose_parameters(find_places(words), job.params)
    if not places:
        raise UsageError("the command line has no number that the image depends on smoothly")
    objective = job.objective or _chosen(job, resolved((*words, *settings), folder))
    simulator_words = (*words, *settings, *objective.words())
    first = FirstSide(
        job.first, first_settings, replace(prepared, words=tuple(words)), objective, job.timeout_s,
        None if job.shelf is None else Shelf(job.shelf.folder),
    )  # fmt: skip
    config = resolved(simulator_words, folder)
    return Question(first, config, tuple(places), simulator_words, folder), added


def _chosen(job: GradientJob, config: RunConfig) -> Objective:
    with Console(stderr=True).status("making the image"):
        image = simulate(config).cpu().numpy().astype(np.float64)
    return choose_objective(image, job.pixels, job.seed)


def _completed(
    words: Sequence[str], settings: Sequence[str], folder: Path
) -> tuple[list[str], tuple[str, ...]]:
    """Return the command line with some options at their defaults, where that changes nothing, and notes."""
    config = resolved((*words, *settings), folder)
    detector = config.detector
    defaults = (
        ("-oversample", str(prepare(config).oversample)),
        ("-distance", repr(detector.distance_m * MM_PER_M)),
        ("-lambda", repr(config.beam.wavelength_m * ANGSTROM_PER_M)),
        ("-misset", "0", "0", "0"),
        ("-Xbeam", repr(detector.Xbeam_m * MM_PER_M)),
        ("-Ybeam", repr(detector.Ybeam_m * MM_PER_M)),
        ("-polar", repr(config.beam.kahn_factor)),
    )
    complete, notes = list(words), []
    for option, *values in defaults:
        if option in words or "nan" in values:
            continue
        try:
            other = resolved((*complete, option, *values, *settings), folder)
        except UsageError:
            continue
        pinned = option == "-oversample"
        if pinned or changes(config, other).keys() <= NEUTRAL:
            complete += [option, *values]
            notes.append(f"added {' '.join((option, *values))}")
    return complete, tuple(notes)


def _compare(question: Question) -> tuple[list[GradientRow], ObjectiveValue, float]:
    """Return a row for each parameter, and the objective of the first program and of the simulator."""
    driven: dict[str, Driven] = {}
    refused: dict[str, str] = {}
    for place in question.places:
        name = place.component.name
        try:
            driven[name] = driven_by(place, question.words, question.folder)
        except (DiscreteChangeError, UsageError) as error:
            refused[name] = str(error)
    total, slopes = simulator_slopes(question.config, question.first.objective, driven)
    middle = question.first.value(question.first.arguments.words)
    with (
        Progress(console=Console(stderr=True), transient=True) as progress,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        task = progress.add_task("differences", total=len(slopes))

        def row(place: Place) -> GradientRow:
            name = place.component.name
            if name in refused:
                return GradientRow(place, None, (), middle, refused[name])
            made = _row(question.first, place, slopes[name], middle)
            progress.advance(task)
            return made

        rows = list(pool.map(row, question.places))
    return rows, middle, total


def _row(first: FirstSide, place: Place, slope: Slope, middle: ObjectiveValue) -> GradientRow:
    """Return the comparison of one parameter."""
    start = place.component.first_step(place.value)
    try:
        ends = tuple(first.ends(place, step) for step in steps(start))
    except UserError as error:
        return GradientRow(place, slope, (), middle, str(error))
    return GradientRow(place, slope, ends, middle)
