"""The main job: the authoritative command through both programs, in both parity modes, each with a verdict.

`nb-parity` is `nbp pair run` on the description of this package, `golden_suite_generator/parity.toml`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from golden_suite_generator.cases import PARITY_FILE
from harness.commands.common import CommandParser, run_command
from harness.commands.own.pair import add_run_options, run_described

NAME = "nb-parity"
EPILOG = """exit status: 0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR

The same as `nbp pair run` on the parity.toml of this package, which describes the pair and holds the command
line; --file takes one of your own (docs/own_programs.md). NB_C_BIN names another C program."""
EXAMPLES = (
    "nb-parity",
    "nb-parity spec",
    "nb-parity --data DIR --reports reports",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the main job and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of nb-parity."""
    parser = CommandParser(
        NAME, "Run both programs on the authoritative command, in both parity modes.", EPILOG, EXAMPLES
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in"
    )
    add_run_options(parser, PARITY_FILE, "that of this package")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    if options.data is not None:
        from harness.suite.crystal_data import require_data

        require_data(options.data)
        options.values.append(("crystal", str(options.data.absolute())))
    return run_described(NAME, options)


if __name__ == "__main__":
    sys.exit(main())
