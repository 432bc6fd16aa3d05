"""The recorded answers of the simulator to the questions of the tables.

They stand in data/answers.json, made by `python -m harness.probing.make_answers`; a test compares them with
the simulator. So a probe needs neither torch nor a compiler, and a simulator that is being changed does not
lead it astray.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from harness.probing.looks import Seen
from harness.probing.questions import TableQuestion

NAME = "answers.json"


def data_of(value: Seen) -> Any:
    """Return a value as plain data."""
    if isinstance(value, np.ndarray):
        return {"image": base64.b64encode(value.astype("<f4").tobytes()).decode("ascii")}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, float):
        return {"number": repr(value)}
    return value


def seen_of(data: Any) -> Seen:
    """Return the value of plain data."""
    if not isinstance(data, dict):
        return None if data is None else str(data)
    (kind, text), *_ = data.items()
    if kind == "number":
        return float(text)
    raw = base64.b64decode(text)
    return np.frombuffer(raw, "<f4") if kind == "image" else raw


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text())["answers"]
    return found


def _text() -> str:
    return (resources.files("harness.probing") / "data" / NAME).read_text(encoding="utf-8")


@cache
def version() -> str:
    """Return what changes with any row of the tables, and with any answer."""
    return hashlib.sha256(_text().encode("utf-8")).hexdigest()[:16]


def answer(question: TableQuestion) -> Seen:
    """Return what the simulator gives.

    Raises:
        KeyError: the question was not recorded.
    """
    return seen_of(_recorded()[question.key])
