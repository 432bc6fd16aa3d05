"""Geometry in the words of other programs: their published formulas make the kernel's vectors of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from shots.geometry.in_words.table import GEOMETRY_FORMATS, geometry_text
from shots.geometry.panel import Panel, Setup
from shots.geometry.panel_words import with_panel
from shots.geometry.read_detector import read_detector, require_same_wavelength, setup_with
from shots.geometry.setup_of import setup_of
from shots.truth.crystal_truth import crystal_truth
from shots.truth.pixel_shares import pixel_shares
from shots.truth.spot_list import spot_list
from simulator import RunConfig, simulate
from simulator.errors import InputError
from simulator.kernel.rays import scattering_vectors
from simulator.kernel.taps import Spot
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up

BASE = (
    "-cell 60 60 40 90 90 90 -default_F 100 -lambda 1.1 -detpixels_f 30 -detpixels_s 20 -pixel 0.5"
    " -oversample 1"
)
CONVENTIONS = {
    "mosflm": "-Xbeam 3.1 -Ybeam 8.2",
    "denzo": "-Xbeam 3.1 -Ybeam 8.2",
    "adxv": "-Xbeam 8.2 -Ybeam 3.1",
    "xds": "-ORGX 12.25 -ORGY 7.5",
    "dials": "-ORGX 12.25 -ORGY 7.5",
}
TURNED = "-twotheta 15 -detector_rotx 3 -detector_roty -7 -detector_rotz 11"


class Seen(NamedTuple):
    """What a program reads: beam and spindle in its frame, and the place of a pixel's middle (fast, slow)."""

    beam: NDArray[np.float64]
    spindle: NDArray[np.float64]
    place_m: Callable[[float, float], NDArray[np.float64]]
    wavelength_A: float


def run_by(options: str) -> RunConfig:
    return RunConfig.from_args(f"{BASE} {options}".split())


def xds(text: str) -> Seen:
    """coordinate_systems.html: x = QX (X - ORGX) ED1 + QY (Y - ORGY) ED2 + F ED3; the first pixel is 1, 1."""
    found = dict(re.findall(r"([A-Z_-]+)= ((?:[-+.e0-9]+ ?)+)", text))
    numbers = {key: np.array([float(word) for word in value.split()]) for key, value in found.items()}
    ex, ey = numbers["DIRECTION_OF_DETECTOR_X-AXIS"], numbers["DIRECTION_OF_DETECTOR_Y-AXIS"]

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        across = numbers["QX"] * (fast + 1 - numbers["ORGX"]) * ex
        return (across + numbers["QY"] * (slow + 1 - numbers["ORGY"]) * ey
                + numbers["DETECTOR_DISTANCE"] * np.cross(ex, ey)) / 1000  # fmt: skip

    beam, axis = numbers["INCIDENT_BEAM_DIRECTION"], numbers["ROTATION_AXIS"]
    return Seen(beam, axis, place, float(numbers["X-RAY_WAVELENGTH"][0]))


def dials(text: str) -> Seen:
    """dxtbx: origin + px (fast + 0.5) f + ...; the direction of the beam points to the source."""
    whole = json.loads(text)
    (panel,), (beam,) = whole["detector"][0]["panels"], whole["beam"]

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        steps = [(n + 0.5) * px for n, px in zip((fast, slow), panel["pixel_size"], strict=True)]
        f, s, o = (np.array(panel[key]) for key in ("fast_axis", "slow_axis", "origin"))
        return (o + steps[0] * f + steps[1] * s) / 1000

    axis = np.array(whole["goniometer"][0]["rotation_axis"])
    return Seen(-np.array(beam["direction"]), axis, place, beam["wavelength"])


def crystfel(text: str) -> Seen:
    """crystfel_geometry(5): corner + fs f + ss s in pixels, z by clen + coffset."""
    found = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    f, s = (np.array([float(word[:-1]) for word in found[f"panel/{key}"].split()]) for key in ("fs", "ss"))
    corner = np.array([float(found["panel/corner_x"]), float(found["panel/corner_y"]), 0.0])
    clen = float(found["clen"].split()[0]) + float(found["panel/coffset"])

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        pixels = corner + (fast + 0.5) * f + (slow + 0.5) * s
        return pixels / float(found["panel/res"]) + np.array([0.0, 0.0, clen])

    return Seen(np.array([0.0, 0, 1]), np.array([-1.0, 0, 0]), place, float(found["wavelength"].split()[0]))


