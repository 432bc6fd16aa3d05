"""What a bundle states, held against what its raw files give."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.store.names import ENVIRONMENT
from harness.store.schema import check_environment
from harness.store.untrusted import read_json, read_plain
from system_io.shell import shell_words

RELATIVE_SLACK = 1e-9
ABSOLUTE_SLACK = 1e-15


def environment_of(folder: Path) -> dict[str, Any]:
    """Return the content of env.json, empty if there is none."""
    path = folder / ENVIRONMENT
    if not path.is_file():
        return {}
    found = read_json(path)
    check_environment(found, str(path))
    return dict(found)


def differing(fresh: Any, stated: Any, where: str) -> list[str]:
    """Compare plain data; numbers may differ by the rounding of sums taken in another order.

    Returns:
        For each place that differs: its name, what is stated and what the raw files give.
    """
    if isinstance(fresh, dict) and isinstance(stated, dict):
        keys = sorted({*fresh, *stated})
        return [text for key in keys for text in differing(fresh.get(key), stated.get(key), f"{where}.{key}")]
    if isinstance(fresh, list | tuple) and isinstance(stated, list | tuple) and len(fresh) == len(stated):
        pairs = enumerate(zip(fresh, stated, strict=True))
        return [text for n, (a, b) in pairs for text in differing(a, b, f"{where}[{n}]")]
    if _same(fresh, stated):
        return []
    return [f"{where}: states {stated!r:.80}, the raw files give {fresh!r:.80}"]


def _same(fresh: Any, stated: Any) -> bool:
    numbers = all(isinstance(value, float | int) and not isinstance(value, bool) for value in (fresh, stated))
    if not numbers:
        return bool(fresh == stated)
    return math.isclose(fresh, stated, rel_tol=RELATIVE_SLACK, abs_tol=ABSOLUTE_SLACK)


def commands_of(path: Path, line: int = 1) -> list[str]:
    """Return the words of one line of commands.txt.

    Raises:
        BundleError: if it is not there.
    """
    lines = read_plain(path).decode("utf-8", "surrogateescape").split("\n")
    if len(lines) <= line:
        raise BundleError(f"'{path.name}' has no line {line + 1}; it is damaged")
    return shell_words(lines[line])


def text_faults(path: Path, text: str) -> list[str]:
    """Return where a file of text is not what it must be, by its first line that differs."""
    stated = read_plain(path).decode("utf-8", "surrogateescape")
    if stated == text:
        return []
    pairs = zip([*stated.split("\n"), ""], [*text.split("\n"), ""], strict=False)
    number, (old, new) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return [f"line {number}: states {old!r:.80}, the raw files give {new!r:.80}"]
