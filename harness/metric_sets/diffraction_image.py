"""Diffraction images as outputs of any two programs: the bounds, figures and options of nb-compare."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.errors import HarnessError, UsageError
from harness.fields.field import FieldArray
from harness.images.compare import ImageRequest, Region, compare_images
from harness.images.judgement import ROUNDING_REMEDY
from harness.pairs.coverage import coverage_words
from harness.pairs.options import RUN_OPTIONS, chosen_bounds, make_parser
from harness.verdict import State
from system_io.shown import printable
from system_io.verdict_words import Word

IMAGE_METRICS = "diffraction-image"
ImageVerdict = tuple[Word, str, dict[str, Any]]
"""A word, one line that says why, and the figures as plain data."""
TRACE_REMEDY = "a [trace.NAME] that both programs write (`nbp taps`; trace-diff compares two logs)"
FIXED = ("outdir", "json", "parity_mode", "c_bin", "py_bin", "timeout")
"""Options of nb-compare that a description states elsewhere."""
OF_RUNS = tuple(name for name in (*RUN_OPTIONS, "determinism", "threads", "no_cache", "allow"))
"""Options that only programs with nanoBragg's command line can follow."""


def image_options(words: Sequence[str], where: str, *, runs: bool) -> argparse.Namespace:
    """Return the options of nb-compare by which images are judged.

    Args:
        words: as nb-compare has them.
        where: of the words in the description.
        runs: whether programs with nanoBragg's command line are run.

    Raises:
        HarnessError: nb-compare does not know them, or they cannot stand there.
    """
    parser = make_parser()
    try:
        found = parser.parse_args(list(words))
    except UsageError as error:
        raise HarnessError(f"{where}: {error}") from error
    refused = (*FIXED, "images", "shape", *(() if runs else OF_RUNS))
    for name in refused:
        if getattr(found, name) != parser.get_default(name) and getattr(found, name) != []:
            option = name.replace("_", "-")
            raise HarnessError(
                f"{where}: --{option} cannot stand here; the description itself says what is run"
                if name in FIXED
                else f"{where}: --{option} is for programs with 'nanobragg'; leave it out"
            )
    return found


def judged_arrays(first: FieldArray, second: FieldArray, options: argparse.Namespace) -> ImageVerdict:
    """Return the verdict on two arrays as images.

    Args:
        first: of the trusted program [slow, fast].
        second: of the other one.
        options: of `image_options`.

    Raises:
        HarnessError: one has other than two axes, or no real numbers.
    """
    compared = compare_images(
        _image(first), _image(second), Region(*options.roi) if options.roi else None,
        chosen_bounds(options.published_bounds, options.threshold), resample=options.resample,
        made=ImageRequest(small_region=options.small_region),
    )  # fmt: skip
    verdict = compared.verdict
    criteria = [asdict(one) for one in verdict.criteria]
    covered = [] if compared.coverage is None else ["compared: " + ", ".join(compared.coverage.words())]
    pixels = 0 if compared.metrics is None else compared.metrics.pixels
    reasons = [reason.replace(ROUNDING_REMEDY, TRACE_REMEDY) for reason in verdict.reasons]
    text = _worded(reasons, criteria, [*covered, *compared.notes])
    return verdict.word, text, {"compared": pixels, "criteria": criteria, "notes": list(compared.notes)}


def _image(field: FieldArray) -> FloatImage:
    if len(field.shape) != 2 or field.dtype.kind not in "fiub":
        raise HarnessError(
            f"{field.source} holds {field.dtype} of shape {list(field.shape)}; an image has two axes, slow "
            f"and fast, of real numbers: correct it, or leave metrics = '{IMAGE_METRICS}' out"
        )
    return np.ascontiguousarray(np.asarray(field.rows[:]), dtype=np.float32)


def judged_summary(summary: Mapping[str, Any]) -> ImageVerdict:
    """Return the verdict of a compared pair as its summary states it."""
    metrics = summary["metrics"] or {}
    figures = {
        "compared": metrics.get("pixels", 0), "criteria": summary["criteria"], "notes": summary["notes"],
    }  # fmt: skip
    covered = coverage_words(summary["coverage"], summary["traces"])
    return Word(summary["verdict"]), _worded(summary["reasons"], summary["criteria"], covered), figures


def _worded(reasons: Sequence[str], criteria: Sequence[Mapping[str, Any]], covered: Sequence[str]) -> str:
    """Return what stands against a pass, how many bounds held, and what was compared."""
    held = sum(row["state"] == State.HELD for row in criteria)
    bounded = sum(row["state"] != State.NOT_ASKED for row in criteria)
    counted = [f"{held} of {bounded} bounds held"] if criteria else []
    return printable("; ".join([*reasons, *counted, *covered]))
