"""Words that place a panel: where the simulator then puts it, in both parity modes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shots.geometry.panel import Panel, Setup
from shots.geometry.panel_words import panel_words, placing_options, with_panel, without_placing
from shots.geometry.setup_of import normal_of, setup_of
from simulator import RunConfig
from simulator.errors import InputError
from simulator.physics.detector import place

BASE = ("-cell", "60", "60", "40", "90", "90", "90", "-default_F", "100")
MODES = ("c-parity", "spec")
CROWDED = (
    *BASE, "-xds", "-distance", "70", "-twotheta", "20", "-twotheta_axis", "0", "2", "0",
    "-detector_rotx", "5", "-ORGX", "3", "-Xclose", "1", "-Ybeam", "9", "-pivot", "beam",
    "-detsize", "40", "-detector_thick", "100",
    "-pix0_vector", "1", "2", "3", "-odet_vector", "0", "1", "0",
)  # fmt: skip


def placed(words: tuple[str, ...], mode: str) -> Setup:
    return setup_of(RunConfig.from_args([*words, "--parity-mode", mode]))


def rotation(angles: tuple[float, float, float]) -> np.ndarray:
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        part = np.eye(3)
        part[u, u] = part[v, v] = math.cos(angle)
        part[u, v], part[v, u] = -math.sin(angle), math.sin(angle)
        turn = part @ turn
    return turn


def a_panel(
    angles: tuple[float, float, float], origin_m: tuple[float, float, float], mirrored: bool
) -> Panel:
    turn = rotation(angles)
    fast, slow = turn[:, 0], turn[:, 1] * (-1 if mirrored else 1)
    return Panel("p", 31, 17, 1.72e-4, origin_m, tuple(fast), tuple(slow))  # type: ignore[arg-type]


angle = st.floats(-3.1, 3.1)
length = st.floats(-0.5, 0.5)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(angle, angle, angle), st.tuples(length, length, length), st.booleans(), st.sampled_from(MODES)
)
def test_a_panel_stands_where_it_should(
    angles: tuple[float, float, float], origin: tuple[float, float, float], mirrored: bool, mode: str
) -> None:
    panel, setup = a_panel(angles, origin, mirrored), placed(BASE, mode)
    try:
        words = panel_words(panel, setup)
    except InputError:
        return
    found = placed((*BASE, *words), mode)
    (other,) = found.panels
    size = max(np.abs(origin).max(), 1e-3)
    assert np.abs(np.subtract(other.origin_m, panel.origin_m)).max() < 1e-14 * size
    assert np.allclose((other.fast, other.slow), (panel.fast, panel.slow), rtol=0, atol=1e-15)
    assert (other.fast_pixels, other.slow_pixels, other.pixel_size_m) == (31, 17, 1.72e-4)
    assert (found.beam, found.spindle) == (setup.beam, setup.spindle)


@pytest.mark.parametrize("mirrored", [False, True])
def test_both_modes_make_the_same_geometry(mirrored: bool) -> None:
    """Bit for bit, the side of the normal and the sign of the distance included."""
    panel = a_panel((0.3, 0.4, -0.2), (-0.03, 0.02, -0.1), mirrored)
    made = []
    for mode in MODES:
        words = with_panel(CROWDED, panel, placed(BASE, mode))
        config = RunConfig.from_args([*words, "--parity-mode", mode])
        geometry = place(config.detector, config.beam, config.quirks)
        assert np.allclose(geometry.normal, normal_of(panel), atol=1e-15)
        assert geometry.close_distance_m > 0.0
        made.append([*geometry.pix0_m.tolist(), *geometry.normal.tolist(), float(geometry.distance_m)])
    assert made[0] == made[1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("convention", ["-mosflm", "-adxv", "-denzo", "-xds", "-dials"])
def test_the_panel_of_a_command_line_makes_its_image(convention: str, mode: str) -> None:
    from simulator import simulate

    line = (
        *BASE, convention, "-N", "3", "-lambda", "1.5", "-distance", "60", "-detpixels", "16", "-pixel", "3",
        "-twotheta", "12", "-detector_rotz", "3", "-osc", "1", "-phisteps", "2", "-polar", "0.9",
        "-oversample", "1",
        "-detector_thick", "300", "-detector_abs", "500", "-dtype", "float64", "--compile", "off",
        "--parity-mode", mode,
    )  # fmt: skip
    config = RunConfig.from_args(line)
    setup = setup_of(config)
    again = RunConfig.from_args(with_panel(line, setup.panels[0], setup))
    assert np.allclose(simulate(again), simulate(config), rtol=1e-9, atol=1e-9)


def test_a_panel_without_a_place_is_refused() -> None:
    setup = placed(BASE, "spec")
    along = replace(setup.panels[0], fast=(1.0, 0.0, 0.0), slow=(0.0, 1.0, 0.0), origin_m=(0.0, 0.0, 0.1))
    with pytest.raises(InputError, match="panel 'panel': the beam runs along its plane; turn it"):
        panel_words(along, setup)
    through = replace(setup.panels[0], origin_m=(0.0, 0.01, 0.02))
    with pytest.raises(InputError, match="its plane goes through the sample"):
        panel_words(through, setup)


def test_what_is_no_flat_panel_is_refused() -> None:
    with pytest.raises(InputError, match="curved"):
        placed((*BASE, "-curved_det"), "spec")
    with pytest.raises(InputError, match=r"right angles, the cosine is 0\.0995"):
        placed((*BASE, "-fdet_vector", "0", "0.1", "1", "-sdet_vector", "0", "1", "0"), "spec")
    with pytest.raises(InputError, match="curved"):
        with_panel((*BASE, "-curved_detector"), placed(BASE, "spec").panels[0], placed(BASE, "spec"))


def test_options_that_place_a_detector_are_told_from_others() -> None:
    roi = ("-roi", "0", "1", "2", "3")
    words = (*BASE, "-detpixels_x", "12", "-phi", "3", "-xds", *roi)
    assert without_placing(words) == (*BASE, "-phi", "3", *roi)
    assert placing_options((*BASE, "-xds", "-pixelsize", "1", "-Xbeam", "3")) == ("-pixel", "-Xbeam")


def test_axes_that_were_typed_with_six_digits_are_taken_as_they_are() -> None:
    typed = "-fdet_vector 0.999982 -0.005998 -0.000118 -sdet_vector -0.005998 -0.999970 -0.004913"
    line = (
        f"-cell 50 50 50 90 90 90 -default_F 1 -detpixels 4 {typed} -beam_vector 0 0 -1 -odet_vector 0 0 -1"
    )
    config = RunConfig.from_args(line.split())
    assert abs(float(np.dot(setup_of(config).panels[0].fast, setup_of(config).panels[0].slow))) < 1e-5
