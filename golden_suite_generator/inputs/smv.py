"""SMV images for `-img` and `-mask`: headers that set the camera, and a mask pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from golden_suite_generator.inputs.mixer import mixed

CountImage = NDArray[np.uint16]
Camera = Mapping[str, str | float]
HEAD: Mapping[str, str] = {"DIM": "2", "BYTE_ORDER": "little_endian", "TYPE": "unsigned_short"}
MASK_SIZE = 64


def smv_bytes(header: Mapping[str, str], pixels: CountImage, header_bytes: int = 512) -> bytes:
    """Return an SMV file: the header padded with blanks, then little-endian pixels (spec 02 section 8).

    Args:
        header: keys and values in order, without HEADER_BYTES.
        pixels: [slow, fast].
        header_bytes: size of the header.
    """
    lines = "".join(f"{key}={value};\n" for key, value in header.items())
    text = f"{{\nHEADER_BYTES={header_bytes};\n{lines}}}\f".encode("ascii")
    return text.ljust(header_bytes, b" ") + pixels.astype("<u2").tobytes()


def sized(pixels: CountImage, values: Camera, head: Mapping[str, str] = HEAD) -> dict[str, str]:
    """Return a header with the size of the image and more values; numbers are written with six digits."""
    slow, fast = pixels.shape
    texts = {key: value if isinstance(value, str) else f"{value:g}" for key, value in values.items()}
    return {**head, "SIZE1": str(fast), "SIZE2": str(slow), **texts}


def counts(slow: int, fast: int, value: Callable[[int, int], int]) -> CountImage:
    """Return an image [slow, fast] from a function of the indices."""
    return np.array([[value(s, f) for f in range(fast)] for s in range(slow)], dtype=np.uint16)


def mask_pattern(seed: int) -> CountImage:
    """Return a mask of zeros and ones: masked first rows, a line, a disc and specks.

    The start of the third row is masked so that the first pixel computed is not at a row's start.
    """
    size = MASK_SIZE
    slow, fast = np.ogrid[0:size, 0:size]
    keep = np.ones((size, size), dtype=np.uint16)
    keep[:2] = 0
    keep[2, : 5 + seed] = 0
    keep[:, size // 3 + seed] = 0
    keep[np.hypot(slow - 0.6 * size, fast - 0.55 * size) < 0.08 * size] = 0
    for speck in range(60):
        keep[mixed(seed, 31, speck) % size, mixed(seed, 32, speck) % size] = 0
    return keep


def mask_with_camera(seed: int) -> bytes:
    """Return a mask whose header sets the camera, the beam centre and the phi range."""
    d = seed - 1
    camera: Camera = {
        "PIXEL_SIZE": 0.45 + 0.02 * d,
        "DISTANCE": 95.5 + 4 * d,
        "WAVELENGTH": 1.1 - 0.04 * d,
        "BEAM_CENTER_X": 13.2 + 0.7 * d,
        "BEAM_CENTER_Y": 15.9 - 0.4 * d,
        "PHI": 0.75 + 0.5 * d,
        "OSC_RANGE": 0.5 + 0.1 * d,
        "TWOTHETA": "3",
    }
    pixels = mask_pattern(seed)
    return smv_bytes(sized(pixels, camera), pixels)


def mask_bare(seed: int) -> bytes:
    """Return a mask of large values whose header has nothing but the size."""
    slow, fast = np.ogrid[0:MASK_SIZE, 0:MASK_SIZE]
    pixels = mask_pattern(seed + 1) * (1 + (7 * slow + 13 * fast) % 9000).astype(np.uint16)
    return smv_bytes(sized(pixels, {}), pixels)


def image_with_camera(seed: int) -> bytes:
    """Return an image with the keys that contain others (CLOSE_DISTANCE, XDS_ORGX) and a two-theta angle."""
    d = seed - 1
    camera: Camera = {
        "PIXEL_SIZE": 0.4 + 0.03 * d,
        "DISTANCE": 88.0 + 2 * d,
        "WAVELENGTH": 0.97 + 0.05 * d,
        "BEAM_CENTER_X": 9.3 + 0.5 * d,
        "BEAM_CENTER_Y": 12.1 - 0.6 * d,
        "XDS_ORGX": 29.5 + d,
        "XDS_ORGY": 22.25 - d,
        "CLOSE_DISTANCE": 87.25 + 2 * d,
        "PHI": 1.5 - 0.25 * d,
        "OSC_START": 1.5 - 0.25 * d,
        "OSC_RANGE": 0.6 + 0.2 * d,
        "TWOTHETA": "4",
        "DETECTOR_SN": "000",
        "BEAMLINE": "fake",
    }
    pixels = counts(48, 64, lambda s, f: mixed(seed, 41, s, f) % 5000)
    return smv_bytes(sized(pixels, camera), pixels)


def image_with_long_header(seed: int) -> bytes:
    """Return an image with a header of 1024 bytes that claims big-endian data and has no CLOSE_DISTANCE."""
    d = seed - 1
    head = {**HEAD, "BYTE_ORDER": "big_endian", "COMMENT": "x" * 560}
    camera: Camera = {
        "PIXEL_SIZE": 0.6 - 0.05 * d,
        "DISTANCE": 90.0 + 3 * d,
        "WAVELENGTH": 1.05 + 0.02 * d,
        "BEAM_CENTER_X": 10.4 + 0.3 * d,
        "BEAM_CENTER_Y": 11.7 - 0.2 * d,
    }
    pixels = counts(32, 40, lambda s, f: mixed(seed, 42, s, f) % 3000)
    return smv_bytes(sized(pixels, camera, head), pixels, header_bytes=1024)
