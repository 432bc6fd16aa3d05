"""Faults with one cause: nothing that only follows from it is blamed beside it."""

import pytest

from tests.trace_tools.conftest import HEAD, read_text
from trace_tools.judging.blame import RecordState
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.judging.noise_floor import bounds_for, packaged_floor
from trace_tools.tap_points import LEVEL_KEYS, TAP_POINTS, TapLevel
from trace_tools.tap_table import COPIES


def log(**values):
    """A log of version 1: values by tap, each in its first context; a list has one record a turn."""
    lines = []
    for tap in TAP_POINTS:
        for turn, value in enumerate(_listed(values.get(tap.name))):
            context = " ".join(f"{key}={turn if key == tap.keys[-1] else 0}" for key in tap.keys)
            shown = f"{value:.17g}" if isinstance(value, float) else value
            lines.append(f"TRACE_C: {tap.name} {shown}" + (f" | {context}" if context else "") + "\n")
    return HEAD + "".join(lines)


def _listed(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def changed(values, **others):
    return log(**values), log(**(values | others))


def causes(report):
    assert report.verdict == "FAIL"
    return [found.tap for found in report.causes]


@pytest.mark.parametrize(("copy", "source"), COPIES.items())
def test_copy_is_never_bound_more_tightly_than_its_source(copy, source):
    bounds = bounds_for(packaged_floor(), [copy, source]).relative
    assert bounds[copy] >= bounds[source]
    assert source in DEFAULT_GRAPH[copy].inputs


def test_sum_that_is_just_inside_its_bound_leaves_its_copies_inside(judge_texts):
    relative = bounds_for(packaged_floor(), ["I_running"]).relative["I_running"]
    moved = 1000.0 * (1 + 0.9 * relative)
    values = {"F_cell": 10.0, "F_latt": 3.0, "I_contribution": 1000.0}
    flags = {f"oversample_{what}": 0 for what in ("thick", "polar", "omega")}
    ends = ("I_running", "I_before_scaling", "I_pixel_final")
    a = values | flags | dict.fromkeys(ends, 1000.0)
    report = judge_texts(*changed(a, **dict.fromkeys(ends, f"{moved:.17g}")))
    assert report.first is None
    assert report.comparison.taps["I_before_scaling"].differing == 1


def test_detector_axes_follow_from_the_axis_of_the_swing(judge_texts):
    a = {"twotheta_axis": "0 1 0", "fdet_vec": "0 0 1", "sdet_vec": "0 -1 0", "odet_vec": "1 0 0"}
    wrong = {"twotheta_axis": "0 1.1 0", "fdet_vec": "0 0 1.1", "sdet_vec": "0 -1.1 0", "odet_vec": "1.1 0 0"}
    report = judge_texts(*changed(a, **wrong))
    assert [found.tap for found in report.causes] == ["twotheta_axis"]


def test_direction_of_a_ray_follows_from_its_length(judge_texts):
    a = {"pixel_pos_meters": "0.1 0 0", "R_distance_meters": 0.1, "diffracted_vec": "1 0 0"}
    report = judge_texts(*changed(a, R_distance_meters=0.2, diffracted_vec="0.5 0 0"))
    assert [found.tap for found in report.causes] == ["R_distance_meters"]


def test_beam_centre_follows_from_a_wrong_distance(judge_texts):
    a = {"Fbeam_meters": 0.01, "Sbeam_meters": 0.02, "odet_vec": "1 0 0", "beam_vec": "1 0 0",
         "close_distance_meters": 0.1, "distance_meters": 0.1}  # fmt: skip
    wrong = {"odet_vec": "0.9 0.1 0", "distance_meters": 0.11, "close_distance_meters": 0.1}
    report = judge_texts(*changed(a, Fbeam_meters=0.011, Sbeam_meters=0.021, **wrong))
    assert causes(report) == ["odet_vec"]


@pytest.mark.parametrize(
    ("count", "records"),
    [
        ("sources", ("source_vec", "source_lambda_meters", "source_weight")),
        ("phisteps", ("phi_rad",)),
        ("mosaic_domains", ("mosaic_umat",)),
    ],
)
def test_records_of_a_list_follow_from_its_count(judge_texts, count, records):
    def run(number, offset):
        values = {
            name: [" ".join([repr(offset + turn)] * DEFAULT_GRAPH[name].size) for turn in range(number)]
            for name in records
        }
        return log(**{count: number}, **values)

    report = judge_texts(run(4, 0.5), run(3, 0.7))
    assert causes(report) == [count]
    assert set(report.blame.count_by_tap(RecordState.DOWNSTREAM)) == set(records)


@pytest.mark.parametrize("level", [TapLevel.source_setup, TapLevel.phi_setup, TapLevel.mosaic_setup])
def test_every_list_of_the_set_up_has_its_count_as_an_input(level):
    count = {"src": "sources", "phi": "phisteps", "mos": "mosaic_domains"}[LEVEL_KEYS[level][0]]
    assert all(count in tap.inputs for tap in TAP_POINTS if tap.level == level)


@pytest.mark.parametrize(
    ("cause", "followers"),
    [
        ("convention", ("pivot",)),
        ("pixel_size_meters", ("pix0_vector_meters",)),
        ("thicksteps", ("Odet_meters", "capture_fraction")),
        ("oversample_thick", ("capture_fraction",)),
        ("oversample_polar", ("polar",)),
        ("oversample_omega", ("omega_pixel_sr",)),
    ],
)
def test_option_is_the_cause_of_what_it_decides(judge_texts, cause, followers):
    def value(name, turn):
        tap = DEFAULT_GRAPH[name]
        number = turn if tap.kind == "int" else f"{turn + 0.1:.17g}"
        return "MN"[turn] * 6 if tap.kind == "word" else " ".join([str(number)] * tap.size)

    logs = [log(**{name: value(name, turn) for name in (cause, *followers)}) for turn in (0, 1)]
    assert causes(judge_texts(*logs)) == [cause]


def test_back_of_a_layer_follows_from_the_front_of_the_next(judge_texts):
    def run(layer_m):
        lines = [
            f"TRACE_C: {name} {value:.17g} | s=1 f=2 t={t} ss=0 sf=0\n"
            for t in (0, 1)
            for name, value in (("Odet_meters", layer_m * t), ("capture_fraction", 0.5 - 100 * layer_m))
        ]
        return HEAD + "".join(lines)

    report = judge_texts(run(1e-4), run(1.1e-4))
    assert causes(report) == ["Odet_meters"]


SUMMED = {
    "source_weight": [1.0, 2.0], "I_contribution": 100.0, "I_running": 100.0, "I_before_scaling": 100.0,
    "oversample_thick": 0, "oversample_polar": 0, "oversample_omega": 0, "capture_fraction": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "value"),
    [("source_weight", [1.0, 3.0]), ("source_weight", [3.0, 2.0]), ("capture_fraction", 0.6)],
)
def test_factor_inside_the_sum_hands_its_fault_on_to_it(judge_texts, cause, value):
    """The weight of another source is in the mean weight; several layers have their fraction in the sum."""
    report = judge_texts(*changed(SUMMED, **{cause: value}, I_running=120.0, I_before_scaling=120.0))
    assert causes(report) == [cause]


