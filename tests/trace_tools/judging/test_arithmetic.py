"""Programs of different arithmetic: what single precision leaves open is no difference, all else is."""

import json
from dataclasses import replace

import pytest

from tests.trace_tools.judging.test_causes import changed
from trace_tools.cli import main
from trace_tools.errors import TraceError
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE, SIGNS_OPEN
from trace_tools.judging.judge import Options
from trace_tools.judging.noise_floor import (
    NoiseFloor,
    TapFloor,
    bounds_for,
    load_floor,
    measure_single,
    packaged_floor,
    save_floor,
)

SINGLE = ARITHMETICS[1:]
STEP = 2.0**-24
CHAIN = {
    "scattering_vec_m_inv": "1e9 2e9 3e9", "hkl_frac": "1.25 2.5 3.125", "N_cells": "5 5 5",
    "xtal_shape": "SQUARE", "F_latt_a": 2.1, "F_latt_b": -3.1, "F_latt_c": 4.1, "F_latt": -26.691,
    "F_cell": 44.79, "I_contribution": 1155543.5, "I_running": 1155543.5, "I_before_scaling": 1155543.5,
    "oversample_thick": 0, "oversample_polar": 0, "oversample_omega": 0,
}  # fmt: skip
FACTORS = ("F_latt_a", "F_latt_b", "F_latt_c", "F_latt")
KEPT_SINGLE = (*FACTORS, "F_cell", "I_contribution", "I_running", "I_before_scaling")


def moved(tap, relative, **others):
    return changed(CHAIN, **{tap: CHAIN[tap] * (1 + relative)}, **others)


@pytest.mark.parametrize("arithmetic", SINGLE)
@pytest.mark.parametrize("tap", KEPT_SINGLE)
def test_rounding_to_single_precision_is_inside_in_that_arithmetic_alone(judge_texts, tap, arithmetic):
    texts = moved(tap, STEP)
    assert judge_texts(*texts).verdict == "FAIL"
    report = judge_texts(*texts, Options(arithmetic=arithmetic))
    assert report.verdict != "FAIL", report.first
    assert report.first is None


@pytest.mark.parametrize("arithmetic", SINGLE)
@pytest.mark.parametrize("tap", KEPT_SINGLE)
def test_fault_above_single_precision_is_found(judge_texts, tap, arithmetic):
    report = judge_texts(*moved(tap, 1e-5), Options(arithmetic=arithmetic))
    assert (report.verdict, report.first.tap) == ("FAIL", tap)


@pytest.mark.parametrize("arithmetic", SINGLE)
@pytest.mark.parametrize("tap", ["scattering_vec_m_inv", "hkl_frac"])
def test_what_is_computed_in_double_precision_anyway_keeps_its_bound(judge_texts, tap, arithmetic):
    words = CHAIN[tap].split()
    wrong = " ".join([repr(float(words[0]) * (1 + 1e-9)), *words[1:]])
    report = judge_texts(*changed(CHAIN, **{tap: wrong}), Options(arithmetic=arithmetic))
    assert (report.verdict, report.first.tap) == ("FAIL", tap)


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("tap", FACTORS)
def test_sign_of_a_lattice_factor_is_open_in_single_precision_alone(judge_texts, tap, arithmetic):
    report = judge_texts(*changed(CHAIN, **{tap: -CHAIN[tap]}), Options(arithmetic=arithmetic))
    assert (report.first is None) == (arithmetic != DOUBLE)
    notes = " ".join(report.comparison.bounds.notes)
    assert (tap in notes and "compared as magnitudes" in notes) == (tap in SIGNS_OPEN[arithmetic])


@pytest.mark.parametrize("arithmetic", SINGLE)
def test_sign_of_anything_else_counts(judge_texts, arithmetic):
    report = judge_texts(*changed(CHAIN, F_cell=-44.79), Options(arithmetic=arithmetic))
    assert (report.verdict, report.first.tap) == ("FAIL", "F_cell")


@pytest.mark.parametrize("arithmetic", SINGLE)
def test_factor_below_the_smallest_single_number_is_nothing(judge_texts, arithmetic):
    """A Gaussian far from its peak: 0 in one arithmetic, 1e-50 in the other, and no term in one of them."""
    tail = {"I_contribution": 1e-96, "I_running": 1e-96, "F_cell": 44.79}
    gauss = {name: value for name, value in CHAIN.items() if name not in FACTORS}
    gauss |= {"xtal_shape": "GAUSS", "rad_star_sqr": 74.0, "F_latt": 1e-50, **tail}
    a, b = changed(gauss, F_latt=0, I_contribution=None, I_running=None, F_cell=None)
    for texts in ((a, b), (b, a)):
        assert judge_texts(*texts, Options(arithmetic=arithmetic)).first is None


