"""What all commands of the harness share: a parser with one-line errors, and one place that reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from system_io.command import Command
from system_io.parser import CommandParser

__all__ = ["CommandParser", "run_command"]


def run_command(name: str, command: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Run a command under the guard of all commands and return its exit status."""
    return Command(name, command)(argv)
