"""The rooms of the house, read from the sources: what each says of itself, and which others it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("system_io", "golden_suite_generator", "simulator", "trace_tools", "shots", "harness", "nbp")
NOT_PYTHON = {
    "golden_suite_generator/golden": "Recorded figures and images that the suite is held to (data).",
    "golden_suite_generator/reference": "The C reference of nanoBragg: small C11 files and their Makefile.",
}
FACE = ("__init__.py", "__main__.py")

Arrows = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Room:
    """A folder of modules, or a module of a package's root that stands above the folders.

    Fields: name as a path ("simulator/kernel"); purpose, its first line; modules, file names that it holds.
    """

    name: str
    purpose: str
    modules: tuple[str, ...]

    @property
    def package(self) -> str:
        """The package that the room is part of."""
        return self.name.split("/", 1)[0]


@dataclass(frozen=True)
class House:
    """All rooms by name, and for each the rooms that it imports."""

    rooms: Mapping[str, Room]
    arrows: Arrows

    def of(self, package: str) -> list[str]:
        """Return the names of the rooms of a package."""
        return [name for name, room in self.rooms.items() if room.package == package]


def read_house(root: Path) -> House:
    """Read rooms and imports from the sources below a folder.

    The modules of a package's root make one room, except those that import a folder of the package: each of
    these stands for itself. The public face of a package (`__init__`, `__main__`) is no importer.
    """
    files = {_module(path, root): path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))}
    imports = {module: _imported(path, files) for module, path in files.items()}
    room_of = {module: _room_of(module, path, root, files, imports) for module, path in files.items()}
    arrows: dict[str, set[str]] = {name: set() for name in room_of.values()}
    for module, targets in imports.items():
        if not (files[module].name in FACE and files[module].parent.parent == root):
            arrows[room_of[module]] |= {room_of[target] for target in targets} - {room_of[module]}
    rooms = {name: _room(name, root, [m for m in files if room_of[m] == name], files) for name in arrows}
    rooms |= {name: Room(name, text, ()) for name, text in NOT_PYTHON.items()}
    whole = {name: frozenset(arrows.get(name, ())) for name in sorted(rooms)}
    return House({name: rooms[name] for name in sorted(rooms)}, whole)


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def reached(arrows: Arrows) -> Arrows:
    """Return all that can be reached from each, however long the way."""
    found: dict[str, frozenset[str]] = {}
    for name in arrows:
        seen: set[str] = set()
        open_ends = [*arrows[name]]
        while open_ends:
            target = open_ends.pop()
            if target not in seen:
                seen.add(target)
                open_ends += arrows.get(target, ())
        found[name] = frozenset(seen)
    return found


def circular(arrows: Arrows) -> Arrows:
    """Return the arrows that are part of a circle; in a house in order there are none."""
    ways = reached(arrows)
    return {name: frozenset(one for one in arrows[name] if name in ways[one]) for name in arrows}


def floors(arrows: Arrows) -> dict[str, int]:
    """Return how many rooms lie below each: 0 for one that imports no other. Circles do not count."""
    loops = circular(arrows)
    found: dict[str, int] = {}

    def floor(name: str) -> int:
        if name not in found:
            found[name] = 1 + max(map(floor, sorted(arrows[name] - loops[name])), default=-1)
        return found[name]

    return {name: floor(name) for name in arrows}


def thinned_arrows(arrows: Arrows) -> Arrows:
    """Return the arrows without circles, and without those that a longer way implies."""
    loops = circular(arrows)
    straight = {name: arrows[name] - loops[name] for name in arrows}
    ways = reached(straight)
    return {
        name: targets - frozenset().union(*(ways[target] for target in targets))
        for name, targets in straight.items()
    }


def within(arrows: Arrows, names: Iterable[str]) -> Arrows:
    """Return the arrows between some rooms."""
    chosen = frozenset(names)
    return {name: arrows[name] & chosen for name in arrows if name in chosen}


def _module(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, files: Mapping[str, Path]) -> set[str]:
    """Return the modules of ours that a file imports, late imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            longer = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= longer & files.keys() or {node.module}
    return found & files.keys()


def _room_of(
    module: str, path: Path, root: Path, files: Mapping[str, Path], imports: Mapping[str, set[str]]
) -> str:
    """Return the name of the room in which a module lies."""
    folder = path.parent
    name = folder.relative_to(root).as_posix()
    if folder.parent != root or path.name in FACE:
        return name
    return f"{name}/{path.name}" if _stands_above(module, files, imports) else name


def _stands_above(module: str, files: Mapping[str, Path], imports: Mapping[str, set[str]]) -> bool:
    """Return whether a module of a package's root imports a folder of it, or a module that does."""
    root = files[module].parent
    beside = {name: frozenset(imports[name]) for name, path in files.items() if path.parent == root}
    ours = [files[target].parent for target in reached(beside)[module] | beside[module]]
    return any(folder != root and root in folder.parents for folder in ours)


def _room(name: str, root: Path, modules: list[str], files: Mapping[str, Path]) -> Room:
    path = root / name
    purpose = first_line(path if path.is_file() else path / "__init__.py")
    return Room(name, purpose, tuple(sorted({files[module].name for module in modules} - set(FACE))))
