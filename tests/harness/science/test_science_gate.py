"""The science gate in small: sound data pass, seeded faults of the structure factors fail."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.commands.alone.science import main
from harness.science.anomalous_crystal import built_in_reflections
from harness.science.science_gate import ScienceSettings, science_agreements, science_verdict
from shots.merging.merge import Agreement
from simulator.config import RunConfig
from system_io.verdict_words import Word

SETTINGS = ScienceSettings(
    (79.1, 79.1, 37.9, 90.0, 90.0, 90.0), "422", resolution_A=10.0, rotation_deg=50.0, images=20, stills=16,
    domains=1, mosaic_deg=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    path = tmp_path_factory.mktemp("science") / "a.hkl"
    path.write_text(built_in_reflections(8.0, 1))
    return RunConfig.from_args(SETTINGS.command(path))


@pytest.fixture(scope="module")
def agreements(run: RunConfig):
    @cache
    def found(fault: str) -> dict[str, Agreement]:
        factors = run.structure_factors
        table = FAULTS[fault](factors.table)
        return science_agreements(
            replace(run, structure_factors=replace(factors, table=table)), SETTINGS, factors
        )

    return found


def half_shuffled(table: np.ndarray) -> np.ndarray:
    found = table.copy()
    listed = np.flatnonzero(table.ravel())[::2]
    found.ravel()[listed] = np.random.default_rng(1).permutation(found.ravel()[listed])
    return found


FAULTS = {
    "none": lambda table: table,
    "mates swapped": lambda table: table[::-1, ::-1, ::-1].copy(),
    "half shuffled": half_shuffled,
}


def test_a_sound_crystal_passes(agreements) -> None:
    found = agreements("none")
    verdict = science_verdict(found)
    assert verdict.word is Word.PASS, verdict.reasons
    assert found["rotation"].pairs >= 10
    assert found["stills"].reflections >= 40


@pytest.mark.parametrize(("fault", "quantity"), [("mates swapped", "anomalous"), ("half shuffled", "CC(I)")])
def test_a_seeded_fault_fails(agreements, fault: str, quantity: str) -> None:
    verdict = science_verdict(agreements(fault))
    assert verdict.word is Word.FAIL
    failed = [reason for reason in verdict.reasons if quantity in reason]
    assert {"rotation", "stills"} <= {
        word for reason in failed for word in ("rotation", "stills") if word in reason
    }


def test_no_signal_is_not_comparable() -> None:
    nothing = Agreement(10, 3, 10, 0.9999, float("nan"))
    assert science_verdict({"rotation": nothing, "stills": nothing}).word is Word.NOT_COMPARABLE


def test_mates_of_the_built_in_crystal_differ_and_equivalents_do_not_more_than_their_errors() -> None:
    rows = [line.split() for line in built_in_reflections(10.0, 1).splitlines()]
    F = {(int(h), int(k), int(l)): float(value) for h, k, l, value in rows}
    differences = [
        abs(F[h, k, l] / F[-h, -k, -l] - 1.0) for h, k, l in F if 0 not in (h, k, l) and abs(h) != abs(k)
    ]
    assert 0.05 < np.median(differences) < 0.15
    equal = [abs(F[h, k, l] / F[k, h, -l] - 1.0) for h, k, l in F if F[k, h, -l] > 0.0 and 0 not in (h, k, l)]
    assert max(equal) < 0.07


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--hkl", "a.hkl"], "add --cell, --point-group"),
        (["--images", "2"], "--images 2: must be from 3"),
        (["--resolution", "1.2"], "--resolution 1.2"),
        (["--resolution", "nan"], "--resolution nan"),
        (["--stills", "0"], "--stills 0"),
        (["--hkl", "none.hkl", "--cell", *["50"] * 3, *["90"] * 3, "--point-group", "1"], "no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_one_line(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 3
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_a_crystal_of_ones_own_without_anomalous_signal_is_not_comparable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draws = np.random.default_rng(2).uniform(50.0, 500.0, (9, 9, 9))
    lines = [
        f"{h} {k} {l} {draws[abs(h), abs(k), abs(l)]}\n"
        for h in range(-8, 9)
        for k in range(-8, 9)
        for l in range(-8, 9)
    ]
    path = tmp_path / "own.hkl"
    path.write_text("".join(lines))
    cell = ["60", "60", "60", "90", "90", "90"]
    words = [
        "--hkl",
        str(path),
        "--cell",
        *cell,
        "--point-group",
        "222",
        "--resolution",
        "14",
        "--images",
        "12",
    ]
    more = ["--rotation", "40", "--stills", "8", "--json", "--domains", "1", "--mosaic", "0"]
    assert main([*words, *more]) == 2
    summary = json.loads(capsys.readouterr().out)
    assert summary["verdict"] == "NOT COMPARABLE"
    assert summary["agreements"]["rotation"]["cc_anomalous"] is None
