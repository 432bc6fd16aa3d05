"""What both programs leave of one small command line with every output."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from harness.outputs.compare import compare_outputs
from harness.outputs.request import OutputRequest, file_name, output_request
from harness.outputs.rows import OutputRow
from harness.outputs.sides import OutputSide
from simulator import RunConfig
from system_io.children import execute

CAMERA = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -pixel 1 -detpixels 24 -N 5"
    " -oversample 1 -adc 40.3 -seed 3 -default_F 100 -hkl few.hkl"
)
WORDS = f"{CAMERA} -fluence 1e30 -water 0.03 -scale 0.9 -pgmscale 0.004"
"""Spots on a background; counts and shades of spots reach their limits."""
AUTO = f"{CAMERA} -fluence 3e28"
SIDE_PIXELS = 24
FEW = "0 0 1 90\n1 0 0 70.5\n2 1 0 33\n"
ALL = output_request("all", None)
Rows = Callable[..., dict[str, OutputRow]]


@dataclass(frozen=True)
class Bench:
    """Runs of either program, in folders of their own."""

    folder: Path
    program: Path

    def reference(
        self, name: str, words: str = WORDS, mode: str = "c-parity", program: Path | None = None
    ) -> OutputSide:
        """Run the C reference, or a copy of it with a fault."""
        work = self._laid(f"c-{name}")
        command = [str(program or self.program), "-parity_mode", mode, *words.split()]
        outcome, printed, said = execute(command, work, {"PATH": "/usr/bin:/bin"}, 60.0)
        assert outcome.failure is None, said
        return side_of("c", work, printed.decode(), words, mode)

    def simulator(self, name: str, words: str = WORDS, mode: str = "c-parity") -> OutputSide:
        """Run the simulator in this process."""
        from simulator.cli import main

        work = self._laid(f"py-{name}")
        printed = io.StringIO()
        with contextlib.chdir(work), contextlib.redirect_stdout(printed):
            assert main(["--parity-mode", mode, "-dtype", "float64", *words.split()]) == 0
        return side_of("py", work, printed.getvalue(), words, mode)

    def _laid(self, name: str) -> Path:
        work = self.folder / name
        work.mkdir()
        (work / "few.hkl").write_text(FEW)
        return work


def side_of(name: str, work: Path, printed: str, words: str, mode: str) -> OutputSide:
    """Return what a run left."""
    names = {output: file_name(output, words.split()) for output in ALL.more}
    files = {output: (work / file).read_bytes() for output, file in names.items() if (work / file).is_file()}
    image = np.fromfile(work / "floatimage.bin", "<f4").reshape(SIDE_PIXELS, SIDE_PIXELS)
    known = ["--parity-mode", mode, *(words.replace("-hkl few.hkl", "").split())]
    return OutputSide(name, image, files, printed, lambda: RunConfig.from_args(known))


def fresh(side: OutputSide, **changes: object) -> OutputSide:
    """Return a side with something else in it, and nothing derived yet."""
    return replace(side, _derived={}, **changes)  # type: ignore[arg-type]


def with_file(side: OutputSide, output: str, data: bytes) -> OutputSide:
    """Return a side with other content of one output."""
    return fresh(side, files={**side.files, output: data})


def rows_of(
    first: OutputSide,
    second: OutputSide,
    request: OutputRequest = ALL,
    off: Mapping[str, str] | None = None,
    region: object = None,
) -> dict[str, OutputRow]:
    """Return the rows of two sides by output and part."""
    found: Sequence[OutputRow] = compare_outputs((first, second), request, off or {}, region)  # type: ignore[arg-type]
    return {f"{row.output} {row.part}": row for row in found}


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, c_binary: Path) -> Bench:
    return Bench(tmp_path_factory.mktemp("outputs"), c_binary)


@pytest.fixture(scope="session")
def sound(bench: Bench) -> tuple[OutputSide, OutputSide]:
    return bench.reference("sound"), bench.simulator("sound")


@pytest.fixture(scope="session")
def sound_auto(bench: Bench) -> tuple[OutputSide, OutputSide]:
    return bench.reference("auto", AUTO), bench.simulator("auto", AUTO)
