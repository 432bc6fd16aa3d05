"""f' and f'': close to a second, independent calculation, with the jump at the edge; bad input is named."""

from __future__ import annotations

import sys

import pytest
import xraydb

from shots.structure.anomalous import anomalous_f
from simulator.errors import InputError


@pytest.mark.parametrize("element", ["S", "Fe", "Se", "Br"])
@pytest.mark.parametrize("wavelength_A", [0.7, 1.05, 1.5418])
def test_factors_are_near_those_of_chantler(element: str, wavelength_A: float) -> None:
    """Two theories; away from edges, up to krypton, they differ by a tenth of an electron or 3 %."""
    energy_eV = 12398.42 / wavelength_A
    wanted = (xraydb.f1_chantler(element, energy_eV), xraydb.f2_chantler(element, energy_eV))
    assert anomalous_f(element, wavelength_A) == pytest.approx(wanted, rel=0.03, abs=0.12)


def test_tables_of_chantler_are_those_of_xraydb() -> None:
    wanted = (xraydb.f1_chantler("Se", 12700.0), xraydb.f2_chantler("Se", 12700.0))
    assert anomalous_f("Se", 12398.42 / 12700.0, "chantler") == pytest.approx(wanted, rel=1e-12)
    assert wanted[1] != pytest.approx(anomalous_f("Se", 12398.42 / 12700.0)[1], rel=1e-3)


def test_selenium_has_its_edge_at_0_9795_angstrom() -> None:
    above, below = anomalous_f("Se", 0.978), anomalous_f("Se", 0.981)
    assert above[1] > 3.5
    assert below[1] < 0.7
    assert min(above[0], below[0]) < -5.0


@pytest.mark.parametrize(
    ("element", "wavelength_A"), [("Xx", 1.0), ("", 1.0), ("Fe", 0.0), ("Fe", -1.0), ("Fe", 50.0)]
)
def test_what_is_not_tabulated_is_named(element: str, wavelength_A: float) -> None:
    with pytest.raises(InputError, match=r"give (a symbol|one)"):
        anomalous_f(element, wavelength_A)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(InputError, match=r"\[formats\]"):
        anomalous_f("Fe", 1.0)
