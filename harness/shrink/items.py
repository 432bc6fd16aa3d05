"""A command line as a list of options with their values, and the case that such a list makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.fuzz.case import FuzzCase
from simulator.command_line.option_table import BY_SPELLING

ROI = "-roi"


@dataclass(frozen=True)
class OptionItem:
    """An option as it is spelled, and the words behind it."""

    option: str
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the canonical name of the option, the word itself for none."""
        known = BY_SPELLING.get(self.option)
        return self.option if known is None else known.name

    @property
    def text(self) -> str:
        """Return the words as one line."""
        return " ".join((self.option, *self.words))


def items_of(words: Sequence[str]) -> list[OptionItem]:
    """Return the options of a command line with the words behind each; stray words at the start are items."""
    found: list[OptionItem] = []
    for word in words:
        if word in BY_SPELLING or not found:
            found.append(OptionItem(word))
        else:
            found[-1] = replace(found[-1], words=(*found[-1].words, word))
    return found


def case_of(items: Sequence[OptionItem], files: Mapping[str, bytes], mode: str) -> FuzzCase:
    """Return the case of some options, with those of the files that they name."""
    words = tuple(word for item in items for word in (item.option, *item.words))
    return FuzzCase(words, {name: data for name, data in files.items() if name in words}, mode)


def one_pixel(slow: int, fast: int) -> OptionItem:
    """Return the option that has one pixel computed."""
    return OptionItem(ROI, (str(fast), str(fast), str(slow), str(slow)))


def pixel_of(words: Sequence[str]) -> tuple[int, int] | None:
    """Return (slow, fast) of a command line that computes one pixel only by its -roi, else None."""
    found = [item.words for item in items_of(words) if item.name == ROI]
    if not found or len(found[-1]) != 4 or not all(word.isdecimal() for word in found[-1]):
        return None
    fast, fast_end, slow, slow_end = map(int, found[-1])
    return (slow, fast) if (fast, slow) == (fast_end, slow_end) else None
