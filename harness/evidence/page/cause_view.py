"""What the page shows of the first divergence and its causes: both values, the pixel, and the inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_CAUSES = 8
PIXEL = re.compile(r"\bs=(\d+) f=(\d+)\b")
AGREEMENT = {True: "agrees", False: "differs", None: "not traced"}
MEASURES = {
    "absolute": "absolute",
    "relative": "relative",
    "scaled": "of the operands' scale",
    "bound": "bound",
}


def cause_content(traces: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the first divergence and the causes as the traces' metrics have them.

    Returns:
        tap: where the tap graph begins, empty without divergence; records: at most `MOST_CAUSES` of them;
        more: the number of those left out; counts: causal records by tap; error: why the traces cannot be
        compared.
    """
    known = traces or {}
    found = list(_records(known))
    causal = known.get("causal_by_tap") or {}
    start = next(
        (record["tap"] for record in found if record["tap"] in causal), known.get("first_divergence")
    )
    return {
        "tap": start or "",
        "records": [_shown(record) for record in found[:MOST_CAUSES]],
        "more": max(0, sum(causal.values()) - min(len(found), MOST_CAUSES)),
        "counts": causal,
        "error": known.get("error") or "",
    }


def _records(traces: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the causes, the first divergence before them if it is none of them."""
    first, causes = traces.get("first_divergence_record"), traces.get("causes") or []
    if first and first not in causes:
        yield first
    yield from causes


def _shown(record: Mapping[str, Any]) -> dict[str, Any]:
    context = str(record["context"])
    pixel = PIXEL.search(context)
    return {
        **{key: record[key] for key in ("tap", "state", "a", "b", "formula", "unit", "externals", "command")},
        "context": context,
        "pixel": [int(pixel[1]), int(pixel[2])] if pixel else None,
        "measures": [(words, _figure(record[key])) for key, words in MEASURES.items()],
        "inputs": [{**item, "agreement": AGREEMENT[item["agreed"]]} for item in record["inputs"]],
    }


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
