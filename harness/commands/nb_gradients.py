"""The command nb-gradients: autograd of the simulator against differences of another program."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.common import CommandParser, positive_seconds, run_command, split_arguments
from harness.errors import UsageError
from harness.files import default_target, filled_folder, require_fresh
from harness.programs.programs import MODES, first_program
from system_io.command import uninterrupted
from system_io.parser import QUIET

if TYPE_CHECKING:
    from harness.gradients.rows import Report

NAME = "nb-gradients"
DEFAULT_TIMEOUT_S = 600.0
DEFAULT_PIXELS, DEFAULT_SEED = 24, 1
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

files: gradients.json, commands.txt, env.json, sha256.txt. `nb-report verify DIR` judges the stored runs
again, `nb-report replay DIR` makes them again, `nb-report html DIR` shows them.
"""

EXAMPLES = (
    "nb-gradients -- -cell 79 79 38 90 90 90 -default_F 100 -lambda 1 -distance 100 -detpixels 512",
    "nb-gradients --params cell.a,distance -- -cell 79 79 38 90 90 90 -default_F 100 -detpixels 512",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-gradients and return its exit status."""
    return run_command(NAME, _gradients_command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.usage = f"{NAME} [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add("--params", metavar="A,B", help="only these; every one of them must be compared")
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-gradients-TIME")
    add("--parity-mode", choices=MODES, default=MODES[0], help="default c-parity")
    add("--c-bin", metavar="P", help="first program; default NB_C_BIN, else the C reference")
    add("--pixels", type=_count, default=DEFAULT_PIXELS, metavar="N", help="of the objective; default 24")
    add("--seed", type=_count, default=DEFAULT_SEED, metavar="N", help="of its choice; default 1")
    add("--timeout", type=positive_seconds, default=DEFAULT_TIMEOUT_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write gradients.json to standard output, nothing else")
    parser.add_verbosity()
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
    target = default_target(NAME, options.outdir)
    require_fresh(target)
    from harness.gradients.table import differenced_arguments, names_of

    params = names_of(options.params)
    program = first_program(options.c_bin, os.environ)
    differenced_arguments(program, args, Path.cwd())
    with uninterrupted():
        from harness.gradients.job import GradientJob, run_gradients
        from harness.gradients.report import write_gradients
        from harness.programs.environment import described
        from simulator.start_up.allocator import keep_freed

        keep_freed()
    job = GradientJob(
        program, tuple(args), Path.cwd(), options.parity_mode, params, options.pixels, options.seed,
        options.timeout,
    )  # fmt: skip
    report = run_gradients(job)
    with filled_folder(target) as partial:
        write_gradients(partial, report, described(os.environ), [NAME, *argv])
    _show(report, str(target), options)
    return report.verdict.exit_status


def _show(report: Report, place: str, options: argparse.Namespace) -> None:
    from harness.gradients.report import gradient_table, shown_gradients
    from harness.shown import show
    from harness.wide import wide_console

    if options.json:
        sys.stdout.write(Path(place, "gradients.json").read_text(encoding="utf-8"))
        return
    if options.verbosity != QUIET:
        table = gradient_table(report)
        wide_console(table).print(table)
    show(shown_gradients(report, place), options.verbosity)


if __name__ == "__main__":
    sys.exit(main())
