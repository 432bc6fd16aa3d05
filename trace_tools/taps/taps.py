"""Named values of a Python program, written as a log for `trace-diff`; it needs no other file of its package.

    taps.start("heat", "1.0")                     # once, at the start
    for i in taps.over("step", range(9)):         # index of all taps inside; also with taps.loop("i", 3):
        x = taps.tap("temperature", x, "K")       # gives x back: a number, word, array of NumPy, torch or JAX
    @taps.tapped("flux", "K")                     # records what a function returns

Nothing is written unless TAPS_FILE names a new file ("-" is standard error). TAPS_ONLY="step=3 cell=5" keeps
the taps at these indices, TAPS_NAMES="temperature flux" those of these names, TAPS_FIRST=1000 the first so
many. Each thread and task has its own indices; one record is written at a time, an array row by row.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from itertools import count
from typing import Any, ParamSpec, TextIO, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
_KINDS = ((str, "word"), (complex, "complex"), (float, "real"), (bool, "boolean"), (int, "integer"))
_turns: ContextVar[tuple[tuple[str, int], ...]] = ContextVar("taps", default=())
_lock = threading.Lock()


class _Log:
    file: TextIO | None = None
    only: tuple[tuple[str, int], ...] = ()
    names: frozenset[str] = frozenset()
    left: int | None = None
    told: frozenset[str] = frozenset()


_log = _Log()


def start(program: str, version: str) -> None:
    """Begin the log that TAPS_FILE names, if it names one."""
    words = ("FILE", "ONLY", "NAMES", "FIRST")
    path, only, names, first = (os.environ.get(f"TAPS_{word}", "") for word in words)
    if not path or _log.file:
        return
    try:
        _log.only = tuple((key, int(turn)) for key, turn in (word.split("=") for word in only.split()))
        _log.left = int(first) if first else None
    except ValueError:
        raise ValueError(
            f"TAPS_ONLY '{only}' is not step=3 cell=5, or TAPS_FIRST '{first}' no count"
        ) from None
    _log.names = frozenset(names.split())
    try:
        _log.file = sys.stderr if path == "-" else open(path, "x", 1, encoding="utf-8")  # noqa: PTH123, SIM115
    except OSError as error:
        raise ValueError(f"cannot make TAPS_FILE '{path}': {error.strerror}; name a new file") from None
    _log.file.write(f"TAP_LOG: tap-log 1\nTAP_LOG: program {program} {version}\n")
    if only or names or first:
        _log.file.write(f"TAP_LOG: only indices '{only}' names '{names}' first {first or -1}\n")


@contextmanager
def loop(key: str, turn: int) -> Iterator[None]:
    """State the index of the taps inside; one of the same name outside is hidden."""
    token = _turns.set((*(pair for pair in _turns.get() if pair[0] != key), (key, int(turn))))
    try:
        yield
    finally:
        _turns.reset(token)


def over(key: str, items: Iterable[T]) -> Iterator[T]:
    """Go through items; the index of the taps inside is a number of a range itself, else its place from 0."""
    turns = items if isinstance(items, range) else count()
    for turn, item in zip(turns, items, strict=False):
        with loop(key, turn):
            yield item


def tap(name: str, value: T, unit: str = "") -> T:
    """Record a value and give it back."""
    if _log.file is not None:
        frame = sys._getframe(1)
        _write(name, value, unit, f"{frame.f_code.co_filename}:{frame.f_lineno}")
    return value


def tapped(name: str, unit: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Record what a function returns, at the place of its first line."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def recorded(*args: P.args, **named: P.kwargs) -> T:
            value, code = function(*args, **named), function.__code__
            if _log.file is not None:
                _write(name, value, unit, f"{code.co_filename}:{code.co_firstlineno}")
            return value

        return recorded

    return decorate


def _write(name: str, value: Any, unit: str, place: str) -> None:
    unwanted = any(dict(_log.only).get(key, turn) != turn for key, turn in _turns.get())
    if unwanted or _log.left == 0 or (_log.names and name not in _log.names):
        return
    if not 0 < len(name.encode()) <= 63 or set(name + unit) & set(" \t\r\n|"):
        raise ValueError(f"tap '{name}' in '{unit}': a name is one word of 1 to 63 bytes, a unit one or ''")
    values = list(_flat(name, value))
    kind = next((word for of, word in _KINDS if any(isinstance(one, of) for one in values)), "")
    if not kind or (kind == "word") != all(isinstance(one, str) for one in values):
        raise ValueError(f"tap {name} is {value!r:.60}: record a number, a word, or an array with values")
    head, turns = f"TAP_LOG: tap {name} {kind} {unit or '-'} {place}\n", _turns.get()
    context = " | " * bool(turns) + " ".join(f"{key}={turn}" for key, turn in turns)
    line = f"TRACE_PY: {name} {' '.join(_text(one, kind) for one in values)}{context}\n"
    with _lock:
        cast("TextIO", _log.file).write(line if head in _log.told else head + line)
        _log.told |= {head}
        _log.left = None if _log.left is None else max(0, _log.left - 1)


def _flat(name: str, value: Any) -> Iterator[Any]:
    """Yield the Python numbers of a value, an array row by row."""
    try:
        value = value.tolist() if hasattr(value, "tolist") else value
    except Exception as error:
        reason = type(error).__name__
        raise ValueError(f"tap {name} has no value here ({reason}); record it outside jit") from None
    if isinstance(value, list | tuple):
        for part in value:
            yield from _flat(name, part)
    else:
        yield value


def _text(value: Any, kind: str) -> str:
    if kind == "complex":
        return f"{complex(value).real:.17g} {complex(value).imag:.17g}"
    if kind == "word":
        return "".join(f"%{ord(c):02X}" if ord(c) <= 32 or c in "%|\x7f" else c for c in value) or "%"
    return f"{float(value):.17g}" if kind == "real" else str(int(value))
