"""Resolution and indices at the cursor of the page are those of the simulator."""

import json

import numpy as np
import pytest

from harness.evidence.page.geometry import MOST_PHI_STEPS, geometry_content
from harness.pairs.pair_traces import read_side, records_of
from harness.pairs.part import PairPart
from simulator.config import RunConfig
from simulator.image import render
from simulator.kernel.taps import Recorder
from simulator.scene.scene import prepare
from tests.harness.small_case import TRACED

CELL = (
    "-cell 70 80 90 85 95 105 -misset 10 20 30 -default_F 100 -lambda 1.2 -distance 90 -pixel 0.3 "
    "-detpixels 40 -N 5"
)
"""A command line to which each of `INSTRUMENTS` adds what the vectors of a run depend on."""
INSTRUMENTS = {
    "a turned detector": "-twotheta 12 -detector_rotx 2 -detector_roty -3 -detector_rotz 5 -oversample 1",
    "another convention": "-xds -Xbeam 5 -Ybeam 7 -oversample 1",
    "dispersion": "-dispersion 1 -dispsteps 3 -hdivrange 2 -hdivsteps 3 -oversample 1",
    "rotation from 0": "-phi 0 -osc 2 -phisteps 4 -oversample 1",
    "mosaic domains": "-mosaic 0.5 -mosaic_dom 3 -phi 10 -osc 1 -phisteps 2 -oversample 1",
    "sub-pixels": "-oversample 3 -phi 10 -osc 1 -phisteps 1",
}


@pytest.mark.parametrize("pixel", TRACED)
def test_indices_at_the_cursor_are_those_of_the_trace(failed, fresh, pixel):
    slow, fast = pixel
    for record in records_of(read_side(failed[0], "py"), "hkl_frac"):
        context = dict(record.context)
        if (context["s"], context["f"]) == pixel:
            call = f"indicesAt(state.content.geometry, {slow}, {fast}, {context['phi']})"
            assert fresh.evaluate(call) == pytest.approx(record.values, abs=1e-6)
    resolution = next(
        1e10 / (2.0 * record.values[0])  # stol in 1/m
        for record in records_of(read_side(failed[0], "py"), "stol_m_inv")
        if dict(record.context)["s"] == slow
    )
    assert fresh.evaluate(f"spacingAt(state.content.geometry, {slow}, {fast})") == pytest.approx(
        resolution, rel=1e-9
    )


def part_of(words, tmp_path, **changed):
    """A compared pair as far as the geometry of a page reads it."""
    config = RunConfig.from_args(words)
    shape = (config.detector.spixels, config.detector.fpixels)
    np.zeros(shape, np.float32).tofile(tmp_path / "c_float.bin")
    summary = {
        "parity_mode": "c-parity", "arguments": words, "caller": str(tmp_path), "inputs": [],
        "runs": {"c": {"shape_slow_fast": list(shape)}},
    }  # fmt: skip
    return PairPart(tmp_path, summary | changed)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_indices_follow_the_simulator_for_every_kind_of_instrument(fresh, tmp_path, name):
    words = [*CELL.split(), *INSTRUMENTS[name].split()]
    config = RunConfig.from_args(["--parity-mode", "c-parity", *words])
    scene, recorder = prepare(config), Recorder([(3, 30)])
    render(scene, recorder)
    geometry = geometry_content(part_of(words, tmp_path))
    source, centre = len(scene.sources.weight) // 2, scene.oversample // 2
    wanted = {
        record.context[6]: record.values
        for record in recorder.records()
        if record.name == "hkl_frac"
        and record.context[2:6] == (0, centre, centre, source)
        and record.context[7] == 0
    }
    assert sorted(wanted) == list(range(len(geometry["cells_A"])))
    for step, hkl in wanted.items():
        found = fresh.evaluate(f"indicesAt({json.dumps(geometry)}, 3, 30, {step})")
        assert found == pytest.approx(hkl, abs=1e-6)


@pytest.mark.parametrize(
    ("more", "changed", "said"),
    [
        ("-curved_det", {}, "curved"),
        ("-mat nowhere.mat", {}, "not recorded"),
        ("-mat /dev/zero", {"inputs": [{"path": "/dev/zero", "sha256": "0" * 64, "bytes": 0}]}, "not found"),
        ("-detpixels 41", {"runs": {"c": {"shape_slow_fast": [40, 40]}}}, "another number of pixels"),
        ("-lambda 0", {}, "lambda"),
    ],
)
def test_page_without_vectors_says_why(tmp_path, more, changed, said):
    part = part_of(CELL.split(), tmp_path, **{"arguments": [*CELL.split(), *more.split()]} | changed)
    geometry = geometry_content(part)
    assert list(geometry) == ["missing"]
    assert said in geometry["missing"]


def test_many_phi_steps_leave_the_resolution_and_say_so(tmp_path):
    words = [*CELL.split(), *f"-osc 1 -phisteps {MOST_PHI_STEPS + 1}".split()]
    geometry = geometry_content(part_of(words, tmp_path))
    assert geometry["cells_A"] == []
    assert str(MOST_PHI_STEPS) in geometry["no_cells"]
