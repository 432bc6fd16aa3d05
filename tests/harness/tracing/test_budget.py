"""Error budgets: the share of each tap in the difference of a pixel."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from harness.commands.trace_harness import main
from harness.faults.lines import OWN_LINES, PLAIN
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.tracing.budget import Budget, budget_data, budget_markdown, budget_rows, budgets
from simulator import RunConfig
from simulator.image import render
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import read_stream

ARGS = (
    "-parity_mode c-parity -dtype float64 -cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100"
    " -detpixels 8 -pixel 0.4 -N 5 -default_F 100 -oversample 2 -osc 2 -phi 1 -phisteps 2 -polar 0.9"
    " -spindle_axis 0 0 1 -fluence 1e30 -mosaic 1 -mosaic_domains 3 -hdivrange 1 -hdivsteps 2"
)
CELL = {"a_angstroms", "b_angstroms", "c_angstroms"}
PLANE = {"fdet_vec", "sdet_vec", "odet_vec", "pix0_vector_meters", "close_distance_meters"}
SMALL: dict[str, tuple[str, set[str]]] = {
    "crystal turned": ("-misset 10 20.0001 30", CELL),
    "cell longer": ("-cell 60.00006 70 80 90 95 90", CELL),
    "wavelength": ("-lambda 1.000001", {"lambda_meters"}),
    "detector moved": ("-distance 100.0001", {"pix0_vector_meters", "close_distance_meters"}),
    "detector turned": ("-detector_rotx 0.0001", PLANE),
    "rotation": ("-phi 1.0001", {"phi_rad"}),
    "spindle": ("-spindle_axis 0.00001 0 1", {"spindle_axis"}),
    "domains": ("-mosaic 1.0001", {"mosaic_umat"}),
    "polarization": ("-polar 0.5", {"polar"}),
    "fluence": ("-fluence 2e30", {"fluence_photons_per_m2"}),
    "divergence": ("-hdivrange 1.0001", {"incident_vec"}),
}
SHAPES = ("", "-round_xtal", "-gauss_xtal")
SMALL_RESIDUAL = 2e-3
"""Differences of one part in a million move a pixel by a hundredth at most; its square is left out."""

ROUNDING = 1e-9


def traced(options: str) -> str:
    config = RunConfig.from_args(f"{ARGS} {options} -trace_pixel 3 4 -trace_pixel 6 1".split())
    scene, recorder = prepare(config), recorder_of(config)
    render(scene, recorder)
    return trace_text(scene, recorder)


def made(first: str, second: str, words: str) -> tuple[Budget, ...]:
    a, b = (read_stream(io.BytesIO(text.encode()), name) for text, name in ((first, "a"), (second, "b")))
    return budgets(judge(a, b), f"{ARGS} {words}".split(), Path.cwd())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("what", SMALL)
def test_a_small_change_is_explained_by_the_taps_that_it_changes(what: str, shape: str) -> None:
    change, taps = SMALL[what]
    found = made(traced(f"{shape} {change}"), traced(shape), shape)
    assert [budget.pixel for budget in found] == [(3, 4), (6, 1)]
    for budget in found:
        bound = SMALL_RESIDUAL * abs(budget.difference) + ROUNDING * budget.photons_c
        assert abs(budget.residual) <= bound, budget_rows(budget)
        if shape == "-gauss_xtal" and taps == CELL:
            taps = CELL | {"F_latt"}  # it holds the reciprocal cell
        main_share = sum(item.contribution or 0.0 for item in budget.items if item.tap in taps)
        assert main_share == pytest.approx(budget.difference, abs=bound)


def test_programs_that_agree_have_nothing_to_share() -> None:
    text = traced("")
    assert {budget.remark for budget in made(text, text, "")} == {"the programs agree on this pixel"}


def test_a_large_change_is_said_to_be_unexplained() -> None:
    found = made(traced("-misset 10 24 30"), traced(""), "")
    assert any(
        "unexplained: it arises between taps, or the differences are not small" in budget.remark
        for budget in found
    )
    assert "unexplained" in budget_markdown(found)
    assert max(abs(row["residual_share"]) for row in budget_data(found)) > 0.1


def test_a_command_line_that_the_simulator_refuses_has_no_budget() -> None:
    text = traced("")
    assert made(text, text, "-no_such_option") == ()


@pytest.mark.parametrize("side", ["c", "py"])
@pytest.mark.parametrize("fault_id", ["polarization-dropped", "obliquity-dropped", "electron-radius"])
def test_a_seeded_fault_has_the_whole_share(
    fault_id: str, side: str, tmp_path: Path, c_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NB_C_BIN", raising=False)
    fault = BY_ID[fault_id]
    program = make_faulty(fault, side, tmp_path / "program").path
    words = ["--pixel", "6", "2", f"--{side}-bin", str(program), "--budget"]
    folder = tmp_path / "out"
    assert main([*words, "--outdir", str(folder), "--", *PLAIN.split()]) == 1
    (budget,) = json.loads((folder / "traces.json").read_text())["budget"]
    shares = {item["tap"]: item["share"] for item in budget["taps"]}
    assert shares[fault.taps[0]] == pytest.approx(1.0, abs=1e-6)
    assert abs(budget["residual_share"]) < 1e-6
    assert "| residual |" in (folder / "diff.md").read_text()


def test_a_step_that_is_left_out_is_named(tmp_path: Path, c_binary: Path, capsys) -> None:
    fault = BY_ID["phi-step-skipped"]
    program = make_faulty(fault, "c", tmp_path / "program").path
    words = ["--pixel", "3", "4", "--c-bin", str(program), "--budget", "--outdir", str(tmp_path / "out")]
    assert main([*words, "--", *OWN_LINES[fault.line].split()]) == 1
    (budget,) = json.loads((tmp_path / "out" / "traces.json").read_text())["budget"]
    assert "on one side only" in budget["remark"]
    assert "unexplained" in " ".join(capsys.readouterr().out.split())


def test_a_budget_needs_all_taps(capsys) -> None:
    assert main(["--pixel", "3", "4", "--budget", "--level", "pixel", "--", "-lambda", "1"]) == 3
    assert "leave --level out" in capsys.readouterr().err
