"""The drawing of the rooms is current, complete and readable."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbp.drawing import ROAD, drawing
from nbp.layers import lay_out_rooms
from nbp.make_drawing import files
from nbp.rooms import read_house

ROOT = Path(__file__).resolve().parents[2]
HOUSE = read_house(ROOT)


@pytest.mark.parametrize("name", ["docs/architecture.svg", "docs/architecture.md", "README.md"])
def test_drawing_and_tables_are_what_the_imports_make(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == files(ROOT)[name], "run python -m nbp.make_drawing"


def test_each_room_is_drawn_with_what_it_says() -> None:
    tree = ElementTree.fromstring(drawing(HOUSE))
    tips = [title.text or "" for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    for name in (name for name in HOUSE.rooms if "/" in name):
        assert any(tip.startswith(f"{name}: {HOUSE.rooms[name].purpose}") for tip in tips), name


def test_each_room_says_what_it_holds() -> None:
    assert not [name for name, room in HOUSE.rooms.items() if not room.purpose]


def test_the_road_leads_through_rooms() -> None:
    assert {step.room for step in ROAD} <= set(HOUSE.rooms)


def test_boxes_stand_in_floors_without_overlap() -> None:
    arrows = {
        "top": frozenset({"left", "right", "low"}), "left": frozenset({"low"}), "right": frozenset({"low"}),
        "low": frozenset[str](), "alone": frozenset[str](),
    }  # fmt: skip
    layout = lay_out_rooms(arrows, lambda _name, _width: 40.0, 300.0, 200.0)
    for a, b in combinations(layout.boxes.values(), 2):
        apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart, (a, b)
    assert layout.boxes["top"].y < layout.boxes["left"].y < layout.boxes["low"].y < layout.boxes["alone"].y
    assert all(box.x >= 0 and box.x + box.width <= 300 for box in layout.boxes.values())


def test_lines_lead_from_importer_to_imported() -> None:
    arrows = {"top": frozenset({"low"}), "low": frozenset[str]()}
    layout = lay_out_rooms(arrows, lambda _name, _width: 40.0, 300.0, 200.0)
    (line,) = layout.lines
    top, low = layout.boxes["top"], layout.boxes["low"]
    assert line == [(top.middle, top.y + top.height), (low.middle, low.y)]
