"""The plan of the house: rooms that can be overseen, floors without circles, one meaning to a name."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("system_io", "simulator", "shots", "trace_tools", "golden_suite_generator", "harness", "nbp")
MOST_MODULES, MOST_FLOORS, LEAST_MIRRORED = 15, 12, 0.9
OF_EVERY_COMMAND = {"main", "make_parser"}
"""Names by which `nbp` finds a command, the same in each."""


@cache
def modules() -> Mapping[str, Path]:
    """Return the file of each module by its dotted name."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return {name.removesuffix(".__init__"): path for name, path in zip(names, files, strict=True)}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports, late imports and those for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules() else node.module for name in inner)


@cache
def arrows() -> Mapping[str, frozenset[str]]:
    """Return the modules of ours that each module imports."""
    trees = {name: ast.parse(path.read_text()) for name, path in modules().items()}
    return {name: frozenset(imported(tree)) & modules().keys() - {name} for name, tree in trees.items()}


def circle(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the nodes of a circle, none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_import_each_other_in_no_circle() -> None:
    assert not circle(arrows())


def rooms() -> Mapping[str, frozenset[str]]:
    """Return the folders that each folder imports from."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, others in arrows().items():
        here = str(modules()[name].parent.relative_to(ROOT))
        found[here] |= {str(modules()[other].parent.relative_to(ROOT)) for other in others} - {here}
    return {here: frozenset(others) for here, others in found.items()}


def test_rooms_import_each_other_in_no_circle() -> None:
    """The modules of a package's own folder are its ground and its roof, and left out here."""
    inside = {room: others for room, others in rooms().items() if "/" in room}
    inner = {room: frozenset(other for other in others if "/" in other) for room, others in inside.items()}
    assert not circle(inner)


def test_a_circle_is_found() -> None:
    assert circle({"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("a")})


@pytest.mark.parametrize("room", sorted({path.parent for path in modules().values()}), ids=str)
def test_a_room_can_be_overseen(room: Path) -> None:
    found = [path for path in room.glob("*.py") if path.name != "__init__.py"]
    assert len(found) <= MOST_MODULES
    assert ast.get_docstring(ast.parse((room / "__init__.py").read_text())), "say what may be in this room"


def test_the_simulator_has_few_floors() -> None:
    floors: dict[str, int] = {}
    for name in TopologicalSorter(arrows()).static_order():
        below = [floors[other] for other in arrows()[name] if other.startswith("simulator")]
        floors[name] = 1 + max(below, default=0) if name.startswith("simulator") else 0
    top = max(floors, key=lambda name: floors[name])
    assert floors[top] <= MOST_FLOORS, f"{top} stands on floor {floors[top]}"


def public_names(path: Path) -> set[str]:
    """Return the public classes, functions and types that a module defines."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            names |= {name} if name[0].isupper() and not name.isupper() else set()
    return {name for name in names if not name.startswith("_")}


def test_a_name_stands_for_one_thing() -> None:
    homes = defaultdict(list)
    for module, path in modules().items():
        for name in public_names(path) - OF_EVERY_COMMAND:
            homes[name].append(module)
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_tests_lie_where_their_modules_lie() -> None:
    """A test belongs to the room of a module that it imports; those of the C sources lie beside no module."""
    found = [path for package in PACKAGES for path in (ROOT / "tests" / package).rglob("test_*.py")]
    tests = [path for path in found if room_of(path) in modules()]
    at_home = Counter(room_of(path) in imported_rooms(path) for path in tests)
    assert at_home[True] >= LEAST_MIRRORED * len(tests)


def room_of(test: Path) -> str:
    return ".".join(test.relative_to(ROOT / "tests").parent.parts)


def imported_rooms(test: Path) -> set[str]:
    """Return the rooms, and the rooms around them, of the modules that a test imports."""
    names = set(imported(ast.parse(test.read_text()))) & modules().keys()
    parts = [name.split(".") for name in names]
    return {".".join(part[:n]) for part in parts for n in range(1, len(part) + 1)}
