"""Shots of a plan: what is drawn for each."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shots.plan.distribution import Distribution
from shots.plan.orientation import drawn_angle_rad, misset_of, rotation_of, uniform_rotation
from shots.plan.planned_shot import planned_shot
from shots.plan.read_plan import read_plan
from shots.plan.shot_plan import ShotPlan
from system_io.errors import UserError

DRAWS = 20_000
FALSE_ALARM_SIGMAS = 5.0
"""A sound mean is farther off once in 1.7 million trials; the seeds are fixed."""
FULL = """
schema = 1
shots = 10
seed = 7
command = "-cell 70 70 90 90 90 120 -default_F 100 -N 5 -lambda 1 -mosaic 0.5 -detpixels 16 -misset 10 20 30"
[vary]
orientation = {within_deg = 5}
lattices = {choice = [1, 2, 3], weights = [1, 1, 1]}
distance = {normal = [100, 1]}
scale = {log_normal = [1.0, 0.3]}
phi = {sweep = [0, 0.1]}
mosaic_domains = {uniform = [2, 4]}
[vary.cell]
lengths = {normal = [1.0, 0.01]}
"""


@pytest.fixture
def plan(tmp_path: Path) -> ShotPlan:
    path = tmp_path / "PLAN.toml"
    path.write_text(FULL, encoding="utf-8")
    return read_plan(path)


def test_a_shot_does_not_depend_on_how_many_there_are(plan: ShotPlan) -> None:
    assert planned_shot(plan, 3) == planned_shot(replace(plan, shots=1000), 3)


def test_shots_seeds_and_crystals_have_values_of_their_own(plan: ShotPlan) -> None:
    shots = [planned_shot(plan, number) for number in range(10)]
    lines = [crystal.words for shot in shots for crystal in shot.crystals]
    assert len(set(lines)) == len(lines) > 10
    assert planned_shot(replace(plan, seed=8), 0) != shots[0]


def test_another_quantity_leaves_the_draws_of_the_others(plan: ShotPlan) -> None:
    options = plan.variation.options
    fewer = replace(plan, variation=replace(plan.variation, options=options[1:]))
    drawn = planned_shot(plan, 2).crystals[0].drawn
    assert planned_shot(fewer, 2).crystals[0].drawn == drawn


def test_equal_lengths_stay_equal_and_angles_of_symmetry_stay(plan: ShotPlan) -> None:
    a, b, c, *angles = planned_shot(plan, 1).crystals[0].drawn["cell"]
    assert a == b != 70.0
    assert c / 90.0 != pytest.approx(a / 70.0)
    assert angles == [90.0, 90.0, 120.0]


def test_crystals_of_a_shot_share_the_beam_and_the_detector(plan: ShotPlan) -> None:
    shot = next(s for s in (planned_shot(plan, n) for n in range(10)) if len(s.crystals) > 1)
    distances = {crystal.words[crystal.words.index("-distance") + 1] for crystal in shot.crystals}
    assert len(distances) == 1
    assert set(shot.drawn) == {"distance", "phi"}


def test_crystals_stay_within_the_angle_of_the_start(plan: ShotPlan) -> None:
    start = rotation_of((10.0, 20.0, 30.0))
    for number in range(10):
        for crystal in planned_shot(plan, number).crystals:
            turn = rotation_of(crystal.drawn["orientation"]) @ start.T
            assert math.degrees(math.acos((np.trace(turn) - 1) / 2)) <= 5.0 + 1e-9


def test_a_shot_that_is_not_there_is_refused(plan: ShotPlan) -> None:
    with pytest.raises(UserError, match="0 to 9"):
        planned_shot(plan, 10)


def test_angles_give_their_rotation_again() -> None:
    generator = np.random.default_rng(1)
    for _ in range(100):
        rotation = uniform_rotation(generator)
        assert np.allclose(rotation_of(misset_of(rotation)), rotation, atol=1e-12)


def test_orientations_are_as_likely_as_each_other() -> None:
    """Of uniform rotations the mean matrix is 0, and the mean of its squares 1/3."""
    generator = np.random.default_rng(2)
    found = np.array([uniform_rotation(generator) for _ in range(DRAWS)])
    noise = FALSE_ALARM_SIGMAS / math.sqrt(3 * DRAWS)
    assert abs(found.mean(axis=0)).max() < noise
    assert abs((found**2).mean(axis=0) - 1 / 3).max() < noise


def test_angles_within_a_bound_have_the_share_of_rotations() -> None:
    generator = np.random.default_rng(3)
    within = 2.0
    found = np.array([drawn_angle_rad(within, generator) for _ in range(DRAWS)])
    below = (found < 1.0).mean()
    share = (1.0 - math.sin(1.0)) / (within - math.sin(within))
    assert abs(below - share) < FALSE_ALARM_SIGMAS * math.sqrt(share * (1 - share) / DRAWS)
    assert found.max() <= within


@pytest.mark.parametrize(
    ("given", "mean", "sigma"),
    [
        (Distribution("uniform", (2.0, 4.0)), 3.0, 2.0 / math.sqrt(12)),
        (Distribution("normal", (5.0, 0.5)), 5.0, 0.5),
        (Distribution("log_normal", (2.0, 0.25)), 2.0 * math.exp(0.25**2 / 2), 0.5131),
        (Distribution("choice", (1.0, 5.0), (3.0, 1.0)), 2.0, math.sqrt(3.0)),
    ],
)
def test_drawn_values_have_their_mean_and_deviation(given: Distribution, mean: float, sigma: float) -> None:
    generator = np.random.default_rng(4)
    found = np.array([given.value(0, generator, False) for _ in range(DRAWS)])
    assert abs(found.mean() - mean) < FALSE_ALARM_SIGMAS * sigma / math.sqrt(DRAWS)
    assert found.std() == pytest.approx(sigma, rel=0.05)
    low, high = min(given.ends(1)), max(given.ends(1))
    assert low <= found.min() <= found.max() <= high


def test_whole_values_reach_both_ends_and_bounds_hold() -> None:
    generator = np.random.default_rng(5)
    whole = {Distribution("uniform", (2.0, 4.0)).value(0, generator, True) for _ in range(100)}
    assert whole == {2.0, 3.0, 4.0}
    bounded = Distribution("normal", (0.0, 1.0), least=0.5, most=0.6)
    assert all(0.5 <= bounded.value(0, generator, False) <= 0.6 for _ in range(100))


def test_a_list_and_a_sweep_give_each_shot_its_own() -> None:
    generator = np.random.default_rng(6)
    listed, swept = Distribution("list", (1.0, 4.0), repeat=True), Distribution("sweep", (10.0, 0.5))
    assert [listed.value(n, generator, False) for n in range(3)] == [1.0, 4.0, 1.0]
    assert [swept.value(n, generator, False) for n in range(3)] == [10.0, 10.5, 11.0]
