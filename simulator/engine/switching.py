"""A run that begins operation by operation and goes on in machine code, which is compiled meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from simulator.config import Compute
from simulator.engine.compiled import ROADS, Compiled, Needed
from simulator.engine.library_cache import CompileError
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Whole

FIRST_LOOK_S = 2.0
"""Time of a run after which what is left of it is estimated."""
COMPILING_CORE_S = 40.0
"""Time of a core that compiling takes."""
WORTH = 3.0
"""What is left of a run must be so many times as long as compiling, which shares the cores with it."""
LONGEST_END_S = 2.0
"""Time in which the process that compiles ends when it is not wanted any more."""


@dataclass
class Switch:
    """Watches a run, compiles its stages in another process once that pays, and says when they are there."""

    ins: Whole
    rehearsal: Rehearsal
    engine: Compiled | None = None
    """Runs the rest, None before it is there."""
    notes: tuple[str, ...] = ()
    """Warnings."""
    done: int = 0
    """Pixels that were computed before that."""
    _start_s: float = field(default_factory=time.monotonic)
    _start_core_s: float = field(default_factory=time.process_time)
    _work: threading.Thread | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, compute: Compute, ins: Whole, rehearsal: Rehearsal) -> Switch | None:
        """Return the switch of a run that is not compiled, None where it may not be or can not be later."""
        road = ROADS[ins.device.type]
        if compute.compile != "auto" or rehearsal.obstacle or not road.beside:
            return None
        return cls(ins, rehearsal)

    def share(self, total: int) -> float:
        """Return the share of the pixels of a run that was not computed by `engine`."""
        return self.done / total if total and self.engine is not None else 1.0

    def look(self, total: int) -> bool:
        """Return whether the rest of the run can be given to `engine`; begin to compile if that pays.

        Args:
            total: pixels of the run.
        """
        if self._work is None and self.done:
            spent_s, core_s = time.monotonic() - self._start_s, time.process_time() - self._start_core_s
            left_s = spent_s * (total - self.done) / self.done
            if spent_s > FIRST_LOOK_S and left_s * core_s > WORTH * COMPILING_CORE_S * spent_s:
                self._work = threading.Thread(target=self._compile, daemon=True)
                self._work.start()
        return self.engine is not None

    def close(self) -> None:
        """End what is still compiling; what is in the cache by then stays there."""
        self._ended.set()
        if self._work is not None:
            self._work.join(LONGEST_END_S)

    def _compile(self) -> None:
        try:
            needed = Needed.of(self.ins, self.rehearsal)
            needed.make(lambda: not self._ended.is_set())
            if not self._ended.is_set():
                self.engine = Compiled(self.ins, needed.found)
        except CompileError as error:
            if not self._ended.is_set():
                self.notes = (f"{error}; the run goes on without",)
