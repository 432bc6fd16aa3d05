"""Edges of the judge of traces: one integer, one component, one broken log of two, one dropped edge."""

from __future__ import annotations

import pytest

from tests.trace_tools.conftest import HEAD
from tests.trace_tools.judging.test_causes import causes, changed, log
from tests.trace_tools.made import contract_log
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.blame import RecordState
from trace_tools.judging.judge import Options
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.judging.noise_floor import measure_floor

EVERY = "s=1 f=2 t=0 ss=0 sf=0 src=0 phi=0 mos=0"


def test_integer_that_is_off_by_one_has_no_bound(judge_texts):
    texts = changed({"steps": 1000000}, steps=1000001)
    assert causes(judge_texts(*texts, Options(rtol=0.5))) == ["steps"]


@pytest.mark.parametrize("place", range(3))
def test_one_component_of_a_vector_is_enough(judge_texts, place):
    values = ["0.25", "0.5", "0.75"]
    wrong = [value + ("001" if number == place else "") for number, value in enumerate(values)]
    assert causes(judge_texts(*changed({"beam_vec": " ".join(values)}, beam_vec=" ".join(wrong)))) == [
        "beam_vec"
    ]


def test_bounds_by_hand_are_a_loosened_pass(judge_texts):
    a, b = contract_log(1, "C"), contract_log(1, "PY")
    assert judge_texts(a, b, Options(rtol=1e-3)).verdict == "PASS (LOOSENED)"
    assert judge_texts(a, b).verdict == "PASS"


