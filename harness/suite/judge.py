"""Says whether an image is still the golden one: bitwise, within the bound of rounding, or how it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.suite.figures import CaseImage, image_bytes, pixel_value, samples_of, sha256_of
from harness.suite.manifest import STATUS_KIND, key_of

FLOAT_BOUND_OF_MAX = 1e-7
COUNT_BOUND = 1
COUNT_FRACTION = 1e-4
BITWISE, WITHIN_BOUND, FAIL = "PASS bitwise", "PASS within bound", "FAIL"


@dataclass(frozen=True)
class GoldenFinding:
    """The verdict on one output of one case in one mode, and what the difference is."""

    case: str
    mode: str
    kind: str
    verdict: str
    detail: str


@dataclass(frozen=True)
class PixelPairs:
    """Pixels of both images side by side, and what they are a part of."""

    golden: NDArray[np.float64]
    now: NDArray[np.float64]
    extent: str


def judge_golden(
    golden: Mapping[str, Any], now: Mapping[str, Any], image: CaseImage | None, kept: CaseImage | None
) -> GoldenFinding:
    """Compare a new row with the golden one; where the hashes differ, compare the pixels that are there.

    Args:
        golden: row of the manifest.
        now: row of the same output of the new run.
        image: the new image, [slow, fast]; None for an expected error.
        kept: the golden image if it is kept; else the sampled pixels and the sum stand for it.

    Returns:
        PASS bitwise if hash and header are the same; PASS within bound if a float image differs by at most
        1e-7 of its maximum, or counts by one on at most one pixel in 10^4; else FAIL.
    """
    if golden["case_hash"] != now["case_hash"]:
        return _finding(now, FAIL, "the case or its input files are not those of the golden image")
    if now["kind"] == STATUS_KIND or image is None:
        same = golden.get("status") == now.get("status")
        return _finding(now, BITWISE if same else FAIL, f"exit status {now.get('status')}")
    if golden["shape"] != now["shape"]:
        return _finding(now, FAIL, f"shape {now['shape']}, {golden['shape']} is golden")
    if golden.get("header_sha256") != now.get("header_sha256"):
        return _finding(now, FAIL, "the header text differs")
    if golden["sha256"] == now["sha256"]:
        return _finding(now, BITWISE, "")
    return _judge_pixels(golden, now, _side_by_side(golden, image, kept))


def _finding(row: Mapping[str, Any], verdict: str, detail: str) -> GoldenFinding:
    case, mode, kind = key_of(row)
    return GoldenFinding(case, mode, kind, verdict, detail)


def _side_by_side(golden: Mapping[str, Any], image: CaseImage, kept: CaseImage | None) -> PixelPairs:
    now = image.astype(np.float64).ravel()
    if kept is not None and sha256_of(image_bytes(golden["kind"], kept)) == golden["sha256"]:
        return PixelPairs(kept.astype(np.float64).ravel(), now, f"{now.size} pixels")
    samples = samples_of(golden)
    values = np.array([pixel_value(golden["kind"], text) for text in samples.values()])
    return PixelPairs(values, now[list(samples)], f"{len(samples)} sampled pixels")


def _judge_pixels(golden: Mapping[str, Any], now: Mapping[str, Any], pixels: PixelPairs) -> GoldenFinding:
    difference = np.abs(pixels.now - pixels.golden)
    largest = float(difference.max())
    count = int(np.count_nonzero(difference))
    sums = f"sum {now['sum']:.12g}, {golden['sum']:.12g} is golden"
    detail = f"{count} of {pixels.extent} differ, by up to {largest:.6g}; {sums}"
    total = golden["shape"][0] * golden["shape"][1]
    sum_change = abs(now["sum"] - golden["sum"])
    if golden["kind"] == "float":
        bound = FLOAT_BOUND_OF_MAX * golden["max"]
        within = (
            np.isfinite(largest)
            and largest <= bound
            and sum_change <= FLOAT_BOUND_OF_MAX * abs(golden["sum"])
        )
        return _finding(
            now, WITHIN_BOUND if within else FAIL, f"{detail}; bound {bound:.3g} (1e-7 of the maximum)"
        )
    allowed = max(1.0, COUNT_FRACTION * total)
    within = largest <= COUNT_BOUND and count <= allowed and sum_change <= allowed
    return _finding(now, WITHIN_BOUND if within else FAIL, f"{detail}; bound 1 count on {allowed:.0f} pixels")
