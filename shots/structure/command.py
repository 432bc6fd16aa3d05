"""The command `nbp structure`: an -hkl file of reflections or coordinates of other programs."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import InputError
from system_io.command import Command
from system_io.files import require_free_targets, unwritable, write_whole
from system_io.parser import CommandParser
from system_io.shown import json_text, printable

NAME = "nbp structure"
DESCRIPTION = "Make the -hkl file of a run from an MTZ, mmCIF or PDB file."
EPILOG = """\
Reflections: amplitudes are taken as they are, symmetry and Friedel mates are added, and what the file does
not list stays out; anomalous pairs F(+), F(-) stay different. Where there are several columns the error
lists them. An intensity has to be named; F is its root.
Coordinates: F in electrons from form factors, occupancies and B factors, to --dmin, F(000) included, with
f' and f" where --wavelength is given, and a flat bulk solvent where --solvent is given, else without.

exit status: 0 written; 3 ERROR, and nothing is written"""
EXAMPLES = (
    "nbp structure data.mtz -o data.hkl",
    'nbp structure data.mtz --column "F(+)" --dmin 2 -o data.hkl',
    "nbp structure 4abc-sf.cif --block r4abcsf -o data.hkl",
    "nbp structure model.pdb --dmin 1.8 --wavelength 0.9795 --solvent 0.35 46 -o model.hkl",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return Command(NAME, _command)(argv)


def _number(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{word}' is not finite")
    return value


_number.__name__ = "number"


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.add_argument("file", type=Path, metavar="FILE", help="a .mtz, .cif, .mmcif, .pdb or .ent file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.hkl", help="file to write")
    parser.add_argument(
        "--column",
        default="",
        metavar="LABEL",
        help="reflections: LABEL or DATASET/LABEL; default the only one",
    )
    parser.add_argument(
        "--block", default="", metavar="NAME", help="reflections in mmCIF: block; default the only one"
    )
    parser.add_argument(
        "--dmin", type=_number, metavar="A", help="smallest spacing; default all reflections that are listed"
    )
    parser.add_argument(
        "--wavelength",
        type=_number,
        metavar="A",
        help="coordinates: wavelength of f' and f\"; default neither",
    )
    parser.add_argument(
        "--solvent", type=_number, nargs=2, default=(), metavar=("K", "B"),
        help="coordinates: bulk solvent, k_sol in e/A^3 and B_sol in A^2; default none",
    )  # fmt: skip
    parser.add_argument(
        "--method", choices=("direct", "fft"), help="coordinates: sum over atoms, or density; default direct"
    )
    parser.add_argument(
        "--tables",
        default="",
        metavar="NAME",
        help="coordinates: f' and f\" by cromer-liberman (default, gemmi) or chantler (xraydb)",
    )
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")
    return parser


def _command(argv: Sequence[str]) -> int:
    from shots.structure.read_structure import StructureChoice, read_structure

    options = make_parser().parse_args(argv)
    for name in ("dmin", "wavelength"):
        value = getattr(options, name)
        if value is not None and not value > 0.0:
            raise InputError(f"--{name} {value:g}: must be above 0 Angstrom")
    require_free_targets([("-o", options.output)], [("FILE", options.file)])
    refused = unwritable(options.output)
    if refused:
        raise InputError(f"cannot write -o '{printable(str(options.output))}': {refused}; name another file")
    choice = StructureChoice(
        column=options.column,
        block=options.block,
        dmin_A=options.dmin or 0.0,
        wavelength_A=options.wavelength or 0.0,
        solvent=tuple(options.solvent),
        method=options.method or "",
        tables=options.tables,
    )
    table = read_structure(options.file, choice)
    write_whole(options.output, [table.hkl_text()], "-hkl file")
    if options.json:
        facts = {
            "hkl": str(options.output),
            "reflections": len(table.F),
            "cell": table.cell,
            "told": table.told,
        }
        sys.stdout.write(json_text(facts))
        return 0
    words = (*table.cell_words(), "-hkl", str(options.output))
    sys.stdout.write("".join(f"{line}\n" for line in table.told))
    sys.stdout.write(f"words of a run: {printable(shlex.join(words))}\n")
    return 0
