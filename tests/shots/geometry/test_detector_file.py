"""Detector files of our own: panels where they are said to be, and every fault named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shots.geometry.panel_words import panel_words
from shots.geometry.read_detector import read_detector, setup_with
from shots.geometry.setup_of import setup_of
from simulator import RunConfig
from simulator.errors import InputError

HEAD = 'schema = "nbp-detector/1"\nframe = "mosflm"\n'
ALL = "[all]\npixels = [30, 20]\npixel_size_mm = 0.5\nfast = [0, 0, 1]\nslow = [0, -1, 0]\n"
ONE = "[[panel]]\ndistance_mm = 100\nbeam_pixels = [15.5, 10.5]\n"
BASE = "-cell 60 60 40 90 90 90 -default_F 100 -lambda 1"


def written(folder: Path, text: str) -> Path:
    path = folder / "detector.toml"
    path.write_text(text)
    return path


def test_a_panel_by_the_beam_is_that_of_the_command_line(tmp_path: Path) -> None:
    """MOSFLM: Fbeam = Ybeam + half a pixel, Sbeam = Xbeam + half a pixel (spec 02 section 3)."""
    (panel,) = read_detector(written(tmp_path, HEAD + ALL + ONE))
    line = f"{BASE} -detpixels_f 30 -detpixels_s 20 -pixel 0.5 -distance 100 -Xbeam 5 -Ybeam 7.5"
    (expected,) = setup_of(RunConfig.from_args(line.split())).panels
    assert panel.name == "p0"
    assert np.allclose(panel.origin_m, expected.origin_m, rtol=0, atol=1e-17)
    assert (panel.fast, panel.slow) == (expected.fast, expected.slow)


@pytest.mark.parametrize("options", ["-xds", "-dials", "-mosflm", "-beam_vector 1 1 0.5"])
def test_a_frame_is_that_of_the_beam_and_the_spindle(tmp_path: Path, options: str) -> None:
    """A panel in XDS's words lies in the same place relative to the beam, whatever frame a run has."""
    text = (
        HEAD.replace("mosflm", "xds")
        + ALL.replace("[0, 0, 1]", "[1, 0, 0]").replace("[0, -1,", "[0, 1,")
        + ONE
    )
    base = setup_of(RunConfig.from_args(f"{BASE} {options}".split()))
    setup = setup_with(base, read_detector(written(tmp_path, text)))
    (panel,) = setup.panels
    across = np.array(setup.spindle) - np.dot(setup.spindle, setup.beam) * np.array(setup.beam)
    assert np.allclose(panel.fast, across / np.linalg.norm(across), atol=1e-15)
    assert abs(np.dot(panel.origin_m, setup.beam) - 0.1) < 1e-15
    found = setup_of(RunConfig.from_args((*BASE.split(), *options.split(), *panel_words(panel, setup))))
    assert np.allclose(found.panels[0].origin_m, panel.origin_m, rtol=0, atol=1e-16)


def test_a_grid_has_gaps(tmp_path: Path) -> None:
    grid = "grid = {rows = 2, columns = 3, gap_pixels = [7, 17]}\n"
    panels = read_detector(written(tmp_path, HEAD + ALL + ONE + grid))
    assert [panel.name for panel in panels][:4] == ["p0_r0_c0", "p0_r0_c1", "p0_r0_c2", "p0_r1_c0"]
    step = np.subtract(panels[4].origin_m, panels[0].origin_m)
    assert np.allclose(step, (0, -(20 + 17) * 5e-4, (30 + 7) * 5e-4), atol=1e-17)


def test_a_tilted_panel_keeps_its_beam_point(tmp_path: Path) -> None:
    (panel,) = read_detector(written(tmp_path, HEAD + ALL + ONE + "tilt_deg = [1, 20, -5]\n"))
    spot = np.array(panel.origin_m) + 5e-4 * (15.5 * np.array(panel.fast) + 10.5 * np.array(panel.slow))
    assert np.allclose(spot, (0.1, 0, 0), atol=1e-16)
    assert abs(np.cross(panel.fast, panel.slow)[0] - np.cos(np.deg2rad(20)) * np.cos(np.deg2rad(5))) < 1e-12


