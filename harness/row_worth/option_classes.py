"""The options of a row, each with the class of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

HEADERS = ("-img", "-mask")
LEFT_OUT: Mapping[str, frozenset[str]] = {
    name: frozenset(options)
    for name, options in {
        "no structure factors": ("-hkl", "-hklfile", "-default_F", "-dump", "-dumpfile"),
        "no cell": ("-cell", "-mat", "-matrix"),
        "no wavelength": ("-lambda", "-wave", "-wavelength", "-energy", *HEADERS),
        "no distance": ("-distance", "-close_distance", *HEADERS),
        "no pixel size": ("-pixel", "-pixel_size", "-pixelsize", "-detsize", *HEADERS),
        "no detector size": (
            "-detpixels", "-detpixels_x", "-detpixels_f", "-detpixels_y", "-detpixels_s", "-detsize",
            "-detsize_f", "-detsize_s", *HEADERS,
        ),
    }.items()
}  # fmt: skip
"""What nearly all command lines say, and the options that say it: a default acts where none is there."""
SIGNS = {-1: "negative", 0: "zero", 1: "positive"}


def option_classes(words: Sequence[str]) -> frozenset[str]:
    """Return what stands on a command line: each option with the signs of its numbers, or with its words.

    An option that stands there twice counts as one more class of it, and so does what is left to a default.

    Args:
        words: the command line, input files by their short names.
    """
    found: set[str] = set()
    for name, values in _given(words):
        text = " ".join([name, *map(_class_of, values)])
        twice = any(one.split(" ")[0] == name for one in found)
        found |= {text, f"{name} again"} if twice else {text}
    names = {one.split(" ")[0] for one in found}
    return frozenset(found | {text for text, options in LEFT_OUT.items() if not options & names})


def _given(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    name, values = "", list[str]()
    for word in words:
        if word.startswith("-") and _number(word) is None:
            if name:
                yield name, values
            name, values = word, []
        else:
            values.append(word)
    yield name, values


def _class_of(value: str) -> str:
    number = _number(value)
    return value if number is None else SIGNS[(number > 0) - (number < 0)]


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if isfinite(number) else None
