"""What the page shows of traced pixels: their budgets with a bar for each share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.proof.page import cause_lines
from harness.tracing.bundle import TracePart

BAR_PX, HEIGHT_PX = 160, 12


def trace_content(part: TracePart) -> dict[str, Any]:
    """Return the metrics of traced pixels, each share with its bar, the largest first."""
    return {
        "causes": [],
        "isolated": [],
        **part.data,
        "proof": cause_lines(part.data.get("who_is_right"), part.data.get("transplant", ())),
        "budget": [_budget(row) for row in part.data["budget"]],
    }


def _budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    items = sorted(budget["taps"], key=lambda item: -abs(item["contribution"] or 0.0))
    parts = [*(item["contribution"] or 0.0 for item in items), budget["residual"]]
    most = max(map(abs, parts)) or 1.0
    bars = [share_svg(value / most, budget["difference"]) for value in parts]
    taps = [{**item, "bar": bar} for item, bar in zip(items, bars, strict=False)]
    return {**budget, "taps": taps, "bar": bars[-1]}


def share_svg(part: float, difference: float) -> str:
    """Return a bar from the middle: to the right with the difference, to the left against it.

    Args:
        part: of the largest part, -1 to 1, in photons.
        difference: of the pixel, whose sign counts.
    """
    length = abs(part) * BAR_PX / 2
    right = (part < 0.0) == (difference < 0.0)
    start = BAR_PX / 2 if right else BAR_PX / 2 - length
    kind = "with" if right else "against"
    words = f'role="img" aria-label="{kind} the difference"'
    return (
        f'<svg class="share" width="{BAR_PX}" height="{HEIGHT_PX}" {words}>'
        f'<path class="grid" d="M{BAR_PX / 2} 0V{HEIGHT_PX}"/>'
        f'<rect class="{kind}" x="{start:.1f}" y="2" width="{length:.1f}" height="{HEIGHT_PX - 4}"/></svg>'
    )
