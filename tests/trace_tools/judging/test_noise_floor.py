import json
import math

import pytest

from trace_tools.errors import TraceError
from trace_tools.judging.judge import Options
from trace_tools.judging.noise_floor import (
    FALLBACK_BOUND,
    UNIT_ROUNDOFF,
    NoiseFloor,
    TapFloor,
    bounds_for,
    load_floor,
    measure_floor,
    save_floor,
)

DISTANCE = "distance_meters 0.10000000000000001"


def moved(text, steps):
    """Move the distance by so many units in the last place."""
    value = 0.1
    for _ in range(steps):
        value = math.nextafter(value, 1)
    return text.replace(DISTANCE, f"distance_meters {value:.17g}")


def test_floor_is_the_largest_difference_over_all_pairs(golden_text, read):
    text = golden_text("mosaic-phi")
    base = read(text)
    floor = measure_floor(
        [(base, read(moved(text, steps))) for steps in (1, 3, 2)], provenance={"builds": ["a"]}
    )
    assert floor.taps["distance_meters"].ulp == 3
    assert floor.taps["distance_meters"].scaled == pytest.approx(3 * 2.0**-56 / 0.1, rel=1e-9)
    assert floor.taps["hkl_frac"] == TapFloor(0.0, 0.0, 3 * 27)
    assert (floor.provenance["builds"], floor.provenance["pairs"]) == (["a"], 3)


def test_bound_is_k_times_the_floor_and_at_least_k_roundings():
    floor = NoiseFloor({"polar": TapFloor(1e-15, 4, 9), "stol_m_inv": TapFloor(0.0, 0, 9)}, k=4)
    assert floor.bound("polar") == 4e-15
    assert floor.bound("polar", k=2) == 2e-15
    assert floor.bound("stol_m_inv") == 4 * UNIT_ROUNDOFF
    assert floor.bound("F_cell") is None


def test_pixel_on_another_branch_is_left_out_and_counted(golden_text, read):
    text = golden_text("mosaic-phi")
    flipped = text.replace("hkl_rounded 6 7 -9", "hkl_rounded 6 8 -9", 1).replace(
        "F_cell 31.309999999999999", "F_cell 77", 1
    )
    floor = measure_floor([(read(text), read(flipped))])
    assert floor.provenance["pixels_left_out"] == 1
    assert floor.taps["F_cell"].scaled == 0
    assert 0 < floor.taps["F_cell"].records < 27


def test_no_pair_gives_no_floor():
    with pytest.raises(TraceError, match="at least one pair"):
        measure_floor([])


def test_saved_floor_is_read_back(tmp_path):
    floor = NoiseFloor({"polar": TapFloor(1e-15, 4.0, 9)}, 5.0, {"compiler": "gcc", "records": 9})
    save_floor(floor, tmp_path / "floor.json")
    assert load_floor(tmp_path / "floor.json") == floor
    assert [path.name for path in tmp_path.iterdir()] == ["floor.json"]


GOOD = {
    "format": "trace-tools-noise-floor",
    "version": 1,
    "k": 8,
    "provenance": {},
    "taps": {"polar": {"scaled": 0, "ulp": 0, "records": 1}},
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"format": "else"},
        {"k": 0},
        {"k": "8"},
        {"k": True},
        {"taps": []},
        {"provenance": None},
        {"taps": {"novelty": {"scaled": 0, "ulp": 0, "records": 1}}},
        {"taps": {"polar": {"scaled": -1, "ulp": 0, "records": 1}}},
        {"taps": {"polar": {"ulp": 0, "records": 1}}},
        {"taps": {"polar": 3}},
    ],
)
def test_faulty_floor_file_is_refused(tmp_path, change):
    path = tmp_path / "floor.json"
    path.write_text(json.dumps(GOOD))
    load_floor(path)
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(TraceError, match="measure it again"):
        load_floor(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "3"])
def test_floor_file_that_is_no_floor_is_refused(tmp_path, text):
    path = tmp_path / "floor.json"
    path.write_text(text)
    with pytest.raises(TraceError):
        load_floor(path)


def test_fall_back_is_used_and_said():
    bounds = bounds_for(None, ["polar"])
    assert bounds.relative["polar"] == FALLBACK_BOUND
    assert "no measured noise floor" in bounds.notes[0]


def test_tap_without_floor_is_named():
    bounds = bounds_for(NoiseFloor({"polar": TapFloor(1e-15, 4, 9)}), ["polar", "F_cell"])
    assert bounds.relative["F_cell"] == FALLBACK_BOUND
    assert bounds.notes[0] == f"no measured floor for 1 taps, fall-back {FALLBACK_BOUND:.1e}: F_cell"


def test_floor_decides_between_pass_and_fail(golden_text, judge_texts, tmp_path):
    path = tmp_path / "floor.json"
    save_floor(NoiseFloor({"distance_meters": TapFloor(2 * UNIT_ROUNDOFF, 2, 1)}, k=2), path)
    text = golden_text("mosaic-phi")
    assert judge_texts(text, moved(text, 3), Options(floor=str(path))).verdict == "PASS"
    assert judge_texts(text, moved(text, 4), Options(floor=str(path))).verdict == "FAIL"
    assert judge_texts(text, moved(text, 4), Options(floor=str(path), k=1)).verdict == "FAIL"
    assert judge_texts(text, moved(text, 4), Options(floor=str(path), k=3)).verdict == "PASS (LOOSENED)"


@pytest.mark.parametrize("wide", ["scaled", "k"])
def test_floor_wider_than_that_of_the_package_is_no_plain_pass(golden_text, judge_texts, tmp_path, wide):
    path, content = tmp_path / "floor.json", json.loads(json.dumps(GOOD))
    content["taps"]["distance_meters"] = {"scaled": 1e30 if wide == "scaled" else 0, "ulp": 0, "records": 1}
    content["k"] = 1e30 if wide == "k" else 8
    path.write_text(json.dumps(content))
    text = golden_text("mosaic-phi")
    report = judge_texts(
        text, text.replace(f" {DISTANCE}", " distance_meters 0.11"), Options(floor=str(path))
    )
    assert report.verdict == "PASS (LOOSENED)"
    assert any("wider than those of the package" in note for note in report.comparison.bounds.notes)
