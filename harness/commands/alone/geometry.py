"""The command nbp geometry: where detector, beam and spindle stand, in the words of other programs."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.option_types import split_arguments
from harness.programs.programs import MODES
from shots.geometry.in_words.table import GEOMETRY_FORMATS, geometry_text
from shots.geometry.panel import Setup
from shots.geometry.panel_words import placing_options, with_panel
from shots.geometry.read_detector import read_detector, require_same_wavelength, setup_with
from shots.geometry.setup_of import setup_of
from shots.panel_images import without_factors
from simulator.config import RunConfig
from system_io.command import Command
from system_io.files import write_whole
from system_io.parser import CommandParser
from system_io.shell import shell_text, shell_words
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

NAME = "nbp geometry"
WORDS = "words"
DESCRIPTION = "Print the geometry of a nanoBragg command line in the words of another program."
EPILOG = f"""\
Everything behind -- is a nanoBragg command line; what it says of the crystal does not matter. With --detector
the panels of a file take the place of its detector, and it may not place one itself.

formats:
{{formats}}
  {WORDS:10s} the nanoBragg command line of each panel, which gives the same image in both parity modes

A format that has no words for a geometry is refused: several panels in MOSFLM and PONI, a turned or mirrored
panel in MOSFLM. docs/detectors.md has the frames, what each format says, and the detector file.

--compare runs nb-compare on the command line of each panel, in both parity modes or in that of --parity-mode,
with its results in DIR/MODE/NUMBER-PANEL. The worst exit status counts: 1 FAIL, 3 ERROR, 2 NOT COMPARABLE, 0.

exit status: 0 printed; 3 wrong usage, a file without sense, no words for it; with --compare also 1 and 2
"""
EXAMPLES = (
    "nbp geometry -- -cell 79 -default_F 1 -distance 100 -twotheta 20",
    "nbp geometry --format xds -- -lambda 1 -distance 100 -detpixels 2048 -Xbeam 103 -Ybeam 102",
    "nbp geometry --detector two.toml --format dials -o two.expt -- -lambda 1",
    "nbp geometry --detector two.toml --compare --outdir proof -- -mat A.mat -hkl P1.hkl -lambda 1",
)
STAND_INS = ("-cell", "10", "10", "10", "90", "90", "90")
SEVERITY = tuple(EXIT_STATUS[word] for word in (Word.FAIL, Word.ERROR, Word.NOT_COMPARABLE, Word.PASS))
"""Exit statuses, the worst first."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run nbp geometry and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    formats = "\n".join(f"  {name:10s} {row.summary}" for name, row in GEOMETRY_FORMATS.items())
    parser = CommandParser(NAME, DESCRIPTION, EPILOG.format(formats=formats), EXAMPLES)
    parser.usage = f"{NAME} [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add("--detector", type=Path, metavar="FILE", help="panels in place of the detector of the command line")
    add("--format", choices=(*GEOMETRY_FORMATS, WORDS), default="table", help="default table")
    add("--panel", metavar="NAME", help="this panel only")
    add("-o", "--output", type=Path, metavar="FILE", help="write a new file; default standard output")
    add("--parity-mode", choices=MODES, help="of the command line; default spec")
    add(
        "--compare", nargs="?", const="", metavar="OPTIONS",
        help="run nb-compare on each panel, with these of its options in one quoted word",
    )  # fmt: skip
    add("--outdir", type=Path, metavar="DIR", help="of --compare: new directory for the results")
    return parser


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    if not args:
        raise UsageError(f"no nanoBragg command line: write it behind --; see {NAME} --help")
    if options.compare is not None:
        return _compared(options, args)
    if options.outdir is not None:
        raise UsageError("--outdir is for --compare; give -o FILE")
    words = _words(args, options.parity_mode)
    setup = _setup(options, words)
    text = _line_of_each(args, setup) if options.format == WORDS else geometry_text(setup, options.format)
    if options.output is None:
        sys.stdout.write(printable(text, lines=True))
        return 0
    if options.output.exists():
        shown = printable(str(options.output))
        raise UsageError(f"-o '{shown}' exists; results are never overwritten, name a new file")
    write_whole(options.output, [text.encode()], "geometry")
    return 0


def _words(args: Sequence[str], mode: str | None) -> tuple[str, ...]:
    """Return the command line with stand-ins for what geometry does not depend on."""
    typed = () if mode is None else ("--parity-mode", mode)
    return (*STAND_INS, *without_factors(args), *typed)


def _setup(options: argparse.Namespace, words: Sequence[str]) -> Setup:
    """Return the set-up of a command line, with the panels that were asked for.

    Raises:
        UsageError: for a command line that places the detector beside a file, and an unknown panel.
    """
    setup = setup_of(RunConfig.from_args(words))
    if options.detector is not None:
        twice = placing_options(words)
        if twice:
            raise UsageError(f"{twice[0]}: --detector places the panels; leave one of them out")
        panels = read_detector(options.detector)
        require_same_wavelength(options.detector, setup.wavelength_m)
        setup = setup_with(setup, panels)
    if options.panel is None:
        return setup
    named = tuple(panel for panel in setup.panels if panel.name == options.panel)
    if not named:
        names = ", ".join(printable(panel.name) for panel in setup.panels)
        raise UsageError(f"--panel '{printable(options.panel)}': no such panel; give one of {names}")
    return replace(setup, panels=named)


def _line_of_each(args: Sequence[str], setup: Setup) -> str:
    lines = [f"# {panel.name}\n{shell_text(with_panel(args, panel, setup))}\n" for panel in setup.panels]
    return "".join(lines)


def _compared(options: argparse.Namespace, args: Sequence[str]) -> int:
    """Run nb-compare on each panel and return the worst exit status."""
    from harness.commands.nb_compare import main as compare
    from harness.files import default_target, require_fresh

    if options.output is not None or options.format != "table":
        raise UsageError("--compare prints verdicts; leave -o and --format out")
    try:
        passed = shell_words(options.compare)
    except ValueError as error:
        raise UsageError(f"--compare '{printable(options.compare)}': {error}; quote its words") from error
    target = default_target(NAME.replace(" ", "-"), None if options.outdir is None else str(options.outdir))
    require_fresh(target)
    statuses = []
    for mode in MODES if options.parity_mode is None else (options.parity_mode,):
        setup = _setup(options, _words(args, mode))
        for number, panel in enumerate(setup.panels):
            sys.stdout.write(f"{printable(panel.name)}, {mode}:\n")
            sys.stdout.flush()
            folder = target.path / mode / _folder_name(number, panel.name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            own = ("--parity-mode", mode, "--outdir", str(folder))
            status = compare([*passed, *own, "--", *with_panel(args, panel, setup)])
            if status not in SEVERITY:  # interrupted
                return status
            statuses.append(status)
    return min(statuses, key=SEVERITY.index)


def _folder_name(number: int, name: str) -> str:
    """Return a name for the folder of a panel, whose own name may be anything."""
    return f"{number}-{re.sub(r'[^A-Za-z0-9_]', '_', name)}"


if __name__ == "__main__":
    sys.exit(main())
