"""The pages of the HTML site, a hook of mkdocs: each at its place in the repository, and a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from nbp.rooms import PACKAGES, House, read_house

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md", "docs/**/*.md", "docs/*.svg",
    "docs/*.json", "golden_suite_generator/parity.toml", "examples/*/*.[cptj]*",
)  # fmt: skip
"""And what pages link to: data, descriptions, sources of examples."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the specification and the reference to the navigation."""
    house = read_house(ROOT)
    spec = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs" / "spec").glob("*.md"))]
    rooms: list[Any] = [
        {package: [{name: reference(name)} for name in house.of(package) if house.rooms[name].modules]}
        for package in PACKAGES
    ]
    config.nav = [*(config.nav or []), {"Specification": spec}, {"Reference": rooms}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the files of the theme, the pages of the repository and the reference."""
    chosen = [file for file in files if file.src_dir != config.docs_dir]
    for path in sorted(path for pattern in PAGES for path in ROOT.glob(pattern)):
        chosen.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    house = read_house(ROOT)
    for name in (name for name, room in house.rooms.items() if room.modules):
        chosen.append(File.generated(config, reference(name), content=page(house, name)))
    return Files(chosen)


def reference(name: str) -> str:
    """Return where the page of reference of a room lies."""
    return f"reference/{name.removesuffix('.py')}.md"


def page(house: House, name: str) -> str:
    """Return the page of reference of a room: its first line, then the docstrings of its modules."""
    room = house.rooms[name]
    folder = name.rsplit("/", 1)[0] if name.endswith(".py") else name
    modules = [f"{folder}/{module}".removesuffix(".py").replace("/", ".") for module in room.modules]
    return "\n\n".join([f"# {name}", room.purpose, *(f"::: {module}" for module in modules)]) + "\n"
