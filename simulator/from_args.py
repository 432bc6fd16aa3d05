"""The way from `RunConfig.from_args` up to the reader of command lines, which `simulator/__init__` opens.

The class of a configuration stands below the rooms that read words into it; the package, which stands above
both, puts the two together when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Reader = Callable[[Sequence[object]], Any]
"""Makes a configuration of the words after the program name."""
_readers: list[Reader] = []


def read_with(reader: Reader) -> None:
    """Let `read` call this reader."""
    _readers[:] = [reader]


def read(args: Sequence[object]) -> Any:
    """Return the configuration that the reader makes of words."""
    (reader,) = _readers
    return reader(args)
