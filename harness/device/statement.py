"""What the pieces come to: one verdict, and what was not checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.device.checked import CheckState
from harness.device.pieces import Done

SCHEMA = "nb-gpu 2"


def statement(done: Done, images: int) -> dict[str, Any]:
    """Return verdict and figures: the worst state decides, and without anything compared nothing passes.

    Args:
        done: what came of the pieces.
        images: how many there are to be held.
    """
    states = list(_states(done))
    if not any(state in (CheckState.HELD, CheckState.FAILED, CheckState.ERROR) for state in states):
        states.append(CheckState.NOT_COMPARED)
    worst = max((state for state in states if state is not CheckState.ZERO), key=lambda state: state.status)
    return {
        "schema": SCHEMA,
        "verdict": worst.verdict,
        "exit_status": worst.status,
        "images": images,
        "images_held": len(
            {(row["case"], row["mode"]) for row in done.of("images") if row["state"] == "held"}
        ),
        "about": done.of("about"),
        "suite": done.of("images"),
        "gradients": done.of("gradients"),
        "compiling": done.of("warm"),
        "speed": done.of("speed"),
        "failures": done.failures,
        "left_out": done.left_out,
        "seconds": done.seconds,
    }


def _states(done: Done) -> Iterator[CheckState]:
    for row in (*done.of("images"), *done.of("gradients")):
        yield CheckState(row["state"])
    yield from (state for state in map(_of_speed, done.of("speed")) if state is not CheckState.NOT_COMPARED)
    for row in done.of("warm"):
        if row["why"]:
            yield CheckState.ERROR
    for row in done.of("about"):
        if not row.get("there", True):
            yield CheckState.ERROR
    yield from (CheckState.ERROR for _ in done.failures)


def _of_speed(row: Mapping[str, Any]) -> CheckState:
    figures = row["figures"]
    if figures is None or figures["unmeasured"]:
        return CheckState.ERROR
    if not figures["max_diff_of_max"]:
        return CheckState.NOT_COMPARED
    return CheckState.HELD if figures["summary"]["agrees"] else CheckState.FAILED
