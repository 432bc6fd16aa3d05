"""The tap graph as SVG: levels from left to right, taps coloured by what the traces say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from system_io.shown import xml_text
from trace_tools.tap_points import TAP_POINTS, TapLevel, TapPoint

COLUMN_PX, ROW_PX, BOX_PX, MARGIN_PX = 232, 24, 178, 12
COLUMNS = (*(level for level in TapLevel if level is not TapLevel.pixel), TapLevel.pixel)
STATE_WORDS = {
    "inside": "inside its bound",
    "causal": "differs on inputs that agree: a cause",
    "outside": "differs, downstream of a cause",
    "absent": "not in the traces",
}


def tap_states(traces: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the state of each tap: inside, causal, outside or absent."""
    taps = (traces or {}).get("taps", {})
    causal = (traces or {}).get("causal_by_tap", {})

    def state(name: str) -> str:
        if name in causal:
            return "causal"
        if name not in taps:
            return "absent"
        return "outside" if taps[name]["outside"] else "inside"

    return {tap.name: state(tap.name) for tap in TAP_POINTS}


def graph_svg(traces: Mapping[str, Any] | None, cause: str = "") -> str:
    """Return the graph of all taps as an SVG element; each tap is a focusable group with its definition.

    Args:
        traces: the metrics of a pair of traces, None without.
        cause: the tap to begin with; one that is not in the graph counts as none.
    """
    places = _places()
    states = tap_states(traces)
    names = set(places)
    edges = [
        _edge(source, tap.name, places) for tap in TAP_POINTS for source in tap.inputs if source in names
    ]
    boxes = [_box(tap, places[tap.name], states[tap.name], traces) for tap in TAP_POINTS]
    width = COLUMN_PX * len(COLUMNS) - (COLUMN_PX - BOX_PX) + 2 * MARGIN_PX
    height = max(y for _, y in places.values()) + ROW_PX + MARGIN_PX
    heads = [
        f'<text class="level" x="{MARGIN_PX + COLUMN_PX * number}" y="16">{name.replace("_", " ")}</text>'
        for number, name in enumerate(level.name for level in COLUMNS)
    ]
    return "\n".join([
        f'<svg id="tap-graph" viewBox="0 0 {width} {height}" data-width="{width}" data-height="{height}" '
        f'data-cause="{cause if cause in names else ""}" role="group" '
        'aria-label="tap graph: each value and what it is computed from; arrows choose a tap">',
        *heads, *edges, *boxes, "</svg>",
    ])  # fmt: skip


def _places() -> dict[str, tuple[int, int]]:
    rows = dict.fromkeys(TapLevel, 0)
    order = list(COLUMNS)
    places = {}
    for tap in TAP_POINTS:
        x = MARGIN_PX + COLUMN_PX * order.index(tap.level)
        places[tap.name] = (x, 26 + ROW_PX * rows[tap.level])
        rows[tap.level] += 1
    return places


def _edge(start: str, end: str, places: Mapping[str, tuple[int, int]]) -> str:
    source, target = places[start], places[end]
    x1, y1 = source[0] + (BOX_PX if source[0] < target[0] else 0), source[1] + ROW_PX // 2 - 3
    x2, y2 = target[0], target[1] + ROW_PX // 2 - 3
    bend = 18 if source[0] == target[0] else (x2 - x1) // 2
    first = x1 - bend if source[0] == target[0] else x1 + bend
    ends = f'data-from="{start}" data-to="{end}"'
    return f'<path class="edge" {ends} d="M{x1} {y1} C{first} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _box(tap: TapPoint, place: tuple[int, int], state: str, traces: Mapping[str, Any] | None) -> str:
    x, y = place
    measured = (traces or {}).get("taps", {}).get(tap.name)
    words = [
        tap.name,
        STATE_WORDS[state],
        f"formula: {tap.formula}",
        f"from: {', '.join(tap.inputs) or 'nothing'}",
    ]
    if measured:
        words.append(
            f"{measured['pairs']} pairs, {measured['outside']} outside, max {measured['max_scaled']} of scale"
        )
    title = xml_text("\n".join(words), lines=True)
    return (
        f'<g class="tap {state}" tabindex="-1" role="button" data-tap="{tap.name}" '
        f'data-inputs="{" ".join(tap.inputs)}"><title>{title}</title>'
        f'<rect x="{x}" y="{y}" width="{BOX_PX}" height="{ROW_PX - 5}" rx="4"/>'
        f'<text x="{x + 6}" y="{y + 13}">{tap.name}</text></g>'
    )
