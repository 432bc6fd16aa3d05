"""The words of a program that is traced: a region of one pixel, an image file, and inputs that are copies."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trace_tools.debugger.tap_map import ROI_FIELDS, ProgramFacts

IMAGE = "debugged-float.bin"


@dataclass(frozen=True)
class PixelBlock:
    """A block of pixels, bounds inclusive."""

    fast_min: int
    fast_max: int
    slow_min: int
    slow_max: int

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Return the bounds in the order of `ROI_FIELDS`."""
        return (self.fast_min, self.fast_max, self.slow_min, self.slow_max)

    def holds(self, slow: int, fast: int) -> bool:
        """Tell whether a pixel is inside."""
        return self.slow_min <= slow <= self.slow_max and self.fast_min <= fast <= self.fast_max

    def words(self, program: ProgramFacts) -> list[str]:
        """Return the words that ask a program for it."""
        bounds = dict(zip(ROI_FIELDS, map(str, self.bounds), strict=True))
        return [_filled(word, bounds) for word in program.roi]


def laid_out(words: Sequence[str], caller: Path, folder: Path) -> list[str]:
    """Return a command line for a run in an empty folder: files that it names are copies there.

    What a word names that does not exist yet is an output; it is written in the folder, too.
    """
    told = []
    for number, word in enumerate(words):
        place = caller / word
        name = f"{number}-{place.name}"
        if word and not word.startswith("-") and place.is_file():
            shutil.copyfile(place, folder / name)
            told.append(name)
        elif Path(word).is_absolute() and Path(word).parent.is_dir():
            told.append(name)
        else:
            told.append(word)
    return told


def without_option(words: Sequence[str], pattern: Sequence[str]) -> list[str]:
    """Return words without each use of an option and of as many words as stand behind it in a pattern."""
    if not pattern:
        return list(words)
    kept: list[str] = []
    place = 0
    while place < len(words):
        if words[place] == pattern[0]:
            place += len(pattern)
        else:
            kept.append(words[place])
            place += 1
    return kept


def asked_block(words: Sequence[str], program: ProgramFacts) -> PixelBlock | None:
    """Return the region that a command line asks for, None where it asks for none."""
    pattern = program.roi
    found = None
    for place, word in enumerate(words):
        behind = words[place : place + len(pattern)]
        if pattern and word == pattern[0] and len(behind) == len(pattern):
            bounds = {part: said for part, said in zip(pattern, behind, strict=True) if part in ROI_FIELDS}
            if len(bounds) == len(ROI_FIELDS) and all(_whole(said) for said in bounds.values()):
                found = PixelBlock(*(int(bounds[name]) for name in ROI_FIELDS))
    return found


def _whole(word: str) -> bool:
    return word.removeprefix("-").isdecimal()


def narrowed(words: Sequence[str], program: ProgramFacts, region: PixelBlock | None) -> list[str]:
    """Return a command line for one region, None for that which it has, with an image file of our own."""
    told = without_option(words, program.float_file)
    if region is not None:
        told = [*without_option(told, program.roi), *region.words(program)]
    return [*told, *(word.replace("{path}", IMAGE) for word in program.float_file)]


def _filled(word: str, bounds: dict[str, str]) -> str:
    for name, bound in bounds.items():
        word = word.replace(name, bound)
    return word


def leading_regions(
    pixel: tuple[int, int], whole: PixelBlock | None, program: ProgramFacts
) -> list[PixelBlock | None]:
    """Return the regions to try, smallest first, that end with a pixel; None is that of the command line.

    The pixel before leaves what upstream carries over (Q-PHI-CARRYOVER, Q-POLAR-UNITIZE); more of them are
    tried where it did not compute anything, or where something that happened earlier still counts.
    """
    if not program.roi:
        return [None]
    slow, fast = pixel
    f0, s0 = (whole.fast_min, whole.slow_min) if whole else (0, 0)
    if pixel == (s0, f0):
        return [PixelBlock(fast, fast, slow, slow), None]
    beside = PixelBlock(fast - 1, fast, slow, slow) if fast > f0 else PixelBlock(fast, fast, slow - 1, slow)
    row, column = PixelBlock(f0, fast, slow, slow), PixelBlock(fast, fast, s0, slow)
    return list(dict.fromkeys([beside, row, column, PixelBlock(f0, fast, s0, slow), None]))