def test_what_a_panel_is_made_of_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.npy").write_bytes(b"")
    text = HEAD + ALL + "gain = 2.5\n" + ONE
    text += 'name = "A"\nsaturation = 60000\nthickness_um = 450\nattenuation_um = 200\nmask = "m.npy"\n'
    (panel,) = read_detector(written(tmp_path, text))
    assert (panel.name, panel.gain, panel.saturation, panel.mask_file) == (
        "A",
        2.5,
        60000.0,
        tmp_path / "m.npy",
    )
    assert (panel.thickness_m, panel.attenuation_per_m) == (450 * 1e-6, 1 / (200 * 1e-6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('schema = "nbp-detector/1"\nframe = 3', "frame is 3, must be a text"),
        ('schema = "nbp-detector/2"\nframe = "xds"', "schema is 'nbp-detector/2'"),
        (HEAD.replace('frame = "mosflm"', ""), "frame is missing; give a text"),
        (HEAD.replace("mosflm", "lab") + ALL, "frame is 'lab'; give one of mosflm, xds"),
        (HEAD, "no panel; give at least one"),
        (HEAD + "[[panels]]", "panels is no key of this table; did you mean 'panel'?"),
        (HEAD + "panel = [3]", "panel[0] is 3, must be a table"),
        (HEAD + ALL + "[[panel]]\ndistance = 3", "distance is no key of this table; did you mean"),
        (HEAD + ALL + "[[panel]]\ndistance_mm = 3", "panel[0] has no place"),
        (HEAD + ALL + ONE + "origin_mm = [1, 2, 3]", "distance_mm places it beside origin_mm"),
        (HEAD + ALL + "[[panel]]\norigin_mm = [1, 2]", "must be a list of 3 numbers"),
        (HEAD + ALL + "[[panel]]\norigin_mm = [1, 2, nan]", "must be a list of 3 numbers"),
        (HEAD + ALL + ONE + "pixels = [0, 3]", "must be 1 or more"),
        (HEAD + ALL + ONE + "pixels = [2.5, 3]", "must be a list of 2 whole numbers"),
        (HEAD + ALL + ONE + "gain = true", "gain is True, must be a number"),
        (HEAD + ALL + ONE + "gain = 0", "gain is 0, must be above 0"),
        (HEAD + ALL + ONE + "fast = [0, 0, 2]", "axes must be unit vectors"),
        (HEAD + ALL + ONE + "fast = [0, 0.6, 0.8]", "must stand at right angles"),
        (HEAD + ALL + ONE + "thickness_um = 3", "thickness_um alone"),
        (HEAD + ALL + ONE + 'mask = "none.npy"', "none.npy' is no file"),
        (HEAD + ALL + ONE + "grid = {rows = 2, colums = 2}", "did you mean 'columns'"),
        (HEAD + ALL + ONE + "grid = {rows = 100, columns = 100}", "grid has 100 x 100 panels"),
        (HEAD + ALL + ONE + ONE, "panels 'p0' and 'p1' lie on each other"),
        (HEAD + ALL + 2 * (ONE + 'name = "a"\n'), "2 panels are called 'a'"),
        (HEAD + ALL + ONE + "bad = [[1, 2, 3]]", "bad[0] is [1, 2, 3], must be a list of 4 whole numbers"),
        (HEAD + ALL + ONE + "bad = [[5, 2, 3, 4]]", "bad[0] is [5, 2, 3, 4], must be fast from"),
        (HEAD + ALL + ONE + "pixel_size_mm = -1", "pixel_size_mm is -1, must be above 0"),
        (HEAD + ALL.replace("gain", "gian") + ONE + "gian = 2", "did you mean 'gain'"),
        (HEAD + "x = [", "is no TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_detector(written(tmp_path, text))
    assert message in str(caught.value)
    assert "detector.toml" in str(caught.value) or "frame" in message


def test_neighbours_may_touch(tmp_path: Path) -> None:
    touching = ONE + "grid = {rows = 2, columns = 2}\n"
    assert len(read_detector(written(tmp_path, HEAD + ALL + touching))) == 4
    with pytest.raises(InputError, match="lie on each other"):
        read_detector(written(tmp_path, HEAD + ALL + ONE + "grid = {columns = 2, gap_pixels = [-1, 0]}\n"))


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot open detector file '.*gone\.toml'"):
        read_detector(tmp_path / "gone.toml")
    with pytest.raises(InputError, match=r"unknown ending; give \.toml"):
        read_detector(tmp_path / "detector.poni")
