"""Simpler forms of an option: shorter numbers, plain axes, a number in place of a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from harness.shrink.items import OptionItem
from simulator.command_line.option_table import BY_SPELLING

ROUND = ("0", "1", "2", "5", "10", "100", "1000")
DIGITS = (1, 2, 3)
MINUS = ("-1", "-10")
IN_PLACE: Mapping[str, tuple[OptionItem, ...]] = {
    "-hkl": (OptionItem("-default_F", ("100",)),),
    "-dump": (OptionItem("-default_F", ("100",)),),
    "-mat": (OptionItem("-cell", ("100",)), OptionItem("-cell", ("100", "100", "100", "90", "90", "90"))),
    "-energy": (OptionItem("-lambda", ("1",)),),
    "-close_distance": (OptionItem("-distance", ("100",)),),
    "-cell": (OptionItem("-cell", ("100",)), OptionItem("-cell", ("50", "60", "70"))),
    "-misset": (OptionItem("-misset", ("10", "20", "30")),),
}
"""Of some options, what says about the same more simply."""
AXES = (
    ("1", "0", "0"),
    ("0", "1", "0"),
    ("0", "0", "1"),
    ("-1", "0", "0"),
    ("0", "-1", "0"),
    ("0", "0", "-1"),
)


def simpler_items(item: OptionItem) -> Iterator[OptionItem]:
    """Yield simpler forms of an option, the simplest first."""
    option = BY_SPELLING.get(item.option)
    if option is None or option.name == "-roi":
        return
    for other in IN_PLACE.get(option.name, ()):
        if cost(other) < cost(item) or other.name != item.name:
            yield other
    if item.option != option.name and len(option.name) <= len(item.option):
        yield OptionItem(option.name, item.words)
    if option.kinds == ("f", "f", "f"):
        yield from (
            OptionItem(item.option, axis) for axis in AXES if cost(OptionItem(item.option, axis)) < cost(item)
        )
    for place, word in enumerate(item.words):
        for number in simpler_numbers(word):
            yield OptionItem(item.option, (*item.words[:place], number, *item.words[place + 1 :]))


def simpler_numbers(word: str) -> list[str]:
    """Return numbers that are simpler to read than one, none for a word."""
    try:
        value = float(word)
    except ValueError:
        return []
    if not math.isfinite(value):
        return []
    whole = value == int(value) and "." not in word and "e" not in word.lower()
    rounded = [f"{value:.{digits}g}" for digits in DIGITS]
    halved = [str(int(value) // 2)] if whole and abs(value) > 3 else []
    offered = dict.fromkeys((*ROUND, *MINUS, *(_plain(text) for text in rounded), *halved))
    return [text for text in offered if _weight(text) < _weight(word)]


def _plain(text: str) -> str:
    value = float(text)
    return f"{value:.0f}" if value == int(value) and abs(value) < 1e6 else text


def _weight(word: str) -> tuple[int, float]:
    """Return how hard a number is to take in: its digits, then its size."""
    digits = len(word.lower().replace("-", "").replace(".", "").rstrip("0")) + word.count(".")
    try:
        value = abs(float(word))
    except ValueError:
        return 99, 0.0
    return digits, value if value >= 1.0 or value == 0.0 else 1.0 / value


def cost(item: OptionItem) -> tuple[int, int]:
    """Return how long an option is: words, then characters."""
    return len(item.words), len(item.text)


Simplifier = Callable[[bytes], tuple[list[bytes], Callable[[list[bytes]], bytes]]]


def lines_of_text(data: bytes) -> tuple[list[bytes], Callable[[list[bytes]], bytes]]:
    """Return the lines of a text file, and what makes a file of some of them."""
    return data.splitlines(keepends=True), b"".join


HEADER_END = b"}"
KEPT_KEYS = (b"HEADER_BYTES", b"DIM", b"BYTE_ORDER", b"TYPE", b"SIZE1", b"SIZE2")


def header_lines(data: bytes) -> tuple[list[bytes], Callable[[list[bytes]], bytes]]:
    """Return the lines of an SMV header that can be left out, and what makes the image with some of them."""
    end = data.find(HEADER_END)
    lines = data[:end].splitlines(keepends=True) if end > 0 else []
    free = [line for line in lines if b"=" in line and line.split(b"=")[0] not in KEPT_KEYS]

    def made(kept: list[bytes]) -> bytes:
        left = set(kept)
        text = b"".join(line for line in lines if line not in free or line in left) + HEADER_END
        return text + b" " * (end + 1 - len(text)) + data[end + 1 :]

    return free, made


PARTS: Mapping[str, Simplifier] = {
    **dict.fromkeys(("-hkl", "-sourcefile", "-stol", "-4stol", "-Q"), lines_of_text),
    **dict.fromkeys(("-img", "-mask"), header_lines),
}
"""Of options that read a file, how its content comes apart."""
