"""Integer image and preview, made from the float image (spec 08)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.config import Detector, Output
from simulator.output.statistics import Image, Statistics
from simulator.quirks import Quirks
from simulator.scene.region import bands_of, window_of

TARGET_COUNTS = 55000.0
SATURATION = 65535.0
PREVIEW_WHITE = 255.0
PREVIEW_TARGET = 250.0
PREVIEW_SIGMAS = 5.0


def integer_scale(output: Output, statistics: Statistics) -> float:
    """Return counts per photon of the integer image: -scale, or 55000/max, or 1 (spec 08)."""
    if output.scale > 0.0:
        return output.scale
    return TARGET_COUNTS / statistics.max_I if statistics.max_I > 0.0 else 1.0


def integer_image(
    image: Image, scale: float, adc: float, detector: Detector, quirks: Quirks
) -> NDArray[np.uint16]:
    """Return floor(fl32(x scale + adc + 0.5)) between 0 and 65535, 0 outside the region of interest.

    Args:
        image: [slow, fast].

    Source: spec 08 "Integer image" (Q-INT-FLOAT-FLOOR, Q-ROI-NO-ADC).
    """
    result = np.zeros(image.shape, np.uint16)
    for band in bands_of(window_of(detector)):
        with np.errstate(over="ignore", invalid="ignore"):
            counts = np.clip(image[band].astype(np.float64) * scale + adc, 0.0, SATURATION)
        raised = np.nan_to_num(counts) + 0.5
        if "Q-INT-FLOAT-FLOOR" in quirks:
            raised = raised.astype(np.float32).astype(np.float64)
        result[band] = np.floor(raised).astype(np.uint16)
    return result


def preview_scale(output: Output, statistics: Statistics, counts_per_photon: float) -> float:
    """Return the scale of the preview: -pgmscale, or 250/(5 rmsd), or the integer image's (spec 08)."""
    if output.pgm_scale > 0.0:
        return output.pgm_scale
    if statistics.rmsd > 0.0:
        return PREVIEW_TARGET / (PREVIEW_SIGMAS * statistics.rmsd)
    return counts_per_photon


def preview(image: Image, scale: float, detector: Detector, quirks: Quirks) -> NDArray[np.uint8]:
    """Return trunc(min(x scale, 255)), 0 outside the region of interest.

    Args:
        image: [slow, fast].

    Source: spec 08 "Preview (PGM)" (Q-PGM-NO-OFFSET).
    """
    result = np.zeros(image.shape, np.uint8)
    for band in bands_of(window_of(detector)):
        with np.errstate(over="ignore", invalid="ignore"):
            shades = np.nan_to_num(np.minimum(image[band].astype(np.float64) * scale, PREVIEW_WHITE))
        if "Q-PGM-NO-OFFSET" not in quirks:
            shades = np.maximum(shades, 0.0)
        # a shade below 0 keeps its low byte, as the reference's conversion does
        result[band] = np.trunc(np.maximum(shades, -(2.0**31))).astype(np.int64).astype(np.uint8)
    return result
