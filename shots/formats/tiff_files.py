"""TIFF: a file for each panel, of 32-bit counts or photons; its description is the geometry as JSON."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.formats.writer import PanelFiles
from shots.frames import Frames
from system_io.files import FileChunk
from system_io.shown import json_text

IMAGE_DESCRIPTION = 270
"""Number of the tag."""


@dataclass(frozen=True)
class TiffFiles(PanelFiles):
    """The writer of TIFF files, unpacked, in one strip."""

    def chunks(self, frames: Frames, index: int, image: NDArray[Any]) -> list[FileChunk]:
        """Return the file of a panel."""
        from PIL import Image

        buffer = io.BytesIO()
        text = description(frames, index)
        picture = Image.fromarray(np.ascontiguousarray(image))
        picture.save(buffer, format="TIFF", tiffinfo={IMAGE_DESCRIPTION: text})
        return [buffer.getvalue()]


def description(frames: Frames, index: int) -> str:
    """Return beam and panel as JSON, in metres and the laboratory frame of the run."""
    setup = frames.setup
    panel = setup.panels[index]
    return json_text(
        {
            "shot": frames.number,
            "panel": panel.name,
            "pixel_size_m": panel.pixel_size_m,
            "origin_m": panel.origin_m,
            "fast": panel.fast,
            "slow": panel.slow,
            "beam": setup.beam,
            "wavelength_m": setup.wavelength_m,
            "spindle": setup.spindle,
            "phi_start_rad": setup.phi_start_rad,
            "phi_range_rad": setup.phi_range_rad,
        },
        indent=None,
    )
