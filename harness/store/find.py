"""Finds evidence bundles, and tells whether a folder is one and complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from harness.errors import BundleError
from harness.store.names import GRADIENTS, HASHES, MARK, METRICS, SUMMARY, TRACES
from system_io.files import identity

RESULTS = (SUMMARY, GRADIENTS, TRACES)
"""What a result folder of one command holds, which has no metrics.json."""
DEEPEST = 32


def is_bundle(folder: Path) -> bool:
    """Tell whether a folder is a bundle, complete or not."""
    return any((folder / name).is_file() for name in (HASHES, MARK, METRICS, *RESULTS))


def find_bundles(root: Path) -> Iterator[Path]:
    """Iterate over the bundles below a folder, each once, in order of their names; hidden ones are left out.

    A link is followed, unless it leads to a folder that was or will be seen: one above, below, or twice.
    """
    seen = {identity(folder) for folder in root.absolute().resolve().parents}
    yield from _found(root, seen, DEEPEST)


def _found(folder: Path, seen: set[object], deepest: int) -> Iterator[Path]:
    if identity(folder) in seen or not deepest:
        return
    seen.add(identity(folder))
    if is_bundle(folder):
        yield folder
        return
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    for entry in sorted(entries, key=Path.is_symlink):
        if entry.is_dir() and not entry.name.startswith("."):
            yield from _found(entry, seen, deepest - 1)


def require_bundle(path: Path) -> Path:
    """Return the path of a bundle.

    Raises:
        BundleError: if it is none.
    """
    if not path.is_dir():
        raise BundleError(f"no bundle '{path}': no such folder; `nb-report list` shows the bundles")
    if not is_bundle(path):
        raise BundleError(
            f"'{path}' is no bundle: it holds none of {', '.join((METRICS, *RESULTS, HASHES, MARK))}"
        )
    return path


def is_complete(folder: Path) -> bool:
    """Tell whether a bundle claims to be complete: hashed, and without the mark."""
    return (folder / HASHES).is_file() and not (folder / MARK).exists()


def reports_root(named: Path | None) -> Path:
    """Return the folder of all bundles: the one named, else the variable NB_REPORTS, else ./reports."""
    return named or Path(os.environ.get("NB_REPORTS") or "reports")
