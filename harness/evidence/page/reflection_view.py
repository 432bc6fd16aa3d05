"""What the page shows of reflections: the worst ones, and what the comparison covers."""

from __future__ import annotations

from typing import Any

from harness.images.judgement import reflection_words
from harness.images.reflections import ReflectionFigures
from harness.pairs.coverage import coverage_words
from harness.pairs.part import PairPart
from harness.store.names import REFLECTIONS
from harness.store.untrusted import read_plain

MOST_ROWS = 20


def covered_words(part: PairPart | None) -> list[str]:
    """Return in words what a pair covers; nothing for results of versions that did not say."""
    if part is None or "coverage" not in part.summary:
        return []
    return coverage_words(part.summary["coverage"], part.summary["traces"])


def reflection_content(part: PairPart | None) -> dict[str, Any]:
    """Return the figures of the reflections in words, and the rows of those that differ most."""
    stated = None if part is None else part.summary.get("reflections")
    if part is None or stated is None:
        return {"words": "", "rows": []}
    figures = ReflectionFigures(**{**stated, "worst_hkl": tuple(stated["worst_hkl"])})
    lines = read_plain(part.folder / REFLECTIONS).decode("utf-8", "replace").splitlines()[1:]
    rows = [_row(line.split(",")) for line in lines[:MOST_ROWS]]
    words = f"{figures.compared} compared, {figures.outside} outside; {reflection_words(figures)}"
    return {"words": words, "rows": rows}


def _row(cells: list[str]) -> dict[str, Any]:
    """Return a line of the table by the names of its columns."""
    h, k, l, pixels, first, second, relative, outside, missing = cells
    state = f"missing in the {missing} image" if missing else "outside" if outside == "1" else "held"
    return {
        "hkl": f"{h} {k} {l}", "pixels": pixels, "first": first, "second": second, "relative": relative,
        "outside": outside == "1", "state": state,
    }  # fmt: skip
