"""The command nb-gradients: autograd of the simulator against differences of another program."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from harness.arguments import PreparedArguments, prepare_arguments
from harness.cli import CommandParser, positive_seconds, run_command
from harness.environment import describe_environment
from harness.errors import HarnessError, ProgramError, UsageError
from harness.files import partial_folder, publish, require_fresh
from harness.gradient_config import DiscreteChangeError, Driven, changes, driven_by, resolved
from harness.gradient_estimate import NO_EFFECT, Judged, best_estimate, judge_slope
from harness.gradient_report import Report, Row, gradient_table, write_report
from harness.gradient_sides import FirstSide, Slope, Value, choose_objective, simulator_slopes
from harness.gradient_table import Place, choose, find_places
from harness.nb_compare import split_arguments
from harness.programs import MODES, first_program, simulator_program
from harness.verdict import Word
from simulator import RunConfig, simulate
from simulator.scene import prepare
from simulator.units import ANGSTROM_PER_M, MM_PER_M

NAME = "nb-gradients"
DEFAULT_TIMEOUT_S = 600.0
DEFAULT_PIXELS, DEFAULT_SEED = 24, 1
WORKERS = 2
DESCRIPTION = "Compare the simulator's gradients with central differences of another nanoBragg program."
EPILOG = """\
Everything behind -- is the nanoBragg command line. Every number in it that the image depends on smoothly is a
parameter (cell.a, misset.x, distance, lambda, Xbeam, ...); distance, wavelength, missetting, beam centre and
polarization are added with their defaults where that changes nothing. --params chooses.

The objective is a weighted sum of pixels around the brightest one of the image; both programs get the same
-roi around them. Exact values of the first program come from its trace (I_pixel_final); of a program without
traces from its float image, whose rounding enters the uncertainty. Estimates are the best entries of Ridders'
tableau of central differences. dI/d(option) of the simulator is autograd's dI/d(parameter) times the change
of the parameters with the option, taken from the resolved command line.

  PASS            |autograd - estimate| <= 1e-5 |estimate|, or within the uncertainty of the estimate
  FAIL            farther apart
  NOT COMPARABLE  uncertainty above 1e-3 of the slope; no effect in either program; the image jumps there,
                  or a decision of the run changes with the option

exit status: 0 all that was compared agrees; 1 a parameter differs; 2 nothing, or one asked for by --params,
was compared; 3 a program failed, wrong usage

files: gradients.json, commands.txt, env.json, sha256.txt
"""
NEUTRAL = {"crystal.has_misset"}


@dataclass(frozen=True)
class Question:
    """What is asked: the command line, the parameters and the programs' settings."""

    first: FirstSide
    config: RunConfig
    places: tuple[Place, ...]
    folder: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-gradients and return its exit status."""
    return run_command(NAME, _gradients_command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG)
    parser.usage = f"{NAME} [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add("--params", metavar="A,B", help="only these; every one of them must be compared")
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-gradients-TIME")
    add("--parity-mode", choices=MODES, default=MODES[0], help="default c-parity")
    add("--c-bin", metavar="P", help="first program; default NB_C_BIN, else the C reference")
    add("--pixels", type=_count, default=DEFAULT_PIXELS, metavar="N", help="of the objective; default 24")
    add("--seed", type=_count, default=DEFAULT_SEED, metavar="N", help="of its choice; default 1")
    add("--timeout", type=positive_seconds, default=DEFAULT_TIMEOUT_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write gradients.json to standard output, no table")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def _gradients_command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    if not args:
        raise UsageError(f"no nanoBragg command line: write it behind --; see {NAME} --help")
    stamp = time.strftime(f"{NAME}-%Y%m%dT%H%M%SZ", time.gmtime())
    target = Path(options.outdir or stamp).absolute()
    require_fresh(target)
    with tempfile.TemporaryDirectory(prefix="nb-gradients-") as scratch:
        report = _answer(options, args, Path(scratch))
    partial = partial_folder(target)
    try:
        write_report(partial, report, describe_environment(os.environ), [NAME, *argv])
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    publish(partial, target)
    if options.json:
        sys.stdout.write((target / "gradients.json").read_text(encoding="utf-8"))
    else:
        Console().print(gradient_table(report, str(target)))
    return report.verdict.exit_status


def _answer(options: argparse.Namespace, args: Sequence[str], folder: Path) -> Report:
    """Return the comparison of all parameters."""
    program = first_program(options.c_bin, os.environ)
    prepared = prepare_arguments(args, Path.cwd())
    _check(program.dialect.quirk_option is not None, prepared)
    for source, name in prepared.copies:
        shutil.copyfile(source, folder / name)
    settings = simulator_program().setting_words(options.parity_mode, "float64")
    words, added = _completed(prepared.words, settings, folder)
    places = choose(find_places(words), options.params)
    if not places:
        raise UsageError("the command line has no number that the image depends on smoothly")
    with Console(stderr=True).status("making the image"):
        config = resolved((*words, *settings), folder)
        image = simulate(config).cpu().numpy().astype(np.float64)
    objective = choose_objective(image, options.pixels, options.seed)
    config = resolved((*words, *settings, *objective.words()), folder)
    first = FirstSide(
        program, program.setting_words(options.parity_mode), replace(prepared, words=tuple(words)),
        objective, options.timeout,
    )  # fmt: skip
    rows, values = compare(Question(first, config, tuple(places), folder), (*settings, *objective.words()))
    return Report(
        tuple(rows), program, options.parity_mode, objective, values, first.command(),
        (*prepared.notes, *added), options.params is not None,
    )  # fmt: skip


def _check(knows_quirks: bool, prepared: PreparedArguments) -> None:
    if prepared.traces:
        raise UsageError("the compared command line cannot trace; leave -trace_pixel and -trace_roi out")
    if prepared.has_quirks and not knows_quirks:
        raise ProgramError("the first program knows no quirks; leave --quirk out")


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


def compare(question: Question, settings: Sequence[str]) -> tuple[list[Row], tuple[float, float]]:
    """Return a row for each parameter, and the objective of the first program and of the simulator."""
    words = (*question.first.arguments.words, *settings)
    driven: dict[str, Driven] = {}
    refused: dict[str, str] = {}
    for place in question.places:
        name = place.component.name
        try:
            driven[name] = driven_by(place, words, question.folder)
        except (DiscreteChangeError, UsageError) as error:
            refused[name] = str(error)
    total, slopes = simulator_slopes(question.config, question.first.objective, driven)
    value = question.first.value(question.first.arguments.words)
    with (
        Progress(console=Console(stderr=True), transient=True) as progress,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        task = progress.add_task("differences", total=len(slopes))

        def row(place: Place) -> Row:
            name = place.component.name
            if name in refused:
                return Row(place, None, None, Judged(Word.NOT_COMPARABLE, refused[name]))
            made = _row(question.first, place, slopes[name], value)
            progress.advance(task)
            return made

        rows = list(pool.map(row, question.places))
    return rows, (value.photons, total)


def _row(first: FirstSide, place: Place, slope: Slope, middle: Value) -> Row:
    """Return the comparison of one parameter."""
    start = place.component.first_step(place.value)
    try:
        estimate = best_estimate(lambda step: first.sample(place, step, middle), start)
    except HarnessError as error:
        return Row(place, slope, None, Judged(Word.NOT_COMPARABLE, str(error)))
    least = NO_EFFECT * abs(middle.photons) / start
    estimate = replace(estimate, uncertainty=estimate.uncertainty + slope.error)
    return Row(place, slope, estimate, judge_slope(slope.value, estimate, least))


if __name__ == "__main__":
    sys.exit(main())
