"""Shots of a plan made and written, by any engine, as far as they are not there yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from shots.making.data_set import DataSetFolder, completed, described_files, opened_data_set
from shots.making.frames_of import MadeShot, made_shot
from shots.making.truth_files import TRUTH, write_truth
from shots.plan.shot_plan import ShotPlan
from simulator.start_up.allocator import keep_freed
from simulator.start_up.collector import uncollected
from simulator.start_up.openmp import wait_asleep
from system_io.command import uninterrupted
from system_io.errors import UserError
from system_io.room import TORCH_BYTES, check_room
from system_io.shown import printable
from system_io.tasks.engine import TaskEngine


@dataclass(frozen=True)
class ShotsDone:
    """What a call has done.

    Attributes:
        folder: of the data set.
        made: shots that it made.
        there: shots of its shard that were there before.
        complete: whether the data set has all shots of the plan.
    """

    folder: DataSetFolder
    made: int
    there: int
    complete: bool


def shard_numbers(shots: int, shard: tuple[int, int]) -> range:
    """Return the numbers of the shots of a shard: each n-th.

    Args:
        shots: of the plan.
        shard: its number from 1, and how many there are.
    """
    place, count = shard
    return range(place - 1, shots, count)


def run_shots(
    plan: ShotPlan,
    path: Path,
    engine: TaskEngine,
    shard: tuple[int, int] = (1, 1),
    resume: bool = False,
    watch: Callable[[int], Callable[[], None]] | None = None,
) -> ShotsDone:
    """Make and write the shots of a shard that are not there yet.

    Args:
        plan: the plan.
        path: folder of the data set.
        engine: what does the work; the files do not depend on it.
        shard: its number from 1, and how many there are.
        resume: go on where shots of the shard are there.
        watch: is told how many shots are to be made, and gives what is called after each.

    Raises:
        UserError: for a folder that holds something else, shots that are there, a shot that cannot be made.
    """
    folder = opened_data_set(plan, path)
    numbers = shard_numbers(plan.shots, shard)
    left = [number for number in numbers if folder.finished(number) is None]
    there = len(numbers) - len(left)
    if there and not resume:
        raise UserError(
            f"'{printable(str(path))}' holds {there} of the {len(numbers)} shots; go on with --resume, or"
            " name another folder with --outdir"
        )
    done = watch(len(left)) if watch is not None else (lambda: None)
    try:
        for _ in engine.results(partial(written_shot, plan, folder), left):
            done()
    finally:
        folder.sweep()
    return ShotsDone(folder, len(left), there, completed(plan, folder))


def written_shot(plan: ShotPlan, folder: DataSetFolder, number: int) -> int:
    """Make a shot, write its files and then its record, and return its number.

    Args:
        plan: the plan.
        folder: of the data set.
        number: of the shot.

    Raises:
        UserError: it cannot be made or written; it has no record then.
    """
    get_ready()
    shot = made_shot(plan, number)
    files: list[tuple[str, Path]] = []
    for name in folder.formats:
        files += [
            (name, path) for path in plan.output.writer(name).write(folder.folder_of(name), shot.frames)
        ]
    files += [(TRUTH, path) for path in write_truth(folder.folder_of(TRUTH), shot, plan)]
    folder.write_record(number, _facts(shot, described_files(folder, files)))
    return number


@cache
def get_ready() -> None:
    """Do to a process that makes shots, once, what has to be done before torch is imported."""
    check_room(TORCH_BYTES)
    wait_asleep()
    keep_freed()
    with uninterrupted(), uncollected():
        import simulator.image  # noqa: F401


def _facts(shot: MadeShot, files: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of a shot."""
    planned = shot.planned
    return {
        "number": planned.number,
        "drawn": _plain(planned.drawn),
        "crystals": [{"drawn": _plain(crystal.drawn)} for crystal in planned.crystals],
        "files": dict(files),
    }


def _plain(drawn: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return drawn values as JSON holds them, one number where there is one."""
    return {key: list(values) if len(values) > 1 else values[0] for key, values in drawn.items()}
