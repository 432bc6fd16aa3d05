"""Bounds of taps by pattern: a checked table of which the first row that fits a tap decides."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from trace_tools.element_bound import ElementBound

SHOWN_NEAREST = 3
GUESS, MEASURED, UNMEASURED = "as written", "measured", "to be measured"
"""What a bound rests on: nothing but its author, a floor, or a floor that is not measured yet."""
LACKING = "not in the floor"
GUESS_WORDS: Mapping[str, str] = {
    GUESS: "the bounds of {} taps are as written, none was measured",
    UNMEASURED: "no floor is measured, {} taps must be equal",
    LACKING: "the floor has none of {} taps, which must be equal",
}


@dataclass(frozen=True)
class TapBoundRow:
    """How far values of the taps that a pattern fits may be apart.

    `bound` is that of all of them but those in `by_tap`; `basis` says what the bounds rest on.
    """

    pattern: str
    bound: ElementBound = field(default_factory=ElementBound)
    by_tap: Mapping[str, ElementBound] = field(default_factory=dict)
    basis: str = GUESS

    def of(self, tap: str) -> ElementBound:
        """Return the bound of a tap."""
        return self.by_tap.get(tap, self.bound)

    @property
    def stated(self) -> str:
        """Return what the table says of the bound: numbers, or that a floor gives it."""
        return self.bound.text if self.basis == GUESS else self.basis

    def fits(self, tap: str, kind: str) -> bool:
        """Tell whether it decides a tap of a kind; whole numbers need their own name, words are exact."""
        return tap == self.pattern or (kind == "float" and fnmatchcase(tap, self.pattern))


@dataclass(frozen=True)
class TapBounds:
    """Rows at work on the taps of two logs: the bound of each tap, and which taps each row decides."""

    rows: tuple[TapBoundRow, ...] = ()
    by_tap: Mapping[str, ElementBound] = field(default_factory=dict)
    decided: tuple[tuple[str, ...], ...] = ()

    @property
    def notes(self) -> list[str]:
        """Return a line for each row that decides a tap."""
        return [
            f"bound '{row.pattern}', {row.basis}: {_stated(row, taps)} for {_listed(taps)}"
            for row, taps in zip(self.rows, self.decided, strict=True)
            if taps
        ]

    @property
    def guesses(self) -> tuple[str, ...]:
        """Return which bounds rest on no measurement, in words."""
        counts = dict.fromkeys(GUESS_WORDS, 0)
        for row, taps in zip(self.rows, self.decided, strict=True):
            for tap in taps:
                basis = LACKING if row.basis == MEASURED and tap not in row.by_tap else row.basis
                if basis in counts:
                    counts[basis] += 1
        return tuple(GUESS_WORDS[basis].format(count) for basis, count in counts.items() if count)


def _stated(row: TapBoundRow, taps: Sequence[str]) -> str:
    own = {row.of(tap).text for tap in taps}
    return own.pop() if len(own) == 1 else "each its own"


def _listed(taps: Sequence[str]) -> str:
    shown = ", ".join(taps[:SHOWN_NEAREST])
    return shown if len(taps) <= SHOWN_NEAREST else f"{shown} and {len(taps) - SHOWN_NEAREST} more"


def bounds_at_work(rows: Sequence[TapBoundRow], taps: Iterable[str], kind: Callable[[str], str]) -> TapBounds:
    """Return the bound of each tap that a row fits; of several rows the first decides.

    Args:
        rows: in their order.
        taps: names of the taps of both logs.
        kind: returns the kind of a tap: word, int or float.
    """
    by_tap: dict[str, ElementBound] = {}
    decided: list[list[str]] = [[] for _ in rows]
    for tap in taps:
        sort = kind(tap)
        number = next((n for n, row in enumerate(rows) if sort != "word" and row.fits(tap, sort)), None)
        if number is not None:
            by_tap[tap] = rows[number].of(tap)
            decided[number].append(tap)
    return TapBounds(tuple(rows), by_tap, tuple(map(tuple, decided)))


def idle_rows(
    patterns: Sequence[str], decided: Sequence[Mapping[str, int]], taps: Sequence[str]
) -> Iterator[str]:
    """Yield which rows decide no tap, and what to write in their place.

    Args:
        patterns: of the rows, in their order.
        decided: how many taps each row decides, for each pair of logs.
        taps: names of all taps of all logs.
    """
    for number, pattern in enumerate(patterns):
        if not any(one[pattern] for one in decided):
            yield unused_reason(pattern, patterns[:number], taps)


def unused_reason(pattern: str, before: Iterable[str], taps: Sequence[str]) -> str:
    """Return why a row decides no tap, and what to write in its place.

    Args:
        pattern: of the row.
        before: patterns of the rows before it.
        taps: names of all taps of all logs.
    """
    caught = [tap for tap in taps if tap == pattern or fnmatchcase(tap, pattern)]
    earlier = [one for one in before if caught and all(tap == one or fnmatchcase(tap, one) for tap in caught)]
    if earlier:
        return f"'{pattern}' is never used, since '{earlier[0]}' stands before it; put it first"
    if caught:
        return (
            f"'{pattern}' fits only {_listed(caught)}, which is compared exactly: whole numbers need a row "
            "of their own name, words have no bound; write the name, or leave it out"
        )
    near = difflib.get_close_matches(pattern.replace("*", "").replace("?", ""), taps, SHOWN_NEAREST, 0.0)
    return f"'{pattern}' fits no tap; the nearest are {', '.join(near) or 'none'}: correct it or leave it out"
