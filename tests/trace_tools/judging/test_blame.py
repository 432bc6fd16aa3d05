"""Sabotage: each tap in turn is given a wrong value, and must be named as the cause."""

import math

import pytest

from trace_tools.judging.blame import RecordState, in_dependency_order
from trace_tools.judging.judge import Options
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.reading.lines import parse_number
from trace_tools.tap_points import TAP_POINTS

HOMES = {
    "tricubic_F": "interpolated",
    "hrad_sqr": "round",
    "rad_star_sqr": "gauss",
    **dict.fromkeys(("water_factor", "water_sum", "water_photons"), "water"),
}
WRONG_BY = 1e-6  # of the value: far above rounding, far below any physical slip


def home(name):
    return HOMES.get(name, "mosaic-phi")


def change(line, place):
    """Put another value in one place of a trace line."""
    body, bar, tail = line.partition(" | ")
    words = body.split(" ")
    number = parse_number(words[2 + place])
    if number is None:
        words[2 + place] = "OTHER"
    elif words[1] in {tap.name for tap in TAP_POINTS if tap.kind == "int"}:
        words[2 + place] = f"{int(number) + 1}"
    else:
        words[2 + place] = f"{number * (1 + WRONG_BY) if number else WRONG_BY:.17g}"
    return " ".join(words) + bar + tail


def lines_of(text, name):
    lines = text.splitlines()
    return lines, [n for n, line in enumerate(lines) if line.split(" ")[1] == name]


