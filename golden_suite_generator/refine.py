"""The command nb-refine: finds cell, orientation and geometry of a run from an image, by its gradients."""

from __future__ import annotations

import argparse
import math
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from golden_suite_generator.inputs import CRYSTAL_FILES, write_lysozyme_like
from harness.cli import CommandParser, run_command, split_arguments
from harness.errors import UsageError
from harness.files import json_text, partial_folder, publish, require_fresh, write_whole
from harness.gradient_config import resolved
from harness.refine import Outcome, Refinement, expected_photons, true_numbers
from harness.refine_data import OVERLOAD, Array, Observed, read_image, usable_pixels
from harness.refine_fit import METHODS, Step
from harness.refine_plot import draw_refinement
from harness.refine_report import Row, result_of, rows_of, table_of, verdict_of
from harness.verdict import Word
from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.experiment import with_cell
from simulator.noise import noise_image
from simulator.parameters import with_numbers
from simulator.units import rad_of_deg

NAME = "nb-refine"
BUILT_IN = (
    "-lambda 0.9768 -distance 231.27 -pixel 0.172 -detpixels 1024 -N 20 -osc 0.2 -phisteps 5 -oversample 2"
    " -nointerpolate"
)
"""The default command line, on A.mat and scaled.hkl."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "cell": ("cell_lengths_A",),
    "angles": ("cell_angles_rad",),
    "misset": ("misset_rad",),
    "distance": ("distance_m",),
    "centre": ("Fbeam_m", "Sbeam_m"),
}
EXPLAINED = 0.9
HINT = (
    "the refined run explains little of the image: start closer, check the command line, or say with"
    " --start-cell and --start-misset how far off it may be"
)
RESULT, PICTURE = "refine.json", "refine.png"
DESCRIPTION = "Find cell, missetting, distance and beam centre of a run from an image."
EPILOG = f"""\
Without --image the image is the run's own: simulated, with the simulator's photon noise. The refinement then
starts from values that were moved away from the truth, and has to find it:

  nb-refine                           on the built-in crystal
  nb-refine --data DIR                on A.mat and scaled.hkl of DIR, same camera
  nb-refine -- NANOBRAGG-ARGS         on any run that has -cell or -mat

  nb-refine --image FILE -- NANOBRAGG-ARGS

starts from the values of the command line and refines them against FILE: an SMV image (less -adc), or floats.

--free names what is free: cell, angles, misset, distance, centre, or inputs of simulator.Experiment; some
components as cell[a=b,c]. The brightness of the image is free in any case, its background is estimated.

Bounds: cell lengths and distance 1e-4 of themselves, angles 1e-3 degree, beam centre 0.01 pixel, all else 5
standard deviations.

exit status: 0 found, or no truth known; 1 a variable beyond its bound; 3 wrong usage, nothing to fit

