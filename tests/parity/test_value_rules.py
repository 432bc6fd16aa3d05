"""Values without meaning, option by option: both programs refuse the same, and no odd image is silent."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from simulator import cli
from simulator.command_line.option_table import BY_SPELLING, OPTIONS, Option
from simulator.limits.value_table import AXES, FREE, NORMAL, RANGES

REFERENCE = Path(__file__).resolve().parents[2] / "golden_suite_generator" / "reference"
BASE = "-cell 40 -default_F 5 -lambda 1 -distance 100 -pixel 1 -detpixels 3 -N 2 -oversample 1 -noprogress"
REALS = ("nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "-1e-320", "1e-200", "0", "-1", "1")
WHOLES = (*REALS[:3], "99999999999", "2147483647", "-2147483647", "0", "-1", "1")
WITH = {
    "-mosaic_domains": "-mosaic 1",
    "-detector_thicksteps": "-detector_thick 100 -detector_abs 100",
    "-detector_abs": "-detector_thick 100",
    "-hdivsteps": "-hdivrange 1",
    "-vdivsteps": "-vdivrange 1",
    "-divsteps": "-divergence 1",
    "-hdivstep": "-hdivrange 1",
    "-vdivstep": "-vdivrange 1",
    "-dispsteps": "-dispersion 1",
    "-phistep": "-osc 1",
    "-phisteps": "-osc 1",
    "-exposure": "-flux 1e10",
    "-beamsize": "-flux 1e10 -xtalsize 0.001",
    "-fudge": "-gauss_xtal",
    "-twotheta_axis": "-twotheta 10",
    "-spindle_axis": "-osc 1",
    "-pgmscale": "-pgmfile p.pgm",
}
ONE_SIDED = {"--accuracy", "--epsilon"}


def is_numeric(option: Option) -> bool:
    """Return whether the values of an option are numbers."""
    return bool(option.kinds) and option.kinds[0].split("|")[0].rstrip(".6") in ("f", "fff", "i")


NUMERIC = [option for option in OPTIONS if is_numeric(option) and option.name not in ONE_SIDED]


@dataclass(frozen=True)
class Outcome:
    """How one program took a command line: its status, its lines on standard error, its image."""

    status: int
    lines: tuple[str, ...]
    image: np.ndarray | None

    @property
    def doubts(self) -> set[str]:
        """The warnings that come from the table of ranges."""
        words = "|".join({re.escape(row.below) for row in RANGES.values()} | {"is unusually large"})
        return {line for line in self.lines if re.search(rf"^-\S+.* -?[\d.e+-]+ ({words})", line)}


def said(text: str) -> tuple[str, ...]:
    """Return the lines of a program without its name."""
    return tuple(line.removeprefix("nanoBragg: ").removeprefix("nanobragg-reference: ")
                 .removeprefix("warning: ") for line in text.splitlines())  # fmt: skip


def image_in(folder: Path) -> np.ndarray | None:
    path = folder / "floatimage.bin"
    return np.fromfile(path, "<f4") if path.exists() else None


class Programs:
    """Both programs, each in a folder of its own."""

    def __init__(self, c_binary: Path, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.c_binary, self.folder, self.capture = c_binary, folder, capture

    def _clean(self) -> None:
        for path in self.folder.glob("*image*"):
            path.unlink()

    def simulator(self, words: list[str]) -> Outcome:
        self._clean()
        self.capture.readouterr()
        status = cli.main([*words, "--compile", "off"])
        return Outcome(status, said(self.capture.readouterr().err), image_in(self.folder))

    def reference(self, words: list[str]) -> Outcome:
        self._clean()
        run = subprocess.run(
            [self.c_binary, *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=30
        )
        return Outcome(run.returncode, said(run.stderr), image_in(self.folder))

    def both(self, words: list[str]) -> tuple[Outcome, Outcome]:
        return self.simulator(words), self.reference(words)


@pytest.fixture
def programs(
    c_binary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Programs:
    monkeypatch.chdir(tmp_path)
    return Programs(c_binary, tmp_path, capsys)


def values_of(option: Option) -> list[list[str]]:
    """Return what is tried behind an option: each odd number on the last place and on all places."""
    kinds = option.kinds
    if kinds in (("f..6",), ("fff|random|rand",)):
        count = 6 if kinds == ("f..6",) else 3
        usual = ["40", "50", "60", "90", "90", "90"][:count]
        return [[*usual[:n], odd, *usual[n + 1 :]] for n in range(count) for odd in REALS]
    odd_ones = WHOLES if kinds[0] == "i" else REALS
    tried = [[odd] * len(kinds) for odd in odd_ones]
    if len(kinds) > 1:
        tried += [[*["1"] * (len(kinds) - 1), odd] for odd in odd_ones]
    return tried


def problems(words: list[str], ours: Outcome, reference: Outcome) -> list[str]:
    """Return what is wrong with the outcomes of one command line."""
    shown = " ".join(words)
    found = []
    if ours.status != reference.status:
        found.append(f"{shown}: status {ours.status} and {reference.status}: {ours.lines} {reference.lines}")
    for outcome in (ours, reference):
        if outcome.status not in (0, 9):
            found.append(f"{shown}: status {outcome.status}")
        if outcome.status == 9 and len(outcome.lines) != 1:
            found.append(f"{shown}: refused with {outcome.lines}")
        finite = outcome.image is not None and np.isfinite(outcome.image).all()
        warned = any("infinite or NaN pixels" in line for line in outcome.lines)
        if outcome.status == 0 and not finite and not warned:
            found.append(f"{shown}: an image that is not finite, and no word")
    if ours.status == 0 and ours.doubts != reference.doubts:
        found.append(f"{shown}: warnings {ours.doubts ^ reference.doubts} of one program only")
    return found


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("option", NUMERIC, ids=lambda option: option.name)
def test_odd_numbers_are_taken_alike_and_never_in_silence(
    option: Option, mode: str, programs: Programs
) -> None:
    found = []
    base = [*BASE.split(), "-nonoise", "-nopgm", *WITH.get(option.name, "").split(), "--parity-mode", mode]
    for values in values_of(option):
        words = [*base, option.name, *values]
        found += problems(words, *programs.both(words))
    assert found == []


def test_every_numeric_option_has_a_range_or_a_reason_to_have_none() -> None:
    ranged = {place.split(" ")[0] for place in RANGES} | {*AXES, NORMAL, *FREE}
    assert {option.name for option in NUMERIC} | ONE_SIDED <= ranged
    assert ranged <= set(BY_SPELLING)


def test_the_reference_has_the_same_ranges() -> None:
    words = {"NOT": "counts as not given", "LARGE": "is unusually large", "SMALL": "is unusually small",
             "MINUS": "is negative"}  # fmt: skip
    row = r'\{"(-[^"]*)", "([^"]*)", (true|false), (\S+), (\S+), (\S+), (\S+), ("[^"]*"|\w+)\}'
    found = {}
    for place, unit, zero, *numbers, below in re.findall(row, (REFERENCE / "value_table.c").read_text()):
        found[place] = (unit, zero == "true", *map(float, numbers), words.get(below, below.strip('"')))
    assert found == {
        place: (r.unit, r.zero, r.least, r.most, r.usual_least, r.usual_most, r.below)
        for place, r in RANGES.items()
    }


def test_the_ranges_are_documented() -> None:
    text = (REFERENCE.parents[1] / "docs" / "values.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("| `-")] == [
        f"| `{r.place}` | {r.unit or '1'} | {r.least:.10g} to {r.most:.10g}{'' if r.zero else ', not 0'} |"
        f" {r.usual_least:.10g} to {r.usual_most:.10g} | {r.below} |"
        for r in RANGES.values()
    ]


def test_both_helps_state_the_limits_of_a_run(c_binary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-h"]) == 0
    reference = subprocess.run([c_binary, "-h"], capture_output=True, text=True, check=True).stdout
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("At most 10000 sub-pixels a side")
    assert said == reference.splitlines()[-1]
