"""What the gates run on, and what all bundles of one call have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.images.compare import Region
from harness.kept.shelf import Shelf
from harness.pairs.pair import PairJob
from harness.programs.programs import Program
from harness.store.schema import BUNDLE_SCHEMA
from harness.time_limits import RUN_S

INITIATIVE = "gates"
PLAN_ROI = Region(100, 156, 100, 156)
BUILT_IN_ROI = Region(900, 956, 900, 956)
TRACE_BLOCKS = ((684, 686, 1039, 1040), (1039, 1040, 684, 686))


@dataclass(frozen=True)
class GatePlan:
    """What the gates run on: programs, command line, where to look, and the words that call it again."""

    first: Program
    second: Program
    args: tuple[str, ...]
    command: tuple[str, ...]
    label: str
    roi: Region = PLAN_ROI
    blocks: tuple[tuple[int, int, int, int], ...] = TRACE_BLOCKS
    timeout_s: float = RUN_S
    dtype: str | None = None
    device: str | None = None
    shelf: Shelf | None = None

    def job(self, mode: str) -> PairJob:
        """Return the comparison in one parity mode, with the pixels to trace."""
        return PairJob(
            self.first, self.second, (*self.args, *traced_blocks(self.blocks)), Path.cwd(), mode, self.dtype,
            self.device, timeout_s=self.timeout_s, shelf=self.shelf,
        )  # fmt: skip


def bundle_frame(plan: GatePlan, environment: Mapping[str, Any], created: str) -> dict[str, Any]:
    """Return what the metrics of all bundles of one call have in common."""
    return {
        "schema": BUNDLE_SCHEMA,
        "created": created,
        "command": list(plan.command),
        "commit": (environment["git"] or {}).get("commit"),
        "notes": list(environment["sides"]["differences"]),
    }


def traced_blocks(blocks: Sequence[tuple[int, int, int, int]]) -> list[str]:
    """Return the options that trace some blocks of pixels."""
    return [word for block in blocks for word in ("-trace_roi", *map(str, block))]
