"""The table of formats that a data set is written in."""

from __future__ import annotations

from collections.abc import Mapping

from shots.formats.cbf_files import CbfFiles
from shots.formats.npy_files import NpyFiles
from shots.formats.nxmx_files import NxmxFiles
from shots.formats.smv_files import SmvFiles
from shots.formats.tiff_files import TiffFiles
from shots.formats.writer import FormatWriter
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


def writer_named(word: str) -> FormatWriter:
    """Return the writer of a format.

    Raises:
        InputError: for an unknown word.
    """
    if word not in WRITERS:
        raise InputError(f"format '{word}': unknown; give one of {', '.join(WRITERS)}")
    return WRITERS[word]
