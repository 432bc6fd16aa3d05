"""The command nbp science: data sets simulated, integrated, merged, and held to their truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from system_io.children import temporary_folder
from system_io.parser import QUIET
from system_io.shown import json_text, printable

if TYPE_CHECKING:
    from harness.science.science_gate import ScienceSettings

NAME = "nbp science"
DESCRIPTION = "Merge simulated data sets and compare with the structure factors that they were made of."
EPILOG = """\
A rotation series and stills in random orientations are simulated without noise, the photons of each predicted
reflection are summed, corrected and merged: full reflections of the rotation, stills by their partialities.
Held to F^2 are the intensities, CC(I), and the differences of Friedel mates, CC(anomalous). The plain mean of
all stills (Monte Carlo) is stated, without a bound. The built-in crystal has mates that differ by 10 % rms.
docs/recording.md tells how.

exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE (mates that do not differ), 3 ERROR
"""
EXAMPLES = (
    "nbp science",
    "nbp science --resolution 8 --stills 100",
    "nbp science --hkl my.hkl --cell 60 70 80 90 90 90 --point-group 222 --json",
)
BUILT_IN_CELL = (79.1, 79.1, 37.9, 90.0, 90.0, 90.0)
GROUPS = ("1", "2", "222", "4", "422", "3", "32", "6", "622", "23", "432")
BUILT_IN_SEED = 1
BEYOND_EDGE = 0.8
"""Of the resolution at the edge of the detector, up to which the built-in list goes: its corners see more."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of nbp science."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.add_argument(
        "--hkl", type=Path, metavar="FILE", help="lines h k l F; needs --cell and --point-group"
    )
    parser.add_argument(
        "--cell", type=float, nargs=6, metavar="X", help="lengths in Angstrom, angles in degrees, of --hkl"
    )
    parser.add_argument("--point-group", choices=GROUPS, help="of the crystal of --hkl")
    for flag, kind, default, unit, text in (
        ("--resolution", float, 4.0, "A", "to which the detector reaches, Angstrom"),
        ("--rotation", float, 90.0, "DEG", "range of the series"),
        ("--images", int, 90, "N", "of the series"),
        ("--stills", int, 200, "N", "random orientations"),
        ("--seed", int, 1, "N", "of the orientations"),
        ("--mosaic", float, 0.1, "DEG", "spread of the mosaic domains"),
        ("--domains", int, 4, "N", "mosaic domains"),
    ):
        parser.add_argument(
            flag, type=kind, default=default, metavar=unit, help=f"{text}; default {default:g}"
        )
    parser.add_argument("--json", action="store_true", help="write JSON to standard output, nothing else")
    parser.add_verbosity()
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    _require_sound(options)
    settings = _settings(options)
    settings.command(Path())  # refused before anything is made
    with _reflections(options) as hkl:
        words = settings.command(hkl)
        return _judge(options, settings, words)


def _require_sound(options: argparse.Namespace) -> None:
    """Raise UsageError for values that cannot be meant."""
    own = {"--hkl": options.hkl, "--cell": options.cell, "--point-group": options.point_group}
    missing = [name for name, value in own.items() if value is None]
    if 0 < len(missing) < len(own):
        raise UsageError(
            f"a crystal of your own needs --hkl, --cell and --point-group; add {', '.join(missing)}"
        )
    for name, least, most in (
        ("rotation", 1.0, 360.0), ("images", 3, 100_000), ("stills", 1, 100_000), ("seed", 0, 2**63),
        ("mosaic", 0.0, 10.0), ("domains", 1, 1000), ("resolution", 0.0, 1000.0),
    ):  # fmt: skip
        value = getattr(options, name)
        if not least <= value <= most:
            raise UsageError(f"--{name} {value:g}: must be from {least:g} to {most:g}; give such a number")


def _settings(options: argparse.Namespace) -> ScienceSettings:
    from harness.science.science_gate import ScienceSettings

    return ScienceSettings(
        cell=BUILT_IN_CELL if options.cell is None else tuple(options.cell),
        point_group=options.point_group or "422",
        resolution_A=options.resolution,
        rotation_deg=options.rotation,
        images=options.images,
        stills=options.stills,
        seed=options.seed,
        mosaic_deg=options.mosaic,
        domains=options.domains,
    )


@contextmanager
def _reflections(options: argparse.Namespace) -> Iterator[Path]:
    """Yield the reflection list; that of the built-in crystal lasts as long as this."""
    if options.hkl is not None:
        yield options.hkl
        return
    from harness.science.anomalous_crystal import built_in_reflections

    with temporary_folder("nbp-science") as folder:
        path = Path(folder, "anomalous.hkl")
        path.write_text(built_in_reflections(BEYOND_EDGE * options.resolution, BUILT_IN_SEED))
        yield path


def _judge(options: argparse.Namespace, settings: ScienceSettings, words: Sequence[str]) -> int:
    from harness.science.science_gate import science_agreements, science_summary, science_verdict
    from harness.shown import Shown, ShownRow, criterion_row, show
    from simulator.config import RunConfig

    def say(text: str) -> None:
        if options.verbosity > QUIET:
            sys.stderr.write(f"{printable(text)}\n")

    config = RunConfig.from_args(words)
    found = science_agreements(config, settings, config.structure_factors, say)
    verdict = science_verdict(found)
    summary = science_summary(settings, words, found, verdict)
    if options.json:
        sys.stdout.write(json_text(summary))
        return verdict.exit_status
    counts = [
        ShownRow(
            name, f"{one.reflections} reflections, {one.pairs} pairs of mates, {one.measurements} measured"
        )
        for name, one in found.items()
    ]
    rows = [*counts, *map(criterion_row, summary["criteria"])]
    show(
        Shown(NAME, verdict.word.value, "; ".join(verdict.reasons), rows, most_rows=len(rows)),
        options.verbosity,
    )
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main())
