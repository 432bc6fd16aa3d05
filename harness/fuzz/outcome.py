"""What a case came to: both programs agree in all that they wrote, or refuse it, or what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from harness.arithmetic import arithmetic_of
from harness.arrays import FloatImage
from harness.errors import HarnessError
from harness.fuzz.bench import SideRun, image_file, wrote_image
from harness.fuzz.case import FuzzCase
from harness.images.compare import compare_images, image_request
from harness.images.metrics import compare_pixels
from harness.pairs.pair_traces import traced
from harness.sides import SIDES
from harness.suite.images import header_of_image, header_size
from system_io.verdict_words import Word
from trace_tools.judging.arithmetic import DOUBLE

REFUSED_STATUS = 9
FAULT = "internal fault"
DERIVED = ("int", "pgm", "noise")
"""Images made of the float image."""


class Came(StrEnum):
    """What a case can come to."""

    AGREED = "agreed"
    FLAT = "agreed, without contrast"
    BEYOND = "agreed, beyond the range of numbers"
    ANSWERED = "answered"
    REFUSED = "refused by both"
    UNSETTLED = "stopped on both sides"
    IMAGE = "images differ"
    OUTPUT = "outputs differ"
    TRACE = "traces differ"
    REFUSAL = "refused by one"
    ENDING = "ended badly"
    STATE = "depends on earlier runs"


FINDINGS = frozenset({Came.IMAGE, Came.OUTPUT, Came.TRACE, Came.REFUSAL, Came.ENDING, Came.STATE})
RAN = frozenset({Came.AGREED, Came.FLAT, Came.BEYOND, Came.ANSWERED})
"""Both programs took the command line and did the same."""


@dataclass(frozen=True)
class FuzzOutcome:
    """What a case came to, the reasons in words, and the pixel [slow, fast] that differs most.

    `rounding`: a pass within rounding, so that the trace of the worst pixel decides.
    """

    came: Came
    reasons: tuple[str, ...] = ()
    worst: tuple[int, int] | None = None
    bitwise: bool = False
    rounding: bool = False


def outcome_of(case: FuzzCase, runs: Mapping[str, SideRun]) -> FuzzOutcome:
    """Return what a case came to.

    Args:
        case: words and files.
        runs: of each side, how it ended and what it wrote.
    """
    first, second = (runs[side] for side in SIDES)
    ended = _badly_ended(runs)
    if ended is not None:
        return ended
    if first.status != second.status:
        told = [f"{side}: exit status {run.status}: {run.said}" for side, run in runs.items()]
        return FuzzOutcome(Came.REFUSAL, tuple(told))
    if first.status == REFUSED_STATUS:
        return FuzzOutcome(Came.REFUSED, (first.said, second.said))
    if set(first.files) != set(second.files):
        told = [f"{side} wrote {', '.join(sorted(run.files)) or 'nothing'}" for side, run in runs.items()]
        return FuzzOutcome(Came.OUTPUT, tuple(told))
    if not wrote_image(first, case):
        return FuzzOutcome(Came.ANSWERED)
    return _images(case, first, second)


def _badly_ended(runs: Mapping[str, SideRun]) -> FuzzOutcome | None:
    """Return the outcome of runs of which one ended in no way that a program should."""
    told = {
        side: run.problem or f"exit status {run.status}: {run.said}"
        for side, run in runs.items()
        if run.status not in (0, REFUSED_STATUS) or FAULT in run.said
    }
    if not told:
        return None
    both_stopped = all(run.timed_out for run in runs.values())
    reasons = tuple(f"{side}: {text}" for side, text in told.items())
    return FuzzOutcome(Came.UNSETTLED if both_stopped else Came.ENDING, reasons)


def float_image(case: FuzzCase, run: SideRun) -> FloatImage | None:
    """Return the float image [slow, fast] that a run wrote, None where it cannot be read."""
    data, smv = image_file(run, case, "float"), image_file(run, case, "int")
    if data is None or smv is None:
        return None
    try:
        shape = header_size(smv)
    except HarnessError:
        return None
    if len(data) != 4 * shape[0] * shape[1]:
        return None
    return np.frombuffer(data, dtype="<f4").reshape(shape)


def _images(case: FuzzCase, first: SideRun, second: SideRun) -> FuzzOutcome:
    one, other = float_image(case, first), float_image(case, second)
    if one is None or other is None or one.shape != other.shape:
        return FuzzOutcome(Came.OUTPUT, ("a float image cannot be read, or the shapes differ",))
    if "-trace_only" in case.words:
        return _traces(case, first, second) or FuzzOutcome(Came.FLAT)
    bitwise = one.tobytes() == other.tobytes()
    flat = bitwise and bool(np.isfinite(one).all()) and one.min() == one.max()
    found = FuzzOutcome(Came.FLAT, bitwise=True) if flat else _judged(case, (one, other), (first, second))
    if found.came in FINDINGS:
        return found
    return _derived(case, first, second, bitwise) or _traces(case, first, second) or found


def _judged(
    case: FuzzCase, images: tuple[FloatImage, FloatImage], runs: tuple[SideRun, SideRun]
) -> FuzzOutcome:
    """Return the strict verdict on two images; of a few pixels, only that on each by itself."""
    arithmetic = arithmetic_of("auto", [run.computed for run in runs if run.computed] or [DOUBLE])
    made = image_request(case.words, arithmetic)
    one, other = images
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        if np.array_equal(one, other, equal_nan=True):
            return FuzzOutcome(Came.BEYOND)
        return FuzzOutcome(Came.IMAGE, ("NaN or infinity is not in the same pixels",), _first_odd(one, other))
    metrics = compare_pixels(one, other, (0, 0), made.left_out_of_max, made.strict.own_diff or 0.0)
    own = metrics.own
    assert own is not None  # of finite images
    bitwise = one.tobytes() == other.tobytes()
    verdict = compare_images(one, other, made=made).verdict
    if verdict.word in (Word.PASS, Word.LOOSENED):  # loosened by --epsilon alone
        return FuzzOutcome(Came.AGREED, bitwise=bitwise)
    if verdict.word is Word.ROUNDING:
        return FuzzOutcome(Came.IMAGE, verdict.reasons, own.worst_at, rounding=True)
    if verdict.word is Word.NOT_COMPARABLE and not own.outside_allowed:
        return FuzzOutcome(Came.AGREED if one.any() else Came.FLAT, verdict.reasons, bitwise=bitwise)
    counted = (f"{own.outside_allowed} of {one.size} pixels outside",)
    reasons = verdict.reasons if verdict.word is Word.FAIL else counted
    return FuzzOutcome(Came.IMAGE, reasons, own.worst_at)


def _first_odd(one: FloatImage, other: FloatImage) -> tuple[int, int]:
    odd = np.argwhere(~((one == other) | (np.isnan(one) & np.isnan(other))))
    return int(odd[0][0]), int(odd[0][1])


def _derived(case: FuzzCase, first: SideRun, second: SideRun, bitwise: bool) -> FuzzOutcome | None:
    """Return the outcome of images made of float images, None where they agree.

    Of equal float images they must be equal to the last byte. Of others, header and size must be, and counts
    may differ by one, or by what --epsilon took from the photons; noise, whose random numbers follow the
    photons, is not compared.
    """
    sparse = image_request(case.words, DOUBLE).left_out_of_max > 0.0
    for kind in DERIVED:
        one, other = image_file(first, case, kind), image_file(second, case, kind)
        if one is None or other is None or one == other or (kind == "noise" and not bitwise):
            continue
        smv = image_file(first, case, "int")
        assert smv is not None  # the float image was read by its size
        size = header_size(smv)
        if header_of_image(one, kind, size) != header_of_image(other, kind, size):
            if kind == "pgm" and not bitwise:
                continue
            return FuzzOutcome(Came.OUTPUT, (f"the headers of the {kind} images differ",))
        apart = _largest_step(one, other, kind, size)
        if bitwise or (apart > 1 and not sparse):
            return FuzzOutcome(Came.OUTPUT, (f"the {kind} images differ by up to {apart} counts",))
    return None


def _largest_step(one: bytes, other: bytes, kind: str, size: tuple[int, int]) -> int:
    """Return the largest difference of the counts of two images of one size."""
    number = np.dtype("u1" if kind == "pgm" else "<u2")
    count = size[0] * size[1] * number.itemsize
    a, b = (np.frombuffer(data[len(data) - count :], number).astype(np.int64) for data in (one, other))
    return int(np.abs(a - b).max(initial=0))


def divergent_pixel(judged: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the pixel (slow, fast) at which two judged traces first differ, None for a tap of the set-up."""
    record = judged.get("first_divergence_record") or {}
    place = dict(part.split("=") for part in str(record.get("context", "")).split())
    return (int(place["s"]), int(place["f"])) if {"s", "f"} <= place.keys() else None


