"""Compares the outputs of two runs: equal to the last byte, or each what its own float image must give.

Two float images may differ within rounding, and a count that lies at the border of two numbers then falls to
either side. No tolerance allows for that: each side's output is made again from its own float image by the
simulator's writers, and a difference is accounted for only where both sides have what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.images.compare import Region
from harness.outputs.dump import compare_dumps
from harness.outputs.noise_rows import noise_statistics
from harness.outputs.read import ORDER, START, ReadOutput, differing_entries, read_pgm_output
from harness.outputs.request import (
    DUMP_NAME,
    NOISE_NAME,
    PGM_NAME,
    ROWS,
    SMV_NAME,
    STATISTICS,
    OutputRequest,
)
from harness.outputs.rows import OutputRow, failed, held, not_asked, not_compared
from harness.outputs.sides import OutputSide
from system_io.shown import printable
from system_io.verdict_words import Word

PRINTED: Mapping[str, tuple[str, ...]] = {
    SMV_NAME: (r"max_I = .*", r"mean= .*", r"intfile_scale = .*"),
    PGM_NAME: (r"pgm_scale = .*",),
    NOISE_NAME: (r".* photons on noise image .*",),
}
"""Lines that a run prints about an output (spec 08 "Console output")."""
OF_QUIRK: Mapping[str, str] = {
    "BEAM_CENTER_X": "Q-HEADER-BEAM-CENTER",
    "BEAM_CENTER_Y": "Q-HEADER-BEAM-CENTER",
    "ADC_OFFSET": "Q-HEADER-ADC-OFFSET",
    "DIALS_ORIGIN": "Q-HEADER-SEMICOLON",
    "HEADER_BYTES": "Q-HEADER-OVERFLOW",
    START: "Q-HEADER-OVERFLOW",
}
"""Header entries that a quirk changes (spec 08 "SMV file layout")."""
REMEDY: Mapping[str, str] = {
    NOISE_NAME: "; where generators or seeds differ on purpose, give --noise statistics"
}
"""What a reason adds for an output."""
MOST_NAMED = 3
"""Differing entries and lines that a reason names."""

BothSides = tuple[OutputSide, OutputSide]


def compare_outputs(
    sides: BothSides, request: OutputRequest, off: Mapping[str, str], region: Region | None
) -> list[OutputRow]:
    """Return what became of each output that is compared beside the float image.

    Args:
        sides: what both programs left.
        request: the outputs, and how noise images are compared.
        off: outputs that the command line has no run write, with the reason.
        region: the compared pixels, None for all.
    """
    rows: list[OutputRow] = []
    for name in request.more:
        if name in off:
            rows.append(_left_out(name, sides, off[name]))
        else:
            rows += _compared(name, sides, request, region)
    return rows


def _left_out(name: str, sides: BothSides, why: str) -> OutputRow:
    """Return the row of an output that no run writes; one that is there all the same differs from that."""
    there = [side.name for side in sides if name in side.files]
    if not there:
        return not_asked(name, why)
    return failed(name, "file", len(there), len(there), f"{' and '.join(there)} wrote it in spite of {why}")


def _compared(
    name: str, sides: BothSides, request: OutputRequest, region: Region | None
) -> Iterator[OutputRow]:
    missing = [side.name for side in sides if name not in side.files]
    if missing:
        yield not_compared(
            name, "file", f"{' and '.join(missing)} wrote no {ROWS[name].what} (a regular file)"
        )
        return
    as_samples = name == NOISE_NAME and request.noise == STATISTICS
    yield from COMPARERS[name](sides, region, as_samples)


def _image(name: str, sides: BothSides, region: Region | None, as_samples: bool) -> Iterator[OutputRow]:
    reads = [side.read(name) for side in sides]
    yield _header(name, sides, reads)
    if not as_samples:
        yield _printed(name, sides)
    troubles = [
        f"{side.name} {read.trouble}" for side, read in zip(sides, reads, strict=True) if read.trouble
    ]
    pixels = [read.pixels for read in reads if read.pixels is not None]
    if troubles or len(pixels) != len(sides):
        yield not_compared(name, "pixels", "; ".join(troubles))
    elif pixels[0].shape != pixels[1].shape:
        shapes = " and ".join(f"{one.shape[0]} x {one.shape[1]}" for one in pixels)
        yield not_compared(name, "pixels", f"the images have {shapes} pixels", Word.NOT_COMPARABLE)
    elif as_samples:
        yield noise_statistics(sides, (pixels[0], pixels[1]), region)
    else:
        yield _pixels(name, sides, (pixels[0], pixels[1]), region)


def _dump(sides: BothSides, _region: Region | None, _as_samples: bool) -> Iterator[OutputRow]:
    yield compare_dumps((sides[0].files[DUMP_NAME], sides[1].files[DUMP_NAME]), [side.name for side in sides])


COMPARERS: Mapping[str, Callable[[BothSides, Region | None, bool], Iterator[OutputRow]]] = {
    DUMP_NAME: _dump,
    **{name: partial(_image, name) for name in (SMV_NAME, PGM_NAME, NOISE_NAME)},
}
"""How each output beside the float image is compared."""


def _may_account(sides: BothSides) -> bool:
    """Tell whether float images or quirks differ, so that outputs may."""
    first, second = (side.image.view(np.int32) for side in sides)
    return not np.array_equal(first, second) or sides[0].quirks != sides[1].quirks


def _pixels(
    name: str, sides: BothSides, pixels: tuple[NDArray[Any], NDArray[Any]], region: Region | None
) -> OutputRow:
    area = region or Region.whole(pixels[0].shape)
    own = [area.crop(image) for image in pixels]
    differ = own[0] != own[1]
    unequal = int(np.count_nonzero(differ))
    if not unequal:
        return held(name, "pixels")
    if _may_account(sides):
        differ &= ~_as_derived(name, sides, own, area)
    apart = int(np.count_nonzero(differ))
    if not apart:
        return held(
            name, "pixels", unequal, f"{unequal} differ, each as its own float image and quirks give it"
        )
    slow, fast = (int(place) for place in np.argwhere(differ)[0])
    counts = [f"{side.name} {int(image[slow, fast])}" for side, image in zip(sides, own, strict=True)]
    place = (slow + area.origin[0], fast + area.origin[1])
    photons = " and ".join(f"{side.image[place]:.9g}" for side in sides)
    text = (
        f"{apart} of {differ.size} differ, which the float images do not account for; first [slow, fast] "
        f"{list(place)}: {', '.join(counts)} (photons {photons})"
    )
    return failed(name, "pixels", unequal, apart, f"{text}{REMEDY.get(name, '')}")


def _as_derived(name: str, sides: BothSides, own: Sequence[NDArray[Any]], area: Region) -> NDArray[np.bool_]:
    """Return which pixels are on both sides what float image and quirks of the side give."""
    same = np.ones(own[0].shape, np.bool_)
    for side, image in zip(sides, own, strict=True):
        made = side.derived(name)
        if made is None:
            return np.zeros_like(same)
        size = side.image.size * image.itemsize
        derived = np.frombuffer(made.data[len(made.data) - size :], image.dtype.newbyteorder("="))
        same &= area.crop(derived.reshape(side.image.shape)) == image
    return same


def _header(name: str, sides: BothSides, reads: Sequence[ReadOutput]) -> OutputRow:
    if not all(read.header for read in reads):
        troubles = [f"{side.name} {read.trouble}" for side, read in zip(sides, reads, strict=True)]
        return not_compared(name, "header", "; ".join(text for text in troubles if not text.endswith(" ")))
    differing = list(differing_entries(reads[0].header, reads[1].header))
    named: list[str] = []
    apart: list[str] = []
    for key, one, other in differing:
        text = f"{key} {sides[0].name} '{printable(one)}', {sides[1].name} '{printable(other)}'"
        reason = _why_header(name, key, sides, reads)
        (named if reason else apart).append(f"{text}{reason}")
    return _row_of(name, "header", len(differing), named, apart)


def _why_header(name: str, key: str, sides: BothSides, reads: Sequence[ReadOutput]) -> str:
    """Return what accounts for a header entry that differs: a quirk of one side, or its float image."""
    quirk = OF_QUIRK.get(key)
    if quirk is not None and name != PGM_NAME:
        return f" ({quirk} is on in one program only)" if quirk in sides[0].quirks ^ sides[1].quirks else ""
    if name != PGM_NAME or key == ORDER or not _may_account(sides):
        return ""
    for side, read in zip(sides, reads, strict=True):
        made = side.derived(name)
        derived = None if made is None else read_pgm_output(made.data, side.image.shape)
        if derived is None or dict(derived.header).get(key) != dict(read.header).get(key):
            return ""
    return " (as its own float image gives it)"


def _printed(name: str, sides: BothSides) -> OutputRow:
    named: list[str] = []
    apart: list[str] = []
    silent = False
    for pattern in PRINTED[name]:
        lines = [_line(pattern, side.printed) for side in sides]
        if lines[0] == lines[1]:
            silent |= lines[0] is None
            continue
        if any(line is None and not side.prints for line, side in zip(lines, sides, strict=True)):
            silent = True
            continue
        shown = [f"{side.name} '{printable(line)}'" if line is not None else f"{side.name} no such line"
                 for side, line in zip(sides, lines, strict=True)]  # fmt: skip
        reason = " (as its own float image gives it)" if _line_as_derived(name, pattern, sides, lines) else ""
        (named if reason else apart).append(f"{', '.join(shown)}{reason}")
    if silent and not apart:
        text = "at least one program does not print the lines of spec 08 about it"
        return not_compared(name, "printed", text, Word.NOT_COMPARABLE)
    return _row_of(name, "printed", len(named) + len(apart), named, apart)


def _line(pattern: str, text: str) -> str | None:
    found = re.search(rf"^{pattern}$", text, re.MULTILINE)
    return None if found is None else found[0].strip()


def _line_as_derived(name: str, pattern: str, sides: BothSides, lines: Sequence[str | None]) -> bool:
    if not _may_account(sides):
        return False
    for side, line in zip(sides, lines, strict=True):
        made = side.derived(name)
        if made is None or line is None or _line(pattern, "\n".join(made.lines)) != line:
            return False
    return True


def _row_of(name: str, part: str, unequal: int, named: Sequence[str], apart: Sequence[str]) -> OutputRow:
    if not apart:
        return held(name, part, unequal, "; ".join(named[:MOST_NAMED]))
    more = len(apart) - MOST_NAMED
    text = "; ".join(apart[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return failed(name, part, unequal, len(apart), text)
