"""Enclosures: they hold what double precision gives, and both libraries agree."""

from __future__ import annotations

import math
import random

import pytest

from harness.proof.balls import BACKENDS, DOUBLE_U, Backend, Rounding
from harness.proof.space import ball_cross, ball_dot, ball_rot_axis, ball_unit

NUMBERS = random.Random(5)


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request: pytest.FixtureRequest) -> Backend:
    try:
        return BACKENDS[request.param]()
    except ImportError:
        pytest.skip(f"{request.param} not found: its enclosures are not tested; pip install {request.param}")


def drawn() -> tuple[float, float, float]:
    x, y, z = (NUMBERS.uniform(-1.0, 1.0) for _ in range(3))
    return x, y, z


def test_a_rounded_formula_is_enclosed_and_a_wrong_one_is_not(backend: Backend) -> None:
    by, exact = Rounding(backend, DOUBLE_U), Rounding(backend)
    with backend.precise():
        for _ in range(50):
            x, y, _ = drawn()
            value = math.sin(3.0 * x) / math.sqrt(y * y + 1.0)
            found, true = (
                a.call("sin", a.of(x) * 3.0) / a.call("sqrt", a.of(y) * y + 1.0) for a in (by, exact)
            )
            assert found.holds(value, value)
            assert not found.holds(value * (1.0 + 1e-13), value * (1.0 + 1e-13))
            low, high = true.ends
            assert found.holds(low, high)


def test_a_sum_is_enclosed_in_any_order(backend: Backend) -> None:
    by = Rounding(backend, DOUBLE_U)
    terms = [1e16, 1.0, -1e16, 3.0, 1e-3]
    with backend.precise():
        found = by.total([by.of(term) for term in terms])
        for _ in range(20):
            NUMBERS.shuffle(terms)
            assert found.holds(sum(terms), sum(terms))


def test_what_may_divide_by_zero_is_not_known(backend: Backend) -> None:
    by = Rounding(backend, DOUBLE_U)
    with backend.precise():
        nothing = by.of(1.0) - 1.0
        assert not (by.of(1.0) / by.within(nothing, 1.0)).known
        assert not ball_unit((by.of(0.0),) * 3)[0].known
        assert (by.of(1.0) / 3.0).known


def test_an_exact_rotation_keeps_lengths_and_angles(backend: Backend) -> None:
    exact = Rounding(backend)
    with backend.precise():
        u, v = (tuple(exact.of(part) for part in drawn()) for _ in range(2))
        axis = ball_unit(ball_cross(u, v))
        turned = [ball_rot_axis(w, axis, exact.of(0.7)) for w in (u, v)]
        difference = ball_dot(turned[0], turned[1]) - ball_dot(u, v)
        assert max(map(abs, difference.ends)) < 1e-60
