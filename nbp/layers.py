"""Boxes in floors, joined by lines: where each stands in a drawing, bottom floor last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nbp.rooms import Arrows, floors

GAP_X, GAP_Y = 12.0, 30.0
LANE = 14.0
TO, AT = ">", "@"
"""A lane has the name of its line, and the level at which it passes."""
SWEEPS = 24


@dataclass(frozen=True)
class Box:
    """A rectangle of a drawing: corner, width and height in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2


@dataclass
class Layout:
    """Boxes by name, lines as points from importer to imported, and the height of all of it."""

    boxes: dict[str, Box] = field(default_factory=dict)
    lines: list[list[tuple[float, float]]] = field(default_factory=list)
    height: float = 0.0


def lay_out_rooms(
    arrows: Arrows, height: Callable[[str, float], float], width: float, box_width: float
) -> Layout:
    """Place boxes in floors, and lines that pass between the boxes of a floor in lanes of their own.

    Args:
        arrows: for each box the boxes below that it is joined to.
        height: returns the height in pixels that a box of a width in pixels needs.
        width: width of the whole in pixels.
        box_width: greatest width of a box in pixels; a crowded floor makes all boxes narrower.

    Returns:
        Boxes and lines, with the upper left corner at 0, 0.
    """
    rows, ways = _rows(arrows)
    _untangle(rows, ways)
    fullest = max(sum(name in arrows for name in row) for row in rows)
    lanes = max(sum(name not in arrows for name in row) for row in rows)
    box_width = min(box_width, (width - lanes * LANE - (fullest + lanes) * GAP_X) / fullest)
    widths = {name: box_width if name in arrows else LANE for row in rows for name in row}
    middles = _middles(rows, ways, widths, width)
    layout, spans = Layout(), {}
    for row in reversed(rows):
        tallest = max((height(name, box_width) for name in row if name in arrows), default=0.0)
        for name in row:
            spans[name] = (layout.height, layout.height + tallest)
            if name in arrows:
                corner = middles[name] - widths[name] / 2
                layout.boxes[name] = Box(corner, layout.height, widths[name], tallest)
        layout.height += tallest + GAP_Y
    layout.height -= GAP_Y
    layout.lines = [
        [(middles[name], y) for name in way for y in spans[name]][1:-1] for way in _whole_ways(arrows, ways)
    ]
    return layout


def _rows(arrows: Arrows) -> tuple[list[list[str]], dict[str, list[str]]]:
    """Return the floors, bottom first, with a lane where a line passes, and the steps from floor to floor."""
    alone = {name for name in arrows if not arrows[name] and not any(name in far for far in arrows.values())}
    joined = {name: targets for name, targets in arrows.items() if name not in alone}
    floor = floors(joined)
    rows: list[list[str]] = [[] for _ in range(max(floor.values(), default=-1) + 1)]
    for name in sorted(joined):
        rows[floor[name]].append(name)
    ways: dict[str, list[str]] = {}
    for name in sorted(joined):
        for target in sorted(joined[name]):
            above = name
            for level in range(floor[name] - 1, floor[target], -1):
                lane = f"{name}{TO}{target}{AT}{level}"
                rows[level].append(lane)
                ways.setdefault(above, []).append(lane)
                above = lane
            ways.setdefault(above, []).append(target)
    return ([sorted(alone)] if alone else []) + rows, ways


def _untangle(rows: list[list[str]], ways: Mapping[str, Sequence[str]]) -> None:
    """Order each floor so that what is joined lies near each other."""
    below = {name: list(targets) for name, targets in ways.items()}
    above: dict[str, list[str]] = {}
    for name, targets in ways.items():
        for target in targets:
            above.setdefault(target, []).append(name)
    for sweep in range(SWEEPS):
        order = rows if sweep % 2 else rows[::-1]
        joined = below if sweep % 2 else above
        for row in order:
            place = {name: (i + 0.5) / len(line) for line in rows for i, name in enumerate(line)}
            mean = {
                name: sum(place[one] for one in joined[name]) / len(joined[name])
                if joined.get(name)
                else place[name]
                for name in row
            }
            row.sort(key=lambda name: (mean[name], name))


def _middles(
    rows: Sequence[Sequence[str]],
    ways: Mapping[str, Sequence[str]],
    widths: Mapping[str, float],
    width: float,
) -> dict[str, float]:
    """Return the x of the middle of each box and lane: near what it is joined to, without overlap."""
    joined = _neighbours(ways)
    middles: dict[str, float] = {}
    for row in rows:
        step = width / len(row)
        middles |= {name: (i + 0.5) * step for i, name in enumerate(row)}
    for _ in range(SWEEPS):
        for row in rows:
            wanted = [
                sum(middles[one] for one in joined[name]) / len(joined[name])
                if name in joined
                else middles[name]
                for name in row
            ]
            middles |= dict(zip(row, _apart(wanted, [widths[name] for name in row], width), strict=True))
    left = min(middle - widths[name] / 2 for name, middle in middles.items())
    right = max(middle + widths[name] / 2 for name, middle in middles.items())
    return {name: middle + (width - left - right) / 2 for name, middle in middles.items()}


def _neighbours(ways: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return what each box is joined to. A lane is joined to both ends of its line, to stand straight."""
    found: dict[str, list[str]] = {}
    steps = [(name, target) for name, targets in ways.items() for target in targets]
    for one, other in [*steps, *((target, name) for name, target in steps)]:
        found.setdefault(one, []).extend(one.split(AT)[0].split(TO) if AT in one else [other])
    return found


def _apart(wanted: Sequence[float], widths: Sequence[float], width: float) -> list[float]:
    """Return places near the wanted ones, in their order, without overlap, inside the width."""
    places = list(wanted)
    left = GAP_X / 2
    for i, one in enumerate(widths):
        places[i] = max(places[i], left + one / 2)
        left = places[i] + one / 2 + GAP_X
    right = width - GAP_X / 2
    for i in range(len(widths) - 1, -1, -1):
        places[i] = min(places[i], right - widths[i] / 2)
        right = places[i] - widths[i] / 2 - GAP_X
    return places


def _whole_ways(arrows: Arrows, ways: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return each line from box to box with the lanes that it passes."""
    found = []
    for name in sorted(arrows):
        for first in ways.get(name, ()):
            way = [name, first]
            while way[-1] not in arrows:
                way.append(ways[way[-1]][0])
            found.append(way)
    return found
