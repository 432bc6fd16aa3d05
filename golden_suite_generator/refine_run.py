"""The work of nb-refine: the image of a run with noise, the refinement, its files and its table."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from golden_suite_generator.refine import PICTURE, RESULT, Asked
from harness.errors import UsageError
from harness.files import write_whole
from harness.refine import Outcome, Refinement, expected_photons, true_numbers
from harness.refine_data import OVERLOAD, Array, Observed, usable_pixels
from harness.refine_fit import Step
from harness.refine_plot import draw_refinement
from harness.refine_report import Row, result_of, rows_of, table_of, verdict_of
from harness.verdict import Word
from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.experiment import with_cell
from simulator.noise import noise_image
from simulator.parameters import with_numbers
from simulator.units import rad_of_deg
from system_io.shown import json_text

EXPLAINED = 0.9
HINT = (
    "the refined run explains little of the image: start closer, check the command line, or say with"
    " --start-cell and --start-misset how far off it may be"
)


@dataclass(frozen=True)
class Question:
    """A start, what was observed, and the true values of variables where they are known."""

    start: RunConfig
    free: tuple[str, ...]
    observed: Observed
    truth: Mapping[str, float]


@dataclass(frozen=True)
class Answer:
    """What a refinement found: the outcome, a row for each variable, and the content of the result file."""

    outcome: Outcome
    rows: Sequence[Row]
    result: Mapping[str, Any]

    @property
    def exit_status(self) -> int:
        """1 where a variable is beyond its bound, else 0."""
        return 1 if verdict_of(self.rows) is Word.FAIL else 0


def refine(asked: Asked, options: argparse.Namespace, command: Sequence[str], folder: Path) -> Answer:
    """Refine a run, write its files into a folder and return what was found.

    Raises: HarnessError for a run that the simulator refuses, an empty image, or nothing that can be fitted.
    """
    question = _question(asked, options)
    outcome = _refined(question, options)
    rows = rows_of(outcome, question.truth)
    before, after = (expected_photons(config, question.observed) for config in (outcome.start, outcome.found))
    correlations = [_correlation(question.observed, image) for image in (before, after)]
    facts = {
        "command": command, "method": options.method, "seed": options.seed, "correlation": correlations,
    }  # fmt: skip
    result = result_of(outcome, rows, facts)
    write_whole(folder / RESULT, json_text(result))
    draw_refinement(folder / PICTURE, question.observed, (before, after), outcome, question.truth)
    return Answer(outcome, rows, result)


def _question(asked: Asked, options: argparse.Namespace) -> Question:
    """Return the question with a cell whose lengths may change, and with an image.

    Raises: UsageError for a run that the simulator refuses, no such input in it, or an empty image.
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
        return Question(config, asked.free, asked.observed, {})
    return synthetic(config, asked.free, options)


def synthetic(config: RunConfig, free: Sequence[str], options: argparse.Namespace) -> Question:
    """Return the noisy image of a run, and a start away from its values."""
    with Console(stderr=True).status("making the image"), torch.no_grad():
        exact = replace(config, compute=replace(config.compute, precision="float64"))
        image = simulate(exact).cpu().numpy().astype(np.float64)
        if not image.max() > 0.0:
            raise UsageError("the image of the command line is empty; check geometry and structure factors")
        scale = options.photons / float(image.max())
        fluence = config.beam.fluence_photons_per_m2 * scale
        if options.photons > float(np.finfo(np.float32).max) or not 0.0 < fluence < np.inf:
            raise UsageError(
                f"--photons {options.photons:g}: image or fluence cannot hold it; give a number near 20000"
            )
        bright = replace(
            config,
            beam=replace(config.beam, fluence_photons_per_m2=fluence),
            output=replace(config.output, noise_seed=-1 - options.seed),
        )
        noisy = noise_image((image * scale + options.background).astype(np.float32), bright)
    usable = usable_pixels(bright) & (noisy.counts < OVERLOAD)
    observed = Observed.of(noisy.counts.astype(np.float64) - bright.output.adc, usable)
    true = Experiment(bright, free)
    start = with_numbers(bright, moved(true, options))
    return Question(start, tuple(free), observed, true_numbers(true))


def moved(experiment: Experiment, options: argparse.Namespace) -> dict[str, torch.Tensor]:
    """Return the values of an experiment with every variable moved up or down, by the full amount."""
    draw = np.random.default_rng(options.seed)
    pixel_m = float(experiment.config().detector.pixel_size_m)
    values = {}
    for name, groups, value in experiment.variables():
        flat = value.flatten().clone()
        for group in groups:
            sign = float(draw.choice([-1.0, 1.0]))
            size = abs(float(flat[group[0]]))
            if name in ("Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m"):
                step = options.start_centre * pixel_m
            elif name.endswith("_rad"):
                step = rad_of_deg(options.start_misset)
            else:
                step = options.start_cell / 100.0 * (size or 1.0)
            flat[list(group)] += sign * step
        values[name] = flat.reshape(value.shape)
    return values


def _refined(question: Question, options: argparse.Namespace) -> Outcome:
    """Return the outcome, with a bar on standard error meanwhile."""
    error = options.start_cell / 100.0 + rad_of_deg(options.start_misset) / 3.0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        refinement = Refinement(question.start, question.free, question.observed, error, options.method)
        names = [plan.name for plan in refinement.plans()]
        task = progress.add_task("refining", total=len(names), state="")

        def watch(step: Step) -> None:
            state = f"image {step.evaluation}, mean square residual {step.chi_square:.4g}"
            progress.update(task, description=step.stage, completed=names.index(step.stage), state=state)

        refinement.watch = watch
        return refinement.run()


def tell(answer: Answer, target: Path) -> None:
    """Print the table and what to do next."""
    outcome, rows, result = answer.outcome, answer.rows, answer.result
    console = Console()
    word = verdict_of(rows).value if any(row.truth is not None for row in rows) else "refined"
    console.print(table_of(rows, f"{word}: {result['method']}, seed {result['seed']}"))
    before, after = result["correlation"]
    lines = [
        f"correlation with the image {before:.4f} at the start, {after:.4f} refined",
        f"mean square residual {outcome.chi_square:.4g} of {outcome.pixels} pixels;"
        f" {outcome.evaluations} images computed",
        f"refined options: {' '.join(result['options'])}",
        f"files in {target}",
    ]
    if after < EXPLAINED:
        lines.insert(0, HINT)
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)


def _correlation(observed: Observed, image: Array) -> float:
    """Return the correlation of measured and modelled photons above the background."""
    measured, modelled = ((part - observed.background)[observed.usable] for part in (observed.photons, image))
    found = float(np.corrcoef(measured, modelled)[0, 1])
    return found if math.isfinite(found) else 0.0
