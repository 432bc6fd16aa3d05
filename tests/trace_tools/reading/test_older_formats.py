import math

import pytest

from trace_tools.errors import TraceError
from trace_tools.judging.judge import Options

CONFIG = "TRACE_CONFIG: tracing pixel (spixel=685, fpixel=1039)\n"


def test_lines_without_context_belong_to_the_traced_pixel(read):
    trace = read(CONFIG + "TRACE_C: hkl_frac 1 2 3\nTRACE_C: I_before_scaling 9.5\n")
    assert trace.schema == 0
    assert dict(trace.record(0).context) == {
        "s": 685,
        "f": 1039,
        "t": 0,
        "ss": 0,
        "sf": 0,
        "src": 0,
        "phi": 0,
        "mos": 0,
    }
    assert dict(trace.record(1).context) == {"s": 685, "f": 1039}


def test_equals_sign_and_key_value_pairs(read):
    trace = read("TRACE_C:detector_convention=MOSFLM\nTRACE_C:pix0_vector_meters=x:0.1 y:0.2 z:-0.3\n")
    assert trace.record(0).words == ("MOSFLM",)
    assert trace.record(1).values == (0.1, 0.2, -0.3)


def test_phi_lines_give_one_record_a_pair(read):
    trace = read("TRACE_PY_PHI phi_tic=3 phi_deg=0.03 k_frac=-0.6 F_latt_b=1.05 F_latt=-2.38\n")
    found = {record.tap: record for record in trace.records()}
    assert found["F_latt_b"].values == (1.05,)
    assert all(dict(record.context)["phi"] == 3 for record in found.values())
    assert found["phi_rad"].values == (math.radians(0.03),)
    assert trace.unmapped_count == 1  # k_frac is no tap: shown, and compared by name


def test_tricubic_grid_becomes_one_tap(read):
    nodes = "".join(
        f"TRACE_PY_TRICUBIC: [{i},{j},{k}]={16 * i + 4 * j + k}\n"
        for k in range(4)
        for j in range(4)
        for i in range(4)
    )
    trace = read(f"TRACE_PY_TRICUBIC_GRID_START\n{nodes}TRACE_PY_TRICUBIC_GRID_END\n")
    assert trace.record(0).tap == "tricubic_F"
    assert trace.record(0).values == tuple(map(float, range(64)))


def test_incomplete_grid_is_shown_not_dropped(read):
    text = "TRACE_PY_TRICUBIC_GRID_START\nTRACE_PY_TRICUBIC: [0,0,0]=1\nTRACE_PY_TRICUBIC_GRID_END\n"
    assert read(text + "TRACE_PY: F_cell 1\n").unmapped == ("TRACE_PY_TRICUBIC_GRID_END",)


@pytest.mark.parametrize(
    ("older", "tap"),
    [
        ("scattering_vec_A_inv 1 2 3", "scattering_vec_m_inv"),
        ("omega_pixel 1e-6", "omega_pixel_applied"),
        ("F_cell_nearest 190.27", "F_cell"),
        ("I_before_scaling_pre_polar 943654.8", "I_before_scaling"),
        ("rot_a_star_A_inv 1 2 3", "rot_a_star_A_inv"),
    ],
)
def test_older_names_are_mapped(read, older, tap):
    assert read(f"TRACE_C: {older}\n").record(0).tap == tap


def test_repetitions_are_numbered_and_odd_lines_are_counted(read):
    trace = read(
        "TRACE_C: F_latt 1\nTRACE_C: F_latt 1\nTRACE_C: F_latt 2\nTRACE_C: hkl_frac 1\nTRACE_SOMETHING else\n"
    )
    assert [dict(record.context).get("n") for record in trace.records()] == [None, 2, 3]
    assert trace.aside == ("line 4: hkl_frac: it has 1 values where its shape is 3",)


def test_two_programs_in_one_older_file_are_refused(read):
    with pytest.raises(TraceError, match="mixed"):
        read("TRACE_C: F_latt 1\nTRACE_PY: F_latt 1\n")


def test_older_trace_is_compared_with_a_contract_trace(golden_text, judge_texts):
    """One record of 469 is compared: that is no PASS, unless the user asks for what both logs hold."""
    text = golden_text("conv-mosflm-default")
    cell = next(line for line in text.splitlines() if "F_cell" in line).split()[2]
    older = f"TRACE_C: F_cell_nearest {cell}\n"
    same, partial = judge_texts(older, text), judge_texts(older, text, Options(partial=True))
    other = judge_texts(f"TRACE_C: F_cell_nearest {float(cell) + 1}\n", text, Options(partial=True))
    assert (same.verdict, same.comparison.alignment.passes()["older"]) == ("NOT COMPARABLE", 1)
    assert partial.verdict == "PASS (LOOSENED)"
    assert (other.verdict, other.first.tap) == ("FAIL", "F_cell")
