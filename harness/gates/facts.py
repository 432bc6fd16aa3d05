"""What the bundle of a gate says besides its judgement: regions, notes, commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from golden_suite_generator.cases import authoritative_words
from golden_suite_generator.inputs.write import CRYSTAL_FILES
from harness.gates.figures import Setting
from harness.gates.plan import PLAN_ROI, TRACE_BLOCKS, traced_blocks
from harness.gates.table import Gate
from harness.images.compare import Region
from harness.pairs.part import PairPart
from harness.programs.programs import MODES
from harness.store.kind_words import GATE_KIND
from system_io.shell import shell_text
from system_io.shown import printable

AROUND_PX = 30


def gate_facts(
    gate: Gate, parts: Sequence[PairPart], setting: Setting, notes: Sequence[str]
) -> dict[str, Any]:
    """Return what the metrics of a gate say besides its judgement; notes: on how the two sides differ."""
    beyond = beyond_plan(parts[0].summary["arguments"], setting.roi)
    return {
        "kind": GATE_KIND,
        "title": f"{gate.id} {gate.title}",
        "parts": list(MODES),
        "settings": {"gate": gate.id, **setting.data()},
        "notes": [*notes, *beyond],
    }


def around_brightest(part: PairPart) -> Region:
    """Return the region of `AROUND_PX` pixels on each side of the first image's maximum."""
    if part.failed:
        return Region(0, 0, 0, 0)
    image = part.first
    slow, fast = (int(place) for place in np.unravel_index(int(np.nanargmax(image)), image.shape))
    square = Region(fast - AROUND_PX, fast + AROUND_PX, slow - AROUND_PX, slow + AROUND_PX)
    return square.clipped(image.shape)


def compare_words(mode: str, args: Sequence[str], dtype: str | None, device: str | None) -> list[str]:
    """Return the command that makes one of the comparisons of a gate."""
    chosen = (("--dtype", dtype), ("--device", device))
    settings = [word for option, value in chosen if value is not None for word in (option, value)]
    return ["nb-compare", "--parity-mode", mode, *settings, "--", *args]


def gate_commands(command: Sequence[str], gate: Gate, parts: Sequence[PairPart]) -> str:
    """Return the commands of a gate for copying, and its inputs by content hash."""
    lines = ["# the gate", shell_text([*command, "--only", gate.id] if command else [])]
    for part in parts:
        settings = part.summary["settings"]
        words = compare_words(part.mode, part.summary["arguments"], settings["dtype"], settings["device"])
        lines += [f"# its comparison in parity mode {part.mode}", shell_text(words)]
    inputs = {(item["sha256"], printable(item["path"])) for part in parts for item in part.summary["inputs"]}
    return "\n".join([*lines, *(f"# input {digest}  {path}" for digest, path in sorted(inputs))]) + "\n"


def beyond_plan(args: Sequence[str], roi: Region) -> list[str]:
    """Return in words where a gate looks at something else than the acceptance plan does.

    Args:
        args: the command line of its comparisons, with the pixels to trace.
        roi: its region.
    """
    words = [Path(word).name if Path(word).name in CRYSTAL_FILES else word for word in args]
    plan = [*authoritative_words(), *traced_blocks(TRACE_BLOCKS)]
    found = []
    if words != [word.rpartition("/")[2] for word in plan]:
        found.append("the command line or the traced pixels are not those of the acceptance plan")
    if roi != PLAN_ROI:
        found.append(f"the region is {roi}, in the acceptance plan {PLAN_ROI}")
    return found
