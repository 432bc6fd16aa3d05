"""Tasks done by the workers of a dask.distributed scheduler, on as many machines as it has."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from system_io.errors import UserError
from system_io.files import read_regular
from system_io.shown import printable
from system_io.tasks.engine import Result, Task
from system_io.version import VERSION

AHEAD = 2
"""Tasks that the scheduler holds for each thread of its workers."""
LOOK_S = 5.0
ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?([^\s/:\[\]]+|\[[0-9a-fA-F:.%\w]+\]):(?P<port>[0-9]{1,5})/?")
MOST_PORT = 65535
GONE = ("cancelled", "lost")
"""States of a task of which its scheduler does not know any more."""


@dataclass(frozen=True)
class DaskCluster:
    """Does tasks by the workers of a scheduler; the tasks of a worker that dies are done by another.

    Attributes:
        address: of the scheduler, such as tcp://HOST:8786, or the .json file that it wrote.
        patience_s: wall time to wait for the scheduler, a first worker, and one after the last has gone.
    """

    address: str
    patience_s: float = 60.0

    def results(
        self, function: Callable[[Task], Result], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Result]]:
        """Yield each task with its result as it comes.

        Raises:
            UserError: no scheduler, no worker, workers of another version, or a task that no worker survives.
        """
        with _quiet(), self._client() as client:
            self._require_workers(client)
            waiting = iter(tasks)
            pending: dict[Any, Task] = {}
            try:
                while True:
                    room = AHEAD * max(1, sum(client.nthreads().values())) - len(pending)
                    for task in islice(waiting, max(0, room)):
                        pending[client.submit(function, task, pure=False)] = task
                    if not pending:
                        return
                    for future in self._finished(client, list(pending)):
                        yield pending.pop(future), self._result(future)
            finally:
                client.cancel(list(pending), force=True)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            from distributed import Client
        except ImportError as error:
            raise UserError(
                f"--scheduler needs distributed, which cannot be loaded ({error}); pip install"
                " nanobragg-parity[cluster]"
            ) from error
        try:
            client = Client(self._place(), timeout=self.patience_s, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(
                f"no scheduler at '{printable(self.address)}' ({printable(reason)}); start one (dask"
                " scheduler) or name another"
            ) from error
        try:
            yield client
        finally:
            client.close(timeout=LOOK_S)

    def _place(self) -> str:
        """Return the address of the scheduler, that of its file where one is named."""
        if not self.address.endswith(".json"):
            return self._checked(self.address)
        data = read_regular(Path(self.address), "scheduler file", "name that of dask scheduler")
        try:
            found = str(json.loads(data)["address"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"scheduler file '{printable(self.address)}' names no address; name that of dask scheduler"
            ) from error
        return self._checked(found)

    def _checked(self, address: str) -> str:
        """Return an address of the form that the library takes; of others it may never come back."""
        found = ADDRESS.fullmatch(address)
        if found is None or not 1 <= int(found["port"]) <= MOST_PORT:
            raise UserError(
                f"'{printable(address)}' is no address of a scheduler; give such as tcp://HOST:8786, or the"
                " .json file that dask scheduler wrote"
            )
        return address

    def _require_workers(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=self.patience_s)
        except TimeoutError as error:
            raise UserError(
                f"the scheduler at '{printable(self.address)}' has no worker after {self.patience_s:g} s;"
                " start some (dask worker)"
            ) from error
        try:
            versions = client.run(_version)
        except ImportError as error:
            raise UserError(f"a worker cannot load nanobragg-parity ({error}); install it there") from error
        other = sorted(set(versions.values()) - {VERSION})
        if other:
            raise UserError(
                f"a worker has version {printable(str(other[0]))} of nanobragg-parity, this is {VERSION};"
                " install the same everywhere"
            )

    def _finished(self, client: Any, futures: list[Any]) -> list[Any]:
        """Wait until some tasks are finished and return them.

        Raises:
            UserError: there is no worker any more.
        """
        from distributed import wait

        alone_s = None
        while True:
            try:
                with client.as_current():
                    return list(wait(futures, timeout=LOOK_S, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                now = time.monotonic()
                alone_s = (alone_s or now) if not client.nthreads() else None
                if alone_s is not None and now - alone_s > self.patience_s:
                    raise UserError(
                        f"the scheduler at '{printable(self.address)}' has had no worker for"
                        f" {self.patience_s:g} s; start some (dask worker) and run the command again"
                    ) from None

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        if future.status in GONE:
            raise UserError(
                f"the scheduler at '{printable(self.address)}' is gone; start it again, and the command"
            )
        try:
            return future.result()
        except KilledWorker as error:
            raise UserError(
                "a task ended several workers in turn (killed, or out of memory); give workers more memory"
                " and run the command again"
            ) from error


def _version() -> str:
    """Return the version of a worker."""
    from system_io.version import VERSION as THERE

    return THERE


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from writing about each connection; what matters is said in one line."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
