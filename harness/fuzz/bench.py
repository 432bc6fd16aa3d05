"""Runs a case with both programs: one that serves command lines is kept alive, any other is started anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from golden_suite_generator.cases import FILE_NAMES
from harness.files import stamp
from harness.fuzz.case import FuzzCase, told_words
from harness.fuzz.serving import ONE_THREAD, Server
from harness.fuzz.worker import SERVE, STDERR, STDOUT
from harness.kept.entry import KeptResult
from harness.kept.key import folder_key
from harness.kept.shelf import Shelf
from harness.programs.programs import Program, simulator_program
from harness.programs.run import COMPUTED
from harness.sides import SIDES
from system_io.children import execute, temporary_folder

RUN_LIMIT_S = 20.0
START_S = 60.0
LAST_WORDS = 300
PLANNED = Program("reference", (), {})
"""What the planner is told: words that both programs know, which decide the work of either."""


@dataclass(frozen=True)
class SideRun:
    """How the run of one program ended, and the files that it wrote, by name.

    `status`: exit status, None where there is none; then `problem` says why. `said`: the last line on
    standard error; `computed`: how the program says that it computed its image; `kept`: when it was computed,
    where it is a kept result; `printed`: standard output.
    """

    status: int | None
    problem: str | None
    wall_s: float
    files: Mapping[str, bytes]
    said: str = ""
    computed: str | None = None
    kept: str | None = None
    printed: str = ""

    @property
    def timed_out(self) -> bool:
        """Tell whether the run was stopped since it took too long."""
        return self.problem is not None and "time-out" in self.problem


@dataclass
class FuzzBench:
    """Two programs, each with the process that serves it if it can, and a folder for their runs.

    `planner` serves our own simulator, whatever the second program is: it says how much work a case is.
    `shelf` keeps results of C programs from run to run; None runs them anew.
    """

    programs: Mapping[str, Program]
    servers: Mapping[str, Server | None]
    planner: Server
    scratch: Path
    limit_s: float = RUN_LIMIT_S
    shelf: Shelf | None = None

    def run(
        self, case: FuzzCase, side: str, *more: str, fresh: bool = False, patience: float = 1.0
    ) -> SideRun:
        """Run a case with the program of a side.

        Args:
            case: words and input files.
            side: which program.
            more: words behind those of the case.
            fresh: in a process of its own, whatever there is to serve it.
            patience: how many times the usual limit it may take.
        """
        program, server = self.programs[side], self.servers[side]
        folder = self.scratch / f"run-{side}"
        shutil.rmtree(folder, ignore_errors=True)
        case.write_files(folder)
        words = told_words(program, case, *more)
        if server is None or fresh:
            key = None if fresh else self._key(program, words, case)
            return self._kept(key) or self._started(
                program, words, folder, case, patience * self.limit_s, key
            )
        answer = server.run(words, folder, self.limit_s)
        return _served_run(folder, case, answer.status, answer.problem, answer.wall_s)

    def evaluations(self, case: FuzzCase) -> float:
        """Return how much work a case is, as both programs know it; 0 for one that is refused."""
        folder = self.scratch / "plan"
        shutil.rmtree(folder, ignore_errors=True)
        case.write_files(folder)
        words = told_words(PLANNED, case)
        return self.planner.evaluations(words, folder, self.limit_s)

    def pair(self, case: FuzzCase, *more: str) -> dict[str, SideRun]:
        """Run a case with both programs."""
        return {side: self.run(case, side, *more) for side in SIDES}

    def _key(self, program: Program, words: Sequence[str], case: FuzzCase) -> str | None:
        if self.shelf is None:
            return None
        return folder_key(program, words, case.files, ONE_THREAD)

    def _kept(self, key: str | None) -> SideRun | None:
        """Return what the same run gave before, None where it has to be made."""
        if self.shelf is None or key is None:
            return None
        found = self.shelf.take(key)
        self.shelf.answers.append(None if found is None else found.made)
        if found is None:
            return None
        run = _said_run(found.files, found.stdout, found.stderr, 0, None, found.outcome.wall_s)
        return replace(run, kept=found.made)

    def _started(
        self,
        program: Program,
        words: list[str],
        folder: Path,
        case: FuzzCase,
        limit_s: float,
        key: str | None,
    ) -> SideRun:
        environ = {**os.environ, **program.environ, **ONE_THREAD}
        command = (*program.words, *words)
        outcome, out, err = execute(command, folder, environ, limit_s)
        problem = None if outcome.exit_status is not None and not outcome.timed_out else outcome.failure
        status = None if problem else outcome.exit_status
        run = _said_run(_written(folder, case), out, err, status, problem, outcome.wall_s)
        if (
            self.shelf is not None
            and key is not None
            and status == 0
            and self._key(program, words, case) == key
        ):
            kept = KeptResult(stamp(), program.title, command, outcome, out, err, None, None, None, run.files)
            self.shelf.put(key, kept)
        return run


def _written(folder: Path, case: FuzzCase) -> dict[str, bytes]:
    """Return the files that a run wrote or changed, by name."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    return {name: data for name, data in files.items() if case.files.get(name) != data}


