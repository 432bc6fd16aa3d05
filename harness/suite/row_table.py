"""Committed tables as JSON with one row a line, so that a change shows as its row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def table_text(head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return JSON with the items of `head`, then `rows`, one a line."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    body = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return "\n".join(["{", *lines, ' "rows": [', body, " ]", "}"]) + "\n"
