"""Builds C references with a fault fast: only the changed files are compiled, the others are linked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BuildError
from harness.faults.c_seams import CSeam, put_into
from harness.programs.build import BINARY_NAME, LIBRARIES, find_compiler, reference_sources
from harness.time_limits import COMPILE_S
from system_io.children import execute

FLAGS = ("-std=c11", "-O1", "-ffp-contract=off", "-w")
"""Bit for bit the images of the packaged build; a fault need not compile without a warning."""


@dataclass(frozen=True)
class SoundObjects:
    """The compiled files of the sound C reference, `*.o` in a folder of their own."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> SoundObjects:
        """Compile all sources into a folder, which is made.

        Raises:
            BuildError: there is no compiler, or it fails.
        """
        folder.mkdir(parents=True)
        units = sorted(str(path) for path in reference_sources().glob("*.c"))
        _compile(["-c", *units], folder)
        return cls(folder)

    def program(self, folder: Path, seams: Sequence[CSeam] = ()) -> Path:
        """Build the reference with a fault in a folder, which is made.

        Args:
            folder: where the changed sources and the program go.
            seams: what is put into the sources; nothing for the sound program.

        Returns:
            The path of the program.

        Raises:
            BuildError: the sources with the fault do not compile.
            HarnessError: the seams do not fit the sources.
        """
        sources = folder / "reference"
        shutil.copytree(reference_sources(), sources)
        touched = put_into(sources, seams)
        header = any(path.suffix == ".h" for path in touched)
        units = sorted(sources.glob("*.c")) if header else sorted(set(touched))
        names = {path.stem for path in units}
        others = [str(path) for path in sorted(self.folder.glob("*.o")) if path.stem not in names]
        program = folder / BINARY_NAME
        _compile(["-o", str(program), *map(str, units), *others, *LIBRARIES], folder)
        return program


def _compile(words: Sequence[str], folder: Path) -> None:
    compiler = find_compiler(os.environ)
    outcome, _, said = execute([*compiler.words, *FLAGS, *words], folder, dict(os.environ), COMPILE_S)
    if outcome.failure is not None:
        text = said.decode("utf-8", "replace")
        first = next((line for line in text.splitlines() if "error" in line), outcome.failure)
        raise BuildError(
            f"the C reference with a fault does not compile: {first}; correct the table of faults"
        )
