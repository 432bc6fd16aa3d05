"""Whole-file writes and hashes of bytes: no reader ever sees a part of a file."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def sha256_of(data: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name in the same folder and rename it when it is complete.

    Raises:
        OSError: the folder cannot be written; the earlier file, if any, is untouched.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def table_text(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return JSON with the items of `head`, then `rows`, one a line, so that a change shows as its row."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    body = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return "\n".join(["{", *lines, ' "rows": [', body, " ]", "}"]) + "\n"
