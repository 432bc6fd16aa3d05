"""Grey-scale previews in binary PGM (spec 08)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.io.files import write_file


def write_pgm(path: Path, pixels: NDArray[np.uint8], scale: float) -> None:
    """Write a preview [slow, fast]; the header names the scale of the pixels (08).

    Raises: InputError if the file cannot be written.
    """
    height, width = pixels.shape
    header = f"P5\n{width} {height}\n# pixels scaled by {scale:g}\n255\n"
    write_file(path, [header.encode(), pixels], "PGM image")
