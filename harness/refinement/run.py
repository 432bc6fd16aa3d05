"""The work of nb-refine: the image of a run with noise, the refinement, its files and its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from harness.errors import UsageError
from harness.files import write_text_file
from harness.refinement.certainty import told_apart
from harness.refinement.data import OVERLOAD, ObservedImage, usable_pixels
from harness.refinement.fit import SCALE, FitStep
from harness.refinement.judge import Judgement, fit_of, judge_fit
from harness.refinement.options import replayed
from harness.refinement.plot import draw_refinement
from harness.refinement.refine import RELATIVE, Refined, Refinement, expected_photons, true_numbers
from harness.refinement.report import VariableRow, result_of, rows_of
from harness.refinement.request import PICTURE, RESULT, Request, Trial
from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.experiment import with_cell
from simulator.fit.parameters import with_numbers
from simulator.output.noise import noise_image
from simulator.units import rad_of_deg
from system_io.shown import json_text

REACH = 4.0
"""How far a variable may go from its start, in parts of what is stated for that."""
CENTRES = frozenset({"Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m"})
TURNS = frozenset({"cell_angles_rad", "misset_rad", "phi_first_rad", "detector_rot_rad", "twotheta_rad"})


@dataclass(frozen=True)
class FitTask:
    """A start, what was observed, the true values of variables where they are known, the command line."""

    start: RunConfig
    free: tuple[str, ...]
    observed: ObservedImage
    truth: Mapping[str, float]
    words: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """What a refinement found: the outcome, a row for each variable, the verdict, the content of the file."""

    outcome: Refined
    rows: Sequence[VariableRow]
    judgement: Judgement
    result: Mapping[str, Any]


def refine(asked: Request, command: Sequence[str], folder: Path) -> Answer:
    """Refine a run, write its files into a folder and return what was found.

    Raises:
        HarnessError: for a run that the simulator refuses, an empty image, or nothing that can be fitted.
    """
    trial, question = asked.trial, _question(asked)
    outcome = _refined(question, trial)
    rows = rows_of(outcome, question.truth)
    observed = question.observed
    before = expected_photons(outcome.start, observed, observed.background)
    after = expected_photons(outcome.found, observed, outcome.background)
    fit = fit_of(observed, (before, after), outcome.background, outcome.chi_square)
    shown = ["brightness" if label == SCALE else label for label in outcome.labels]
    unseen = [group for group in outcome.certainty.unseen if not all(rows[n].at_bound for n in group)]
    judgement = judge_fit(rows, fit, told_apart(unseen, shown))
    words, missing = replayed(question.words, outcome.found, outcome.names)
    facts = {
        "verdict": judgement.word, "reasons": judgement.reasons, "remarks": judgement.remarks,
        "command": command, "method": trial.method, "seed": trial.seed, "correlation": fit.correlations,
        "unexplained": fit.unexplained, "options": words, "without_option": missing,
    }  # fmt: skip
    result = result_of(outcome, rows, facts)
    write_text_file(folder / RESULT, json_text(result))
    draw_refinement(folder / PICTURE, observed, (before, after), outcome, question.truth)
    return Answer(outcome, rows, judgement, result)


def _question(asked: Request) -> FitTask:
    """Return the question with a cell whose lengths may change, and with an image.

    Raises:
        UsageError: for a run that the simulator refuses, no such input in it, or an empty image.
    """
    try:
        config = with_cell(asked.config)
    except InputError as error:
        raise UsageError(str(error)) from error
    try:
        Experiment(config, asked.free)
    except InputError as error:
        raise UsageError(f"--free: {error}") from error
    if asked.observed is not None:
        return FitTask(config, asked.free, asked.observed, {}, asked.words)
    return synthetic(config, asked.free, asked.trial, asked.words)


def synthetic(config: RunConfig, free: Sequence[str], trial: Trial, words: Sequence[str] = ()) -> FitTask:
    """Return the noisy image of a run, and a start away from its values."""
    with Console(stderr=True).status("making the image"), torch.no_grad():
        exact = replace(config, compute=replace(config.compute, precision="float64"))
        image = simulate(exact).cpu().numpy().astype(np.float64)
        if not image.max() > 0.0:
            raise UsageError("the image of the command line is empty; check geometry and structure factors")
        scale = trial.photons / float(image.max())
        fluence = config.beam.fluence_photons_per_m2 * scale
        if trial.photons > float(np.finfo(np.float32).max) or not 0.0 < fluence < np.inf:
            raise UsageError(
                f"--photons {trial.photons:g}: image or fluence cannot hold it; give a number near 20000"
            )
        bright = replace(
            config,
            beam=replace(config.beam, fluence_photons_per_m2=fluence),
            output=replace(config.output, noise_seed=-1 - trial.seed),
        )
        noisy = noise_image((image * scale + trial.background).astype(np.float32), bright)
    usable = usable_pixels(bright) & (noisy.counts < OVERLOAD)
    observed = ObservedImage.of(noisy.counts.astype(np.float64) - bright.output.adc, usable)
    true = Experiment(bright, free)
    start = with_numbers(bright, moved(true, trial))
    return FitTask(start, tuple(free), observed, true_numbers(true), words)


def moved(experiment: Experiment, trial: Trial) -> dict[str, torch.Tensor]:
    """Return the values of an experiment with every variable moved up or down, by the full amount."""
    draw = np.random.default_rng(trial.seed)
    pixel_m = float(experiment.config().detector.pixel_size_m)
    values = {}
    for name, groups, value in experiment.variables():
        flat = value.flatten().clone()
        for group in groups:
            sign = float(draw.choice([-1.0, 1.0]))
            size = abs(float(flat[group[0]]))
            if name in CENTRES:
                step = trial.centre_pixels * pixel_m
            elif name.endswith("_rad"):
                step = rad_of_deg(trial.misset_deg)
            else:
                step = trial.cell_percent / 100.0 * (size or 1.0)
            flat[list(group)] += sign * step
        values[name] = flat.reshape(value.shape)
    return values


def reach_of(start: RunConfig, trial: Trial) -> dict[str, float]:
    """Return how far inputs may go from the start, as `Refinement` takes it."""
    pixel_m = float(start.detector.pixel_size_m)
    return {
        **dict.fromkeys(RELATIVE, REACH * trial.cell_percent / 100.0),
        **dict.fromkeys(TURNS, REACH * rad_of_deg(trial.misset_deg)),
        **dict.fromkeys(CENTRES, REACH * trial.centre_pixels * pixel_m),
    }


def _refined(question: FitTask, trial: Trial) -> Refined:
    """Return the outcome, with a bar on standard error meanwhile."""
    error = trial.cell_percent / 100.0 + rad_of_deg(trial.misset_deg) / 3.0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        reach = reach_of(question.start, trial)
        refinement = Refinement(question.start, question.free, question.observed, error, trial.method, reach)
        names = [plan.name for plan in refinement.plans()]
        task = progress.add_task("refining", total=len(names), state="")

        def watch(step: FitStep) -> None:
            state = f"image {step.evaluation}, mean square residual {step.chi_square:.4g}"
            progress.update(task, description=step.stage, completed=names.index(step.stage), state=state)

        refinement.watch = watch
        return refinement.run()
