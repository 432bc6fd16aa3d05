"""The fingerprint of all that the images of a plan follow from: its words and the contents of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

UNFELT = ("shots", "title", "output")
"""Keys of a plan that change no image: a data set can grow, and be written in other formats elsewhere."""


def plan_parts(content: Mapping[str, Any], folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return the fingerprint of each key of a plan, and of each file that it names.

    Args:
        content: of its TOML.
        folder: of the plan.
        files: that its command line names.
    """
    felt = {key: value for key, value in content.items() if key not in UNFELT}
    named = (folder / text for text in _texts({k: v for k, v in felt.items() if k != "command"}))
    read = {path for path in (*files, *named) if path.is_file()}
    keys = {key: _hash(json.dumps(value, sort_keys=True, default=str)) for key, value in felt.items()}
    for path in sorted(read):
        key = f"file {path.name}"
        keys[key] = _hash(keys.get(key, "") + hashlib.sha256(path.read_bytes()).hexdigest())
    return keys


def digest_of(parts: Mapping[str, str]) -> str:
    """Return the fingerprint of a plan by those of its parts."""
    return _hash(json.dumps(parts, sort_keys=True))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a value of TOML, some of which name files."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from _texts(value[key])
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
