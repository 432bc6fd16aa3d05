"""Makes a program with one fault, to be given to nb-compare and trace-harness (`--c-bin`, `--py-bin`)."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.faults.c_seams import put_into
from harness.faults.fault import SeededFault
from harness.programs.build import build_reference, reference_sources
from harness.sides import SIDES

START = """\
import os, sys
sys.path.insert(0, {packages!r})
os.environ["NB_CACHE"] = {cache!r}
from harness.faults.start import run_with_fault
sys.exit(run_with_fault({fault!r}))
"""
"""A cache of its own: code compiled with the fault is not for sound programs, nor theirs for this one."""


@dataclass(frozen=True)
class FaultyProgram:
    """A program with one fault: the words that call it, and the file to give as --c-bin or --py-bin."""

    words: tuple[str, ...]
    path: Path


def make_faulty(fault: SeededFault, side: str, folder: Path) -> FaultyProgram:
    """Make a program with one fault.

    Args:
        fault: which one.
        side: c for the C reference, py for the simulator.
        folder: where it goes; made if it is not there.

    Raises:
        BuildError: the C sources with the fault do not compile.
        HarnessError: the table does not fit the sources.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return MAKERS[side](fault, folder.absolute())


def _faulty_reference(fault: SeededFault, folder: Path) -> FaultyProgram:
    sources = folder / "reference"
    shutil.copytree(reference_sources(), sources)
    try:
        put_into(sources, fault.c)
    except HarnessError as error:
        raise HarnessError(f"fault '{fault.id}': {error}") from error
    path = build_reference("O0", extra_flags=("-w", "-g"), sources=sources).path
    return FaultyProgram((str(path),), path)


def _faulty_simulator(fault: SeededFault, folder: Path) -> FaultyProgram:
    packages, cache = str(Path(__file__).parents[2]), str(folder / "cache")
    starter = folder / "start.py"
    starter.write_text(START.format(packages=packages, cache=cache, fault=fault.id), encoding="utf-8")
    words = (sys.executable, str(starter))
    path = folder / f"faulty-{fault.id}"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return FaultyProgram(words, path)


MAKERS = dict(zip(SIDES, (_faulty_reference, _faulty_simulator), strict=True))
