"""Parsing of the command line by exact option names (spec 01 section 2), and the help text."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from simulator.command_line.option_table import BY_SPELLING, GROUPS, OPTIONS, Option
from simulator.config import Vec3
from simulator.errors import InputError
from simulator.io.numbers import DECIMAL, LARGEST_INT, WHOLE, number, whole
from simulator.limits.value_table import LARGEST_COUNT, LARGEST_EVALUATIONS, LARGEST_PIXELS, RANGES

TypedValue = float | int | str
MEANT = {"-dispstep": "-dispsteps", "-hdiv": "-hdivrange", "-vdiv": "-vdivrange"}
MAX_CELL_NUMBERS = 6


@dataclass(frozen=True)
class Given:
    """One option as it stood on the command line: its canonical name and its converted values."""

    name: str
    values: tuple[TypedValue, ...]


@dataclass(frozen=True)
class RawOptions:
    """The options in the order typed; every question about one that was not typed is answered by None."""

    given: tuple[Given, ...]

    def last(self, *names: str) -> Given | None:
        """Return the last of the named options, or None."""
        return next((item for item in reversed(self.given) if item.name in names), None)

    def every(self, *names: str) -> list[Given]:
        """Return all of the named options in order."""
        return [item for item in self.given if item.name in names]

    def has(self, *names: str) -> bool:
        """Return whether one of the named options was typed."""
        return self.last(*names) is not None

    def number(self, *names: str) -> float | None:
        """Return the first value of the last of the named options, in the unit typed."""
        item = self.last(*names)
        return None if item is None else float(item.values[0])

    def integer(self, *names: str) -> int | None:
        """Return the whole number of the last of the named options."""
        item = self.last(*names)
        return None if item is None else int(item.values[0])

    def text(self, *names: str) -> str | None:
        """Return the word or file name of the last of the named options."""
        item = self.last(*names)
        return None if item is None else str(item.values[0])

    def vector(self, name: str) -> Vec3 | None:
        """Return the three numbers of the last option of that name."""
        item = self.last(name)
        return None if item is None else cast(Vec3, tuple(float(v) for v in item.values))


def parse(args: Sequence[str]) -> RawOptions:
    """Return the options of a command line, in order.

    Args:
        args: the words after the program name.

    Raises:
        InputError: for an unknown option (naming the nearest), a stray word, a missing value or one of the
            wrong kind.

    Source: spec 01 section 2.
    """
    given: list[Given] = []
    place = 0
    while place < len(args):
        option = BY_SPELLING.get(args[place])
        if option is None:
            raise InputError(_unknown(args[place], given))
        values = _values(option, args[place], args[place + 1 :])
        given.append(Given(option.name, values))
        place += 1 + len(values)
    return RawOptions(tuple(given))


def _unknown(word: str, given: Sequence[Given]) -> str:
    """Return why a word is refused: no value of the option before it, or no option."""
    if not word.startswith("-") or word == "-" or DECIMAL.fullmatch(word):
        where = "" if not given else f"; {given[-1].name} takes {_wanted(BY_SPELLING[given[-1].name])}"
        return f"stray word '{word}': not an option and not the value of one{where} (see --help)"
    near = MEANT.get(word) or difflib.get_close_matches(word, BY_SPELLING, n=1, cutoff=0.0)[0]
    return f"unknown option '{word}'; nearest is {near} (see --help)"


def _values(option: Option, spelling: str, rest: Sequence[str]) -> tuple[TypedValue, ...]:
    """Return the converted values of one option from the words behind it."""
    if option.kinds == ("f..6",):
        return _up_to_six_numbers(spelling, rest)
    kinds = option.kinds
    if kinds == ("fff|random|rand",):
        if rest and rest[0] in ("random", "rand"):
            return ("random",)
        kinds = ("f", "f", "f")
    if len(rest) < len(kinds):
        raise InputError(f"{spelling}: a value is missing; it takes {_wanted(option)}")
    return tuple(_value(option, spelling, kind, word) for kind, word in zip(kinds, rest, strict=False))


def _up_to_six_numbers(spelling: str, rest: Sequence[str]) -> tuple[TypedValue, ...]:
    values: list[TypedValue] = []
    for word in rest[:MAX_CELL_NUMBERS]:
        value = number(word)
        if value is None:
            break
        values.append(value)
    if not values:
        raise InputError(f"{spelling}: a value is missing; it takes one to six numbers")
    return tuple(values)


def _value(option: Option, spelling: str, kind: str, word: str) -> TypedValue:
    """Return one converted value.

    Raises:
        InputError: naming option, word and what is wanted.
    """
    value: TypedValue | None
    if kind == "f":
        value = number(word)
    elif kind == "i":
        value = whole(word)
    elif kind == "f|inf":
        value = "inf" if word == "inf" else number(word)
    elif kind in ("file", "word"):
        value = None if word in BY_SPELLING or not word else word
        if kind == "file" and word.endswith("/"):
            raise InputError(f"{spelling}: '{word}' names a folder; give the name of a file")
    else:
        value = word if word in kind.split("|") else None
    if value is not None:
        return value
    if word in BY_SPELLING:
        raise InputError(f"{spelling}: a value is missing before {word}; it takes {_wanted(option)}")
    if kind == "i" and WHOLE.fullmatch(word):
        raise InputError(f"{spelling} '{word}': whole numbers must lie within +-{LARGEST_INT}")
    raise InputError(f"{spelling} '{word}': not valid; it takes {_wanted(option)}")


_PLURAL = {"f": "number", "i": "whole number"}


def _wanted(option: Option) -> str:
    """Return what an option takes, in words."""
    kinds = option.kinds
    unit = f" ({option.unit})" if option.unit else ""
    if not kinds:
        return "no value, it is a flag"
    if kinds == ("f..6",):
        return f"one to six numbers{unit}"
    if kinds == ("fff|random|rand",):
        return f"three numbers{unit} or the word random"
    if kinds == ("f|inf",):
        return f"one number{unit} or the word inf"
    if kinds[0] in _PLURAL:
        return f"{len(kinds)} {_PLURAL[kinds[0]]}{'s' if len(kinds) > 1 else ''}{unit}"
    if kinds == ("file",):
        return "a file name"
    return "ID=on or ID=off" if kinds == ("word",) else " or ".join(kinds[0].split("|"))


_SHORT = {"f": "<number>", "i": "<integer>", "file": "<file>", "word": "<ID=on|off>", "f..6": "<a> [<b> ...]",
          "f|inf": "<number>|inf", "fff|random|rand": "<x y z>|random"}  # fmt: skip


def help_text() -> str:
    """Return the usage text: every option by group, with its values, unit and default (spec 01 section 4)."""
    lines = [USAGE, ""]
    for group in GROUPS:
        lines.append(f"{group}:")
        for option in OPTIONS:
            if option.group == group:
                lines += _help_lines(option)
        lines.append("")
    lines.append("Later options overwrite earlier ones. Bad input: one line on standard error, status 9.")
    lines.append(
        f"At most {RANGES['-oversample'].most:.0f} sub-pixels a side, {LARGEST_COUNT} sources, orientations"
        f" (phi steps x domains) and layers, {LARGEST_PIXELS} pixels, {LARGEST_EVALUATIONS:.0e} evaluations"
        " a run."
    )
    return "\n".join(lines) + "\n"


def _help_lines(option: Option) -> list[str]:
    values = " ".join(_SHORT.get(kind, kind) for kind in option.kinds)
    notes = [option.unit] if option.unit else []
    notes += [f"default {option.default}"] if option.default else []
    head = f"  {option.name} {values}".rstrip()
    text = f"{option.help} ({'; '.join(notes)})" if notes else option.help
    lines = [f"{head:34s} {text}"] if len(head) < 34 else [head, f"{'':34s} {text}"]
    if option.aliases:
        lines.append(f"{'':34s} also {' '.join(option.aliases)}")
    return lines


USAGE = (
    "usage: nanoBragg (-mat FILE | -cell A [B C AL BE GA]) (-hkl FILE | -dump FILE | -default_F F) [options]"
)
