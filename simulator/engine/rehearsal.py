"""How an engine learns the forms of the calls of a run before it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.engine.stage import Call, Engine

UNLIMITED = 1 << 62


@dataclass(frozen=True)
class Rehearsal:
    """How an engine learns the forms of the calls of a run before it begins."""

    play: Callable[[Engine], None]
    """Runs one small block of each kind on an engine."""
    kind: str
    """What the forms depend on besides the instrument; empty where they are not to be remembered."""
    obstacle: str = ""
    """What keeps the run from being compiled, in words, empty for nothing."""


class Probe:
    """Runs calls as they stand and keeps one of each form, with what it gave; see `Engine`."""

    compiled, parallel, elements, pixels = False, False, UNLIMITED, UNLIMITED

    def __init__(self) -> None:
        self.calls: dict[str, tuple[Call, Any]] = {}

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        result = call.result()
        self.calls.setdefault(call.form(), (call, result))
        return result
