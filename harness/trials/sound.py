"""The two sound programs on all command lines: what a faulty one is compared with, and false alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.faults.lines import TrialLine
from harness.pairs.predicted import NOTHING_PREDICTED, Prediction, predicted
from harness.sides import SIDES
from harness.store.names import trace_name
from harness.suite.figures import CaseImage
from harness.suite.floor_runs import NEWEST_TRACE
from harness.trials.c_objects import SoundObjects
from harness.trials.runs import Asked, Ran, run_reference, run_simulator

Pixels = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SoundRuns:
    """The two sound programs on all command lines.

    runs: by line and side. pixels, traces: the traced pixels, and the logs of the traces by side.
    predictions: the reflections of each line. objects: the C reference, compiled.
    inputs: folder with inputs/.
    """

    runs: Mapping[str, Mapping[str, Ran]]
    pixels: Mapping[str, Pixels]
    traces: Mapping[str, Mapping[str, Path]]
    predictions: Mapping[str, Prediction]
    objects: SoundObjects
    inputs: Path


def pixels_to_trace(image: CaseImage | None) -> Pixels:
    """Return the pixels (slow, fast) of an image that are traced.

    The brightest one, the dimmest one that is not 0, the brightest of its last row that is not dark, and the
    last one that is not 0.
    """
    if image is None or not (image > 0).any():
        return ()
    width = image.shape[1]
    lit = np.flatnonzero(image > 0)
    flat = image.ravel()
    last_row = lit[lit // width == lit[-1] // width]
    chosen = {
        int(flat.argmax()),
        int(lit[flat[lit].argmin()]),
        int(last_row[flat[last_row].argmax()]),
        int(lit[-1]),
    }
    return tuple((place // width, place % width) for place in sorted(chosen))


def trace_words(pixels: Pixels, log: str) -> tuple[str, ...]:
    """Return the options that trace pixels into a file."""
    chosen = [word for slow, fast in pixels for word in ("-trace_pixel", str(slow), str(fast))]
    return (*chosen, "-trace_file", log, *NEWEST_TRACE) if pixels else ()


def sound_runs(
    lines: Mapping[str, TrialLine], traced: Collection[str], inputs: Path, folder: Path
) -> SoundRuns:
    """Run both sound programs on all lines, and trace those that faults are traced on.

    Args:
        lines: by id.
        traced: ids of lines.
        inputs: folder with inputs/.
        folder: where everything is kept; it is there.
    """
    objects = SoundObjects.made(folder / "objects")
    program = objects.program(folder / "sound")
    plain = {side: [Asked(line, folder / side / line.id) for line in lines.values()] for side in SIDES}
    found = dict(
        zip(
            SIDES,
            (run_reference(program, plain["c"], inputs), _simulated(plain["py"], inputs, folder)),
            strict=True,
        )
    )
    runs = {name: {side: found[side][n] for side in SIDES} for n, name in enumerate(lines)}
    pixels = {name: pixels_to_trace(runs[name]["c"].image) for name in traced}
    again = [name for name in pixels if pixels[name]]
    asked = {
        side: [_traced(lines[name], pixels[name], folder / f"{side}-traced", side) for name in again]
        for side in SIDES
    }
    run_reference(program, asked["c"], inputs)
    _simulated(asked["py"], inputs, folder)
    traces = {
        name: {side: asked[side][n].work / trace_name(side) for side in SIDES} for n, name in enumerate(again)
    }
    predictions = {name: _predicted(line, runs[name][SIDES[0]], inputs) for name, line in lines.items()}
    return SoundRuns(runs, pixels, traces, predictions, objects, inputs)


def _predicted(line: TrialLine, ran: Ran, inputs: Path) -> Prediction:
    """Return the reflections of a line, none where it has no image."""
    if ran.image is None:
        return NOTHING_PREDICTED
    return predicted(line.case.words(inputs), line.mode, lambda name: str(ran.folder / name))


def _traced(line: TrialLine, pixels: Pixels, folder: Path, side: str) -> Asked:
    return Asked(line, folder / line.id, trace_words(pixels, trace_name(side)))


def _simulated(asked: Sequence[Asked], inputs: Path, folder: Path) -> list[Ran]:
    return run_simulator(None, asked, inputs, folder)