@pytest.mark.parametrize("tap", TAP_POINTS, ids=lambda tap: tap.name)
def test_wrong_value_is_found_and_blamed_on_its_tap(reference_text, judge_texts, tap):
    text = reference_text(home(tap.name))
    lines, places = lines_of(text, tap.name)
    for number in {places[0], places[len(places) // 2], places[-1]}:
        for place in {0, *(range(tap.size) if number == places[0] else ())}:
            wrong = "\n".join([*lines[:number], change(lines[number], place), *lines[number + 1 :]]) + "\n"
            for report in (judge_texts(text, wrong), *([] if place else [judge_texts(wrong, text)])):
                assert report.verdict == "FAIL"
                assert report.first.tap == tap.name
                assert [found.tap for found in report.causes] == [tap.name]
                assert report.blame.first(RecordState.DOWNSTREAM) is None


@pytest.mark.parametrize("tap", TAP_POINTS, ids=lambda tap: tap.name)
def test_consequences_are_marked_downstream(reference_text, judge_texts, tap):
    """Everything that depends on a tap is wrong as well, as after a real fault: one cause remains."""
    text = reference_text(home(tap.name))
    present = {line.split(" ")[1] for line in text.splitlines()}
    followers = {tap.name}
    for name in in_dependency_order(present & DEFAULT_GRAPH.keys(), DEFAULT_GRAPH):
        if followers & set(DEFAULT_GRAPH[name].inputs) - {
            other for other, _ in DEFAULT_GRAPH[name].input_rules
        }:
            followers.add(name)
    lines = [change(line, 0) if line.split(" ")[1] in followers else line for line in text.splitlines()]
    report = judge_texts(text, "\n".join(lines) + "\n")
    assert {found.tap for found in report.causes} == {tap.name}
    assert report.causes[0].state == "causal"


@pytest.mark.parametrize(
    "tap", [tap for tap in TAP_POINTS if tap.name not in {"fpixels"}], ids=lambda tap: tap.name
)
def test_missing_record_is_a_divergence(reference_text, judge_texts, tap):
    text = reference_text(home(tap.name))
    lines, places = lines_of(text, tap.name)
    shorter = "\n".join(lines[: places[-1]] + lines[places[-1] + 1 :]) + "\n"
    report = judge_texts(text, shorter)
    assert report.verdict == "FAIL"
    assert (report.first.tap, report.first.b) == (tap.name, "missing")
    assert tap.name in [found.tap for found in report.causes]


def test_skipped_phi_step_is_one_cause(reference_text, judge_texts):
    text = reference_text("mosaic-phi")
    lines = [line for line in text.splitlines() if " phi=1" not in line or "s=" not in line]
    report = judge_texts(text, "\n".join(lines) + "\n")
    assert {found.tap for found in report.causes} == {"rot_a_angstroms"}
    assert report.causes[0].context.endswith("phi=1")


def test_finding_carries_inputs_measures_formula_and_command(golden_text, judge_texts):
    text = golden_text("mosaic-phi")
    found = judge_texts(text, text.replace("F_cell 31.309999999999999", "F_cell 31.31")).first
    assert found is None
    found = judge_texts(text, text.replace("F_cell 31.309999999999999", "F_cell 31.5", 1)).first
    assert found.absolute == pytest.approx(0.19, rel=1e-12)
    assert found.relative == pytest.approx(0.19 / 31.5, rel=1e-12)
    assert found.ulp > found.bound > 0
    assert [(part.name, part.agreed) for part in found.inputs] == [
        ("hkl_rounded", True),
        ("interpolate", True),
    ]
    assert "table entry" in found.formula
    assert found.command == ("trace-diff a.log b.log --show 'F_cell s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0'")


HALF = "hkl_frac {} 2 3 | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0"
ROUND = "hkl_rounded {} 2 3 | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0"
CELL = "F_cell {} | s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0"
HEAD = "TRACE_C: schema nanobragg-trace 1\nTRACE_C: program demo 1\n"


def branch(h, rounded, cell):
    rows = (HALF.format(f"{h:.17g}"), ROUND.format(rounded), CELL.format(cell))
    return HEAD + "".join(f"TRACE_C: {row}\n" for row in rows)


def states(report):
    names = report.comparison.alignment.names
    return {names[tap]: RecordState(state).name for tap, state in
            zip(report.comparison.alignment.tap, report.blame.state, strict=True)}  # fmt: skip


def test_flip_by_rounding_is_a_tie_and_no_divergence(judge_texts):
    above = math.nextafter(2.5, 3)
    report = judge_texts(branch(2.5, 2, 10), branch(above, 3, 99))
    assert states(report) == {"hkl_frac": "INSIDE", "hkl_rounded": "TIE", "F_cell": "AFTER_TIE"}
    assert report.first is None
    assert report.ties[0].margin == above - 2.5


def test_flip_on_equal_inputs_is_a_divergence(judge_texts):
    report = judge_texts(branch(2.5, 2, 10), branch(2.5, 3, 99))
    assert states(report)["hkl_rounded"] == "CAUSAL"
    assert states(report)["F_cell"] == "DOWNSTREAM"


def test_flip_far_from_the_threshold_is_a_divergence(judge_texts):
    report = judge_texts(branch(2.4, 2, 10), branch(math.nextafter(2.4, 3), 3, 99))
    assert states(report)["hkl_rounded"] == "CAUSAL"


def test_flip_on_inputs_outside_their_bound_is_downstream(judge_texts):
    report = judge_texts(branch(2.49, 2, 10), branch(2.51, 3, 99))
    assert states(report) == {"hkl_frac": "CAUSAL", "hkl_rounded": "DOWNSTREAM", "F_cell": "DOWNSTREAM"}


def resolution(stol, skipped):
    context = "s=0 f=0 t=0 ss=0 sf=0 src=0"
    kept = f"stol_m_inv 1e9 | {context[:-1]}1\n", f"dmin_skipped 0 | {context[:-1]}1\n"
    rows = (f"stol_m_inv {stol:.17g} | {context}\n", f"dmin_skipped {skipped} | {context}\n", *kept)
    return HEAD + "".join(f"TRACE_C: {row}" for row in rows)


def test_resolution_limit_between_both_values_is_a_tie(judge_texts):
    """The kept side must be the one with the smaller stol; the other way round no limit explains it."""
    stol, more = 2e9, math.nextafter(math.nextafter(2e9, 3e9), 3e9)
    assert states(judge_texts(resolution(stol, 0), resolution(more, 1)))["dmin_skipped"] != "CAUSAL"
    report = judge_texts(resolution(stol, 1), resolution(more, 0))
    assert "dmin_skipped" in [found.tap for found in report.causes]


def test_carried_over_cell_is_blamed_at_the_first_wrong_step(reference_text, judge_texts):
    """A program that resets the cell at phi = 0 differs there, with equal angles, cell and axis."""
    text = reference_text("zero-in-the-middle")
    lines, places = lines_of(text, "rot_a_angstroms")
    lines[places[1]] = change(lines[places[1]], 0)
    report = judge_texts(text, "\n".join(lines) + "\n")
    assert report.first.tap == "rot_a_angstroms"
    assert report.first.state == "causal"


def test_stale_cache_is_blamed_once_and_then_handed_on(reference_text, judge_texts):
    text = reference_text("oversample-2")
    lines, places = lines_of(text, "omega_pixel_sr")
    for number in places[:4]:
        lines[number] = change(lines[number], 0)
    report = judge_texts(text, "\n".join(lines) + "\n")
    assert report.blame.count_by_tap(RecordState.CAUSAL) == {"omega_pixel_sr": 1}
    assert report.blame.count_by_tap(RecordState.DOWNSTREAM) == {"omega_pixel_sr": 3}


def test_graph_file_adds_inputs_of_unknown_taps(small, judge_texts, tmp_path):
    graph = tmp_path / "graph.json"
    graph.write_text('{"taps": [{"name": "novelty", "level": "mosaic", "inputs": ["hkl_frac"]}]}')
    context = "s=1 f=2 t=0 ss=0 sf=0 src=0 phi=1 mos=0"
    a = small + f"TRACE_C: novelty 1 | {context}\n"
    b = a.replace("hkl_frac 1.5", "hkl_frac 1.6").replace("novelty 1", "novelty 2")
    assert [found.tap for found in judge_texts(a, b).causes] == ["hkl_frac", "novelty"]
    assert [found.tap for found in judge_texts(a, b, Options(graph=str(graph))).causes] == ["hkl_frac"]


def older(**values):
    return "".join(f"TRACE_C: {name} {value}\n" for name, value in values.items())


CHAIN = {
    "F_latt_a": 2.0,
    "F_latt_b": 3.0,
    "F_latt_c": 4.0,
    "F_latt": 24.0,
    "F_cell": 10.0,
    "I_before_scaling": 57600.0,
}


@pytest.mark.parametrize(
    ("changed", "left_out"),
    [
        ({"F_latt_a": 2.5, "F_latt": 30.0, "I_before_scaling": 90000.0}, ()),
        ({"F_latt_a": 2.5, "I_before_scaling": 90000.0}, ("F_latt",)),
        ({"F_cell": 11.0, "I_before_scaling": 69696.0}, ("F_latt_a", "F_latt_b", "F_latt_c")),
    ],
)
def test_consequence_is_seen_through_taps_that_no_log_traces(judge_texts, changed, left_out):
    a = {name: value for name, value in CHAIN.items() if name not in left_out}
    report = judge_texts(older(**a), older(**(a | changed)).replace("TRACE_C", "TRACE_PY"))
    assert [found.tap for found in report.causes] == [next(iter(changed))]
    assert report.blame.count_by_tap(RecordState.DOWNSTREAM).keys() == set(list(changed)[1:])


def test_sum_that_is_not_traced_hands_on_the_fault_of_any_phi_step(judge_texts):
    steps = "".join(f"TRACE_C_PHI phi_tic={step} F_latt={step + 1}.5\n" for step in range(4))
    a = steps + older(I_before_scaling=57600.0)
    b = a.replace("=2.5", "=2.6").replace("57600", "57700").replace("TRACE_C", "TRACE_PY")
    report = judge_texts(a, b)
    assert [found.tap for found in report.causes] == ["F_latt"]
    assert report.blame.count_by_tap(RecordState.DOWNSTREAM) == {"I_before_scaling": 1}
