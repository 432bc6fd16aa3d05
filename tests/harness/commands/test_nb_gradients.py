"""Gradients of the simulator against differences of the C reference."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch
from rich.table import Table

from harness.commands.nb_gradients import main
from harness.errors import UsageError
from harness.gradients.estimate import Estimate, Sample, best_estimate, judge_slope, steps
from harness.gradients.objective import choose_objective
from harness.gradients.table import choose_parameters, find_places, names_of
from harness.wide import wide_console
from system_io.verdict_words import Word
from tests.harness.small_case import WORDS

EPSILON = 2.0**-52


def sampled(function, at):
    def sample(step):
        upper, middle, lower = function(at + step), function(at), function(at - step)
        return Sample(2 * step, upper - lower, abs(upper + lower - 2 * middle), EPSILON * abs(middle))

    return sample


def estimated(function, at, first):
    return best_estimate([sampled(function, at)(step) for step in steps(first)])


@pytest.mark.parametrize(
    ("function", "at", "slope", "first"),
    [
        (math.exp, 1.0, math.e, 0.5),
        (lambda x: math.sin(40 * x) ** 2, 0.3, 40 * math.sin(24.0), 1.0),
        (lambda x: x**3, 0.0, 0.0, 0.25),
    ],
)
def test_estimates_are_as_good_as_they_say(function, at, slope, first):
    estimate = estimated(function, at, first)
    assert abs(estimate.value - slope) <= estimate.uncertainty < 1e-8 * max(abs(slope), 1.0)
    assert not estimate.jumps


@pytest.mark.parametrize("function", [lambda x: float(x >= 0.0), lambda x: float(x == 0.0)])
def test_a_jump_decides_nothing(function):
    estimate = estimated(function, 0.0, 0.5)
    assert judge_slope(1.0, estimate).word is Word.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("found", "estimate", "uncertainty", "word"),
    [
        (1.000009, 1.0, 1e-9, Word.PASS),
        (1.00002, 1.0, 1e-9, Word.FAIL),
        (1.00002, 1.0, 1e-4, Word.PASS),
        (1.0, 1.0, 2e-3, Word.NOT_COMPARABLE),
        (0.0, 1.0, 1e-4, Word.FAIL),
        (1.0, 0.0, 1e-4, Word.FAIL),
        (math.nan, 1.0, 1e-9, Word.FAIL),
        (0.0, 0.0, 0.0, Word.NOT_COMPARABLE),
        (1.0, 1.0, math.inf, Word.NOT_COMPARABLE),
    ],
)
def test_verdicts_on_a_slope(found, estimate, uncertainty, word):
    assert judge_slope(found, Estimate(estimate, uncertainty, 1.0)).word is word


def test_the_last_of_a_repeated_option_is_found_under_every_spelling():
    line = "-lambda 1 -wave 2 -cell 10 20 -misset random -distance 5"
    places = find_places(line.split())
    found = {place.component.name: (place.word, place.value) for place in places}
    assert found == {"cell.a": (5, 10.0), "cell.b": (6, 20.0), "lambda": (3, 2.0), "distance": (10, 5.0)}


def test_parameters_that_are_not_there_are_refused():
    places = find_places(["-lambda", "1"])
    with pytest.raises(UsageError, match="unknown"):
        names_of("colour")
    with pytest.raises(UsageError, match="type -distance"):
        choose_parameters(places, ["distance"])


def test_an_objective_keeps_to_bright_pixels_and_repeats_itself():
    image = np.full((300, 400), 1e-9)
    image[20, 390], image[25, 395], image[100, 300] = 5.0, 3.0, 2.0
    objective = choose_objective(image, 8, seed=3)
    assert objective.pixels == ((20, 390), (25, 395), (100, 300))
    assert objective == choose_objective(image, 8, seed=3)


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    """Call nb-gradients on the small case; returns (exit status, gradients.json, stderr)."""
    monkeypatch.delenv("NB_C_BIN", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*options, args=WORDS):
        status = main(["--json", "--outdir", "out", *options, "--", *args.split()])
        captured = capsys.readouterr()
        return status, json.loads(captured.out) if captured.out else None, captured.err

    return call


def verdicts(found):
    return {row["parameter"]: row["verdict"] for row in found["parameters"]}


@pytest.mark.parametrize(("mode", "jumping"), [("spec", {}), ("c-parity", {"phi": "NOT COMPARABLE"})])
def test_gradients_agree_with_the_reference(compared, c_binary, mode, jumping):
    status, found, _ = compared("--parity-mode", mode)
    assert (status, found["verdict"], found["differ"]) == (0, "PASS", 0)
    assert found["agree"] >= 15
    assert verdicts(found) == dict.fromkeys(verdicts(found), "PASS") | jumping
    assert found["objective_first"][0] == pytest.approx(found["objective_simulator"], rel=1e-9)


def no_table_slope(table):
    return replace(table, values=table.values.detach())


DETACHED = {
    "solid angle": ("simulator.kernel.rays.solid_angle_sr", torch.Tensor.detach, "pixel", "default_F"),
    "polarization": ("simulator.kernel.factors.kahn_factor", torch.Tensor.detach, "polar", "default_F"),
    "capture fraction": ("simulator.kernel.factors.capture_fraction", torch.Tensor.detach, "abs", "polar"),
    "structure factor": ("simulator.scene.scene.make_table", no_table_slope, "default_F", "polar"),
}


@pytest.mark.parametrize("factor", DETACHED)
def test_a_factor_without_its_slope_is_found(compared, c_binary, monkeypatch, factor):
    place, change, wrong, right = DETACHED[factor]
    module, _, name = place.rpartition(".")
    whole = getattr(import_module(module), name)
    monkeypatch.setattr(place, lambda *given: change(whole(*given)))
    args = f"{WORDS} -detector_abs 500 -detector_thick 300"
    status, found, _ = compared("--params", f"{wrong},{right}", args=args)
    assert status == 1
    assert verdicts(found) == {wrong: "FAIL", right: "PASS"}


def test_a_wrong_slope_of_the_grating_is_found(compared, c_binary, monkeypatch):
    from simulator.physics.lattice import interference

    right = interference.grating_slopes

    def bent(*given):
        along, of_cells = right(*given)
        return along * 1.001, of_cells

    monkeypatch.setattr(interference, "grating_slopes", bent)
    status, found, _ = compared("--params", "misset.z,polar")
    assert status == 1
    assert verdicts(found) == {"misset.z": "FAIL", "polar": "PASS"}


def test_a_program_without_traces_is_compared_by_its_float_image(compared, c_binary, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit 1\nexec "{c_binary}" "$@"\n')
    plain.chmod(0o755)
    status, found, _ = compared("--c-bin", str(plain), "--params", "default_F,distance,lambda")
    assert status == 0
    assert found["programs"]["c"]["kind"] == "external"
    uncertain = [row["uncertainty"] / abs(row["estimate"]) for row in found["parameters"]]
    assert all(1e-9 < part < 1e-3 for part in uncertain)


def test_a_fork_is_differenced_against_the_simulator_with_its_quirks(compared, c_binary, tmp_path):
    fork = tmp_path / "fork"
    hidden = '[ "$1" = --version ] && exit 1'
    fork.write_text(f'#!/bin/sh\n{hidden}\nexec "{c_binary}" "$@" -quirk Q-PHI-CARRYOVER=off\n')
    fork.chmod(0o755)
    status, found, _ = compared("--c-bin", str(fork), "--params", "default_F")
    assert (status, found["settings"]["matched"]["quirks"]) == (0, ["Q-PHI-CARRYOVER=off"])


def test_nothing_compared_is_no_pass(compared, c_binary):
    assert compared("--params", "phi")[0] == 2


def test_an_option_that_changes_a_count_is_not_compared(compared, c_binary):
    args = WORDS.replace("-detpixels 64", "-detsize 25.8")
    status, found, _ = compared("--params", "pixel", args=args)
    assert status == 2
    assert "decision" in found["parameters"][0]["reason"]


@pytest.mark.parametrize(
    ("options", "args", "word"),
    [
        (["--params", "colour"], WORDS, "unknown"),
        (["--pixels", "0"], WORDS, "above 0"),
        ([], "", "no nanoBragg command line"),
        ([], f"{WORDS} -trace_pixel 1 1", "cannot trace"),
        ([], f"{WORDS} -lamda 1", "unknown option"),
    ],
)
def test_wrong_usage_is_one_line_and_status_3(compared, c_binary, options, args, word):
    status, found, err = compared(*options, args=args)
    assert (status, found) == (3, None)
    assert word in err
    assert err.count("\n") == 1


def test_gradients_do_not_need_grad_mode_of_the_caller(compared, c_binary):
    with torch.no_grad():
        assert compared("--params", "distance")[0] == 0


@pytest.mark.parametrize("columns", ["40", "80"])
def test_numbers_of_a_table_are_never_cut(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = Table()
    table.add_column("value", no_wrap=True)
    table.add_column("autograd", no_wrap=True)
    table.add_column("why", overflow="fold", min_width=4)
    table.add_row("0.0000000001 photons/m^2", "-1.23456789e-123", "a reason of many words " * 4)
    console = wide_console(table)
    with console.capture() as capture:
        console.print(table)
    assert "0.0000000001 photons/m^2" in capture.get()
    assert "-1.23456789e-123" in capture.get()
    assert "…" not in capture.get()


def test_slopes_are_printed_whole_on_a_narrow_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["--params", "distance", "--outdir", str(tmp_path / "out"), "--", *WORDS.split()]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "out" / "gradients.json").read_text())
    (row,) = facts["parameters"]
    assert f"{row['autograd']:.9g}" in printed
    assert f"{row['estimate']:.9g}" in printed
    assert "…" not in printed
