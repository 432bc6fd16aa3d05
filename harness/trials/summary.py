"""Trials in short: what is published of each, and from which every figure of the page is worked out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.faults.fault import SeededFault
from harness.trials.checks import IMAGE
from harness.trials.image_findings import METRICS
from harness.trials.places import fault_places
from system_io.verdict_words import Word

TrialRow = Mapping[str, Any]


def short_trial(row: TrialRow, fault: SeededFault) -> dict[str, Any]:
    """Return a trial in short.

    `image` is the worst verdict on the lines whose image changed; `criteria` counts the lines on which each
    one failed; `figures` are the largest differences over all lines.

    Args:
        row: the trial as plain data.
        fault: what was seeded.
    """
    moved = [line for line in row["lines"].values() if "verdict" in line]
    trace = row["trace"]
    return {
        "fault": row["fault"],
        "side": row["side"],
        "what": fault.what,
        "places": sorted(set(fault_places(fault, row["side"]))),
        "changed": len(row["changed"]),
        "image": _worst(row, [line["verdict"] for line in moved]),
        "published": Word.FAIL.value in [line["published"] for line in moved],
        "criteria": dict(Counter(name for line in moved for name in line["failed"])),
        "figures": _largest([line["figures"] for line in moved]),
        "trace": None
        if trace is None
        else {key: trace[key] for key in ("verdict", "cause", "first", "causes")},
        "killed_by": row["killed_by"],
        "unseen": fault.unseen,
    }


def _worst(row: TrialRow, verdicts: Sequence[str]) -> str:
    if IMAGE in row["killed_by"]:
        return Word.FAIL.value
    return next((word.value for word in (Word.ROUNDING, Word.PASS) if word.value in verdicts), "")


def _largest(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the largest of each figure; the text inf, which JSON has no number for, is beyond all."""
    found = {}
    for name in METRICS:
        values = [float(row[name]) for row in figures if name in row]
        largest = max(values, default=0.0)
        found[name] = largest if largest < float("inf") else "inf"
    return found