def test_finding_is_shown_again_in_its_arithmetic(judge_texts):
    wrong = judge_texts(*moved("F_cell", 1e-4), Options(arithmetic="mixed"))
    assert "trace-diff a.log b.log --arithmetic mixed --show" in wrong.first.command


def test_command_takes_the_arithmetic(tmp_path, capsys):
    names = [tmp_path / "a.log", tmp_path / "b.log"]
    for name, text in zip(names, moved("F_cell", STEP), strict=True):
        name.write_text("TRACE_C: F_cell " + text.partition("F_cell ")[2].split()[0] + "\n")
    pair = [str(name) for name in names]
    assert main(pair) == 1
    assert main([*pair, "--arithmetic", "float32"]) == 0
    assert "1 records agree in float32" in capsys.readouterr().out
    assert main([*pair, "--arithmetic", "float16"]) == 3


def test_unknown_arithmetic_is_an_error(judge_texts):
    with pytest.raises(TraceError, match="'half' is unknown; it is one of float64, mixed, float32"):
        judge_texts(*changed(CHAIN), Options(arithmetic="half"))


def test_packaged_floor_was_measured_in_every_arithmetic():
    floor = packaged_floor()
    assert floor.arithmetics.keys() == set(SINGLE)
    for part in floor.arithmetics.values():
        assert {"torch", "cases", "held_out_cases", "records"} <= part.provenance.keys()
        assert not set(part.provenance["cases"]) & set(part.provenance["held_out_cases"])
        assert len(part.provenance["cases"]) >= 40
        assert set(KEPT_SINGLE) <= part.taps.keys()
        assert all(STEP / 4 < tap.scaled < 16 * STEP for tap in part.taps.values())


def test_floor_is_what_lies_beyond_the_bound_of_double_precision(read):
    texts = [moved("F_cell", step * STEP) for step in (1, 3)]
    found = measure_single([(read(a), read(b)) for a, b in texts], "mixed", packaged_floor(), {"torch": "2"})
    assert found.taps.keys() == {"F_cell"}
    assert found.taps["F_cell"].scaled == pytest.approx(3 * STEP, rel=1e-6)
    assert (found.provenance["pairs"], found.provenance["torch"]) == (2, "2")


def test_floor_with_arithmetics_is_read_back(tmp_path):
    part = NoiseFloor({"F_cell": TapFloor(1e-7, 4.0, 9)}, 4.0, {"torch": "2"})
    floor = NoiseFloor({"polar": TapFloor(1e-15, 4.0, 9)}, 5.0, {}, {"mixed": part})
    save_floor(floor, tmp_path / "floor.json")
    assert load_floor(tmp_path / "floor.json") == floor


@pytest.mark.parametrize(
    "arithmetics", [[], {"half": {}}, {"float64": {}}, {"mixed": 3}, {"mixed": {"k": 1}}]
)
def test_faulty_arithmetics_are_refused(tmp_path, arithmetics):
    save_floor(NoiseFloor({"polar": TapFloor(1e-15, 4.0, 9)}), tmp_path / "floor.json")
    content = json.loads((tmp_path / "floor.json").read_text())
    (tmp_path / "floor.json").write_text(json.dumps({**content, "arithmetics": arithmetics}))
    with pytest.raises(TraceError, match="measure it again"):
        load_floor(tmp_path / "floor.json")


def test_floor_without_an_arithmetic_takes_that_of_the_package():
    floor = replace(packaged_floor(), arithmetics={})
    names = list(KEPT_SINGLE)
    assert bounds_for(floor, names, arithmetic="mixed") == bounds_for(
        packaged_floor(), names, arithmetic="mixed"
    )


@pytest.mark.parametrize("wide", ["scaled", "k", "k by hand"])
def test_arithmetic_wider_than_that_of_the_package_is_no_plain_pass(wide):
    floor = packaged_floor()
    part = floor.arithmetics["mixed"]
    if wide == "scaled":
        part = replace(part, taps={**part.taps, "F_cell": TapFloor(1e-3, 1, 1)})
    elif wide == "k":
        part = replace(part, k=400.0)
    loose = replace(floor, arithmetics={"mixed": part})
    bounds = bounds_for(loose, list(KEPT_SINGLE), 7.0 if wide == "k by hand" else None, "mixed")
    assert bounds.loosened
    assert not bounds_for(floor, list(KEPT_SINGLE), None, "mixed").loosened
