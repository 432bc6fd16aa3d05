"""The passing command line that is nearest to a failing one: it differs in one option or one value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.fuzz.case import SIMULATOR_ONLY, FuzzCase
from harness.fuzz.coverage import ANSWERS, HOUSEKEEPING
from harness.fuzz.outcome import Came
from harness.shrink.items import OptionItem, case_of, items_of
from harness.shrink.passes import Shrinking
from harness.shrink.simpler import simpler_numbers
from harness.shrink.trial import OutOfTimeError
from simulator.command_line.option_table import OPTIONS

OTHER_NUMBERS = ("0", "1", "2", "90", "45")


@dataclass(frozen=True)
class Passing:
    """A passing command line, and in words what it has otherwise."""

    case: FuzzCase
    difference: str


def nearest_passing(state: Shrinking, first: FuzzCase) -> Passing | None:
    """Return the nearest passing command line, None if no single option or value makes it pass.

    A line with an image that has contrast is preferred to one without.

    Args:
        state: the end of the shrinking.
        first: where it began; options of it may be put back.
    """
    flat: Passing | None = None
    try:
        for items, difference in (*_neighbours(state.items), *_with_one_more(state.items, first)):
            case = case_of(items, {**first.files, **state.files}, state.mode)
            tried = state.trials.try_out(case)
            if tried.came == Came.AGREED.value:
                return Passing(case, difference)
            if tried.passes and flat is None:
                flat = Passing(case, difference)
    except OutOfTimeError:
        pass
    return flat


def _neighbours(items: Sequence[OptionItem]) -> Iterator[tuple[list[OptionItem], str]]:
    """Yield the options with one value changed, then with one option left out."""
    for place, item in enumerate(items):
        for number, word in enumerate(item.words):
            for other in _others(word):
                words = (*item.words[:number], other, *item.words[number + 1 :])
                changed = [*items[:place], OptionItem(item.option, words), *items[place + 1 :]]
                yield changed, f"{changed[place].text} in place of {item.text}"
    for place, item in enumerate(items):
        yield [*items[:place], *items[place + 1 :]], f"without {item.text}"


def _with_one_more(items: Sequence[OptionItem], first: FuzzCase) -> Iterator[tuple[list[OptionItem], str]]:
    """Yield the options with one more: a switch, or one of the first command line."""
    there = {item.name for item in items}
    switches = [
        OptionItem(option.name)
        for option in OPTIONS
        if not option.kinds and option.name not in SIMULATOR_ONLY
    ]
    for item in (*switches, *items_of(first.words)):
        if item.name not in there | ANSWERS | HOUSEKEEPING:
            yield [*items, item], f"with {item.text}"


def _others(word: str) -> list[str]:
    try:
        float(word)
    except ValueError:
        return []
    return [text for text in dict.fromkeys((*OTHER_NUMBERS, *simpler_numbers(word))) if text != word]
