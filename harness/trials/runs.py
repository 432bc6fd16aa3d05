"""One program on many command lines, each in a folder of its own: what it wrote, printed and said."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.faults.fault import SeededFault
from harness.faults.lines import TrialLine
from harness.faults.python_seams import PyText
from harness.faults.start import PRINTED, SAID, STATUS
from harness.suite.figures import CaseImage
from harness.suite.images import Outputs, read_outputs
from harness.suite.runner import lay_out
from system_io.children import execute

ONE_RUN_S, ALL_RUNS_S = 60.0, 600.0
COMMON = ("-noprogress",)
OF_SIMULATOR = ("-dtype", "float64", "-compile", "off")
START = """\
import sys
from pathlib import Path
sys.path.insert(0, {packages!r})
from harness.faults.start import run_lines
sys.exit(run_lines({fault!r}, Path({jobs!r})))
"""


@dataclass(frozen=True)
class Ran:
    """How a run ended: exit status (None: by a signal, or not at all), files, images, and what it wrote."""

    status: int | None
    files: frozenset[str]
    outputs: Outputs | None
    printed: str
    said: str
    folder: Path

    @property
    def image(self) -> CaseImage | None:
        """Return the float image, None where there is none."""
        return None if self.outputs is None else self.outputs.images.get("float")


@dataclass(frozen=True)
class Asked:
    """A run that is asked for: the command line, more words for it, and its folder, not yet made."""

    line: TrialLine
    folder: Path
    extra: tuple[str, ...] = ()

    def prepared(self, inputs: Path, words: Sequence[str]) -> list[str]:
        """Make the folders of the run and return its whole command line."""
        self.work.mkdir(parents=True)
        self.logs.mkdir()
        lay_out(self.line.case, inputs, self.work)
        mode = ("-parity_mode", self.line.mode)
        return [*mode, *COMMON, *words, *self.line.case.words(inputs), *self.extra]

    @property
    def work(self) -> Path:
        """Return the working directory of the run."""
        return self.folder / "work"

    @property
    def logs(self) -> Path:
        """Return where its streams and exit status go."""
        return self.folder / "logs"

    def ended(self) -> Ran:
        """Return what there is after the run."""
        texts = {name: _text(self.logs / name) for name in (STATUS, PRINTED, SAID)}
        status = int(texts[STATUS]) if texts[STATUS].lstrip("-").isdigit() else None
        files = frozenset(path.name for path in self.work.iterdir())
        outputs = self._outputs() if status == 0 else None
        return Ran(status, files, outputs, texts[PRINTED], texts[SAID], self.work)

    def _outputs(self) -> Outputs | None:
        try:
            return read_outputs(self.work, self.line.case.outputs)
        except (HarnessError, ValueError):
            return None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def run_reference(program: Path, asked: Iterable[Asked], inputs: Path) -> list[Ran]:
    """Run a C reference on command lines, one process each; one that does not end is not tried again."""
    runs, endless = [], False
    for one in asked:
        words = one.prepared(inputs, ())
        if endless:
            runs.append(one.ended())
            continue
        outcome, printed, said = execute([str(program), *words], one.work, dict(os.environ), ONE_RUN_S)
        (one.logs / PRINTED).write_bytes(printed)
        (one.logs / SAID).write_bytes(said)
        (one.logs / STATUS).write_text(str(outcome.exit_status), encoding="utf-8")
        endless = outcome.timed_out
        runs.append(one.ended())
    return runs


def run_simulator(fault: SeededFault | None, asked: Sequence[Asked], inputs: Path, folder: Path) -> list[Ran]:
    """Run the simulator on command lines, all in one process that has the fault.

    Args:
        fault: None for none.
        asked: the runs.
        inputs: folder with inputs/.
        folder: for what the process needs; it is there.

    Raises:
        HarnessError: the fault cannot be put into the simulator.
    """
    jobs = folder / "jobs.json"
    listed = [(str(one.work), str(one.logs), one.prepared(inputs, OF_SIMULATOR)) for one in asked]
    seams = () if fault is None else fault.py
    texts = {seam.module: seam.text for seam in seams if isinstance(seam, PyText)}
    jobs.write_text(json.dumps({"texts": texts, "runs": listed}), encoding="utf-8")
    fault_id = "" if fault is None or texts else fault.id
    packages = str(Path(__file__).parents[2])
    program = START.format(packages=packages, fault=fault_id, jobs=str(jobs))
    environ: Mapping[str, str] = {**os.environ, "NB_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    outcome, _, said = execute(
        [sys.executable, "-c", program], folder, environ, ALL_RUNS_S / (4 if texts else 1)
    )
    text = said.decode("utf-8", "replace")
    if f"fault '{fault_id}': error:" in text:
        raise HarnessError(" ".join(text.split()))
    if outcome.timed_out and not texts:
        raise HarnessError(f"the simulator {outcome.failure}; run fewer faults at a time (--workers)")
    if fault is None and outcome.failure is not None:
        raise HarnessError(f"the simulator {outcome.failure}: {' '.join(text.split()[-30:])}")
    return [one.ended() for one in asked]
