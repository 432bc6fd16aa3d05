"""The options of nb-gradients."""

from __future__ import annotations

import argparse

from harness.kept.options import add_no_cache
from harness.option_types import positive_seconds
from harness.programs.programs import MODES
from harness.time_limits import GRADIENT_RUN_S
from system_io.parser import CommandParser

NAME = "nb-gradients"
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

Results of the first program are kept in the folder that NB_CACHE names (else the user's cache folder) by all
that they depend on, and serve again where nothing of that has changed; a note says how many did.
--no-cache runs it anew; nbp cache shows and empties the folder.

files: gradients.json, commands.txt, env.json, sha256.txt. `nb-report verify DIR` judges the stored runs
again, `nb-report replay DIR` makes them again, `nb-report html DIR` shows them.
"""

EXAMPLES = (
    "nb-gradients -- -cell 79 79 38 90 90 90 -default_F 100 -lambda 1 -distance 100 -detpixels 512",
    "nb-gradients --params cell.a,distance -- -cell 79 79 38 90 90 90 -default_F 100 -detpixels 512",
)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.usage = f"{NAME} [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add("--params", metavar="A,B", help="only these; every one of them must be compared")
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-gradients-TIME")
    add("--parity-mode", choices=MODES, help="default c-parity; a program of yours is not probed then")
    add(
        "--match-quirks", action=argparse.BooleanOptionalAction, default=True,
        help="probe a program given by path, and run the simulator with just its quirks (default)",
    )  # fmt: skip
    add("--c-bin", metavar="P", help="first program; default NB_C_BIN, else the C reference")
    add("--pixels", type=_count, default=DEFAULT_PIXELS, metavar="N", help="of the objective; default 24")
    add("--seed", type=_count, default=DEFAULT_SEED, metavar="N", help="of its choice; default 1")
    add_no_cache(parser)
    add("--timeout", type=positive_seconds, default=GRADIENT_RUN_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write gradients.json to standard output, nothing else")
    parser.add_verbosity()
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)
