"""The table of formats that a data set is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from shots.formats.cbf_files import ENCODINGS, CbfFiles
from shots.formats.npy_files import NpyFiles
from shots.formats.nxmx_files import PACKINGS, NxmxFiles
from shots.formats.smv_files import SmvFiles
from shots.formats.tiff_files import TiffFiles
from shots.formats.writer import FormatWriter, ShotNames
from simulator.errors import InputError

WRITERS: Mapping[str, FormatWriter] = {
    "nxmx": NxmxFiles(),
    "nxmx-photons": NxmxFiles("photons"),
    "cbf": CbfFiles(".cbf", "CBF file"),
    "smv": SmvFiles(".img", "SMV file"),
    "tiff": TiffFiles(".tif", "TIFF file"),
    "npy": NpyFiles(".npy", "array"),
    "npy-photons": NpyFiles(".npy", "array", "photons"),
    "tiff-photons": TiffFiles(".tif", "TIFF file", "photons"),
}
"""By the word of a plan; `-photons` writes the float image without background and noise."""


COMPRESSIONS: Mapping[str, tuple[str, ...]] = {
    "nxmx": tuple(PACKINGS),
    "nxmx-photons": tuple(PACKINGS),
    "cbf": tuple(ENCODINGS),
}
"""Of the formats that have several; the first is the usual one."""


def chosen_writer(word: str, names: ShotNames, compression: str = "") -> FormatWriter:
    """Return the writer of a format with names of files and a compression.

    Args:
        word: of the format.
        names: of the files.
        compression: a word of `COMPRESSIONS`, empty for the usual one.

    Raises:
        InputError: for an unknown word.
    """
    writer: Any = writer_named(word)
    if not compression:
        return cast("FormatWriter", replace(writer, names=names))
    known = COMPRESSIONS.get(word, ())
    if compression not in known:
        remedy = f"give one of {', '.join(known)}" if known else "it has one way to hold pixels; leave it out"
        raise InputError(f"compression '{compression}' of format '{word}': unknown; {remedy}")
    return cast("FormatWriter", replace(writer, names=names, compression=compression))


def writer_named(word: str) -> FormatWriter:
    """Return the writer of a format.

    Raises:
        InputError: for an unknown word.
    """
    if word not in WRITERS:
        raise InputError(f"format '{word}': unknown; give one of {', '.join(WRITERS)}")
    return WRITERS[word]
