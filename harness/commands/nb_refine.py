"""The command nb-refine: finds cell, orientation and geometry of a run from an image, by its gradients."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.files import default_target, filled_folder, require_fresh
from harness.option_types import split_arguments
from harness.programs.run_config import resolved
from harness.refinement.data import read_image, require_enough, usable_pixels
from harness.refinement.request import METHOD_NAMES, PICTURE, RESULT, Request, Trial, selections
from harness.suite.crystal_data import require_data
from system_io.children import temporary_folder
from system_io.command import uninterrupted

NAME = "nb-refine"
USUAL = Trial()
BUILT_IN = (
    "-lambda 0.9768 -distance 231.27 -pixel 0.172 -detpixels 1024 -N 20 -osc 0.2 -phisteps 5 -oversample 2"
    " -nointerpolate"
)
"""The default command line, on A.mat and scaled.hkl."""
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
components as cell[a=b,c]. The brightness of the image and its background are free in any case.

--start-cell, --start-misset and --start-centre say how far off the start may be; no variable goes farther
than four times that.

Bounds: cell lengths and distance 1e-4 of themselves, angles 1e-3 degree, beam centre 0.01 pixel, all else 5
standard deviations.

"refined options" are to be added to the command line; the run is then the refined one.

verdict and exit status:
  PASS            0  every variable within its bound of the truth
  REFINED         0  no truth known; the refined run explains the image
  FAIL            1  a variable beyond its bound
  NOT COMPARABLE  2  the refined run does not explain the image, variables cannot be told apart by it, or
                     one ended as far from the start as it may go
  ERROR           3  wrong usage, nothing to fit

files: {RESULT}, {PICTURE}
"""

EXAMPLES = (
    "nb-refine --seed 2",
    "nb-refine --data DIR --free cell,misset",
    "nb-refine --image image.img -- -mat A.mat -hkl scaled.hkl -lambda 0.9768 -distance 231.27 -pixel 0.172",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-refine and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
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
    add("--method", choices=METHOD_NAMES, default=USUAL.method, help="optimiser; default gauss-newton")
    add("--seed", type=_seed, default=USUAL.seed, metavar="N", help="of noise and start; default 1")
    add("--start-cell", type=_above_zero, default=USUAL.cell_percent, metavar="PERCENT",
        help="how far the start is off in lengths and distance; default 0.5")  # fmt: skip
    add(
        "--start-misset",
        type=_above_zero,
        default=USUAL.misset_deg,
        metavar="DEG",
        help="in each angle; default 0.2",
    )
    add(
        "--start-centre",
        type=_above_zero,
        default=USUAL.centre_pixels,
        metavar="PIXELS",
        help="along each axis; default 2",
    )
    add(
        "--photons",
        type=_above_zero,
        default=USUAL.photons,
        metavar="N",
        help="in the brightest pixel; default 20000",
    )
    add(
        "--background",
        type=_above_zero,
        default=USUAL.background,
        metavar="N",
        help="photons in every pixel; default 1",
    )
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-refine-TIME")
    add("--json", action="store_true", help=f"write {RESULT} to standard output, nothing else")
    parser.add_verbosity()
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
    options = make_parser().parse_args(own)
    target = default_target(NAME, options.outdir or None)
    require_fresh(target)
    if options.image is not None and not given:
        raise UsageError(
            f"--image without a command line to start from: write it behind --; see {NAME} --help"
        )
    require_data(options.data)
    with _run_words(options.data, given or []) as complete:
        asked = _asked(options, complete)
        with filled_folder(target) as partial:
            with uninterrupted():
                from harness.refinement.run import refine
                from harness.refinement.show import tell
                from simulator.start_up.allocator import keep_freed

                keep_freed()
            answer = refine(asked, [NAME, *argv], partial)
    tell(answer, target.path, options.verbosity, as_json=options.json)
    return answer.judgement.exit_status


def _asked(options: argparse.Namespace, words: Sequence[str]) -> Request:
    """Return the question of a complete command line."""
    config = resolved(("-nonoise", "-nopgm", *words), Path.cwd())
    if config.compute.epsilon > 0.0:
        raise UsageError(
            f"--epsilon {config.compute.epsilon:g}: differences of images need every evaluation; leave it out"
        )
    free = selections(options.free, config)
    observed = None if options.image is None else read_image(options.image, config)
    if observed is None:
        require_enough(usable_pixels(config))
    trial = Trial(
        options.method, options.seed, options.start_cell, options.start_misset, options.start_centre,
        options.photons, options.background,
    )  # fmt: skip
    return Request(config, free, observed, tuple(words), trial)


@contextmanager
def _run_words(data: Path | None, words: Sequence[str]) -> Iterator[list[str]]:
    """Give the command line, with the files of the crystal where it has none of its own."""
    if words and data is None:
        yield [*words]
        return
    with temporary_folder("nb-refine") as scratch:
        folder = data or Path(scratch)
        if data is None:
            write_lysozyme_like(folder)
        files = ["-mat", str(folder.absolute() / "A.mat"), "-hkl", str(folder.absolute() / "scaled.hkl")]
        yield [*(words or BUILT_IN.split()), *files]


if __name__ == "__main__":
    sys.exit(main())
