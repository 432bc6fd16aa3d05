"""Ways to a green that means nothing: each is refused, or a pass states its limits in the verdict line.

`WAYS` lists them by name. Those that need programs that run are in `tests/harness/programs/test_external.py`
and `tests/harness/commands/test_nb_compare.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.images.compare import ImageRequest, Region, compare_images, image_request
from harness.images.judgement import PUBLISHED, STRICT
from harness.images.reflections import ReflectionMap
from harness.pairs.coverage import coverage_data, coverage_words
from harness.pairs.findings import origin, same_program, trace_findings
from harness.programs.programs import Program
from harness.verdict import PairFinding, limited_verdict
from system_io.verdict_words import Word

SIDE = 100
REFERENCE = {"kind": "reference", "path": "/a/reference", "binary_sha256": "a" * 64}
OTHER = {"kind": "reference", "path": "/b/wrapper.sh", "binary_sha256": "b" * 64}
EXTERNAL = {"kind": "external", "path": "/c/nanoBragg", "binary_sha256": "c" * 64}
ELSEWHERE = {"kind": "external", "path": "/d/nanoBragg", "binary_sha256": "d" * 64}
SIMULATOR = {"kind": "simulator", "path": "/s", "sources_sha256": "s" * 64}
FILE = {"kind": "file", "path": "/i/a.bin", "sha256": "f" * 64}


def spots():
    """Spots over twelve decades, the brightest in the first corner."""
    slow, fast = np.mgrid[0:SIDE, 0:SIDE]
    value = np.sin(slow * np.pi / 10.0) ** 8 * np.sin(fast * np.pi / 10.0) ** 8 + 1e-3
    return (value * 10.0 ** (-6.0 * (slow + fast) / SIDE)).astype(np.float32)


def said(
    first, second, roi=None, bounds=STRICT, *, findings=(), args=(), kinds=("reference", "simulator"), **more
):
    """Return the verdict on two images and what its line says of its coverage."""
    resample = more.pop("resample", False)
    request = more.pop("request", None) or replace(image_request(args, "float64"), **more)
    compared = compare_images(first, second, roi, bounds, resample=resample, made=request)
    verdict = limited_verdict(compared.verdict, findings)
    limits = [row.reason for row in findings if row.word is Word.PASS]
    programs = [Program(kind, (), {}) for kind in kinds]
    images = compared.coverage if compared.metrics else None
    return verdict.word, "; ".join(
        [
            *coverage_words(coverage_data(images, verdict.criteria, args, programs, limits), None),
            *verdict.reasons,
        ]
    )


def of_sides(first, second, dtype=None, determinism=False):
    """Return the outcome for equal images of two programs."""
    findings = [*same_program(first, second, dtype, determinism), *origin(first, second)]
    return said(spots(), spots(), findings=findings)


def equal(change: Callable[[np.ndarray], None], **more):
    """Return the outcome where both images were changed alike."""
    image = spots()
    change(image)
    return said(image, image.copy(), **more)


def filled(value):
    return lambda image: image.fill(value)


def one_pixel(value):
    return lambda image: image.__setitem__((3, 3), value)


def off_by(factor, roi, **more):
    """Return the outcome in a region where all that lies outside of it differs."""
    other = spots() * np.float32(factor)
    region = Region(*roi)
    rows, columns = slice(region.y_min, region.y_max + 1), slice(region.x_min, region.x_max + 1)
    other[rows, columns] = spots()[rows, columns]
    return said(spots(), other, region, **more)


def masked(kept):
    """Return the outcome where a mask leaves so many rows, on both sides alike."""
    image = spots()
    image[kept:] = 0.0
    indices = np.zeros((3, SIDE, SIDE), np.int32)
    indices[0, kept:] = -1000
    made = ImageRequest(
        predicted=ReflectionMap.of(indices, -1000, np.zeros((SIDE, SIDE), bool)), no_reflections=""
    )
    return said(image, image.copy(), request=made)


def hot(image, value=1e9):
    image[50, 50] = value
    return image


NC, ERROR, FAIL, PASS = Word.NOT_COMPARABLE, Word.ERROR, Word.FAIL, Word.PASS
WAYS = {
    "one binary under two names": (
        lambda: of_sides(REFERENCE, {**REFERENCE, "path": "/b/copy"}),
        NC,
        "one file",
    ),
    "one path twice": (lambda: of_sides(EXTERNAL, EXTERNAL), NC, "one file"),
    "a link to the binary": (lambda: of_sides(EXTERNAL, {**EXTERNAL, "path": "/l"}), NC, "one file"),
    "the simulator against itself": (
        lambda: of_sides(SIMULATOR, {**SIMULATOR, "path": "/t"}),
        NC,
        "one file",
    ),
    "the simulator against its console script": (
        lambda: of_sides(SIMULATOR, {"kind": "simulator", "path": "/bin/x", "package_sha256": "s" * 64}),
        NC,
        "one file",
    ),
    "one program twice, asked for": (
        lambda: of_sides(EXTERNAL, EXTERNAL, None, True),
        PASS,
        "determinism only",
    ),
    "one program in two arithmetics": (lambda: of_sides(SIMULATOR, SIMULATOR, "mixed"), PASS, "one program"),
    "a wrapper script around the same binary": (
        lambda: of_sides(REFERENCE, OTHER),
        PASS,
        "builds of one program",
    ),
    "two builds of unknown origin": (lambda: of_sides(EXTERNAL, ELSEWHERE), PASS, "neither side"),
    "a build and a foreign program": (lambda: of_sides(OTHER, EXTERNAL), PASS, "only that both answer"),
    "one image file twice": (lambda: of_sides(FILE, FILE), NC, "agrees with itself"),
    "a copy of an image file": (lambda: of_sides(FILE, {**FILE, "path": "/j"}), PASS, "same bytes"),
    "two images without a command line": (
        lambda: said(spots(), spots(), kinds=("file", "file")),
        PASS,
        "no reflections (no command line",
    ),
    "NaN everywhere on both sides": (lambda: equal(filled(np.nan)), NC, "NaN"),
    "one NaN on both sides": (lambda: equal(one_pixel(np.nan)), NC, "NaN"),
    "one infinity on both sides": (lambda: equal(one_pixel(np.inf)), NC, "infinite"),
    "NaN on one side": (lambda: said(spots(), hot(spots(), np.nan)), FAIL, "NaN"),
    "no fluence: all zero": (lambda: equal(filled(0.0)), NC, "all zero"),
    "both images constant": (lambda: equal(filled(2.0)), NC, "constant"),
    "both images constant below zero": (lambda: equal(filled(-2.0)), NC, "constant"),
    "zero on one side": (lambda: said(spots(), np.zeros_like(spots())), FAIL, "all zero"),
    "everything masked": (lambda: masked(0), NC, "all zero"),
    "almost everything masked": (lambda: masked(20), PASS, "2000 of 10000 pixels (20 %)"),
    "a region of four pixels": (lambda: off_by(1.2, (0, 1, 0, 1)), NC, "fewer than 9"),
    "a region of two pixels": (lambda: off_by(1.2, (0, 1, 0, 0)), NC, "fewer than 9"),
    "a small dark region": (lambda: off_by(1.2, (90, 96, 90, 96)), NC, "less than 1 % of both"),
    "a small dark region, asked for": (
        lambda: off_by(1.2, (90, 96, 90, 96), small_region=True),
        PASS,
        "49 of 10000 pixels (0.49 %)",
    ),
    "a large dark region": (lambda: off_by(1.2, (60, 99, 60, 99)), PASS, "of the photons"),
    "a region outside the image": (lambda: off_by(1.2, (200, 220, 0, 10)), NC, "empty region"),
    "a region that is not computed": (
        lambda: said(spots(), spots(), Region(50, 99, 50, 99), args=("-roi", "0", "9", "0", "9")),
        NC,
        "empty region",
    ),
    "a computed region of a few pixels": (
        lambda: said(
            *[spots() * (np.indices((SIDE, SIDE)).max(0) < 4)] * 2, args=("-roi", "0", "3", "0", "3")
        ),
        PASS,
        "16 of 10000 pixels (0.16 %)",
    ),
    "a hot pixel on both sides, all else 30 % off": (
        lambda: said(hot(spots()), hot(spots() * np.float32(1.3))),
        FAIL,
        "pixels outside: 9999",
    ),
    "a resampled image": (
        lambda: said(spots(), np.kron(spots(), np.ones((2, 2), np.float32)), None, PUBLISHED, resample=True),
        Word.LOOSENED,
        "resampled",
    ),
    "bounds widened to the published ones": (
        lambda: said(spots(), spots() * np.float32(1.001), None, PUBLISHED),
        Word.LOOSENED,
        "outside the strict bound",
    ),
    "a least correlation of nearly nothing": (
        lambda: said(spots(), spots() * np.float32(1.001), None, STRICT.with_correlation(1e-9)),
        FAIL,
        "pixels outside",
    ),
    "traces asked for and not written": (
        lambda: said(spots(), spots(), findings=trace_findings(True, None)),
        ERROR,
        "no program wrote a trace",
    ),
    "traces that cannot be compared": (
        lambda: said(
            spots(),
            spots(),
            findings=trace_findings(True, {"verdict": "NOT COMPARABLE", "error": "both are empty"}),
        ),
        NC,
        "both are empty",
    ),
    "an option that one side was not told": (
        lambda: said(spots(), spots(), args=("-N", "5", "--accuracy", "1e-3")),
        PASS,
        "1 of 2 options",
    ),
    "outputs that were not compared": (
        lambda: said(spots(), spots(), args=("-N", "5", "-noisefile", "n.img")),
        PASS,
        "not compared: -noisefile",
    ),
    "no peak on either side": (
        lambda: equal(lambda image: image.__setitem__(..., gradient())),
        PASS,
        "mean peak",
    ),
    "a program that did not answer to a probe": (
        lambda: said(
            spots(), spots(), findings=[PairFinding("probe", NC, "gives the same image with twice")]
        ),
        NC,
        "twice",
    ),
}


def gradient():
    slow, fast = np.mgrid[0:SIDE, 0:SIDE]
    return (1.0 + slow + fast).astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
def test_the_way_is_refused_or_said(way):
    outcome, word, words = WAYS[way]
    found, line = outcome()
    assert found is word
    assert words in line


def test_there_are_enough_ways():
    assert len(WAYS) >= 38
