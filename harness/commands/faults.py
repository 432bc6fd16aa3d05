"""The command `nbp faults`: lists the seeded faults, or makes a program with one of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.commands.common import CommandParser, run_command
from harness.errors import UsageError
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID, FAULTS
from harness.sides import SIDES

NAME = "nbp faults"
EXAMPLES = (
    "nbp faults list",
    "nbp faults make spindle-sign --side py --outdir DIR",
)
EPILOG = """\
make prints the path of the program, to be given as --c-bin or --py-bin: the tools must find the fault at the
tap that the list names.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        NAME, "List the seeded faults, or make a program with one of them.", EPILOG, EXAMPLES
    )
    parser.add_argument("what", choices=("list", "make"), help="what to do")
    parser.add_argument("id", nargs="?", help="which fault to make")
    parser.add_argument("--side", choices=SIDES, default=SIDES[0], help="c reference or simulator; default c")
    parser.add_argument("--outdir", type=Path, metavar="DIR", help="new directory for the program")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    if options.what == "list":
        sys.stdout.write("".join(f"{fault.id:24s} {fault.what} ({fault.taps[0]})\n" for fault in FAULTS))
        return 0
    if options.id not in BY_ID or options.outdir is None:
        raise UsageError(f"make needs the id of a fault ({', '.join(BY_ID)}) and --outdir DIR")
    if options.outdir.exists():
        raise UsageError(f"directory '{options.outdir}' exists; name one that does not")
    sys.stdout.write(f"{make_faulty(BY_ID[options.id], options.side, options.outdir).path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