@pytest.mark.parametrize("broken", [0, 1])
def test_one_broken_log_of_two_is_an_error(judge_texts, broken):
    texts = [contract_log(1, "C"), contract_log(1, "PY")]
    texts[broken] = texts[broken][: len(texts[broken]) // 2].rsplit(" ", 1)[0]
    report = judge_texts(*texts)
    assert report.verdict == "ERROR"
    assert "breaks off" in report.error


@pytest.mark.parametrize("tap", ["steps", "R_distance_meters", "term_factor", "I_pixel_final"])
def test_tap_that_both_logs_lack_is_an_error(judge_texts, tap):
    texts = ["\n".join(line for line in contract_log(1, side).splitlines() if f": {tap} " not in line) + "\n"
             for side in ("C", "PY")]  # fmt: skip
    report = judge_texts(*texts)
    assert report.verdict == "ERROR"
    assert f"missing: {tap}" in report.error


def test_sum_that_only_goes_on_from_a_wrong_one_is_no_second_cause(judge_texts):
    def run(start):
        rows = [("I_contribution", 100.0, 0), ("I_running", start, 0)]
        rows += [("I_contribution", 100.0, 1), ("I_running", start + 100.0, 1)]
        return HEAD + "".join(
            f"TRACE_C: {name} {value:.17g} | {EVERY[:-1]}{turn}\n" for name, value, turn in rows
        )

    report = judge_texts(run(100.0), run(101.0))
    assert report.blame.count_by_tap(RecordState.CAUSAL) == {"I_running": 1}
    assert report.blame.count_by_tap(RecordState.DOWNSTREAM) == {"I_running": 1}


APPLIED = " capture_fraction_applied polar_applied omega_pixel_applied"
INPUTS = {
    "I_pixel_final": "I_before_scaling r_e_sqr fluence_photons_per_m2 steps water_photons" + APPLIED,
    "water_photons": "water_sum water_electrons_sqr r_e_sqr fluence_photons_per_m2 sources oversample"
    + APPLIED,
    "water_sum": "water_factor",
    "term_factor": "source_relative_weight capture_fraction_inside polar_inside omega_pixel_inside",
    "sum_factor": "capture_fraction_inside polar_inside omega_pixel_inside",
    "I_running": "I_contribution term_factor sum_factor I_bg",
    "detector_turn": "detector_rot_rad twotheta_rad twotheta_axis",
    "fdet_vec": "detector_turn convention",
    "sdet_vec": "detector_turn convention",
    "odet_vec": "detector_turn convention",
    "source_relative_weight": "source_weight sources",
}  # fmt: skip


def value_of(name, turn):
    tap = DEFAULT_GRAPH[name]
    if tap.kind == "word":
        return "MN"[turn] * 6
    return " ".join([str(7 + turn) if tap.kind == "int" else f"{7.25 + turn:.17g}"] * tap.size)


@pytest.mark.parametrize(
    ("end", "start"), [(end, one) for end, some in INPUTS.items() for one in some.split()]
)
def test_tap_follows_from_each_of_its_inputs(judge_texts, end, start):
    others = {
        name: value_of(name, 0) for name in INPUTS[end].split()
    }  # traced, so that nothing is looked through
    a, b = (log(**others | {start: value_of(start, turn), end: value_of(end, turn)}) for turn in (0, 1))
    assert causes(judge_texts(a, b)) == [start]


@pytest.mark.parametrize("wrong_by", [1e-9, -1e-9])
def test_lattice_factor_is_bound_by_the_number_of_cells_and_no_more(judge_texts, wrong_by):
    values = {"N_cells": "5 5 5", "hkl_frac": "0.3 0.3 0.3", "F_latt_a": 1.5}
    assert causes(judge_texts(*changed(values, F_latt_a=f"{1.5 * (1 + wrong_by):.17g}"))) == ["F_latt_a"]


def test_weighted_sum_is_bound_by_its_size(judge_texts):
    values = {"I_contribution": 100.0, "term_factor": 0.5, "sum_factor": 0.25, "I_running": 12.5}
    assert causes(judge_texts(*changed(values, I_running=12.5 * (1 + 1e-9)))) == ["I_running"]


def test_logs_of_other_pixels_are_not_comparable(judge_texts):
    one, other = (HEAD + f"TRACE_C: I_pixel_final 1 | s=1 f=2\nTRACE_C: I_pixel_final 1 | s={slow} f=2\n"
                  for slow in (3, 4))  # fmt: skip
    with pytest.raises(NotComparableError, match="different pixels"):
        judge_texts(one, other)


def test_turns_that_contradict_are_no_pair(judge_texts):
    a, b = (f"TRACE_{side}: F_cell 50\nTRACE_{side}_PHI phi_tic={turn} F_latt=1.5\n"
            for side, turn in (("C", 1), ("PY", 2)))  # fmt: skip
    assert judge_texts(a, b).verdict == "NOT COMPARABLE"


@pytest.mark.parametrize("line", ["F_cell 1 2", "hkl_frac 1 2", "hkl_frac 1 2 3 4"])
def test_record_of_another_shape_is_refused(read, line):
    with pytest.raises(TraceError, match="where its shape is"):
        read(f"{HEAD}TRACE_C: {line} | {EVERY}\n")


def test_taps_of_version_2_are_left_out_beside_version_1_and_counted(judge_texts):
    newer = contract_log(1, "PY")
    older = "".join(
        line + "\n"
        for line in contract_log(1, "C").replace("trace 2", "trace 1").splitlines()
        if line.split()[1] not in DEFAULT_GRAPH or DEFAULT_GRAPH[line.split()[1]].since == 1
    )
    for pair in ((older, newer), (newer, older)):
        report = judge_texts(*pair)
        assert report.verdict == "PASS"
        assert "records of taps that version 1 of the format does not have" in report.line
    wrong = newer.replace("trace 2", "trace 1")
    assert judge_texts(older, wrong).verdict == "ERROR"


def test_logs_of_nan_alone_have_nothing_compared(judge_texts):
    text = log(F_cell="nan")
    assert "no record was compared" in judge_texts(text, text).decision.set_aside


def test_floor_keeps_the_largest_difference_of_all_pairs(read):
    moved = [(read(log(F_cell=1.0)), read(log(F_cell=1.0 + by))) for by in (2.0**-50, 0.0)]
    assert (
        measure_floor(moved).taps["F_cell"].scaled == measure_floor(moved[::-1]).taps["F_cell"].scaled > 0.0
    )
