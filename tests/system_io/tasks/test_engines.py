"""Engines of tasks: the same results from each, whatever dies."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from system_io.errors import UserError
from system_io.tasks.cluster import DaskCluster
from system_io.tasks.engine import OneProcess
from system_io.tasks.processes import Processes

TASKS = list(range(7))
SQUARES = {task: task * task for task in TASKS}


def squared(task: int) -> int:
    return task * task


def squared_after_a_death(folder: Path, task: int) -> int:
    """Kill the process that does task 3 the first time."""
    mark = folder / "died"
    if task == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def deadly(_task: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def refused(task: int) -> int:
    raise UserError(f"task {task} is refused")


def test_tasks_are_done_in_this_process_in_order() -> None:
    assert list(OneProcess().results(squared, TASKS)) == list(SQUARES.items())
    assert list(OneProcess().results(squared, [])) == []


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    assert dict(Processes(2).results(partial(squared_after_a_death, tmp_path), TASKS)) == SQUARES
    assert (tmp_path / "died").exists()


def test_what_a_task_raises_comes_back_and_deaths_in_turn_are_one_error() -> None:
    with pytest.raises(UserError, match="is refused"):
        list(Processes(2).results(refused, TASKS))
    with pytest.raises(UserError, match="died 3 times in turn"):
        list(Processes(2).results(deadly, TASKS[:1]))


def test_a_scheduler_that_is_not_there_is_one_error() -> None:
    with pytest.raises(UserError, match=r"no scheduler at 'tcp://127.0.0.1:9'"):
        list(DaskCluster("tcp://127.0.0.1:9", patience_s=0.5).results(squared, TASKS))
    for address in ("tcp://", "foo://host:1", "host", "tcp://host:99999", "tcp://ho st:1", ""):
        with pytest.raises(UserError, match="no address of a scheduler"):
            list(DaskCluster(address).results(squared, TASKS))
    with pytest.raises(UserError, match=r"cannot open scheduler file 'none.json'"):
        list(DaskCluster("none.json", patience_s=0.5).results(squared, TASKS))


@pytest.mark.filterwarnings("ignore")  # of a library whose cluster has nothing to do
def test_a_scheduler_without_workers_is_one_error() -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=60) as cluster:
        engine = DaskCluster(cluster.scheduler_address, patience_s=0.3)
        with pytest.raises(UserError, match=r"has no worker after 0.3 s; start some"):
            list(engine.results(squared, TASKS))
