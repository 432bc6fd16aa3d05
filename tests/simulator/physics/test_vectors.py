"""Vector arithmetic and rotations: test vectors of spec 11 section 7, and exact square roots."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from simulator.physics.vectors import (
    cross,
    dot,
    length,
    rescale,
    rot_axis,
    rot_xyz,
    square_root,
    stack,
    turn,
    unit,
    vec,
)

ROTATIONS = [
    ((1, 2, 3), (0, 0, 1), 0.5, (-0.081268515318033252, 2.2345906623849485, 3)),
    ((1, 2, 3), (1, 0, 0), -1.25, (1, 3.4775985828572962, -0.95200215152536638)),
    ((0.3, -0.4, 0.5), (0.6, 0, 0.8), 2, (0.65895022473848108, 0.11190088900931607, 0.23078733144613944)),
    ((0.3, -0.4, 0.5), (1, 1, 0), 1, (0.53685641475120416, -0.68282618416439023, -0.31887853643145758)),
    ((1e-8, 0, 0), (0, 0, 1), 0.017453292519943295, (9.9984769515639126e-09, 1.7452406437283512e-10, 0)),
]


@pytest.mark.parametrize(("v", "axis", "angle", "expected"), ROTATIONS)
def test_rotation_about_an_axis(v: tuple, axis: tuple, angle: float, expected: tuple) -> None:
    turned = rot_axis(vec(v), vec(axis), torch.tensor(float(angle), dtype=torch.float64))
    assert stack(turned).tolist() == pytest.approx(list(expected), rel=1e-15, abs=1e-23)


@given(st.lists(st.floats(-7, 7), min_size=3, max_size=3))
def test_zero_angles_reproduce_the_vector(v: list[float]) -> None:
    assert stack(rot_xyz(vec(v), vec((0, 0, 0)))).tolist() == v
    assert stack(rot_axis(vec(v), vec((0.6, 0, 0.8)), torch.zeros((), dtype=torch.float64))).tolist() == v


def test_three_rotations_equal_their_matrices() -> None:
    angles, eye = (0.4, -0.3, 0.1), torch.eye(3, dtype=torch.float64)
    columns = [stack(rot_xyz(vec(column), vec(angles))) for column in eye]
    matrix = torch.stack(columns, dim=1)
    v = vec((0.2, 0.5, -0.7))
    assert torch.allclose(stack(turn(matrix, v)), stack(rot_xyz(v, vec(angles))), atol=1e-16)


@pytest.mark.parametrize(("low", "high"), [(0.3, 1.3), (1 - 1e-15, 1 + 1e-15), (1e17, 1e20), (1e-24, 1e-20)])
def test_square_roots_are_correctly_rounded(low: float, high: float) -> None:
    x = torch.linspace(low, high, 20001, dtype=torch.float64)
    assert np.array_equal(square_root(x).numpy(), np.array([math.sqrt(value) for value in x.tolist()]))
    assert square_root(torch.zeros(1, dtype=torch.float64)).item() == 0.0


def test_the_root_of_infinity_is_infinity() -> None:
    values = torch.tensor([math.inf, 4.0, 0.0], dtype=torch.float64)
    assert square_root(values).tolist() == [math.inf, 2.0, 0.0]
    assert square_root(-values)[:2].isnan().all()


def test_the_zero_vector_stays_zero() -> None:
    assert stack(unit(vec((0, 0, 0)))).tolist() == [0, 0, 0]
    assert stack(rescale(vec((0, 0, 0)), 2.0)).tolist() == [0, 0, 0]


def test_cross_product_is_right_handed() -> None:
    u, v = vec((1, 2, 3)), vec((-0.5, 0.25, 4))
    w = cross(u, v)
    assert float(dot(w, u)) == pytest.approx(0, abs=1e-14)
    assert stack(cross(vec((1, 0, 0)), vec((0, 1, 0)))).tolist() == [0, 0, 1]
    assert float(length(rescale(w, 3.0))) == pytest.approx(3, rel=1e-15)
