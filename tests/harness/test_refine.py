"""Refinement of a run against an image: small runs to the end, and its parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import HarnessError, UsageError
from harness.refine import Outcome, Refinement, true_numbers
from harness.refine_data import Observed, background_of, usable_pixels
from harness.refine_fit import METHODS, SCALE, Problem
from harness.refine_report import centre_options, options_of, rows_of, verdict_of
from harness.refine_stages import plans, stage_of
from harness.verdict import Word
from simulator import Experiment, RunConfig, simulate
from simulator.noise import noise_image
from simulator.parameters import value_of, with_numbers
from simulator.units import rad_of_deg

CAMERA = "-lambda 1 -distance 80 -pixel 0.5 -detpixels 120 -oversample 1 -osc 0.3 -phisteps 2 -nonoise -nopgm"
LINE = f"-cell 60 60 40 90 90 90 -misset 20 30 40 -default_F 100 -N 6 {CAMERA}"
FREE = ("cell_lengths_A[a=b,c]", "misset_rad", "distance_m")
ERROR = 0.004


def run(options: str = "") -> RunConfig:
    return RunConfig.from_args(f"{LINE} {options}".split())


def bright(config: RunConfig, photons: float = 2000.0) -> tuple[RunConfig, Observed]:
    """Return the run with so many photons in its brightest pixel, and its noisy image over one photon."""
    image = simulate(config).numpy()
    scale = photons / float(image.max())
    beam = replace(config.beam, fluence_photons_per_m2=scale * config.beam.fluence_photons_per_m2)
    config = replace(config, beam=beam)
    counts = noise_image((scale * image + 1.0).astype(np.float32), config).counts.astype(np.float64)
    return config, Observed.of(counts - config.output.adc, usable_pixels(config))


def moved(config: RunConfig, part: float = 0.003, turn_deg: float = 0.1) -> RunConfig:
    """Return a run whose lengths, distance and angles are off."""
    turn = rad_of_deg(turn_deg) * torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    stretch = torch.tensor([1 + part, 1 + part, 1 - part], dtype=torch.float64)
    values = {
        "cell_lengths_A": value_of(config, "cell_lengths_A") * stretch,
        "misset_rad": value_of(config, "misset_rad") + turn,
        "distance_m": value_of(config, "distance_m") * (1.0 + part),
    }
    return with_numbers(config, values)


@pytest.fixture(scope="module")
def question() -> tuple[RunConfig, Observed]:
    return bright(run("-seed 3"))


@pytest.fixture(scope="module")
def outcome(question: tuple[RunConfig, Observed]) -> Outcome:
    config, observed = question
    return Refinement(moved(config), FREE, observed, ERROR).run()


def errors_in_sigmas(outcome: Outcome, config: RunConfig) -> np.ndarray:
    truth = true_numbers(Experiment(config, FREE))
    rows = zip(outcome.labels, outcome.numbers, outcome.sigmas, strict=True)
    return np.array([(number - truth[name]) / sigma for name, number, sigma in rows if name in truth])


def test_truth_is_found_within_its_uncertainty(
    outcome: Outcome, question: tuple[RunConfig, Observed]
) -> None:
    assert np.abs(errors_in_sigmas(outcome, question[0])).max() < 5.0
    assert outcome.chi_square == pytest.approx(1.0, abs=0.1)


def test_uncertainty_is_small_against_the_way(outcome: Outcome) -> None:
    way = np.abs(outcome.begun - outcome.numbers)[:-1]
    assert (outcome.sigmas[:-1] < 0.05 * way).all()


@pytest.fixture(scope="module")
def small() -> tuple[RunConfig, Observed, Outcome]:
    """A crystal of four cells, whose spots are wide enough to start with the whole run."""
    config, observed = bright(run("-N 4 -phisteps 1 -seed 4"))
    return config, observed, Refinement(moved(config), FREE, observed, ERROR).run()


@pytest.mark.parametrize("method", [name for name in METHODS if name != "gauss-newton"])
def test_every_optimiser_finds_the_same(method: str, small: tuple[RunConfig, Observed, Outcome]) -> None:
    config, observed, outcome = small
    other = Refinement(moved(config), FREE, observed, ERROR, method).run()
    assert np.abs((other.numbers - outcome.numbers) / outcome.sigmas).max() < 1.0


def test_gradient_of_autograd_is_that_of_the_differences(question: tuple[RunConfig, Observed]) -> None:
    config, observed = question
    for plan in plans(config, ERROR):
        stage = stage_of(plan, moved(config, 0.0003, 0.01), observed)
        problem = Problem(Experiment(stage.config, [*FREE, SCALE]), stage, lambda step: None)
        vector = problem.vector()
        _, gradient = problem.loss_and_gradient(vector)
        expected = problem.jacobian(vector).T @ problem.residuals(vector)
        assert np.allclose(gradient, expected, rtol=0.02, atol=0.01 * np.abs(expected).max())


def test_a_wrong_truth_fails(outcome: Outcome, question: tuple[RunConfig, Observed]) -> None:
    truth = true_numbers(Experiment(question[0], FREE))
    assert verdict_of(rows_of(outcome, {**truth, "distance_m": truth["distance_m"] * 1.01})) is Word.FAIL
    assert verdict_of(rows_of(outcome, {})) is Word.NOT_COMPARABLE


@pytest.mark.parametrize("convention", ["-mosflm", "-denzo", "-adxv"])
def test_printed_options_make_the_refined_run(convention: str) -> None:
    start = run(f"{convention} -Xbeam 29 -Ybeam 31")
    centre = {name: value_of(start, name) + shift for name, shift in (("Fbeam_m", 3e-4), ("Sbeam_m", -2e-4))}
    found = with_numbers(moved(start), centre)
    words = [*LINE.split(), convention, *options_of(found), *centre_options(start, found)]
    again = RunConfig.from_args(words)
    for name in ("cell_lengths_A", "cell_angles_rad", "misset_rad", "distance_m", "Fbeam_m", "Sbeam_m"):
        assert torch.allclose(value_of(again, name), value_of(found, name), rtol=1e-8, atol=1e-12)


def test_background_is_found_under_spots() -> None:
    draw = np.random.default_rng(1)
    level = np.linspace(1.0, 4.0, 256)[:, None] * np.ones((256, 256))
    image = draw.poisson(level).astype(np.float64)
    image[draw.integers(0, 256, 600), draw.integers(0, 256, 600)] += 5000.0
    found = background_of(image, np.ones(image.shape, bool))
    assert np.abs(found - level).mean() < 0.15


def test_coarse_stages_come_first_and_the_whole_run_last() -> None:
    made = list(plans(run("-N 20"), ERROR))
    cells = [plan.cells for plan in made if plan.cells is not None]
    assert cells == sorted(cells)
    assert cells[0] == 4.0
    assert cells[-1] < 20.0
    assert made[-1].cells is None


def test_what_cannot_be_refined_is_said(question: tuple[RunConfig, Observed]) -> None:
    config, observed = question
    with pytest.raises(UsageError, match="does not depend on Fclose_m"):
        Refinement(config, ["distance_m", "Fclose_m"], observed, ERROR).run()
    with pytest.raises(UsageError, match="unknown"):
        Refinement(config, ["colour"], observed, ERROR).run()
    dark = replace(observed, photons=observed.background - 1.0)
    with pytest.raises(HarnessError, match="check geometry"):
        Refinement(config, FREE, dark, ERROR).run()
    with pytest.raises(HarnessError, match="pixels can be used"):
        Observed.of(observed.photons, np.zeros(observed.photons.shape, bool))
