"""`python -m simulator` is the nanoBragg command line."""

import sys
from collections.abc import Sequence

from system_io.command import CLOSED_PIPE, Command
from system_io.room import check_room


def _command(_: Sequence[str]) -> int:
    check_room()
    from simulator.cli import run

    run()


if __name__ == "__main__":
    sys.exit(Command("nanoBragg", _command, 9, CLOSED_PIPE)())
