"""The rooms of the house as one SVG picture: who imports whom, and the road that the data of a run takes."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from nbp.layers import Box, Layout, lay_out_rooms
from nbp.rooms import House, Room, circular, thinned_arrows, within

WIDTH = 1200.0
EDGE = 12.0
PAD = 12.0
HEAD = 38.0
BAND_GAP = 40.0
SIDE_WIDTH = 404.0
BOX_WIDTH = 180.0
LETTER = 6.3
LINE = 13.0
LEGEND = (
    "An arrow leads from a room to one that it imports; those that a longer way implies are left out."
    " Numbers: the road of a run's data."
)
HEAD_OF_ARROW = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
    ' markerUnits="userSpaceOnUse" orient="auto"><path class="headfill" d="M0 0L8 4L0 8z"/></marker></defs>'
)
GROUND = "imports all three packages below, which do not import each other"
STYLE = """
  text { fill: #1b1f24; font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
  .paper { fill: #ffffff }
  .band { stroke: #8c959f; stroke-width: 1 } .band-nbp { fill: #f3f0fa } .band-harness { fill: #eef4fc }
  .band-simulator { fill: #eef8f0 } .band-trace_tools { fill: #fdf5e9 }
  .band-golden_suite_generator { fill: #fcf0f2 } .band-system_io { fill: #f2f3f5 }
  .room { fill: #ffffff; stroke: #57606a; stroke-width: 1 } .road { stroke: #0a6e31; stroke-width: 2.2 }
  .title { font-size: 20px; font-weight: 600 } .package { font-size: 16px; font-weight: 600 }
  .name { font-size: 13px; font-weight: 600 } .small { font-size: 11px } .faint { fill: #57606a }
  .line { fill: none; stroke: #6e7781; stroke-width: 1.2; marker-end: url(#head) }
  .circle { fill: none; stroke: #cf222e; stroke-width: 1.2; stroke-dasharray: 4 3 }
  .between { fill: none; stroke: #57606a; stroke-width: 3; marker-end: url(#head) }
  .headfill { fill: #6e7781 } .badge { fill: #0a6e31 }
  .digit { fill: #ffffff; font-size: 11px; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9aa4af } .band { stroke: #57606a }
    .band-nbp { fill: #1c1830 } .band-harness { fill: #131d2e } .band-simulator { fill: #12231a }
    .band-trace_tools { fill: #272013 } .band-golden_suite_generator { fill: #29171b }
    .band-system_io { fill: #1b1f25 } .room { fill: #0d1117; stroke: #8c959f } .road { stroke: #3fb950 }
    .line { stroke: #9aa4af } .between { stroke: #9aa4af } .headfill { fill: #9aa4af }
    .circle { stroke: #ff7b72 }
    .badge { fill: #3fb950 } .digit { fill: #0d1117 }
  }
"""


@dataclass(frozen=True)
class Step:
    """One step of the road of data: what comes in, the room that works on it, and a word on how."""

    data: str
    room: str
    how: str


ROAD = (
    Step("argv", "simulator/command_line", "words, headers and defaults"),
    Step("RunConfig", "simulator/scene", "tensors of the run"),
    Step("Instrument", "simulator/kernel", "block by block, run by engine"),
    Step("blocks", "simulator/image.py", "put together"),
    Step("image", "simulator/output", "files and lines; or fit"),
)


def drawing(house: House) -> str:
    """Return the picture of a house as the text of an SVG file."""
    y, parts = _road(EDGE)
    joints = []
    for floor in (
        ("nbp",),
        ("harness",),
        ("shots",),
        ("simulator", "trace_tools", "golden_suite_generator"),
        ("system_io",),
    ):
        bottom, drawn = _floor(house, floor, y)
        parts += drawn
        joints.append((y, bottom))
        y = bottom + BAND_GAP
    arrows = [
        f'<path class="between" d="M{WIDTH / 2:.0f} {above:.0f}V{below - 9:.0f}"/>'
        for (_, above), (below, _) in pairwise(joints)
    ]
    arrows.append(_text(WIDTH / 2 + 14, joints[3][0] - BAND_GAP / 2 + 4, GROUND, "small faint"))
    height = y - BAND_GAP + EDGE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img"'
            ' aria-label="The rooms of the house and the road of data">',
            f"<style>{STYLE}</style>",
            HEAD_OF_ARROW,
            f'<rect class="paper" width="{WIDTH:.0f}" height="{height:.0f}"/>',
            *parts,
            *arrows,
            "</svg>\n",
        ]
    )


def _road(y: float) -> tuple[float, list[str]]:
    """Draw the road of data as a strip; return where it ends, and its parts."""
    parts = [
        _text(EDGE, y + 18, "The rooms of the house", "title"),
        _text(WIDTH - EDGE, y + 16, LEGEND, "small faint", "end"),
    ]
    step = (WIDTH - 2 * EDGE) / len(ROAD)
    for i, one in enumerate(ROAD):
        x = EDGE + i * step
        box = Box(x + 86, y + 34, step - 100, 46)
        parts.append(_text(x + 42, y + 53, one.data, "name", "middle"))
        parts.append(f'<path class="line" d="M{x + 4:.0f} {y + 61:.0f}H{box.x - 2:.0f}"/>')
        parts.append(f'<rect class="room road" rx="5" {_corner(box)}/>')
        parts.append(_text(box.middle, box.y + 18, one.room.split("/")[1], "name", "middle"))
        lines = textwrap.wrap(one.how, int((box.width - 8) / LETTER))
        parts += [
            _text(box.middle, box.y + 31 + 11 * k, line, "small", "middle") for k, line in enumerate(lines)
        ]
        parts.append(_badge(box, i + 1))
    return y + 34 + 46 + 22, parts


def _floor(house: House, packages: tuple[str, ...], y: float) -> tuple[float, list[str]]:
    """Draw one floor of packages: the first beside a stack of the others."""
    inner = WIDTH - 2 * EDGE
    main = inner - (SIDE_WIDTH + EDGE if len(packages) > 1 else 0)
    bottom, parts = _band(house, packages[0], Box(EDGE, y, main, 0))
    side = y
    for package in packages[1:]:
        side, drawn = _band(house, package, Box(EDGE + main + EDGE, side, SIDE_WIDTH, 0))
        parts += drawn
        side += EDGE
    return max(bottom, side - EDGE), parts


def _band(house: House, package: str, place: Box) -> tuple[float, list[str]]:
    """Draw a package with its rooms; return where it ends, and its parts."""
    names = [name for name in house.of(package) if name != package or house.rooms[name].modules]
    purpose = textwrap.wrap(_plain(house.rooms[package].purpose), int((place.width - 2 * PAD) / LETTER))
    head = HEAD + LINE * len(purpose)
    height, inside = head, []
    if len(names) > 1:

        def tall(name: str, width: float) -> float:
            return 28 + LINE * len(_said(house.rooms[name], width))

        arrows = within(house.arrows, names)
        layout = lay_out_rooms(thinned_arrows(arrows), tall, place.width - 2 * PAD, BOX_WIDTH)
        height += layout.height + PAD
        inside = _rooms(house, layout, place.x + PAD, place.y + head)
    band = Box(place.x, place.y, place.width, height)
    return place.y + height, [
        f'<rect class="band band-{package}" rx="8" {_corner(band)}/>',
        _text(place.x + PAD, place.y + 23, package, "package"),
        *(
            _text(place.x + PAD, place.y + 40 + LINE * i, line, "small faint")
            for i, line in enumerate(purpose)
        ),
        *inside,
    ]


def _rooms(house: House, layout: Layout, x: float, y: float) -> list[str]:
    """Draw the rooms of a package and the arrows between them, with the corner of the layout at x, y."""
    parts = []
    for line in layout.lines:
        points = [(px + x, py + y) for px, py in line]
        parts.append(f'<path class="line" d="{_curve(points)}"/>')
    loops = circular(within(house.arrows, layout.boxes))
    for name, targets in loops.items():
        for target in sorted(targets):
            a, b = layout.boxes[name], layout.boxes[target]
            ends = f"M{a.middle + x:.0f} {a.y + y:.0f}L{b.middle + x:.0f} {b.y + b.height + y:.0f}"
            parts.append(f'<path class="circle" d="{ends}"/>')
    for name, box in layout.boxes.items():
        parts += _room(house.rooms[name], Box(box.x + x, box.y + y, box.width, box.height))
    return parts


def _room(room: Room, box: Box) -> list[str]:
    number = next((i for i, step in enumerate(ROAD, 1) if step.room == room.name), 0)
    tip = f"{room.name}: {room.purpose}\n{', '.join(room.modules)}"
    title = room.name.split("/", 1)[-1] if "/" in room.name else "*.py"
    lines = [
        _text(box.x + 8, box.y + 32 + LINE * i, line, "small")
        for i, line in enumerate(_said(room, box.width))
    ]
    return [
        f"<g><title>{escape(tip)}</title>",
        f'<rect class="room{" road" if number else ""}" rx="5" {_corner(box)}/>',
        _text(box.x + 8, box.y + 17, title, "name"),
        *lines,
        *([_badge(box, number)] if number else []),
        "</g>",
    ]


def _said(room: Room, width: float) -> list[str]:
    """Return what a box says below its name: the room's first line, of a package's root the modules."""
    text = (
        _plain(room.purpose)
        if "/" in room.name
        else ", ".join(name.removesuffix(".py") for name in room.modules)
    )
    return textwrap.wrap(
        text, int((width - 14) / LETTER), max_lines=4, placeholder=" ...", break_on_hyphens=False
    )


def _plain(text: str) -> str:
    """Return a first line without back-ticks and sections of the specification."""
    return re.sub(r" \(spec [^)]*\)", "", text).replace("`", "")


def _curve(points: list[tuple[float, float]]) -> str:
    """Return a path down through points: straight past a floor, curved from floor to floor."""
    (x, y), path = points[0], ""
    for px, py in points[1:]:
        half = (y + py) / 2
        curve = f"C{x:.0f} {half:.0f} {px:.0f} {half:.0f} {px:.0f} {py:.0f}"
        path += f"V{py:.0f}" if abs(px - x) < 1 else curve
        x, y = px, py
    return f"M{points[0][0]:.0f} {points[0][1]:.0f}{path}"


def _badge(box: Box, number: int) -> str:
    x, y = box.x + box.width - 2, box.y + 2
    return f'<circle class="badge" cx="{x:.0f}" cy="{y:.0f}" r="9"/>' + _text(
        x, y + 4, str(number), "digit", "middle"
    )


def _corner(box: Box) -> str:
    return f'x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
