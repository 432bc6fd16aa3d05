"""Changes of values, made from numbers: what most faults of the simulator do to a result or an argument.

A change takes a value and returns another of its form: a number, a tensor, or a tuple of them. A fault takes
a sound function and returns the faulty one.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_float
from dataclasses import replace
from typing import Any

Change = Callable[[Any], Any]
Faulty = Callable[[Any], Any]
_RUNS = [0]


def begin_run() -> None:
    """Note that another command line begins: what a fault keeps from one call to the next ends here."""
    _RUNS[0] += 1


def each(change: Change) -> Change:
    """Return the change of every member of a tuple or list, or of a value that is none."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return type(value)(changed(part) for part in value)
        return value if value is None else change(value)

    return changed


def times(factor: float) -> Change:
    """Return the multiplication by a factor."""
    return each(lambda value: value * factor)


def plus(summand: float) -> Change:
    """Return the addition of a number."""
    return each(lambda value: value + summand)


def member(number: int, change: Change) -> Change:
    """Return the change of one member of a tuple."""
    return lambda value: tuple(change(part) if n == number else part for n, part in enumerate(value))


def swapped(first: int, second: int) -> Change:
    """Return the exchange of two members of a tuple."""

    def changed(value: Any) -> Any:
        parts = list(value)
        parts[first], parts[second] = parts[second], parts[first]
        return tuple(parts)

    return changed


def rounded_to_single(value: Any) -> Any:
    """Return a value rounded to 4-byte floats, in the type that it has."""
    return each(lambda part: c_float(part).value if isinstance(part, float) else part.float().to(part.dtype))(
        value
    )


def field(name: str, change: Change) -> Change:
    """Return the change of one field of a dataclass."""
    return lambda value: replace(value, **{name: change(getattr(value, name))})


def constant(value: Any) -> Faulty:
    """Return the fault that puts a value in the place of another, whatever that is."""
    return lambda _sound: value


def result(change: Change) -> Faulty:
    """Return the fault that changes what a function returns."""
    return lambda sound: lambda *given, **named: change(sound(*given, **named))


def argument(number: int, change: Change) -> Faulty:
    """Return the fault that changes an argument of a function, counted from 0."""

    def faulty(sound: Any) -> Any:
        def function(*given: Any, **named: Any) -> Any:
            changed = [change(value) if n == number else value for n, value in enumerate(given)]
            return sound(*changed, **named)

        return function

    return faulty


def result_if(holds: Callable[..., Any], change: Change) -> Faulty:
    """Return the fault that changes what a function returns where its arguments fulfil a condition."""

    def faulty(sound: Any) -> Any:
        def function(*given: Any, **named: Any) -> Any:
            value = sound(*given, **named)
            return change(value) if holds(*given, **named) else value

        return function

    return faulty


def where(mask: Callable[[Any], Any], change: Change) -> Change:
    """Return the change of those entries of a tensor or an array that a mask of them marks."""

    def changed(value: Any) -> Any:
        marked = mask(value)
        return value * ~marked + change(value) * marked

    return changed


def first_kept(sound: Any) -> Any:
    """Return a function that gives the first result of a run for ever, where the shapes allow it."""
    kept: dict[int, Any] = {}

    def function(*given: Any, **named: Any) -> Any:
        value = sound(*given, **named)
        first = kept.setdefault(_RUNS[0], value)
        return first if getattr(first, "shape", ()) == getattr(value, "shape", ()) else value

    return function
