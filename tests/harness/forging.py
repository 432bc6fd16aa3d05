"""What a careful forger does to a bundle: edits of its files, and hash lists that fit again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.store.bundle import files_below, sealed
from harness.store.names import HASHES

Edit = Callable[[Path], object]


def reseal(folder: Path) -> None:
    """Bring all hash lists up to date, the innermost first."""
    lists = sorted(folder.rglob(HASHES), key=lambda path: -len(path.parts))
    for path in lists:
        home = path.parent
        names = [name for name in files_below(home) if (home / name).is_file()]
        lines = [f"{hashlib.sha256((home / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
        text = "".join(lines)
        had_seal = "# " in path.read_text(encoding="utf-8")
        path.write_text(sealed(text) if had_seal else text, encoding="utf-8")


def data(name: str, change: Callable[[dict], object]) -> Edit:
    """Return the edit that changes the content of a JSON file."""

    def edit(folder: Path) -> None:
        path = folder / name
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")

    return edit


def raw(name: str, change: Callable[[bytes], bytes]) -> Edit:
    """Return the edit that changes the bytes of a file."""
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def everywhere(old: str, new: str) -> Edit:
    """Return the edit that replaces a text in all text files."""

    def edit(folder: Path) -> None:
        for path in folder.rglob("*"):
            if path.suffix in (".json", ".txt", ".md", ".log"):
                path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))

    return edit


def both(*edits: Edit) -> Edit:
    """Return the edit that makes several ones in turn."""
    return lambda folder: [edit(folder) for edit in edits]


def removed(*names: str) -> Edit:
    """Return the edit that removes files or folders."""

    def edit(folder: Path) -> None:
        for name in names:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    return edit


def copied(source: str, target: str) -> Edit:
    """Return the edit that puts one file in the place of another."""
    return lambda folder: shutil.copyfile(folder / source, folder / target)