files: {RESULT}, {PICTURE}
"""


@dataclass(frozen=True)
class Question:
    """A start, what was observed, and the true values of variables where they are known."""

    start: RunConfig
    free: tuple[str, ...]
    observed: Observed
    truth: Mapping[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-refine and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG)
    parser.usage = f"{NAME} [options] [-- NANOBRAGG-ARGS]"
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--image", type=Path, metavar="FILE", help="refine the command line against this image")
    add(
        "--free",
        default="cell,misset,distance,centre",
        metavar="A,B",
        help="default cell,misset,distance,centre",
    )
    add("--method", choices=METHODS, default="gauss-newton", help="optimiser; default gauss-newton")
    add("--seed", type=_seed, default=1, metavar="N", help="of noise and start; default 1")
    add("--start-cell", type=_above_zero, default=0.5, metavar="PERCENT",
        help="how far the start is off in lengths and distance; default 0.5")  # fmt: skip
    add("--start-misset", type=_above_zero, default=0.2, metavar="DEG", help="in each angle; default 0.2")
    add("--start-centre", type=_above_zero, default=2.0, metavar="PIXELS", help="along each axis; default 2")
    add(
        "--photons",
        type=_above_zero,
        default=20000.0,
        metavar="N",
        help="in the brightest pixel; default 20000",
    )
    add("--background", type=_above_zero, default=1.0, metavar="N", help="photons in every pixel; default 1")
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-refine-TIME")
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number, 0 or above")
    return int(text)


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def _command(argv: Sequence[str]) -> int:
    own, given = split_arguments(argv)
    words = given or []
    options = make_parser().parse_args(own)
    target = Path(options.outdir or time.strftime(f"{NAME}-%Y%m%dT%H%M%SZ", time.gmtime())).absolute()
    require_fresh(target)
    question = _asked(options, words)
    outcome = _refined(question, options)
    rows = rows_of(outcome, question.truth)
    before, after = (expected_photons(config, question.observed) for config in (outcome.start, outcome.found))
    correlations = [_correlation(question.observed, image) for image in (before, after)]
    facts = {
        "command": [NAME, *argv], "method": options.method, "seed": options.seed, "correlation": correlations,
    }  # fmt: skip
    partial = partial_folder(target)
    try:
        result = result_of(outcome, rows, facts)
        write_whole(partial / RESULT, json_text(result))
        draw_refinement(partial / PICTURE, question.observed, (before, after), outcome, question.truth)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    publish(partial, target)
    _tell(outcome, rows, result, str(target))
    return 1 if verdict_of(rows) is Word.FAIL else 0


def _tell(outcome: Outcome, rows: Sequence[Row], result: Mapping[str, Any], target: str) -> None:
    """Print the table and what to do next."""
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


def _asked(options: argparse.Namespace, words: Sequence[str]) -> Question:
    """Return the question of a command line."""
    if options.image is not None and not words:
        raise UsageError(
            f"--image without a command line to start from: write it behind --; see {NAME} --help"
        )
    with _run_words(options.data, words) as complete:
        config = with_cell_checked(complete)
    free = selections(options.free, config)
    if options.image is not None:
        return Question(config, free, read_image(options.image, config), {})
    return synthetic(config, free, options)


@contextmanager
def _run_words(data: Path | None, words: Sequence[str]) -> Iterator[list[str]]:
    """Give the command line, with the files of the crystal where it has none of its own."""
    if data is not None:
        missing = [name for name in CRYSTAL_FILES if not (data / name).is_file()]
        if missing:
            raise UsageError(
                f"--data '{data}': holds no {' and no '.join(missing)}; name the folder that does"
            )
    if words and data is None:
        yield [*words]
        return
    with tempfile.TemporaryDirectory(prefix="nb-refine-") as scratch:
        folder = data or Path(scratch)
        if data is None:
            write_lysozyme_like(folder)
        files = ["-mat", str(folder.absolute() / "A.mat"), "-hkl", str(folder.absolute() / "scaled.hkl")]
        yield [*(words or BUILT_IN.split()), *files]


def with_cell_checked(words: Sequence[str]) -> RunConfig:
    """Return the run of a command line, with a cell whose lengths may change.

    Raises: UsageError for a command line that the simulator refuses, or no image.
    """
    try:
        return with_cell(resolved(("-nonoise", "-nopgm", *words), Path.cwd()))
    except InputError as error:
        raise UsageError(str(error)) from error


def selections(text: str, config: RunConfig) -> tuple[str, ...]:
    """Return the selections of --free as `Experiment` takes them.

    Raises: UsageError for one that the run has not.
    """
    if text.count("[") != text.count("]"):
        raise UsageError(f"--free '{text}': a bracket has no partner; write NAME[a=b,c]")
    words = [word.strip() for word in re.findall(r"(?:[^,\[\]]|\[[^\]]*\])+", text)]
    detector, found = config.detector, []
    for word in words:
        name, bracket, inside = word.partition("[")
        inputs = GROUPS.get(name, (name,))
        if name == "distance" and not math.isnan(detector.close_distance_m):
            inputs = ("close_distance_m",)
        if name == "centre" and detector.pivot == "SAMPLE":
            inputs = ("Fclose_m", "Sclose_m")
        found += [f"{one}{bracket}{inside}" for one in inputs]
    try:
        Experiment(config, found)
    except InputError as error:
        raise UsageError(f"--free: {error}") from error
    return tuple(found)


def synthetic(config: RunConfig, free: Sequence[str], options: argparse.Namespace) -> Question:
    """Return the noisy image of a run, and a start away from its values."""
    with Console(stderr=True).status("making the image"), torch.no_grad():
        exact = replace(config, compute=replace(config.compute, precision="float64"))
        image = simulate(exact).cpu().numpy().astype(np.float64)
        if not image.max() > 0.0:
            raise UsageError("the image of the command line is empty; check geometry and structure factors")
        scale = options.photons / float(image.max())
        fluence = config.beam.fluence_photons_per_m2 * scale
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


if __name__ == "__main__":
    sys.exit(main())
