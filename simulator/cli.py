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
CACHE_WORDS, WARM = ("list", "clear"), "warm"
"""What `--cache` answers by itself, and what it does for a command line."""


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
        _computed(args, console.say)
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
    word = raw.text("--cache") or ""
    if word in CACHE_WORDS:
        _about_cache(word, say)
        return True
    return False


def _about_cache(word: str, say: Callable[[str], None]) -> None:
    """Show the compiled code that is kept, or remove it."""
    _get_ready()
    with uncollected():
        from simulator.output.kept_code import CACHE_LINES

    for line in CACHE_LINES[word]():
        say(line)


def _computed(args: list[str], say: Callable[[str], None]) -> None:
    """Simulate, or compile what that needs."""
    from simulator.command_line.resolve import resolve_args
    from simulator.output.targets import check_outputs

    resolved = resolve_args(args)
    if parse(args).text("--cache") == WARM:
        _get_ready()
        with uninterrupted(), uncollected():
            from simulator.output.kept_code import warmed

        say(warmed(resolved.config))
        return
    check_outputs(resolved.config, resolved.inputs)
    _get_ready()
    with uninterrupted(), uncollected():
        from simulator.output.run import Job

    job = Job.prepared(resolved.config, resolved.warnings, say)
    _warn(job.warnings)
    _warn(job.run())


def _get_ready() -> None:
    """Do to the process what has to be done before torch is imported."""
    check_room(TORCH_BYTES)
    wait_asleep()
    defer()
    keep_freed()


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        say_warning(PROGRAM, warning)