def _said_run(
    files: Mapping[str, bytes], out: bytes, err: bytes, status: int | None, problem: str | None, wall_s: float
) -> SideRun:
    lines = [line for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    found = COMPUTED.search(out)
    computed = found[1].decode("ascii") if found else None
    said = lines[-1][:LAST_WORDS] if lines else ""
    return SideRun(status, problem, wall_s, files, said, computed, printed=out.decode("utf-8", "replace"))


def _served_run(
    folder: Path, case: FuzzCase, status: int | None, problem: str | None, wall_s: float
) -> SideRun:
    files = _written(folder, case)
    out, err = files.pop(STDOUT, b""), files.pop(STDERR, b"")
    return _said_run(files, out, err, status, problem, wall_s)


@contextmanager
def open_bench(
    first: Program, second: Program, limit_s: float = RUN_LIMIT_S, shelf: Shelf | None = None
) -> Iterator[FuzzBench]:
    """Give a bench with two programs; its processes and folders are gone afterwards.

    Args:
        first: program of side c.
        second: program of side py.
        limit_s: longest time of a run, s.
        shelf: keeps results of C programs; None to run them anew.

    Raises:
        OSError: there is no temporary directory that can be written.
    """
    programs = dict(zip(SIDES, (first, second), strict=True))
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(temporary_folder("nb-fuzz")))
        planner = stack.enter_context(_own_server())
        servers: dict[str, Server | None] = {}
        for side, program in programs.items():
            servers[side] = planner if _is_ours(program) else _offered(stack, program)
        yield FuzzBench(programs, servers, planner, scratch, limit_s, shelf)


def _is_ours(program: Program) -> bool:
    """Tell whether a program is the simulator of this Python itself, not one given by a path."""
    return program.kind == "simulator" and "sources_sha256" in program.provenance


def _own_server() -> Server:
    ours = simulator_program()
    words = (*ours.words[:-1], "harness.fuzz.worker")
    return Server(words, ours.environ, START_S)


def _offered(stack: ExitStack, program: Program) -> Server | None:
    """Return a server of a simulator given by path if it offers to be one, else None."""
    if program.kind != "simulator":
        return None
    server = stack.enter_context(Server((*program.words, SERVE), program.environ, START_S))
    return server if server.serves() else None


def image_file(run: SideRun, case: FuzzCase, kind: str) -> bytes | None:
    """Return the file of one kind of image that a run wrote, None for none."""
    return run.files.get(case.output_names()[kind])


def wrote_image(run: SideRun, case: FuzzCase) -> bool:
    """Tell whether a run wrote any image."""
    return any(image_file(run, case, kind) is not None for kind in FILE_NAMES)
