"""Runs a program on command lines of relations, each in a directory of its own, and keeps the images."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.arrays import Reals
from harness.errors import HarnessError
from harness.invariants.batch import FIRST
from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import Images, real
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import Program
from harness.programs.run import (
    INT_NAME,
    WORK_NAME,
    command_of,
    read_float_image,
    run_program,
    with_last_words,
)
from harness.programs.side_words import side_words
from harness.programs.watching import Watch, listener, nobody
from simulator.errors import InputError
from simulator.io.smv import read_smv
from system_io.children import execute

NOISE_NAME = "noise.img"
BATCH = (sys.executable, "-m", "harness.invariants.batch")
IN_BATCH_FROM = 3
"""Runs from which on one process for all is quicker than one for each."""
SIDE = "bin"
START_S = 60.0
"""Time in which the simulator must have loaded, beside that of its runs."""


@dataclass
class Runs:
    """A program at work: settings, where its runs lie, and the images by the key of their command line.

    first: module, function and word, as `batch` takes them. failures: why there is no image.
    """

    program: Program
    settings: Sequence[str]
    scratch: Path
    copies: tuple[tuple[Path, str], ...] = ()
    timeout_s: float = 600.0
    first: str | None = None
    watch: Watch = nobody
    images: dict[str, Images] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def make(self, lines: Iterable[CommandLine]) -> None:
        """Run each command line that has not run yet."""
        wanted = {line.key: line for line in lines}
        missing = [
            line for key, line in wanted.items() if key not in self.images and key not in self.failures
        ]
        if missing and self._in_batch(len(missing)):
            self._make_together(missing)
            return
        advance = self.watch(self.program.title) if missing else nobody("")
        for count, line in enumerate(missing, 1):
            self._make_alone(line)
            advance(count / len(missing))

    def _in_batch(self, count: int) -> bool:
        """Tell whether so many runs are made in one process; a fault to be put in is only put into that."""
        ours = self.program.kind == "simulator" and "sources_sha256" in self.program.provenance
        return self.first is not None or (ours and count >= IN_BATCH_FROM)

    def told(self, line: CommandLine) -> PreparedArguments:
        """Return what the program is told of a command line, in its dialect, with the files it needs."""
        copies = [(self.file(name, line.files[name]), name) for name in line.used_files]
        prepared = PreparedArguments(line.words, (*self.copies, *copies))
        told = side_words(prepared, {SIDE: self.program})[SIDE].arguments
        noise = ("-noisefile", NOISE_NAME) if line.noise else ()
        return replace(told, last=(*noise, *told.last))

    def file(self, name: str, content: bytes) -> Path:
        """Return the path of a made input file, written where it is not there."""
        path = self.inputs / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
        return path

    @property
    def inputs(self) -> Path:
        """Return the folder of the made input files."""
        folder = self.scratch / "inputs"
        folder.mkdir(exist_ok=True)
        return folder

    def command(self, line: CommandLine) -> tuple[str, ...]:
        """Return the words that run the program on a command line."""
        return command_of(self.program, self.settings, self.told(line))

    def _make_alone(self, line: CommandLine) -> None:
        place = self.scratch / line.key
        program = self.program
        if program.kind == "simulator":
            program = replace(program, environ={**program.environ, "OMP_NUM_THREADS": str(line.threads)})
        run = run_program(program, self.settings, self.told(line), place, self.timeout_s, line.threads)
        if run.failure is not None or run.image is None:
            self.failures[line.key] = run.failure or "wrote no image"
        else:
            self._keep(line, place / WORK_NAME, real(run.image))
        shutil.rmtree(place, ignore_errors=True)

    def _make_together(self, lines: Sequence[CommandLine]) -> None:
        runs = [self._planned(line) for line in lines]
        plan = self.scratch / "plan.json"
        plan.write_text(json.dumps({"limit_s": self.timeout_s, "runs": runs}), encoding="utf-8")
        first = () if self.first is None else (FIRST, self.first)
        environ = {**os.environ, **self.program.environ, "OMP_NUM_THREADS": "1"}
        heard = listener(self.watch(self.program.title))
        limit_s = START_S + self.timeout_s * len(lines)
        outcome, _, stderr = execute((*BATCH, *first, str(plan)), self.scratch, environ, limit_s, heard)
        if outcome.failure is not None:
            raise HarnessError(with_last_words(f"{self.program.title} {outcome.failure}", stderr))
        for line in lines:
            self._collect(line)
            shutil.rmtree(self.scratch / line.key, ignore_errors=True)

    def _planned(self, line: CommandLine) -> Mapping[str, object]:
        folder = self.scratch / line.key / WORK_NAME
        folder.mkdir(parents=True)
        told = self.told(line)
        for source, name in told.copies:
            shutil.copyfile(source, folder / name)
        words = command_of(self.program, self.settings, told)[len(self.program.words) :]
        return {"folder": str(folder), "words": words, "threads": line.threads}

    def _collect(self, line: CommandLine) -> None:
        place = self.scratch / line.key
        status = (place / "status").read_text(encoding="ascii")
        if status != "0":
            ended = (
                "was stopped after the time-out"
                if status == "time-out"
                else f"ended with exit status {status}"
            )
            said = f"{self.program.title} {ended}"
            self.failures[line.key] = with_last_words(said, (place / "stderr").read_bytes())
            return
        image, _, failure = read_float_image(place / WORK_NAME, line.words)
        if image is None:
            self.failures[line.key] = f"{self.program.title} {failure}"
        else:
            self._keep(line, place / WORK_NAME, real(image))

    def _keep(self, line: CommandLine, folder: Path, photons: Reals) -> None:
        try:
            counts = read_smv(folder / INT_NAME, "-intfile", exact=True).pixels.astype(float)
            noise = (
                read_smv(folder / NOISE_NAME, "-noisefile", exact=True).pixels.astype(float)
                if line.noise
                else None
            )
        except InputError as error:
            self.failures[line.key] = f"{self.program.title} wrote no image of counts: {error}"
            return
        self.images[line.key] = Images(photons, counts, noise)
