"""Float images and previews (spec 08)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.io.files import write_file


def write_float(path: Path, image: NDArray[np.float32]) -> None:
    """Write an image [slow, fast] as 4-byte floats in host byte order without a header (08).

    Raises: InputError if the file cannot be written.
    """
    write_file(path, [image], "float image")