def poni(text: str) -> Seen:
    """pyFAI, Geometry.rotation_matrix: R3 R2 R1 (d1 - poni1, d2 - poni2, L), R1 and R2 left-handed."""
    found = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    config = json.loads(found["Detector_config"])
    c, s = zip(
        *((math.cos(float(found[f"Rot{n}"])), math.sin(float(found[f"Rot{n}"]))) for n in (1, 2, 3)),
        strict=True,
    )
    R1 = np.array([[1, 0, 0], [0, c[0], s[0]], [0, -s[0], c[0]]])
    R2 = np.array([[c[1], 0, -s[1]], [0, 1, 0], [s[1], 0, c[1]]])
    R3 = np.array([[c[2], -s[2], 0], [s[2], c[2], 0], [0, 0, 1]])
    back = {1: (1, 1), 2: (1, 0), 3: (0, 0), 4: (0, 1)}[config["orientation"]]

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        counted = [
            n if not b else size - 1 - n
            for n, b, size in zip((slow, fast), back, config["max_shape"], strict=True)
        ]
        d1, d2 = ((n + 0.5) * px for n, px in zip(counted, (config["pixel1"], config["pixel2"]), strict=True))
        inside = (d1 - float(found["Poni1"]), d2 - float(found["Poni2"]), float(found["Distance"]))
        return R3 @ R2 @ R1 @ np.array(inside)

    return Seen(np.array([0.0, 0, 1]), np.array([0.0, 1, 0]), place, float(found["Wavelength"]) * 1e10)


def nexus(text: str) -> Seen:
    """NXmx: offset + (n + 0.5) times each pixel direction, in McStas."""
    found = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
    offset = np.array([float(word) for word in found["detector/panel/module_offset"].split()[:3]])
    steps = [found[f"detector/panel/{name}_pixel_direction"] for name in ("fast", "slow")]
    f, s = (
        float(step.split()[0]) * np.array([float(w) for w in step.split("along ")[1].split()])
        for step in steps
    )
    spindle = found["sample/transformations/phi"].split("about ")[1].split(",")[0]
    beam = np.array([float(word) for word in found["beam/direction"].split()])

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        return (offset + (fast + 0.5) * f + (slow + 0.5) * s) / 1000

    axis = np.array([float(word) for word in spindle.split()])
    return Seen(beam, axis, place, float(found["beam/incident_wavelength"].split()[0]))


def mosflm(text: str) -> Seen:
    """Spec 02 section 3: Fbeam = Ybeam + px/2, Sbeam = Xbeam + px/2; f = +z, s = -y, beam +x."""
    found = {
        line.split()[0]: [float(w) for w in line.split()[1:]] for line in text.splitlines() if line[0] != "!"
    }
    (px,), (X, Y), (distance,) = found["PIXEL"], found["BEAM"], found["DISTANCE"]

    def place(fast: float, slow: float) -> NDArray[np.float64]:
        return np.array([distance, X + px / 2 - (slow + 0.5) * px, (fast + 0.5) * px - Y - px / 2]) / 1000

    return Seen(np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), place, found["WAVELENGTH"][0])


READERS = {"xds": xds, "dials": dials, "crystfel": crystfel, "poni": poni, "nexus": nexus, "mosflm": mosflm}


def seen_q(seen: Seen, fast: float, slow: float) -> NDArray[np.float64]:
    """Return q along beam, spindle across it, and their product, in 1/A."""
    place = seen.place_m(fast, slow)
    return along((place / np.linalg.norm(place) - seen.beam) / seen.wavelength_A, seen.beam, seen.spindle)


def along(
    q: NDArray[np.float64], beam: NDArray[np.float64], spindle: NDArray[np.float64]
) -> NDArray[np.float64]:
    across = spindle - (spindle @ beam) * beam
    across /= np.linalg.norm(across)
    return np.array([q @ beam, q @ across, q @ np.cross(beam, across)])


def kernel_q(config: RunConfig, setup: Setup, fast: int, slow: int) -> NDArray[np.float64]:
    ins = set_up(prepare(config))
    vector = scattering_vectors(ins, Spot(torch.tensor([slow]), torch.tensor([fast])))
    q = np.array([float(part) for part in vector]) / 1e10
    return along(q, np.array(setup.beam), np.array(setup.spindle))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("turn", ["", TURNED])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_program_sees_the_scattering_vectors_of_the_kernel(name: str, turn: str, convention: str) -> None:
    config = run_by(f"-{convention} {CONVENTIONS[convention]} {turn}")
    setup = setup_of(config)
    if name == "mosflm" and (turn or convention in ("adxv", "dials")):
        with pytest.raises(InputError, match="MOSFLM describes a panel across the beam"):
            geometry_text(setup, name)
        return
    seen = READERS[name](geometry_text(setup, name))
    for fast, slow in ((0, 0), (29, 19), (7, 12)):
        assert np.allclose(seen_q(seen, fast, slow), kernel_q(config, setup, fast, slow), rtol=0, atol=1e-12)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_direct_beam_is_where_the_image_has_it(convention: str) -> None:
    """The spot of 0 0 0, alone on the image: its middle in pixels, from 0 at the middle of the first."""
    options = "-cell 3 3 3 90 90 90 -N 10 -gauss_xtal -nopolar --compile off -oversample 3 -point_pixel"
    config = run_by(f"-{convention} {CONVENTIONS[convention]} {options}")
    image = simulate(config).numpy() ** 2
    slow, fast = (np.average(np.indices(image.shape)[n], weights=image) for n in (0, 1))
    setup = setup_of(config)
    text = geometry_text(setup, "xds")
    found = [float(re.search(rf"{key}= (\S+)", text)[1]) - 1 for key in ("ORGX", "ORGY")]  # type: ignore[index]
    assert np.allclose(found, (fast, slow), atol=0.05)
    if convention in ("mosflm", "denzo"):
        X, Y = map(float, re.search(r"BEAM (\S+) (\S+)", geometry_text(setup, "mosflm")).groups())  # type: ignore[union-attr]
        assert np.allclose((Y / 0.5, X / 0.5), (fast, slow), atol=0.05)


