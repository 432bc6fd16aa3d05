"""Faulty programs beside sound ones: a fixed tenth of all faults is found, and a cut run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harness.commands.faults import main
from harness.errors import UsageError
from harness.faults.fault import BOTH
from harness.faults.lines import trial_lines
from harness.faults.table import FAULTS
from harness.images.reflections import ReflectionMap
from harness.pairs.predicted import Prediction
from harness.suite.generate import case_inputs
from harness.suite.images import Outputs
from harness.trials.campaign import chosen_units, fingerprint, kept_trials, made_trials, tenth, units_of
from harness.trials.checks import CHECKS, Beside, findings
from harness.trials.image_findings import image_finding, worst_pixel
from harness.trials.places import fault_places
from harness.trials.runs import Ran
from harness.trials.sound import pixels_to_trace, sound_runs
from harness.trials.trial import FaultTrial
from system_io.tasks.engine import OneProcess
from system_io.tasks.processes import Processes

LINE = trial_lines()["plain"]


@pytest.mark.slow
def test_a_fixed_tenth_of_the_faults_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every cause is the tap at which its fault strikes, but for one."""
    data = tmp_path / "trust.json"
    status = main(["run", "--tenth", "--json", str(data), "--keep", str(tmp_path / "kept.jsonl")])
    told = capsys.readouterr().out
    assert status == 0, told
    rows = json.loads(data.read_text())["rows"]
    assert len(rows) >= 30
    causes = [row["trace"]["cause"] for row in rows if row["side"] != BOTH and row["trace"]]
    assert sum(cause not in ("right", "none") for cause in causes) <= 1, causes
    assert main(["run", "--tenth", "--keep", str(tmp_path / "kept.jsonl")]) == 0
    assert "left" not in capsys.readouterr().out


@pytest.mark.whole
def test_the_trials_of_two_processes_are_those_of_one(tmp_path: Path) -> None:
    chosen = chosen_units(["c-polar-1e-5", "spindle-sign"], None, only_tenth=False)
    units = [unit for unit in chosen if unit[1] == "c"]
    lines = {fault.line: trial_lines()[fault.line] for fault, _ in units}
    with case_inputs() as inputs:
        sound = sound_runs(lines, set(lines), inputs, tmp_path)
        found = [
            [made.data() for made in made_trials(engine, units, sound, lines, tmp_path) if made is not None]
            for engine in (OneProcess(), Processes(2))
        ]
    assert len(found[0]) == 2
    assert all(row["killed_by"] for row in found[0])
    assert found[0] == sorted(found[1], key=lambda row: [unit[0].id for unit in units].index(row["fault"]))


def test_a_tenth_has_all_programs_and_many_places() -> None:
    units = tenth(units_of(FAULTS))
    assert {side for _, side in units} == {"c", "py", BOTH}
    assert len({fault_places(*unit)[0] for unit in units}) >= 0.8 * len(units)


def test_shares_are_all_faults_once() -> None:
    parts = [chosen_units([], (number, 3), only_tenth=False) for number in (1, 2, 3)]
    assert sorted(unit[0].id for part in parts for unit in part) == sorted(
        unit[0].id for unit in units_of(FAULTS)
    )


def ran(image: np.ndarray, **changes: object) -> Ran:
    counts = np.ones((4, 4), np.uint16)
    outputs = Outputs({"float": image.astype(np.float32), "int": counts}, {"int": "{DIM=2;}"})
    given = {
        "status": 0, "files": frozenset({"floatimage.bin"}), "outputs": outputs, "printed": "max_I = 1\n",
        "said": "warning: -oversample 1: few", "folder": Path(),
    }  # fmt: skip
    return Ran(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture
def image() -> np.ndarray:
    return np.arange(1.0, 17.0).reshape(4, 4)


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("exit status", {"status": 9}),
        ("files", {"files": frozenset()}),
        ("files", {"outputs": None}),
        ("printed lines", {"printed": "max_I = 2\n"}),
        ("messages", {"said": ""}),
        (
            "derived images",
            {"outputs": Outputs({"float": np.ones((4, 4)), "int": np.zeros((4, 4))}, {"int": "{DIM=2;}"})},
        ),
        (
            "derived images",
            {"outputs": Outputs({"float": np.ones((4, 4)), "int": np.ones((4, 4))}, {"int": "{}"})},
        ),
    ],
)
def test_each_check_finds_its_kind(check: str, changes: dict[str, object], image: np.ndarray) -> None:
    sound = ran(image)
    assert findings(Beside(LINE, sound, sound, sound)) == []
    assert check in CHECKS
    assert check in findings(Beside(LINE, ran(image, **changes), sound, sound))


def test_what_the_sound_programs_differ_in_is_no_finding(image: np.ndarray) -> None:
    other = ran(image, printed="something else", said="in other words", files=frozenset())
    faulty = ran(image, printed="", said="", files=frozenset({"x"}))
    assert findings(Beside(LINE, faulty, ran(image), other)) == []


@pytest.fixture
def prediction() -> Prediction:
    """One reflection in each column."""
    number = np.tile(np.arange(4, dtype=np.int32), (4, 1))
    hkl = np.array([[h, 0, 0] for h in range(4)], dtype=np.int32)
    return Prediction(ReflectionMap(hkl, number, np.ones((4, 4), dtype=bool)))


def test_figures_of_an_image_are_those_of_its_worst_pixel(
    image: np.ndarray, prediction: Prediction, tmp_path: Path
) -> None:
    moved = image.copy()
    moved[1, 2] *= 1.001
    found = image_finding(
        Beside(LINE, ran(moved), ran(image), ran(image)), tmp_path, prediction, faulty_is_c=True
    )
    assert found is not None
    assert found.verdict == "FAIL"
    assert found.published == "PASS (LOOSENED)"
    assert "reflections outside" in found.failed
    assert found.figures["pixel in parts of itself"] == pytest.approx(1e-3, rel=1e-2)
    assert found.figures["reflection in parts of itself"] == pytest.approx(7e-3 / (3 + 7 + 11 + 15), rel=1e-2)
    assert worst_pixel(moved, image) == (1, 2)


def test_traced_pixels_are_lit(image: np.ndarray) -> None:
    image[0, 0] = 0.0
    assert set(pixels_to_trace(image)) == {(3, 3), (0, 1)}
    assert pixels_to_trace(image * 0.0) == ()


def test_results_are_kept_line_by_line_and_belong_to_their_sources(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    trial = FaultTrial("spindle-sign", "c", (), {}, None, {"image": 1})
    with kept_trials(path) as kept:
        kept.add(trial)
    with path.open("a") as stream:
        stream.write('{"fault": "cut sho')
    spindle = next(unit for unit in units_of(FAULTS) if (unit[0].id, unit[1]) == ("spindle-sign", "c"))
    with kept_trials(path) as again:
        assert again.has(spindle)
        assert len(again.rows) == 1
        again.add(trial)
    with kept_trials(path) as once_more:
        assert len(once_more.rows) == 2
    path.write_text(path.read_text().replace(fingerprint(), "0123456789abcdef"))
    with pytest.raises(UsageError, match="results of other sources"), kept_trials(path):
        pass
