"""All trials of a run, made by an engine; each is kept as soon as it has ended, so that a run can go on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib import resources
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

from harness.errors import BuildError, UsageError
from harness.faults.fault import DRAWN, SeededFault
from harness.faults.lines import TrialLine, trial_lines
from harness.faults.table import BY_ID, FAULTS
from harness.journal import note, open_journal
from harness.sides import SIDES
from harness.suite.generate import case_inputs
from harness.trials.checks import Beside, findings
from harness.trials.image_findings import PASSES, image_finding
from harness.trials.places import fault_places
from harness.trials.sound import SoundRuns, sound_runs
from harness.trials.trial import FaultTrial, run_trial
from system_io.children import temporary_folder
from system_io.tasks.engine import TaskEngine
from system_io.verdict_words import Word
from trace_tools.judging.judge import judge_files

TENTH = 10
SOURCES = ("simulator", "trace_tools", "harness", "golden_suite_generator")
Unit = tuple[SeededFault, str]
NamedUnit = tuple[SeededFault | str, str]


@dataclass(frozen=True)
class Campaign:
    """The outcome: trials as plain data, false alarms of the sound programs, and the number of lines.

    faults: those tried, by name. broken: drawn ones that no compiler takes.
    """

    trials: tuple[Mapping[str, Any], ...]
    alarms: tuple[str, ...]
    lines: int
    faults: Mapping[str, SeededFault]
    broken: int = 0


def units_of(faults: Iterable[SeededFault]) -> list[Unit]:
    """Return each fault in each program that can have it, and in both at once, ordered by place."""
    units = [(fault, side) for fault in faults for side in fault.sides]
    return sorted(units, key=lambda unit: (unit[1], fault_places(*unit)[0], unit[0].id))


def tenth(units: Sequence[Unit]) -> list[Unit]:
    """Return every tenth unit: of each program, files and modules in turn."""
    return list(units[::TENTH])


def share(units: Sequence[Unit], number: int, count: int) -> list[Unit]:
    """Return the part of that number, from 1, of so many."""
    return list(units[number - 1 :: count])


def fingerprint() -> str:
    """Return a hash of all sources that a result depends on."""
    digest = sha256()
    for package in SOURCES:
        folder = Path(str(resources.files(package)))
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".c", ".h", ".json", ".toml") and "docs" not in path.parts:
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class KeptTrials:
    """The results so far, and the file in which each is kept as it comes, None for none."""

    rows: list[dict[str, Any]]
    _stream: IO[bytes] | None = None

    def has(self, unit: Unit) -> bool:
        """Tell whether there is a result for a fault in a program."""
        return any((row["fault"], row["side"]) == (unit[0].id, unit[1]) for row in self.rows)

    def add(self, trial: FaultTrial) -> None:
        """Keep a result."""
        self.rows.append(trial.data())
        if self._stream is not None:
            note(self._stream, trial.data())


@contextmanager
def kept_trials(path: Path | None) -> Iterator[KeptTrials]:
    """Give the results that a file holds, and keep further ones in it.

    Raises:
        UsageError: it holds something else, or results of other sources.
    """
    if path is None:
        yield KeptTrials([])
        return
    head = {"sources": fingerprint()}
    with open_journal(path, "nbp faults run", _row) as (stream, rows):
        if rows and rows[0] != head:
            raise UsageError(f"'{path}' holds results of other sources; name another file, or remove it")
        if not rows:
            note(stream, head)
        yield KeptTrials(rows[1:], stream)


def _row(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict) or not ("sources" in item or {"fault", "side"} <= item.keys()):
        raise ValueError("neither sources nor a trial")
    return item


def run_campaign(
    units: Sequence[Unit],
    engine: TaskEngine,
    kept: Path | None = None,
    heard: Callable[[FaultTrial, int], None] | None = None,
) -> Campaign:
    """Run trials, and say of the sound programs whether they raise an alarm.

    Args:
        units: faults and the programs that have them.
        engine: what makes the trials; the outcome does not depend on it.
        kept: file of results; those in it are not made again.
        heard: called with each trial that has ended, and how many are left.

    Raises:
        HarnessError: a fault does not fit the sources, or the sound programs cannot be run.
        UsageError: the file holds results of other sources.
    """
    lines = trial_lines()
    with kept_trials(kept) as results, case_inputs() as inputs, temporary_folder("nb-faults") as scratch:
        waiting = [unit for unit in units if not results.has(unit)]
        traced = {fault.line for fault, _ in units}
        sound = sound_runs(lines, traced, inputs, Path(scratch))
        alarms = tuple(false_alarms(sound, lines))
        quiet = {name: line for name, line in lines.items() if name not in _lines_of(alarms)}
        broken = 0
        for done, trial in enumerate(made_trials(engine, waiting, sound, quiet, Path(scratch)), 1):
            if trial is None:
                broken += 1
                continue
            results.add(trial)
            if heard is not None:
                heard(trial, len(waiting) - done)
    rows = {(row["fault"], row["side"]): row for row in results.rows}
    trials = tuple(rows[fault.id, side] for fault, side in units if (fault.id, side) in rows)
    return Campaign(trials, alarms, len(quiet), {fault.id: fault for fault, _ in units}, broken)


def _lines_of(alarms: Collection[str]) -> set[str]:
    return {alarm.split(" ")[0] for alarm in alarms}


def made_trials(
    engine: TaskEngine, units: Sequence[Unit], sound: SoundRuns, lines: Mapping[str, TrialLine], scratch: Path
) -> Iterator[FaultTrial | None]:
    """Yield trials as they end, in any order, None for a drawn fault that does not compile.

    Args:
        engine: what makes them.
        units: faults and the programs that have them.
        sound: what the sound programs did.
        lines: all command lines by id.
        scratch: folder that whatever makes trials sees under this name.

    Raises:
        HarnessError: a fault does not fit the sources.
    """
    made = partial(_tried, sound=sound, lines=lines, scratch=scratch)
    for _, trial in engine.results(made, [_task(unit) for unit in units]):
        yield trial


def _task(unit: Unit) -> NamedUnit:
    """Return a unit as another process takes it: faults of the table by name, since they hold functions."""
    fault, side = unit
    return (fault if fault.id not in BY_ID else fault.id), side


def _tried(
    task: NamedUnit, sound: SoundRuns, lines: Mapping[str, TrialLine], scratch: Path
) -> FaultTrial | None:
    """Return a trial, None for a drawn fault that does not compile; made again where its process has died."""
    fault = task[0] if isinstance(task[0], SeededFault) else BY_ID[task[0]]
    try:
        return run_trial(fault, task[1], sound, lines, Path(mkdtemp(dir=scratch)) / "trial")
    except BuildError:
        if not fault.id.startswith(DRAWN):
            raise
        return None


def false_alarms(sound: SoundRuns, lines: Mapping[str, TrialLine]) -> Iterator[str]:
    """Yield what any check says against the sound programs, the name of the line first."""
    for name, line in lines.items():
        runs = sound.runs[name]
        here = Beside(line, runs["c"], runs["c"], runs["py"])
        if runs["c"].status != line.case.status[line.mode] or findings(here):
            yield f"{name} the sound programs end with {runs['c'].status} and {runs['py'].status}"
        image = image_finding(here, sound.inputs, sound.predictions[name], faulty_is_c=True)
        if image is not None and image.verdict not in (*PASSES, Word.NOT_COMPARABLE):
            yield f"{name} image verdict {image.verdict}"
    for name, logs in sound.traces.items():
        report = judge_files(str(logs[SIDES[0]]), str(logs[SIDES[1]]))
        if report.verdict != "PASS":
            yield f"{name} trace verdict {report.verdict}: {report.line}"


def chosen_units(
    ids: Sequence[str], part: tuple[int, int] | None, drawn: Sequence[SeededFault] = (), *, only_tenth: bool
) -> list[Unit]:
    """Return the units that a command line asks for, drawn ones behind all others.

    Raises:
        UsageError: an unknown id.
    """
    known = {fault.id: fault for fault in FAULTS}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise UsageError(f"no fault '{unknown[0]}'; nbp faults list names them")
    units = units_of([known[name] for name in ids] if ids else FAULTS)
    units = (tenth(units) if only_tenth else units) + units_of(drawn)
    return units if part is None else share(units, *part)
