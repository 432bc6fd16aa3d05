"""CrystFEL geometry files: what is written is read back, bad regions are kept, anything odd is named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from shots.geometry.bad_regions import measured_by, rectangles_of
from shots.geometry.crystfel_file import read_geom
from shots.geometry.in_words.crystfel import crystfel_text
from shots.geometry.panel import Panel
from shots.geometry.read_detector import read_detector
from shots.geometry.reference_frames import frame_named, setup_in
from simulator.errors import InputError
from tests.shots.geometry.test_dials_file import assert_same_panels
from tests.shots.made_frames import SETUPS

TEXT = """\
; a detector of two panels
photon_energy = 9500 eV
adu_per_photon = 2
clen = 80 mm ; of both
coffset = 0.001
res = 10000
dim0 = %
data = /entry/data
rigid_group_q0 = p0,p1
rigid_group_collection_all = q0
flag_lessthan = 0

p0/min_fs = 0
p0/max_fs = 9
p0/min_ss = 0
p0/max_ss = 7
p0/corner_x = -12.5
p0/corner_y = 3
p0/fs = +1.0x +0.0y
p0/ss = -0.0x + 1.0y
p0/max_adu = 5000

p1/min_fs = 0
p1/max_fs = 9
p1/min_ss = 8
p1/max_ss = 13
p1/corner_x = 20
p1/corner_y = 3
p1/fs = y
p1/ss = -x
p1/clen = 0.09
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "detector.geom"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["mosflm", "xds", "odd", "one"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    text = crystfel_text(setup_in(SETUPS[name], frame_named("crystfel")))
    found, expected = read_geom(written(tmp_path, text)), setup_in(SETUPS[name], frame_named("mosflm"))
    assert_same_panels(found.panels, expected.panels)
    assert found.wavelength_m == pytest.approx(expected.wavelength_m, rel=1e-15)
    assert [panel.saturation for panel in found.panels] == [panel.saturation for panel in expected.panels]


def test_a_file_is_read_as_its_manual_says(tmp_path: Path) -> None:
    """z along the beam, y upwards, corners in pixels: in the MOSFLM frame x, y and -x."""
    found = read_geom(written(tmp_path, TEXT))
    first, second = found.panels
    assert (first.fast_pixels, first.slow_pixels, second.slow_pixels) == (10, 8, 6)
    assert first.origin_m == pytest.approx((0.081, 3e-4, 12.5e-4))
    assert second.origin_m == pytest.approx((0.091, 3e-4, -20e-4))
    assert first.fast == pytest.approx((0.0, 0.0, -1.0))
    assert first.slow == pytest.approx((0.0, 1.0, 0.0))
    assert second.fast == pytest.approx((0.0, 1.0, 0.0))
    assert (first.gain, first.saturation, second.saturation) == (2.0, 5000.0, math.inf)
    assert found.wavelength_m == pytest.approx(12398.42 / 9500 * 1e-10)


def test_keys_without_a_panel_hold_for_those_below(tmp_path: Path) -> None:
    text = TEXT.replace("p1/min_fs", "res = 20000\ncoffset = 0\np1/min_fs", 1)
    first, second = read_geom(written(tmp_path, text)).panels
    assert (first.pixel_size_m, second.pixel_size_m) == pytest.approx((1e-4, 5e-5))
    assert second.origin_m[0] == pytest.approx(0.09)


def test_gain_by_energy_and_the_shift_of_the_detector(tmp_path: Path) -> None:
    text = TEXT.replace("adu_per_photon = 2", "adu_per_eV = 0.001\ndetector_shift_x = 0.5 mm")
    found = read_geom(written(tmp_path, text)).panels[0]
    assert found.gain == pytest.approx(9.5)
    assert found.origin_m[2] == pytest.approx(12.5e-4 - 5e-4)


def test_rounded_axes_are_made_right(tmp_path: Path) -> None:
    text = TEXT.replace("p0/fs = +1.0x +0.0y", "p0/fs = +0.99998x -0.00601y +0.0001z")
    panel = read_geom(
        written(tmp_path, text.replace("p0/ss = -0.0x + 1.0y", "p0/ss = 0.00600x +0.99998y"))
    ).panels[0]
    axes = np.array([panel.fast, panel.slow])
    assert np.allclose(axes @ axes.T, np.eye(2), rtol=0, atol=1e-15)
    with pytest.raises(InputError, match="off unit length"):
        read_geom(written(tmp_path, TEXT.replace("p0/fs = +1.0x +0.0y", "p0/fs = 0.9x +0.3y")))


REGIONS = """
badspot/min_fs = 2
badspot/max_fs = 4
badspot/min_ss = 9
badspot/max_ss = 10
badspot/panel = p1
badbeam/min_x = -10
badbeam/max_x = -8
badbeam/min_y = 4.9
badbeam/max_y = 6.1
"""


def test_bad_regions_take_out_pixels(tmp_path: Path) -> None:
    """Ends included; a rectangle of the laboratory takes pixels whose middle is in it."""
    first, second = (measured_by(panel) for panel in read_detector(written(tmp_path, TEXT + REGIONS)))
    expected = np.ones((6, 10), bool)
    expected[1:3, 2:5] = False
    assert np.array_equal(second, expected)
    expected = np.ones((8, 10), bool)
    expected[2:3, 2:5] = False  # x from -12.5 + 2.5 on, y = 3 + 2.5
    assert np.array_equal(first, expected)


def test_panels_without_index_and_edges_are_bad(tmp_path: Path) -> None:
    text = TEXT + "p1/no_index = 1\n"
    text = text.replace("p0/max_adu", "p0/mask_edge_pixels = 2\np0/max_adu")
    first, second = (measured_by(panel) for panel in read_geom(written(tmp_path, text)).panels)
    assert not second.any()
    assert first.sum() == 6 * 4
    assert first[2:-2, 2:-2].all()


def test_rectangles_hold_the_marked_pixels_and_no_other() -> None:
    draw = np.random.default_rng(2)
    for share in (0.0, 0.1, 0.6, 1.0):
        bad = draw.random((9, 13)) < share
        panel = Panel("p", 13, 9, 1e-4, (0.1, 0, 0), (0, 0, 1), (0, 1, 0), bad=tuple(rectangles_of(bad)))
        assert np.array_equal(measured_by(panel), ~bad)
    assert rectangles_of(np.ones((4, 5), bool)) == [(0, 5, 0, 4)]


ODD = {
    "line 2: 'photon_enrgy' is no key; did you mean 'photon_energy'?": ("photon_energy", "photon_enrgy"),
    "'minfs' is no key; did you mean 'min_fs'?": ("p0/min_fs", "p0/minfs"),
    "panel 'p0': min_fs is missing": ("p0/min_fs = 0\n", ""),
    "clen is '/LCLS/clen', a place in image files": ("clen = 80 mm", "clen = /LCLS/clen"),
    "clen has unit 'ft'; give one of m, mm": ("clen = 80 mm", "clen = 80 ft"),
    "res is 'many', must be a number": ("res = 10000", "res = many"),
    "res is -5 pixels a metre": ("res = 10000", "res = -5"),
    "fs from 0 to -1": ("p0/max_fs = 9", "p0/max_fs = -1"),
    "fs from 0 to 8.5": ("p0/max_fs = 9", "p0/max_fs = 8.5"),
    "fs is '1.0q'; write it like": ("p1/fs = y", "p1/fs = 1.0q"),
    "off a right angle": ("p1/ss = -x", "p1/ss = y"),
    "has wavelength and photon_energy": ("photon_energy", "wavelength = 1.3 A\nphoton_energy"),
    "photon_energy is 0; must be above 0": ("9500 eV", "0 eV"),
    "electron_voltage: a run needs X-rays": ("photon_energy = 9500 eV", "electron_voltage = 200 kV"),
    "adu_per_photon 0; give one of them, above 0": ("adu_per_photon = 2", "adu_per_photon = 0"),
    "adu_per_eV without an energy": (
        "photon_energy = 9500 eV\nadu_per_photon = 2", "photon_energy = /LCLS/eV\nadu_per_eV = 1"),
    "mask names a mask in files of images": ("data =", "mask = /mask\ndata ="),
    "mask0_file, mask1_data name masks in files": ("data =", "mask0_file = x.h5\nmask1_data = /m\ndata ="),
    "mask0_file names a mask in files of images": ("data =", "mask0_file = x.h5\ndata ="),
    "rail_direction must be along z": ("data =", "rail_direction = x\ndata ="),
    "mask_edge_pixels is -1": ("data =", "mask_edge_pixels = -1\ndata ="),
    "'two words' is no line KEY = VALUE": ("data = /entry/data", "two words"),
    "badx is on panel 'p9'; there are p0, p1": ("data =", "badx/panel = p9\ndata ="),
    "badx has min_x; give": ("data =", "badx/min_x = 1\ndata ="),
    "no panel; write lines like": (TEXT[TEXT.index("p0/"):], ""),
}  # fmt: skip


@pytest.mark.parametrize("told", ODD)
def test_what_makes_no_panel_is_named(tmp_path: Path, told: str) -> None:
    old, new = ODD[told]
    assert old in TEXT
    with pytest.raises(InputError) as error:
        read_geom(written(tmp_path, TEXT.replace(old, new, 1)))
    assert told in str(error.value)


def test_no_damage_ends_in_another_error(tmp_path: Path) -> None:
    """Lines taken out, and values and letters replaced: panels of finite numbers or one clear error."""
    draw = np.random.default_rng(3)
    lines = (TEXT + REGIONS).splitlines()
    refused = 0
    for n in range(400):
        changed = list(lines)
        at = int(draw.integers(len(lines)))
        kind = n % 4
        if kind == 0:
            del changed[at]
        elif kind == 1:
            changed[at] = (
                changed[at].partition("=")[0] + "= " + draw.choice(["", "nan", "1e999", "-1", "x y", "/a"])
            )
        elif kind == 2 and changed[at]:
            place = int(draw.integers(len(changed[at])))
            changed[at] = changed[at][:place] + draw.choice(list("=/;x. \t")) + changed[at][place + 1 :]
        else:
            changed[at] = lines[int(draw.integers(len(lines)))]
        try:
            panels = read_geom(written(tmp_path, "\n".join(changed))).panels
        except InputError:
            refused += 1
            continue
        assert np.isfinite([panel.origin_m for panel in panels]).all()
    assert refused > 100
