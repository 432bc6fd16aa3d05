"""Cell, matrix and orientation: worked examples C1 to C4 of spec 03 section 8."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import RunConfig
from simulator.config import Crystal
from simulator.errors import InputError
from simulator.physics.crystal import Lattice, cell_angles_rad, lengths_A, orient
from simulator.quirks import Quirks
from simulator.units import RTD

MATRIX = (0.0109, -0.0072, -0.0031, -0.0061, -0.0103, 0.0017, 0.0044, -0.0011, -0.0122)
CELL = {
    "has_cell": True,
    "cell_lengths_A": (90.0, 92.0, 93.0),
    "cell_angles_rad": (90 / RTD, 90 / RTD, 90 / RTD),
}


def lattice(quirks: Quirks | None = None, **crystal: Any) -> Lattice:
    return orient(Crystal(**crystal), 1.2 / 1e10, quirks or Quirks.c_parity())


def flat(rows: Any) -> list[float]:
    return [float(value) for value in rows.flatten()]


def test_triclinic_cell_with_missetting() -> None:
    made = lattice(
        has_cell=True,
        cell_lengths_A=(70.0, 80.0, 90.0),
        cell_angles_rad=(75 / RTD, 95 / RTD, 105 / RTD),
        has_misset=True,
        misset_rad=(10 / RTD, 20 / RTD, 30 / RTD),
    )
    expected = [
        6.0242820451279902e-09, 1.6539301892192785e-09, -3.1579329900961473e-09,
        -2.6203608827729671e-09, 6.8557449188920037e-09, 3.1831541670361716e-09,
        3.4067007573281308e-09, 1.6225480112667533e-10, 8.3287492055849092e-09,
    ]  # fmt: skip
    stars = [
        0.01203570833815526, 0.0069488194489217593, -0.0050583268853951931,
        -0.0030390752315574122, 0.012960895554207728, 0.00099057519427046066,
        0.0057249659259196745, -0.0023187902571222738, 0.0097068849541459348,
    ]  # fmt: skip
    assert flat(made.direct_m) == pytest.approx(expected, rel=1e-14)
    assert flat(made.reciprocal_A_inv) == pytest.approx(stars, rel=1e-13)
    assert float(made.volume_A3) == pytest.approx(470128.52431134263, rel=1e-15)
    assert [float(size) for size in lengths_A(made)] == pytest.approx([70, 80, 90], rel=1e-15)


def test_printed_angles_are_those_between_the_vectors() -> None:
    made = lattice(**{**CELL, "cell_angles_rad": (90 / RTD, 108 / RTD, 90 / RTD)})
    assert [float(a) * RTD for a in cell_angles_rad(made)] == pytest.approx([90, 108, 90], rel=1e-14)


def test_matrix_is_divided_by_the_wavelength() -> None:
    made = lattice(matrix=MATRIX)
    a = [8.9455397392491708e-09, -5.9223078505826682e-09, -3.0982866014477838e-09]
    assert flat(made.direct_m[0]) == pytest.approx(a, rel=1e-15)
    assert float(made.volume_A3) == pytest.approx(1010082.1159349805, rel=1e-15)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_cell_forces_the_lengths_of_a_matrix_and_its_hand(sign: int) -> None:
    made = lattice(matrix=tuple(sign * m for m in MATRIX), **CELL)
    a = [7.2097990595173021e-09, -4.7731775628875239e-09, -2.4971130279846248e-09]
    a_star = [0.0091325748321347145, -0.0051108905023873174, 0.0036865439689351145]
    assert flat(made.direct_m[0]) == pytest.approx(a, rel=1e-15)
    assert flat(made.reciprocal_A_inv[0]) == pytest.approx(a_star, rel=1e-14)
    assert float(made.volume_A3) == pytest.approx(770039.99999999977, rel=1e-15)


def test_spec_mode_makes_vectors_reciprocal_again() -> None:
    made = lattice(Quirks.spec(), matrix=MATRIX, **CELL)
    product = made.direct_A @ made.reciprocal_A_inv.T
    assert flat(product) == pytest.approx([1, 0, 0, 0, 1, 0, 0, 0, 1], abs=1e-14)


def test_spec_mode_refuses_a_left_handed_matrix_with_a_cell() -> None:
    with pytest.raises(InputError, match="left-handed"):
        lattice(Quirks.spec(), matrix=tuple(-m for m in MATRIX), **CELL)


def test_impossible_angles_are_bent_or_refused() -> None:
    cell = {**CELL, "cell_angles_rad": (30 / RTD, 30 / RTD, 100 / RTD)}
    made = lattice(**{**cell, "cell_lengths_A": (100.0, 100.0, 100.0)})
    shown = [float(a) * RTD for a in cell_angles_rad(made)]
    assert shown == pytest.approx([90, 128.493, 123.603], abs=1e-3)
    with pytest.raises(InputError, match="no cell has these angles"):
        lattice(Quirks.spec(), **cell)


def test_a_flat_matrix_is_an_error() -> None:
    with pytest.raises(InputError, match="no finite volume"):
        lattice(matrix=(1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0))


def test_sizes_become_counts_and_counts_are_at_least_one() -> None:
    made = lattice(**CELL, size_m=(5e-8, 0.0, 1e-12), cells=(7, 0, 3))
    assert made.cells == (6, 1, 1)
    assert float(made.largest_edge_m()) == pytest.approx(6 * 90e-10, rel=1e-14)


def test_random_missetting_angles() -> None:
    config = RunConfig.from_args(["-cell", "90", "-default_F", "1", "-misset_seed", "7", "-misset", "random"])
    assert config.crystal.misset_rad == pytest.approx(
        (0.38530590600203213, 0.34388814224230696, 0.14320385885128259), rel=1e-15
    )
