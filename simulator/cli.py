"""The nanoBragg command line: the only place that prints and turns errors into an exit status (spec 01)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from simulator.command_line.options import help_text, parse
from simulator.command_line.quirk_words import quirk_lines
from simulator.errors import InputError
from simulator.output.standard_output import Console
from simulator.start_up.allocator import keep_freed
from simulator.start_up.collector import uncollected
from simulator.start_up.deferred import defer
from simulator.start_up.ending import end_process
from simulator.start_up.openmp import wait_asleep
from system_io.command import CLOSED_PIPE, Command, say_warning, uninterrupted
from system_io.room import TORCH_BYTES, check_room
from system_io.version import VERSION

PROGRAM = "nanoBragg"
USAGE_ERROR = 9


def main(argv: Sequence[str] | None = None) -> int:
    """Run nanoBragg on a command line.

    Args:
        argv: the words after the program name, those of the process by default.

    Returns:
        The exit status, 0 for success, 9 for bad input (one line on standard error), 130 when interrupted.
    """
    return Command(PROGRAM, _command, USAGE_ERROR, CLOSED_PIPE)(argv)


def _command(argv: Sequence[str]) -> int:
    try:
        return _run(list(argv))
    except ArithmeticError as error:
        raise InputError(f"a value is beyond the range of numbers ({error})") from error


def run() -> NoReturn:
    """Run nanoBragg on the command line of the process, and end the process."""
    end_process(main())


def _run(args: list[str]) -> int:
    console = Console()
    if not _answered(args, console.say):
        _simulate(args, console.say)
    console.finish()
    return 0


def _answered(args: list[str], say: Callable[[str], None]) -> bool:
    """Print what was asked for in place of a run; return whether there was anything."""
    if "-h" in args or "--help" in args:
        say(help_text().rstrip())
        return True
    raw = parse(args)
    if raw.has("--version"):
        say(f"{PROGRAM} {VERSION}")
        return True
    if raw.has("--list-quirks"):
        say("\n".join(quirk_lines()))
        return True
    return False


def _simulate(args: list[str], say: Callable[[str], None]) -> None:
    from simulator.command_line.resolve import resolve_args
    from simulator.output.targets import check_outputs

    resolved = resolve_args(args)
    check_outputs(resolved.config, resolved.inputs)
    check_room(TORCH_BYTES)
    wait_asleep()
    defer()
    keep_freed()
    with uninterrupted(), uncollected():
        from simulator.output.run import Job

    job = Job.prepared(resolved.config, resolved.warnings, say)
    _warn(job.warnings)
    _warn(job.run())


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        say_warning(PROGRAM, warning)
