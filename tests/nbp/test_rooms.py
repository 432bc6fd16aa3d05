"""Rooms, arrows and floors as they are read from sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbp.rooms import circular, floors, read_house, thinned_arrows

SOURCES = {
    "system_io/__init__.py": '"""The ground."""',
    "simulator/__init__.py": '"""The simulator.\n\nMore of it.\n"""\nfrom simulator.image import image\n',
    "simulator/units.py": "",
    "simulator/image.py": '"""An image."""\nfrom simulator.kernel import loop\nfrom system_io import files\n',
    "simulator/cli.py": "def run():\n    from simulator import image\n",
    "simulator/kernel/__init__.py": '"""The kernel."""\n',
    "simulator/kernel/loop.py": "import simulator.units\n",
    "harness/__init__.py": '"""The harness."""\n',
    "harness/pairs/__init__.py": '"""Pairs."""\nfrom simulator.image import image\n',
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_folder_is_a_room_that_says_what_it_holds(root: Path) -> None:
    rooms = read_house(root).rooms
    assert rooms["simulator/kernel"].purpose == "The kernel."
    assert rooms["simulator/kernel"].modules == ("loop.py",)
    assert rooms["simulator"].purpose == "The simulator."


def test_modules_of_the_root_that_stand_above_folders_stand_alone(root: Path) -> None:
    house = read_house(root)
    assert house.of("simulator") == [
        "simulator",
        "simulator/cli.py",
        "simulator/image.py",
        "simulator/kernel",
    ]
    assert house.rooms["simulator"].modules == ("units.py",)


def test_late_imports_and_imports_of_other_packages_are_arrows(root: Path) -> None:
    arrows = read_house(root).arrows
    assert arrows["simulator/cli.py"] == {"simulator/image.py"}
    assert arrows["simulator/image.py"] == {"simulator/kernel", "system_io"}
    assert arrows["harness/pairs"] == {"simulator/image.py"}


def test_arrows_that_a_longer_way_implies_are_left_out() -> None:
    arrows = {"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset[str]()}
    assert thinned_arrows(arrows)["a"] == {"b"}
    assert floors(arrows) == {"a": 2, "b": 1, "c": 0}


def test_circles_are_found_and_left_out() -> None:
    arrows = {"a": frozenset("b"), "b": frozenset("ac"), "c": frozenset[str]()}
    assert circular(arrows) == {"a": {"b"}, "b": {"a"}, "c": set()}
    assert thinned_arrows(arrows) == {"a": set(), "b": {"c"}, "c": set()}
