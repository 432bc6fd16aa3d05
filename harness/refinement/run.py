"""The work of nb-refine: the image of a run with noise, the refinement, its files and its table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from harness.errors import UsageError
from harness.files import write_whole
from harness.refinement.asked import PICTURE, RESULT, Asked
from harness.refinement.certainty import told_apart
from harness.refinement.data import OVERLOAD, Observed, usable_pixels
from harness.refinement.fit import SCALE, Step
from harness.refinement.judge import Judgement, fit_of, judge
from harness.refinement.options import replayed
from harness.refinement.plot import draw_refinement
from harness.refinement.refine import RELATIVE, Outcome, Refinement, expected_photons, true_numbers
from harness.refinement.report import Row, result_of, rows_of, table_of
from harness.shown import Shown, show
from harness.wide import wide_console
from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.experiment import with_cell
from simulator.fit.parameters import with_numbers
from simulator.output.noise import noise_image
from simulator.units import rad_of_deg
from system_io.parser import QUIET
from system_io.shown import json_text

REACH = 4.0
"""How far a variable may go from its start, in parts of what is stated for that."""
CENTRES = frozenset({"Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m"})
TURNS = frozenset({"cell_angles_rad", "misset_rad", "phi_first_rad", "detector_rot_rad", "twotheta_rad"})


@dataclass(frozen=True)
class Question:
    """A start, what was observed, the true values of variables where they are known, the command line."""

    start: RunConfig
    free: tuple[str, ...]
    observed: Observed
    truth: Mapping[str, float]
    words: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """What a refinement found: the outcome, a row for each variable, the verdict, the content of the file."""

    outcome: Outcome
    rows: Sequence[Row]
    judgement: Judgement
    result: Mapping[str, Any]


def refine(asked: Asked, options: argparse.Namespace, command: Sequence[str], folder: Path) -> Answer:
    """Refine a run, write its files into a folder and return what was found.

    Raises: HarnessError for a run that the simulator refuses, an empty image, or nothing that can be fitted.
    """
    question = _question(asked, options)
    outcome = _refined(question, options)
    rows = rows_of(outcome, question.truth)
    observed = question.observed
    before = expected_photons(outcome.start, observed, observed.background)
    after = expected_photons(outcome.found, observed, outcome.background)
    fit = fit_of(observed, (before, after), outcome.background, outcome.chi_square)
    shown = ["brightness" if label == SCALE else label for label in outcome.labels]
    unseen = [group for group in outcome.certainty.unseen if not all(rows[n].at_bound for n in group)]
    judgement = judge(rows, fit, told_apart(unseen, shown))
    words, missing = replayed(question.words, outcome.found, outcome.names)
    facts = {
        "verdict": judgement.word, "reasons": judgement.reasons, "remarks": judgement.remarks,
        "command": command, "method": options.method, "seed": options.seed, "correlation": fit.correlations,
        "unexplained": fit.unexplained, "options": words, "without_option": missing,
    }  # fmt: skip
    result = result_of(outcome, rows, facts)
    write_whole(folder / RESULT, json_text(result))
    draw_refinement(folder / PICTURE, observed, (before, after), outcome, question.truth)
    return Answer(outcome, rows, judgement, result)


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
        return Question(config, asked.free, asked.observed, {}, asked.words)
    return synthetic(config, asked.free, options, asked.words)


def synthetic(
    config: RunConfig, free: Sequence[str], options: argparse.Namespace, words: Sequence[str] = ()
) -> Question:
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
    return Question(start, tuple(free), observed, true_numbers(true), words)


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
            if name in CENTRES:
                step = options.start_centre * pixel_m
            elif name.endswith("_rad"):
                step = rad_of_deg(options.start_misset)
            else:
                step = options.start_cell / 100.0 * (size or 1.0)
            flat[list(group)] += sign * step
        values[name] = flat.reshape(value.shape)
    return values


def reach_of(start: RunConfig, options: argparse.Namespace) -> dict[str, float]:
    """Return how far inputs may go from the start, as `Refinement` takes it."""
    pixel_m = float(start.detector.pixel_size_m)
    return {
        **dict.fromkeys(RELATIVE, REACH * options.start_cell / 100.0),
        **dict.fromkeys(TURNS, REACH * rad_of_deg(options.start_misset)),
        **dict.fromkeys(CENTRES, REACH * options.start_centre * pixel_m),
    }


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
        reach = reach_of(question.start, options)
        refinement = Refinement(
            question.start, question.free, question.observed, error, options.method, reach
        )
        names = [plan.name for plan in refinement.plans()]
        task = progress.add_task("refining", total=len(names), state="")

        def watch(step: Step) -> None:
            state = f"image {step.evaluation}, mean square residual {step.chi_square:.4g}"
            progress.update(task, description=step.stage, completed=names.index(step.stage), state=state)

        refinement.watch = watch
        return refinement.run()


def tell(answer: Answer, target: Path, options: argparse.Namespace) -> None:
    """Print the table and what to do next; with --json the result and nothing else."""
    if options.json:
        sys.stdout.write((target / RESULT).read_text(encoding="utf-8"))
        return
    if options.verbosity != QUIET:
        _print_answer(answer)
    lines = [*answer.judgement.reasons, *answer.judgement.remarks]
    show(Shown("nb-refine", answer.judgement.word, "; ".join(lines), (), (), str(target)), options.verbosity)


def _print_answer(answer: Answer) -> None:
    outcome, result = answer.outcome, answer.result
    table = table_of(answer.rows, f"{answer.judgement.word}: {result['method']}, seed {result['seed']}")
    console = wide_console(table)
    console.print(table)
    before, after = result["correlation"]
    lines = [
        f"correlation with the image {before:.4f} at the start, {after:.4f} refined",
        f"mean square residual {outcome.chi_square:.4g} of {outcome.pixels} pixels;"
        f" {outcome.evaluations} images computed",
        f"refined options: {' '.join(result['options'])}",
    ]
    if result["without_option"]:
        lines.append(f"no option sets {', '.join(result['without_option'])}: see {RESULT}")
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