@pytest.mark.parametrize(("convention", "turn"), [("mosflm", ""), ("adxv", TURNED), ("dials", "-twotheta 8")])
def test_spots_of_the_image_have_the_vectors_of_their_reflections(convention: str, turn: str) -> None:
    """A h of the two brightest spots, as far off as half a pixel and the width of a spot (1/N a) may be."""
    crystal = (
        "-cell 40 42 44 90 90 90 -misset 11 22 33 -N 20 -oversample 3 -point_pixel -nopolar --compile off"
    )
    config = run_by(f"-{convention} {CONVENTIONS[convention]} {turn} {crystal}")
    setup, A = setup_of(config), crystal_truth(config).A_per_A
    spots = spot_list([[pixel_shares(config)]])
    half_pixel = 0.5 * 0.5 / 90 / 1.1
    order = [n for n in np.argsort(-spots.photons) if spots.hkl[n].any()]
    for n in order[:2]:
        expected = along(A @ spots.hkl[n], np.array(setup.beam), np.array(setup.spindle))
        for name, reader in READERS.items():
            if name == "mosflm" and convention != "mosflm":
                continue
            found = seen_q(reader(geometry_text(setup, name)), spots.fast[n] - 0.5, spots.slow[n] - 0.5)
            assert np.abs(found - expected).max() < half_pixel + 1 / (20 * 40)


def two_panels() -> Setup:
    panels = (
        Panel(
            "flat",
            24,
            20,
            2e-4,
            (0.1, 0.02, -0.024),
            (0.0, 0.0, 1.0),
            (0.0, -1.0, 0.0),
            saturation=6e4,
            bad=((0, 3, 2, 5), (20, 24, 0, 20)),
        ),
        Panel(
            "steep", 16, 24, 2e-4, (0.07, -0.02, 0.05), (0.8, 0.0, -0.6), (0.0, 1.0, 0.0), 4e-4, 3000.0, 2.0
        ),
    )
    return setup_with(setup_of(run_by("-xds")), panels)


def test_segments_of_xds_say_all_of_their_place() -> None:
    setup = two_panels()
    text = geometry_text(setup, "xds")
    assert "SEGMENT= 1 24 1 20 ! flat" in text
    assert "SEGMENT= 1 16 21 44 ! steep" in text
    assert "UNTRUSTED_RECTANGLE= 16 25 20 45" in text
    assert "UNTRUSTED_RECTANGLE= 0 4 2 6\nUNTRUSTED_RECTANGLE= 20 25 0 21" in text
    part = text[text.index("SEGMENT= 1 16") :]
    values = [float(word) for word in re.findall(r"(?<=[ =])-?\d[-.e0-9]*", part.split("steep\n")[1])][:9]
    ex, ey = np.array(values[:3]), np.array(values[3:6])
    size, (X, Y, F) = 0.2, values[6:]
    middle = size * (1 - X) * ex + size * (21 - Y) * ey + F * np.cross(ex, ey)
    panel = setup.panels[1]
    expected = np.array(panel.origin_m) + 1e-4 * (np.array(panel.fast) + np.array(panel.slow))
    assert np.allclose(middle / 1000, expected, atol=1e-15)  # -xds: the run has the frame of XDS


@pytest.mark.parametrize("name", ["mosflm", "poni"])
def test_several_panels_are_refused_where_there_are_no_words(name: str) -> None:
    with pytest.raises(
        InputError, match="describes one flat panel, the detector has 2; give another --format"
    ):
        geometry_text(two_panels(), name)


