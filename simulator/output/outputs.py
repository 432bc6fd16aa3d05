"""The table of the files that a run writes: option, field, writer, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.io.pgm import pgm_chunks
from simulator.io.raw import float_chunks
from simulator.io.smv import smv_chunks
from simulator.output.integer_images import integer_image, integer_scale, preview, preview_scale
from simulator.output.noise import noise_image
from simulator.output.statistics import Statistics, for_scales, statistics_lines, statistics_of
from system_io.files import FileChunk

Say = Callable[[str], None]
NO_FILE = Path()
"""The path of a dump or a trace that goes to no file."""


@dataclass(frozen=True, eq=False)
class OutputFile:
    """One file of a run."""

    option: str
    """The option that names it."""
    what: str
    """Its name in messages."""
    path: Callable[[RunConfig], Path]
    """Where it goes."""
    wanted: Callable[[RunConfig], bool]
    """Whether a run writes it."""
    write: Callable[[FinishedImage, Say], Iterable[FileChunk]] | None = None
    """Prints the lines about an image and returns its file; None for a file that is no image."""


@dataclass(frozen=True, eq=False)
class FinishedImage:
    """What the image files are made of."""

    config: RunConfig
    header: bytes
    """SMV header of the integer and noise images."""
    photons: NDArray[np.float32]
    """[slow, fast]"""
    executed: NDArray[np.bool_]
    """Which pixels were computed [slow, fast]."""
    oversample: int
    """Sub-pixels a side."""

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of the pixels that were computed."""
        config = self.config
        return statistics_of(self.photons, self.executed, config.detector, self.oversample, config.quirks)

    @cached_property
    def counts_per_photon(self) -> float:
        """Scale of the integer image."""
        return integer_scale(self.config.output, for_scales(self.statistics, self.photons))


def always(_: RunConfig) -> bool:
    """Return that every run writes a file."""
    return True


def _float_image(image: FinishedImage, say: Say) -> Iterable[FileChunk]:
    say(f"writing {image.config.output.float_file} as {image.photons.size} 4-byte floats")
    return float_chunks(image.photons)


def _integer_image(image: FinishedImage, say: Say) -> Iterable[FileChunk]:
    config, scale = image.config, image.counts_per_photon
    for line in statistics_lines(image.statistics):
        say(line)
    say(f"intfile_scale = {scale:g}")
    say(f"writing {config.output.int_file} as 2-byte integers")
    counts = integer_image(image.photons, scale, config.output.adc, config.detector, config.quirks)
    return smv_chunks(image.header, counts)


def _preview(image: FinishedImage, say: Say) -> Iterable[FileChunk]:
    config = image.config
    scale = preview_scale(config.output, image.statistics, image.counts_per_photon)
    say(f"pgm_scale = {scale:g}")
    say(f"writing {config.output.pgm_file} as 1-byte integers")
    return pgm_chunks(preview(image.photons, scale, config.detector, config.quirks), scale)


def _noise_image(image: FinishedImage, say: Say) -> Iterable[FileChunk]:
    noise = noise_image(image.photons, image.config)
    say(f"{noise.photons:.0f} photons on noise image ({noise.overloads} overloads)")
    say(f"writing {image.config.output.noise_file} as 2-byte integers")
    return smv_chunks(image.header, noise.counts)


DUMP = OutputFile(
    "-dump", "dump file", lambda run: run.output.dump_file, lambda run: run.output.dump_file != NO_FILE
)
TRACE = OutputFile(
    "-trace_file",
    "trace",
    lambda run: run.trace.file,
    lambda run: run.trace.wanted and run.trace.file != NO_FILE,
)
FLOAT = OutputFile("-floatfile", "float image", lambda run: run.output.float_file, always, _float_image)
INT = OutputFile("-intfile", "SMV image", lambda run: run.output.int_file, always, _integer_image)
PGM = OutputFile(
    "-pgmfile", "PGM image", lambda run: run.output.pgm_file, lambda run: run.output.write_pgm, _preview
)
NOISE = OutputFile(
    "-noisefile",
    "noise image",
    lambda run: run.output.noise_file,
    lambda run: run.output.write_noise,
    _noise_image,
)
OUTPUTS: tuple[OutputFile, ...] = (DUMP, TRACE, FLOAT, INT, PGM, NOISE)
"""In the order of writing."""
