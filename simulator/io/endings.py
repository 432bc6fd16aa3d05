"""How text files end."""

from __future__ import annotations

import os
from pathlib import Path


def ends_with_a_line(path: Path) -> bool:
    """Return whether the last line of a text file is ended; one that cannot be told counts as ended."""
    try:
        if not path.is_file() or path.stat().st_size == 0:
            return True
        with path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) in (b"\n", b"\r")
    except OSError:
        return True
