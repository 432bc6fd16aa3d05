"""Images as arrays of numpy, one file a panel."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.formats.writer import PanelFiles
from shots.frames import Frames
from system_io.files import FileChunk


@dataclass(frozen=True)
class NpyFiles(PanelFiles):
    """Writes arrays [slow, fast] as `numpy.load` reads them."""

    def chunks(self, frames: Frames, index: int, image: NDArray[Any]) -> list[FileChunk]:
        """Return the bytes of one file."""
        stream = io.BytesIO()
        np.save(stream, image, allow_pickle=False)
        return [stream.getbuffer()]
