"""Background of matter in the beam: the scale of the simulator, the right angles, checked tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest

from shots.geometry.panel import Panel, Setup
from shots.recording.background import expected_background, scattering_curve
from shots.recording.materials import ATOMS, MATERIALS, STOL, atom_f
from shots.recording.settings import BackgroundLayer
from simulator import RunConfig, simulate
from system_io.errors import UserError

PANEL = Panel("a", 60, 80, 1e-3, (0.05, 0.03, -0.02), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
SETUP = Setup((PANEL,), (1.0, 0.0, 0.0), 1e-10, (0.0, 0.0, 1.0), 0.5, (0.0, 0.0, 1.0), 0.0, 0.0, 0.05)
WATER = BackgroundLayer("water", path_mm=0.1, beam_um=100.0)
FLUENCE = 1e24


def table(folder: Path, text: str) -> BackgroundLayer:
    file = folder / "table.stol"
    file.write_text(text)
    return BackgroundLayer("", file, 0.1, 100.0, 1.0, 18.0)


@pytest.mark.parametrize("polarization", [0.0, 0.8])
def test_a_flat_table_gives_the_water_of_the_simulator(tmp_path: Path, polarization: float) -> None:
    """2.57 electrons in a cube of 0.1 mm; both round to 4-byte floats."""
    words = (
        "-default_F 1e-12 -cell 50 50 50 90 90 90 -N 1 -lambda 1 -distance 50 -pixel 1 -detpixels_x 60 "
        "-detpixels_y 80 -Xbeam 30 -Ybeam 20 -water 100 -oversample 1"
    )
    more = ["-fluence", FLUENCE, "-polar", polarization]
    config = RunConfig.from_args([*words.split(), *more])
    simulated = simulate(config).numpy()
    detector = config.detector
    corner = (0.05, detector.Sbeam_m, -detector.Fbeam_m)
    panel = replace(PANEL, origin_m=corner)
    setup = replace(SETUP, panels=(panel,), polarization_fraction=0.5 + polarization / 2.0)
    layer = table(tmp_path, "0 2.57\n1 2.57\n")
    found = expected_background(panel, setup, (layer,), FLUENCE)
    np.testing.assert_allclose(found, simulated, rtol=5e-7)


def test_water_has_the_electrons_of_the_simulator_at_0_and_a_ring_at_3_1_angstrom() -> None:
    curve = MATERIALS["water"].electrons_sqr()
    assert curve[0] == pytest.approx(2.57**2, rel=0.01)
    assert 0.5 / STOL[curve.argmax()] == pytest.approx(3.15, abs=0.15)


def test_air_begins_with_the_electrons_of_its_molecules_and_falls() -> None:
    curve = MATERIALS["air"].electrons_sqr()
    assert curve[0] == pytest.approx(0.79 * 14**2 + 0.21 * 16**2, rel=2e-3)
    assert (np.diff(curve[: int(0.2 / STOL[1])]) < 0.0).all()


def test_ice_has_its_rings_and_scatters_as_much_as_its_molecules() -> None:
    """Rings of hexagonal ice; far out their mean is near that of molecules, less what the motion takes."""
    curve = MATERIALS["ice"].electrons_sqr()
    rising = (curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])
    peaks = np.flatnonzero(rising & (curve[1:-1] > 1.0)) + 1
    assert 0.5 / STOL[peaks[:6]] == pytest.approx([3.91, 3.68, 3.44, 2.67, 2.26, 2.07], abs=0.02)
    shell = slice(*np.searchsorted(STOL, (0.25, 0.35)))
    q_sqr = STOL[shell] ** 2
    molecule = MATERIALS["water"].electrons_sqr()[shell]
    assert (curve[shell] * q_sqr).sum() / (molecule * q_sqr).sum() == pytest.approx(
        np.exp(-4.0 * 0.3**2), rel=0.35
    )


@pytest.mark.parametrize("element", ATOMS)
def test_atoms_are_those_of_the_international_tables(element: str) -> None:
    table = gemmi.Element(element).it92
    stol = np.array([0.0, 0.1, 0.35, 1.1])
    assert atom_f(element, stol) == pytest.approx([table.calculate_sf(s * s) for s in stol], rel=1e-6)


def test_background_grows_with_path_density_and_the_area_of_the_beam() -> None:
    other = replace(WATER, path_mm=0.3, beam_um=200.0, density_g_per_cm3=0.5)
    np.testing.assert_allclose(scattering_curve(other), 6.0 * scattering_curve(WATER))


def test_layers_add_up_and_fluence_multiplies() -> None:
    air = BackgroundLayer("air", path_mm=30.0, beam_um=100.0)
    one, two, both = (
        expected_background(PANEL, SETUP, layers, FLUENCE) for layers in ((WATER,), (air,), (WATER, air))
    )
    np.testing.assert_allclose(one + two, both, rtol=1e-6)
    np.testing.assert_allclose(expected_background(PANEL, SETUP, (WATER,), 3 * FLUENCE), 3 * one, rtol=1e-6)


def test_the_ring_of_a_shorter_wavelength_is_smaller() -> None:
    def ring_mm(wavelength_m: float) -> float:
        setup = replace(SETUP, wavelength_m=wavelength_m)
        line = expected_background(PANEL, setup, (WATER,), FLUENCE)[30, 20:]
        return float(line.argmax())

    assert ring_mm(0.8e-10) < ring_mm(1.0e-10)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("0 1\n", "sort two or more"), ("0 1\n0.2\n", "two numbers"), ("0 1\n0.2 nan\n", "two numbers"),
     ("0.2 1\n0.1 2\n", "rise"), ("", "holds no line"), ("stol F\n", "only numbers")],
)  # fmt: skip
def test_a_faulty_table_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        scattering_curve(table(tmp_path, text))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        scattering_curve(BackgroundLayer("", tmp_path / "none", 1.0, 1.0, 1.0, 18.0))