def test_first_divergence_is_the_cause_even_if_its_consequences_are_printed_before(judge_texts):
    a = {"Fbeam_meters": 0.01, "Fclose_meters": 0.01, "pix0_vector_meters": "0.1 0.2 0.3"}
    b = {"Fbeam_meters": 0.02, "Fclose_meters": 0.02, "pix0_vector_meters": "0.1 0.2 0.4"}
    report = judge_texts(*changed(a, **b))
    assert (report.first.tap, report.first.state) == ("pix0_vector_meters", "causal")
    assert "first divergence pix0_vector_meters" in report.line


def test_of_two_causes_the_one_computed_first_is_the_first_divergence(judge_texts):
    a = {"polar_vec": "0 1 0", "F_latt_a": 2.0, "r_e_sqr": 1.0}
    report = judge_texts(*changed(a, r_e_sqr=1.1, F_latt_a=2.1))
    assert causes(report) == ["r_e_sqr", "F_latt_a"]
    assert report.first.tap == "r_e_sqr"


@pytest.mark.parametrize("word", ["nan", "-nan", "NaN"])
def test_integer_tap_may_be_nan(judge_texts, word):
    """A program whose indices are NaN is compared and found wrong, not refused."""
    a = {"hkl_frac": "1.25 2 3", "hkl_rounded": "1 2 3"}
    text, wrong = changed(a, hkl_frac=f"{word} 2 3", hkl_rounded=f"{word} 2 3")
    assert causes(judge_texts(text, wrong)) == ["hkl_frac"]
    both = judge_texts(wrong, wrong)
    assert both.decision.set_aside[0].startswith("NaN on both sides in 2 records")
    assert len(read_text(wrong)) == 2
