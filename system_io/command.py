"""The one guard around every command: what it raises becomes one line on stderr and an exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from system_io.errors import UserError
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

SIGNAL_BASE = 128
AGAIN_S = 0.02
CLOSED_PIPE = SIGNAL_BASE + signal.SIGPIPE
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command after it has cleaned up."""


class Interrupted(KeyboardInterrupt):
    """A signal asks the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass(frozen=True)
class Command:
    """A command of ours: name, what it does with its words, status for errors and for a closed pipe."""

    name: str
    run: Callable[[Sequence[str]], int]
    error_status: int = EXIT_STATUS[Word.ERROR]
    closed_pipe_status: int = 3

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run the command on `argv`, the words of the process by default, and return its exit status."""
        return guarded(self, sys.argv[1:] if argv is None else argv)


def say_error(name: str, message: str) -> None:
    """Write the one line of an error to standard error; where that is closed, nothing."""
    _line(f"{name}: error: {printable(' '.join(message.split()))}")


def say_warning(name: str, message: str) -> None:
    """Write the one line of a warning to standard error; where that is closed, nothing."""
    _line(f"{name}: warning: {printable(' '.join(message.split()))}")


def _line(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
        sys.stderr.flush()


def guarded(command: Command, argv: Sequence[str]) -> int:
    """Run a command; whatever ends it becomes an exit status, with one line on standard error.

    Returns:
        The status that the command returns; its status for errors (3, nanoBragg 9) for bad input and for a
        fault of ours, whose traceback goes to a file; 128 + number for a signal that ends it. A comparison
        that fails returns 1, and nothing else does.
    """
    try:
        with _signals_raised(), _warnings_said(command.name):
            _open_streams()
            status = _exit_code(command.run, argv)
            sys.stdout.flush()
            return status
    except BaseException as error:
        _forget_output()
        return _status_of(command, error)


def _exit_code(run: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    try:
        return run(argv)
    except SystemExit as end:
        if isinstance(end.code, str):
            raise UserError(end.code) from end
        return end.code or 0


def _status_of(command: Command, error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        number = error.number if isinstance(error, Interrupted) else signal.SIGINT
        by_whom = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
        say_error(command.name, f"interrupted{by_whom}")
        return SIGNAL_BASE + number
    if isinstance(error, UserError):
        say_error(command.name, str(error))
        return command.error_status if error.exit_status is None else error.exit_status
    if isinstance(error, BrokenPipeError):
        if command.closed_pipe_status != CLOSED_PIPE:
            say_error(command.name, "nobody reads standard output any more")
        return command.closed_pipe_status
    say_error(command.name, _in_words(command.name, error))
    return command.error_status


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, of Python or of torch, says that memory did not suffice."""
    first = (str(error).splitlines() or [""])[0]
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "alloc" in first.lower())


def _in_words(name: str, error: BaseException) -> str:
    first = (str(error).splitlines() or [""])[0]
    if out_of_memory(error):
        return f"out of memory ({first or 'allocation failed'}); ask for less or give the process more"
    if isinstance(error, ImportError):
        return f"cannot load a library ({first}); give the process more memory or install the package again"
    if isinstance(error, OSError):
        place = error.filename or "input or output"
        return f"{place}: {error.strerror or first}; check path and disk space"
    kind = type(error).__name__
    return f"internal fault ({kind}: {first}); it is a fault of {name}, {_kept(name, error)}"


def _kept(name: str, error: BaseException) -> str:
    """Write the traceback to a file and return where it is."""
    text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
    try:
        handle, path = tempfile.mkstemp(prefix=f"{name}-traceback-", suffix=".txt")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text)
    except OSError as problem:
        return f"its traceback could not be kept ({problem.strerror}); please report the command"
    return f"please report it with the traceback in '{path}'"


def _open_streams() -> None:
    """Open the standard streams that the caller closed, so that printing is no error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def _forget_output() -> None:
    """Drop what standard output holds if it cannot be written: the interpreter would try again."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _signals_raised() -> Iterator[None]:
    """Raise `Interrupted` where a signal asks for the end; one that the caller has ignored stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raise_it(number: int, _frame: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    before = {number: signal.getsignal(number) for number in ENDING}
    ours = [
        number
        for number, handler in before.items()
        if handler in (signal.SIG_DFL, signal.default_int_handler)
    ]
    try:
        for number in ours:
            signal.signal(number, raise_it)
        with _swallowed_raised_again():
            yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


@contextlib.contextmanager
def _swallowed_raised_again() -> Iterator[None]:
    """Raise `Interrupted` again, a moment later, where a destructor or a library has swallowed it."""
    if not hasattr(signal, "setitimer") or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return
    swallowed: list[Interrupted] = []

    def noticed(error: BaseException | None) -> bool:
        if not isinstance(error, Interrupted):
            return False
        swallowed.append(error)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
        return True

    def raise_again(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Interrupted(swallowed[-1].number)

    unraisable, uncaught = sys.unraisablehook, sys.excepthook
    sys.unraisablehook = lambda what: None if noticed(what.exc_value) else unraisable(what)
    sys.excepthook = lambda kind, error, trace: None if noticed(error) else uncaught(kind, error, trace)
    signal.signal(signal.SIGALRM, raise_again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.unraisablehook, sys.excepthook = unraisable, uncaught


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals that end a command wait while a library is imported which aborts when it is interrupted.

    An exception in the middle of the start of torch ends the process with SIGABRT, before it cleans up.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _warnings_said(name: str) -> Iterator[None]:
    """Say warnings of libraries on one line, without a line of their source."""
    before = warnings.showwarning

    def say(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        say_warning(name, f"{message} ({category.__name__})")

    warnings.showwarning = say
    try:
        yield
    finally:
        warnings.showwarning = before
