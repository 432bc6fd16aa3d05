"""One faulty program on all command lines, beside the sound other one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.faults.fault import BOTH, DRAWN, SeededFault
from harness.faults.lines import TrialLine
from harness.programs.build import BINARY_NAME
from harness.sides import SIDES
from harness.store.names import trace_name
from harness.trials.checks import BEHIND, IMAGE, PROGRAM_CHECKS, RECORDED, TRACE, Beside, findings, off_record
from harness.trials.image_findings import PASSES, image_finding, is_changed, worst_pixel
from harness.trials.runs import Asked, Ran, run_reference, run_simulator
from harness.trials.sound import SoundRuns, trace_words
from harness.trials.trace_findings import FAILS, TraceFinding, trace_finding
from system_io.verdict_words import Word


@dataclass(frozen=True)
class FaultTrial:
    """A fault in one program, or in both, on all command lines.

    `changed`: lines whose float image is another one, bit for bit; `lines`: what was found on them;
    `killed_by`: names of the checks that found something, on how many lines each.
    """

    fault: str
    side: str
    changed: tuple[str, ...]
    lines: Mapping[str, Mapping[str, Any]]
    trace: Mapping[str, Any] | None
    killed_by: Mapping[str, int] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """Return the trial as plain data, one line of the file of results."""
        return {
            "fault": self.fault, "side": self.side, "changed": list(self.changed), "lines": dict(self.lines),
            "trace": self.trace, "killed_by": dict(self.killed_by),
        }  # fmt: skip


def run_trial(
    fault: SeededFault, side: str, sound: SoundRuns, lines: Mapping[str, TrialLine], folder: Path
) -> FaultTrial:
    """Make the program with a fault, run it, and judge what it did.

    Args:
        fault: which one.
        side: c, py, or both.
        sound: what the sound programs did.
        lines: all command lines by id.
        folder: for everything that is written; made here, and removed.

    Raises:
        HarnessError: the fault does not fit the sources, or they do not compile.
    """
    folder.mkdir(parents=True)
    try:
        faulty_sides = SIDES if side == BOTH else (side,)
        runs = {one: _runs(fault, one, sound, lines, folder / one) for one in faulty_sides}
        judged = _judged(fault, side, runs, sound, lines)
        alone = _found_alone(folder / SIDES[0] / BINARY_NAME) if side == BOTH else {}
        return replace(judged, killed_by={**judged.killed_by, **alone})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _found_alone(program: Path) -> dict[str, int]:
    """Return the checks of one program by itself that find something, once each."""
    return {name: 1 for name, finds in PROGRAM_CHECKS.items() if finds(program)}


def _runs(
    fault: SeededFault, side: str, sound: SoundRuns, lines: Mapping[str, TrialLine], folder: Path
) -> dict[str, Ran]:
    """Run a program with a fault on all lines; the traced run comes under the name of its log."""
    asked = [Asked(line, folder / name) for name, line in lines.items()]
    log = trace_name(side)
    traced = fault.line in sound.traces
    if traced:
        words = trace_words(sound.pixels[fault.line], log)
        asked.append(Asked(lines[fault.line], folder / "traced", words))
    if side == SIDES[0]:
        program = sound.objects.program(folder, fault.c)
        found = run_reference(program, asked, sound.inputs)
    else:
        folder.mkdir()
        found = run_simulator(fault, asked, sound.inputs, folder)
    return dict(zip((*lines, *([log] if traced else ())), found, strict=True))


def _judged(
    fault: SeededFault,
    side: str,
    runs: Mapping[str, Mapping[str, Ran]],
    sound: SoundRuns,
    lines: Mapping[str, TrialLine],
) -> FaultTrial:
    found, changed = {}, []
    counts: dict[str, int] = {}
    for name, here in _beside(side, runs, sound, lines):
        moved = any(is_changed(runs[one][name].image, sound.runs[name][one].image) for one in runs)
        row = _line_row(here, sound, side, moved)
        if moved:
            changed.append(name)
        if row:
            found[name] = row
        for check in row.get("checks", ()):
            counts[check] = counts.get(check, 0) + 1
    trace = _trace(fault, side, runs, sound)
    rounds = [name for name, row in found.items() if row.get("verdict") == Word.ROUNDING]
    if fault.id.startswith(DRAWN) and rounds and IMAGE not in counts:
        trace = _traced_at_worst(fault, side, runs[side][rounds[0]], sound, lines[rounds[0]]) or trace
    if (
        side != BOTH
        and trace is not None
        and trace.verdict == Word.PASS
        and fault.line in changed
        and not trace.behind
    ):
        trace = _traced_at_worst(fault, side, runs[side][fault.line], sound, lines[fault.line]) or trace
    if trace is not None and trace.verdict == FAILS:
        counts[TRACE] = 1
    if trace is not None and trace.behind:
        counts[BEHIND] = 1
    return FaultTrial(fault.id, side, tuple(changed), found, None if trace is None else trace.data(), counts)


def _beside(
    side: str, runs: Mapping[str, Mapping[str, Ran]], sound: SoundRuns, lines: Mapping[str, TrialLine]
) -> Iterator[tuple[str, Beside]]:
    first = SIDES[0] if side == BOTH else side
    second = SIDES[1 - SIDES.index(first)]
    for name, line in lines.items():
        other = runs[second][name] if side == BOTH else sound.runs[name][second]
        yield name, Beside(line, runs[first][name], sound.runs[name][first], other)


def _line_row(here: Beside, sound: SoundRuns, side: str, moved: bool) -> dict[str, Any]:
    """Return what was found on a line; nothing for a line on which nothing is another one."""
    checks = [] if side == BOTH else findings(here)
    row: dict[str, Any] = {}
    if side == BOTH and here.line.in_suite and off_record(here, sound.inputs):
        checks.append(RECORDED)
    image = None
    if moved:
        prediction = sound.predictions[here.line.id]
        image = image_finding(here, sound.inputs, prediction, faulty_is_c=side != SIDES[1])
    if image is not None:
        row |= image.data()
        if image.verdict not in PASSES and image.verdict != Word.NOT_COMPARABLE:
            checks.append(IMAGE)
    return row | ({"checks": checks} if checks else {})


def _trace(
    fault: SeededFault, side: str, runs: Mapping[str, Mapping[str, Ran]], sound: SoundRuns
) -> TraceFinding | None:
    logs: dict[str, Path] = dict(sound.traces.get(fault.line, {}))
    if not logs:
        return None
    faulty: Sequence[Ran] = [runs[one][trace_name(one)] for one in runs]
    for one in runs:
        logs[one] = runs[one][trace_name(one)].folder / trace_name(one)
    if not all(path.is_file() for path in logs.values()):
        return None
    first = next(iter(runs))
    return trace_finding(fault, (logs[SIDES[0]], logs[SIDES[1]]), (logs[first], faulty[0].image))


def _traced_at_worst(
    fault: SeededFault, side: str, faulty: Ran, sound: SoundRuns, line: TrialLine
) -> TraceFinding | None:
    """Trace the pixel that differs most in parts of itself, as `trace-harness --worst 1` does."""
    before = sound.runs[line.id][side].image
    if faulty.image is None or before is None or faulty.image.shape != before.shape:
        return None
    pixels = (worst_pixel(faulty.image, before),)
    folder = faulty.folder.parents[2] / "worst"
    runs = {}
    for one in SIDES:
        asked = Asked(line, folder / one / "run", trace_words(pixels, trace_name(one)))
        (folder / one).mkdir(parents=True)
        seams, put_in = (fault.c, fault) if one == side else ((), None)
        if one == SIDES[0]:
            program = sound.objects.program(folder / "program", seams)
            runs[one] = run_reference(program, [asked], sound.inputs)[0]
        else:
            runs[one] = run_simulator(put_in, [asked], sound.inputs, folder / one)[0]
    logs = {one: runs[one].folder / trace_name(one) for one in SIDES}
    if not all(path.is_file() for path in logs.values()):
        return None
    return trace_finding(fault, (logs[SIDES[0]], logs[SIDES[1]]), (logs[side], runs[side].image))
