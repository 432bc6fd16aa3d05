"""What all commands of the harness share: a parser with one-line errors, and one place that reports."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from harness.errors import HarnessError, UsageError

EXIT_ERROR = 3


class CommandParser(argparse.ArgumentParser):
    """An argument parser that takes whole option names only and raises `UsageError`."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Raise the error, so that `run_command` reports it on one line with status 3."""
        raise UsageError(f"{message}; see {self.prog} --help")


def run_command(name: str, command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Run a command and turn what a user may cause into one line on standard error and status 3."""
    try:
        return command(argv)
    except HarnessError as error:
        message = str(error)
    except KeyboardInterrupt:
        message = "interrupted"
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        message = "nobody reads standard output any more"
    except OSError as error:
        message = (
            f"{error.filename or 'input or output'}: {error.strerror or error}; check path and disk space"
        )
    sys.stderr.write(f"{name}: {message}\n")
    return EXIT_ERROR


def split_arguments(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return the words before the first -- and those behind it, None if there is no --."""
    words = list(argv)
    if "--" not in words:
        return words, None
    cut = words.index("--")
    return words[:cut], words[cut + 1 :]


def positive_seconds(text: str) -> float:
    """Return `text` as a finite number of seconds above zero (an argparse type)."""
    value = _finite(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return value


def correlation(text: str) -> float:
    """Return `text` as a correlation in (0, 1] (an argparse type)."""
    value = _finite(text)
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a correlation above 0 and up to 1")
    return value


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value
