"""Stages that run operation by operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.engine.stage import Call


@dataclass(frozen=True)
class Eager:
    """The functions of the stages as they stand; see `Engine`."""

    elements: int
    pixels: int
    parallel: bool = True
    compiled: ClassVar[bool] = False

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        return call.result()
