"""What the page shows of outputs beside the float image: what became of each part."""

from __future__ import annotations

from typing import Any

from harness.outputs.rows import stated_row
from harness.pairs.part import PairPart


def output_content(part: PairPart | None) -> list[dict[str, Any]]:
    """Return a row for each compared part of an output; none where only float images were compared."""
    stated = [] if part is None else part.summary.get("outputs", [])
    rows = [stated_row(row) for row in stated]
    return [
        {"title": row.title, "unequal": row.unequal, "apart": row.apart, "state": row.state, "text": row.text}
        for row in rows
    ]
