"""Whether a bundle holds the files that its hash list names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.store.bundle import sealed
from harness.store.find import is_complete, require_bundle
from harness.store.names import HASHES, MARK, METRICS, TRACES
from harness.store.untrusted import (
    BROKEN,
    JSON_LIMIT_BYTES,
    BundleFault,
    Tree,
    read_json,
    read_plain,
    tree_of,
)
from system_io.verdict_words import Word

SEALED = (METRICS, TRACES)
"""Beside one of these the hash list ends with its own hash."""
HASH_LINE = re.compile(r"([0-9a-f]{64})  (\S[^\n]*)")


@dataclass(frozen=True)
class Verification:
    """The outcome of a verification: PASS, FAIL (faults), or NOT COMPARABLE (incomplete)."""

    path: Path
    word: Word
    faults: tuple[BundleFault, ...]
    checked: int
    underived: tuple[str, ...] = ()
    """What could not be derived again, though nothing speaks against it."""


def verify_hashes(folder: Path) -> Verification:
    """Check only that a bundle holds the files that its hash list names: cheap, and no proof.

    Raises:
        BundleError: there is no bundle.
    """
    return hash_check(folder)[0]


def hash_check(folder: Path) -> tuple[Verification, Tree]:
    """Return the outcome for the hash list, and the files that are there.

    Raises:
        BundleError: if the folder is no bundle.
    """
    require_bundle(folder)
    tree = tree_of(folder)
    faults = [BundleFault(name, what) for name, what in tree.faults]
    if not is_complete(folder):
        return _verify_incomplete(folder, tree, faults), tree
    stated, wrong = _stated_hashes(folder / HASHES)
    faults += [*wrong, *_hash_faults(folder, tree, stated)]
    return Verification(folder, Word.FAIL if faults else Word.PASS, tuple(faults), len(stated)), tree


def _verify_incomplete(folder: Path, tree: Tree, faults: list[BundleFault]) -> Verification:
    faults.insert(0, BundleFault(MARK if (folder / MARK).exists() else HASHES, _why_incomplete(folder)))
    stated: dict[str, str] = {}
    try:
        mark = read_json(folder / MARK) if (folder / MARK).exists() else {}
        stated = {str(name): str(digest) for name, digest in mark.get("finished", {}).items()}
    except BROKEN as error:
        faults.append(BundleFault(MARK, f"cannot be read: {error}"))
    faults += [fault for fault in _hash_faults(folder, tree, stated) if fault.file in stated]
    faults += [
        BundleFault(name, "finished") for name in stated if name not in {fault.file for fault in faults}
    ]
    return Verification(folder, Word.NOT_COMPARABLE, tuple(faults), len(stated))


def _why_incomplete(folder: Path) -> str:
    if (folder / MARK).exists():
        return "the bundle is marked incomplete: its writer was interrupted"
    return "is missing: the bundle was never finished, or its hashes were removed"


def _stated_hashes(path: Path) -> tuple[dict[str, str], list[BundleFault]]:
    stated: dict[str, str] = {}
    faults: list[BundleFault] = []
    try:
        text = read_plain(path, JSON_LIMIT_BYTES).decode("utf-8", "replace")
    except BundleError as error:
        return {}, [BundleFault(HASHES, str(error))]
    body, mark, _ = text.rpartition("# ")
    if (mark or any((path.parent / name).exists() for name in SEALED)) and text != sealed(body):
        faults.append(BundleFault(HASHES, "was changed: it does not end with its own hash"))
    lines = (body if mark else text).split("\n")
    if lines.pop():
        faults.append(BundleFault(HASHES, "does not end with a whole line"))
    for number, line in enumerate(lines, 1):
        match = HASH_LINE.fullmatch(line)
        if match is None or match[2] in stated:
            faults.append(BundleFault(HASHES, f"line {number} is not 'SHA256  NAME' of one more file"))
        else:
            stated[match[2]] = match[1]
    return stated, faults


def _hash_faults(folder: Path, tree: Tree, stated: Mapping[str, str]) -> list[BundleFault]:
    names = [name for name in tree.files if name not in (MARK, HASHES)]
    there = {name: _hash_or_none(folder / name) for name in names}
    faults = [BundleFault(name, "is missing") for name in stated if name not in there]
    for name, digest in there.items():
        if name not in stated:
            faults.append(BundleFault(name, f"is not listed in {HASHES}: it was added later or renamed"))
        elif digest is None:
            faults.append(BundleFault(name, "cannot be read"))
        elif digest != stated[name]:
            owners = [other for other, theirs in stated.items() if theirs == digest]
            near = [other for other in owners if Path(other).parent == Path(name).parent] or owners
            swapped = f"; it holds what {near[0]} held" if near else ""
            faults.append(BundleFault(name, f"was changed: its sha256 is not the one in {HASHES}{swapped}"))
    return faults


def _hash_or_none(path: Path) -> str | None:
    try:
        return sha256_of_file(path)
    except OSError:
        return None
