"""What a pass within rounding hides, if anything: the worst pixel of two images, traced in both programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.images.compare import ImageComparison
from harness.pairs.findings import DECIDED, Bench
from harness.pairs.pair_traces import traced
from harness.sides import SIDES
from harness.verdict import PairFinding
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.tap_points import VERSIONS

LEVEL = "mosaic"


def decided_by_trace(bench: Bench, compared: ImageComparison) -> Iterator[PairFinding]:
    """Trace the pixel that is farthest off by its own value, and say whether a tap is outside its bound.

    Another compiler changes a pixel in ten thousand by a digit. Where more are unequal, though each within
    rounding, a factor may be off by less than a 4-byte float shows; its tap, printed in full, shows it.
    Programs that do not know our records are left to their user.
    """
    own = compared.metrics.own if compared.metrics else None
    options = [program.dialect.schema_option for program in bench.programs.values()]
    if compared.verdict.word is not Word.ROUNDING or own is None or None in options:
        return
    slow, fast = own.worst_at
    place = f"pixel (slow {slow}, fast {fast}), the farthest by its own value"
    found = traced(pixel_logs(bench, slow, fast), compared.made.arithmetic)
    if found is None or found.get("error"):
        why = "no program traced it" if found is None else found["error"]
        yield PairFinding(DECIDED, Word.PASS, f"{place}, could not be traced: {why}")
    elif found["verdict"] == Word.FAIL:
        yield PairFinding(DECIDED, Word.FAIL, f"{place}: more than rounding; {_causes(found)}")
    elif EXIT_STATUS[Word(found["verdict"])] == 0:
        yield PairFinding(DECIDED, Word.PASS, f"{place}: every tap agrees within its bound")
    else:
        yield PairFinding(DECIDED, Word.PASS, f"{place}: its traces are {found['verdict']}")


def pixel_logs(bench: Bench, slow: int, fast: int) -> dict[str, bytes | None]:
    """Run both programs on one traced pixel; returns the log of each side, None for one that wrote none."""
    chosen = ("-trace_pixel", str(slow), str(fast), "-trace_level", LEVEL)
    return {
        side: bench.again(
            side, f"{side}-traced", *chosen, *bench.programs[side].looking_words(VERSIONS[-1])
        ).trace
        for side in SIDES
    }


def _causes(found: Mapping[str, Any]) -> str:
    taps = list(dict.fromkeys(cause["tap"] for cause in found["causes"]))
    return f"its trace differs at {', '.join(taps)}" if taps else "its traces differ"