def _traced_pixel(case: FuzzCase) -> tuple[int, int] | None:
    """Return the first pixel that a case asks to have traced, None where it asks for a region."""
    asked = [item.values for item in case.given() if item.name == "-trace_pixel"]
    return (int(asked[0][0]), int(asked[0][1])) if asked else None


def _traces(case: FuzzCase, first: SideRun, second: SideRun) -> FuzzOutcome | None:
    """Return the outcome of the traces that a case asks for, None where they agree or go to no file."""
    names = [str(item.values[0]) for item in case.given() if item.name == "-trace_file"]
    if not names or not any(item.name in ("-trace_pixel", "-trace_roi") for item in case.given()):
        return None
    logs = {side: run.files.get(names[-1]) for side, run in zip(SIDES, (first, second), strict=True)}
    arithmetic = arithmetic_of("auto", [run.computed for run in (first, second) if run.computed] or [DOUBLE])
    judged = traced(logs, arithmetic)
    if judged is not None and judged["verdict"] == Word.FAIL:
        why = f"traces differ first at {judged['first_divergence']}"
        return FuzzOutcome(Came.TRACE, (why,), divergent_pixel(judged) or _traced_pixel(case))
    if judged is not None and judged["verdict"] == Word.ERROR:
        return FuzzOutcome(Came.TRACE, (str(judged.get("error") or judged.get("problems")),))
    return None if "-trace_only" not in case.words else FuzzOutcome(Came.AGREED)
