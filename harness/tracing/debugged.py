"""The trace of a program that prints no taps, made by a debugger with a tap map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.arrays import FloatImage
from harness.programs.run import WORK_NAME, ProgramRun
from trace_tools.debugger.sources import open_debugged
from trace_tools.debugger.tap_map import load_map
from trace_tools.debugger.traced import DebugJob, trace_pixels
from trace_tools.tap_points import TapLevel

LEVELS = {
    "setup": TapLevel.mosaic_setup,
    "pixel": TapLevel.pixel,
    "subpixel": TapLevel.subpixel,
    "source": TapLevel.source,
    "phi": TapLevel.phi,
    "mosaic": TapLevel.mosaic,
}


@dataclass(frozen=True)
class AskedOfDebugger:
    """What a debugger is asked: map, pixels (slow, fast), version, innermost level, longest time (s)."""

    tap_map: str
    pixels: tuple[tuple[int, int], ...]
    schema: int
    level: str
    timeout_s: float


def debugged_trace(plain: ProgramRun, scratch: Path, asked: AskedOfDebugger) -> tuple[bytes, FloatImage, str]:
    """Trace pixels of a program by the debugger.

    Args:
        plain: its run without the debugger.
        scratch: the directory of that run, with the copies of its inputs.
        asked: map, pixels and limits.

    Returns:
        The trace, the image [slow, fast] with the pixels as they are in the debugged runs, and what is to be
        said of it.

    Raises:
        DebuggerError: nothing can be concluded.
        TraceError: the map breaks a rule.
    """
    assert plain.image is not None  # checked before
    tap_map = load_map(asked.tap_map)
    binary = Path(plain.program.words[0])
    program = open_debugged(binary, {place.file for place in tap_map.places.values()})
    words = tuple(plain.command[len(plain.program.words) :])
    made = trace_pixels(
        DebugJob(
            tap_map, program, words, scratch / WORK_NAME, asked.pixels, asked.schema, asked.timeout_s,
            whole=plain.image.tobytes(), deepest=LEVELS[asked.level],
        )
    )  # fmt: skip
    image = plain.image.copy()
    for pixel, value in made.values.items():
        image[pixel] = np.frombuffer(value, np.float32)[0]
    states = "; ".join(dict.fromkeys(made.states.values()))
    return made.text.encode(), image, f"read by a debugger with the map '{tap_map.source}'; {states}"
