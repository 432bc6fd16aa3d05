"""The command nb-probe: tiny runs that tell what a nanoBragg program is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from harness.option_types import positive_seconds
from harness.probing.probe import PROBE_S
from harness.programs.programs import program_at
from system_io.command import Command
from system_io.parser import CommandParser
from system_io.shown import json_text

NAME = "nb-probe"
DESCRIPTION = "Tell what a nanoBragg program is: its quirks, its options, its threads."
EPILOG = """\
A few hundred tiny runs (most of 8 x 8 pixels) are compared, bit for bit and else within rounding, with what
the simulator gives with each quirk on and off. A quirk is on, off, or not told apart, with the reason (-v).
An option is known, ignored (the image is that without it), refused, or acts otherwise than nanoBragg does.

Before each comparison with a program given by its path nb-compare, trace-harness and nb-gradients do the
same, and run the other side with just these quirks (--match-quirks, --no-match-quirks).

What is known of a program is kept by the sha256 of its file in the folder that NB_CACHE names (else the
user's cache folder). A script is probed each time: its own bytes say nothing about the program that it calls.

verdict and exit status:
  PASS 0            nanoBragg, with some quirks on and some off
  FAIL 1            its images depend on something else: they do not repeat, they change with the number of
                    threads in a plain run, a plain run gives another image, an option acts otherwise
  NOT COMPARABLE 2  no nanoBragg: no image, or one that is not made from the command line
  ERROR 3           wrong usage, or it does not start
"""
EXAMPLES = ("nb-probe --c-bin ./nanoBragg", "nb-probe --c-bin ./fork --json > fork.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-probe and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of nb-probe."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    add = parser.add_argument
    add("--c-bin", metavar="P", required=True, help="the program")
    add(
        "--timeout", type=positive_seconds, default=PROBE_S, metavar="S",
        help=f"for all tiny runs together; default {PROBE_S:g}",
    )  # fmt: skip
    add(
        "--json", action="store_true", help="write all that is known to standard output as JSON, nothing else"
    )
    parser.add_verbosity()
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    program = program_at(options.c_bin, "--c-bin", options.timeout)
    from harness.probing.kept import known
    from harness.probing.report import report_data, shown_probe

    probe = known(program, options.timeout, os.environ)
    data = report_data(program, probe)
    if options.json:
        sys.stdout.write(json_text(data))
        return int(data["exit_status"])
    from harness.shown import show

    show(shown_probe(program, probe), options.verbosity)
    return int(data["exit_status"])


if __name__ == "__main__":
    sys.exit(main())
