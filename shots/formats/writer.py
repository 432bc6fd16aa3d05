"""What a writer of a format is, and what all of them share: names of files, pixels as they are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shots.frames import Frames
from system_io.files import FileChunk, written_together

WrittenImages = Literal["counts", "photons"]
TAILS: Mapping[WrittenImages, str] = {"counts": "", "photons": "_photons"}
"""Ends of the names of files, so that both images of a shot can lie in one folder."""


class FormatWriter(Protocol):
    """Writes the images of a data set in one format."""

    def write(self, folder: Path, frames: Frames) -> tuple[Path, ...]:
        """Write the files of one shot, all or none, and return them.

        Raises:
            UserError: if they cannot be written.
        """
        ...

    def finish(self, folder: Path, numbers: Sequence[int]) -> tuple[Path, ...]:
        """Write what needs all shots of a data set, and return it.

        Raises:
            UserError: if a shot is missing, or it cannot be written.
        """
        ...

    def data_hash(self, path: Path) -> str:
        """Return the SHA-256 of pixels and metadata of a file; equal shots have equal ones."""
        ...


@dataclass(frozen=True)
class ShotNames:
    """How the files of shots are named, without a suffix.

    Attributes:
        pattern: with one run of #, in whose place the number stands, at least as many digits.
        first: number of the first shot's files.
    """

    pattern: str = "shot_######"
    first: int = 0

    def of(self, number: int) -> str:
        """Return the name of a shot by its number in the plan, from 0."""
        digits = self.pattern.count("#")
        return self.pattern.replace("#" * digits, f"{self.first + number:0{digits}d}")


USUAL_NAMES = ShotNames()


def panel_files(names: ShotNames, folder: Path, frames: Frames, suffix: str) -> tuple[Path, ...]:
    """Return the file of each panel of a shot; a detector of one panel needs no number in the name."""
    name, count = names.of(frames.number), len(frames.setup.panels)
    each = [name] if count == 1 else [f"{name}_panel_{index:03d}" for index in range(count)]
    return tuple(folder / f"{one}{suffix}" for one in each)


def images_of(frames: Frames, images: WrittenImages) -> tuple[NDArray[Any], ...]:
    """Return the images of a shot that are written.

    Returns:
        Of each panel [slow, fast]: int32 counts, or float32 photons.

    Raises:
        ValueError: for images whose number or size is not that of the panels.
    """
    found = {"counts": frames.counts, "photons": frames.photons}[images]
    kind = {"counts": np.int32, "photons": np.float32}[images]
    wanted = [(panel.slow_pixels, panel.fast_pixels) for panel in frames.setup.panels]
    if [image.shape for image in found] != wanted:
        raise ValueError(f"shot {frames.number}: {images} of {[i.shape for i in found]}, panels of {wanted}")
    return tuple(np.ascontiguousarray(image, dtype=kind) for image in found)


@dataclass(frozen=True)
class PanelFiles:
    """A format of one file a panel that needs nothing else: a base of its writers.

    Attributes:
        suffix: of the files.
        what: their name in messages.
        images: which images are written.
        names: of the files.
    """

    suffix: str
    what: str
    images: WrittenImages = "counts"
    names: ShotNames = USUAL_NAMES

    def chunks(self, frames: Frames, index: int, image: NDArray[Any]) -> list[FileChunk]:
        """Return the bytes of one file.

        Args:
            frames: of the shot.
            index: of the panel.
            image: of the panel [slow, fast].
        """
        raise NotImplementedError

    def write(self, folder: Path, frames: Frames) -> tuple[Path, ...]:
        """Write one file a panel, all or none."""
        paths = panel_files(self.names, folder, frames, f"{TAILS[self.images]}{self.suffix}")
        with written_together() as files:
            for index, (path, image) in enumerate(zip(paths, images_of(frames, self.images), strict=True)):
                files.add(path, self.chunks(frames, index, image), self.what)
        return paths

    def finish(self, folder: Path, numbers: Sequence[int]) -> tuple[Path, ...]:
        """Return nothing: each file is whole on its own."""
        return ()

    def data_hash(self, path: Path) -> str:
        """Return the hash of the file, which has no times in it."""
        return hashlib.sha256(path.read_bytes()).hexdigest()