def test_pixel_sizes_that_differ_are_refused_by_xds() -> None:
    setup = two_panels()
    other = replace(setup.panels[1], pixel_size_m=1e-4)
    with pytest.raises(InputError, match=r"one pixel size for all panels, these have 0\.1, 0\.2 mm"):
        geometry_text(replace(setup, panels=(setup.panels[0], other)), "xds")


def test_the_own_format_is_read_again(tmp_path: Path) -> None:
    setup = two_panels()
    (tmp_path / "d.toml").write_text(geometry_text(setup, "toml"))
    again = setup_with(setup, read_detector(tmp_path / "d.toml"))
    for one, other in zip(setup.panels, again.panels, strict=True):
        assert replace(other, origin_m=one.origin_m, fast=one.fast, slow=one.slow) == one
        for key in ("origin_m", "fast", "slow"):
            assert np.allclose(getattr(one, key), getattr(other, key), rtol=0, atol=1e-16)


@pytest.mark.parametrize(("name", "ending"), [("dials", "expt"), ("crystfel", "geom"), ("toml", "toml")])
@pytest.mark.parametrize("options", ["-xds", "-mosflm", "-beam_vector 1 0.1 0.2 -spindle_axis 0 1 0.3"])
def test_a_detector_that_was_written_is_read_again(
    name: str, ending: str, options: str, tmp_path: Path
) -> None:
    base = setup_of(run_by(options))
    setup = setup_with(base, two_panels().panels)
    (tmp_path / f"d.{ending}").write_text(geometry_text(setup, name))
    again = setup_with(base, read_detector(tmp_path / f"d.{ending}"))
    for one, other in zip(setup.panels, again.panels, strict=True):
        assert (one.name, one.fast_pixels, one.slow_pixels) == (
            other.name,
            other.fast_pixels,
            other.slow_pixels,
        )
        assert (one.gain, one.saturation, one.bad) == (other.gain, other.saturation, other.bad)
        assert np.abs(np.subtract(one.origin_m, other.origin_m)).max() < 1e-12
        assert np.abs(np.subtract((one.fast, one.slow), (other.fast, other.slow))).max() < 1e-12
        if name != "crystfel":
            assert np.allclose(
                (one.thickness_m, one.attenuation_per_m),
                (other.thickness_m, other.attenuation_per_m),
                rtol=1e-14,
            )


@pytest.mark.parametrize(("name", "ending"), [("dials", "expt"), ("crystfel", "geom"), ("toml", "toml")])
def test_another_wavelength_than_that_of_the_run_is_named(name: str, ending: str, tmp_path: Path) -> None:
    (tmp_path / f"d.{ending}").write_text(geometry_text(two_panels(), name))
    require_same_wavelength(tmp_path / f"d.{ending}", 1.1e-10)
    if name == "toml":
        require_same_wavelength(tmp_path / f"d.{ending}", 1e-10)
        return
    with pytest.raises(InputError, match=r"has a wavelength of 1\.1 A, the run 1 A; give -lambda 1\.1"):
        require_same_wavelength(tmp_path / f"d.{ending}", 1e-10)


@pytest.mark.parametrize(
    ("name", "panel", "left"),
    [
        ("mosflm", "flat", "saturation, bad pixels"), ("poni", "steep", "sensor, gain"),
        ("crystfel", "steep", "sensor"),
        ("xds", "steep", "gain"), ("nexus", "flat", "saturation, bad pixels"),
    ],
)  # fmt: skip
def test_what_a_format_has_no_words_for_is_stated(name: str, panel: str, left: str) -> None:
    setup = two_panels()
    one = replace(setup, panels=tuple(p for p in setup.panels if p.name == panel))
    assert f"not said here of panel '{panel}': {left}\n" in geometry_text(one, name)


def test_a_name_that_means_something_else_to_crystfel_is_refused() -> None:
    setup = two_panels()
    for name in ("bad1", "a/b", "rigid_group_q0", ""):
        named = replace(setup, panels=(replace(setup.panels[0], name=name),))
        with pytest.raises(InputError, match="no name for CrystFEL"):
            geometry_text(named, "crystfel")


def test_the_table_names_where_the_beam_meets_a_panel() -> None:
    text = geometry_text(two_panels(), "table")
    assert "beam meets it at fast 120.000000 slow 100.000000 pixels from the corner, 100 mm away" in text
    behind = replace(two_panels(), beam=(0.0, 0.0, -1.0))
    assert "beam meets it never" in geometry_text(behind, "table")


def test_every_format_has_a_frame_and_a_text() -> None:
    setup = replace(two_panels(), panels=two_panels().panels[:1])
    for name in GEOMETRY_FORMATS:
        assert geometry_text(setup, name).endswith("\n")
    words = with_panel(BASE.split(), setup.panels[0], setup)
    assert setup_of(RunConfig.from_args(words)).panels[0].fast_pixels == 24
