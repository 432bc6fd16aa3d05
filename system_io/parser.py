"""The parser of every command: the same words everywhere, whole option names only, errors of one line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from system_io.errors import UserError
from system_io.version import VERSION

QUIET, USUAL, VERBOSE = -1, 0, 1


class UsageError(UserError):
    """A command line that cannot be meant."""


class CommandParser(argparse.ArgumentParser):
    """A parser that takes whole option names only, knows --version and raises `UsageError`.

    Args:
        prog: name of the command.
        description: what it does, in a sentence.
        epilog: what else the help says.
        examples: whole command lines, the last part of the help.
    """

    def __init__(
        self,
        prog: str,
        description: str = "",
        epilog: str | None = None,
        examples: Sequence[str] = (),
        **_: object,
    ) -> None:
        self.examples = tuple(examples)
        shown = "examples:\n" + "".join(f"  {line}\n" for line in examples) if examples else None
        super().__init__(
            prog=prog,
            description=description,
            epilog="\n".join(part for part in (epilog, shown) if part),
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        version = f"{prog.split(maxsplit=1)[0]} {VERSION}"
        self.add_argument("--version", action="version", version=version, help="print the version")

    def add_verbosity(self) -> None:
        """Add -q and -v, which set `verbosity`."""
        group = self.add_mutually_exclusive_group()
        for flag, name, value, text in (
            ("-q", "--quiet", QUIET, "print only the verdict"),
            ("-v", "--verbose", VERBOSE, "print all there is"),
        ):
            group.add_argument(
                flag, name, dest="verbosity", action="store_const", const=value, default=USUAL, help=text
            )

    def error(self, message: str) -> NoReturn:
        """Raise the error, so that the guard of the command reports it on one line."""
        raise UsageError(f"{message}; see {self.prog} --help")
