"""Refinement of a run against an image: small runs to the end, and its parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import HarnessError, UsageError
from harness.refinement.certainty import certainty_of, told_apart
from harness.refinement.data import ObservedImage, background_of, usable_pixels
from harness.refinement.fit import METHODS, SCALE, Problem
from harness.refinement.judge import REFINED, Fit, judge_fit
from harness.refinement.options import WRITERS, replayed
from harness.refinement.refine import Refined, Refinement, true_numbers
from harness.refinement.report import VariableRow, rows_of, table_of
from harness.refinement.stages import plans, stage_of
from harness.wide import wide_console
from simulator import Experiment, RunConfig, simulate
from simulator.fit.parameters import value_of, with_numbers
from simulator.output.noise import noise_image
from simulator.units import rad_of_deg

CAMERA = "-lambda 1 -distance 80 -pixel 0.5 -detpixels 120 -oversample 1 -osc 0.3 -phisteps 2 -nonoise -nopgm"
LINE = f"-cell 60 60 40 90 90 90 -misset 20 30 40 -default_F 100 -N 6 {CAMERA}"
FREE = ("cell_lengths_A[a=b,c]", "misset_rad", "distance_m")
ERROR = 0.004


def run(options: str = "") -> RunConfig:
    return RunConfig.from_args(f"{LINE} {options}".split())


def bright(config: RunConfig, photons: float = 2000.0) -> tuple[RunConfig, ObservedImage]:
    """Return the run with so many photons in its brightest pixel, and its noisy image over one photon."""
    image = simulate(config).numpy()
    scale = photons / float(image.max())
    beam = replace(config.beam, fluence_photons_per_m2=scale * config.beam.fluence_photons_per_m2)
    config = replace(config, beam=beam)
    counts = noise_image((scale * image + 1.0).astype(np.float32), config).counts.astype(np.float64)
    return config, ObservedImage.of(counts - config.output.adc, usable_pixels(config))


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
def question() -> tuple[RunConfig, ObservedImage]:
    return bright(run("-seed 3"))


@pytest.fixture(scope="module")
def outcome(question: tuple[RunConfig, ObservedImage]) -> Refined:
    config, observed = question
    return Refinement(moved(config), FREE, observed, ERROR).run()


def errors_in_sigmas(outcome: Refined, config: RunConfig) -> np.ndarray:
    truth = true_numbers(Experiment(config, FREE))
    rows = zip(outcome.labels, outcome.numbers, outcome.certainty.deviations, strict=True)
    return np.array([(number - truth[name]) / sigma for name, number, sigma in rows if name in truth])


def test_truth_is_found_within_its_uncertainty(
    outcome: Refined, question: tuple[RunConfig, ObservedImage]
) -> None:
    assert np.abs(errors_in_sigmas(outcome, question[0])).max() < 5.0
    assert outcome.chi_square == pytest.approx(1.0, abs=0.1)


def test_uncertainty_is_small_against_the_way(outcome: Refined) -> None:
    way = np.abs(outcome.begun - outcome.numbers)[:-1]
    assert (outcome.certainty.deviations[:-1] < 0.05 * way).all()


@pytest.fixture(scope="module")
def small() -> tuple[RunConfig, ObservedImage, Refined]:
    """A crystal of four cells, whose spots are wide enough to start with the whole run."""
    config, observed = bright(run("-N 4 -phisteps 1 -seed 4"))
    return config, observed, Refinement(moved(config), FREE, observed, ERROR).run()


@pytest.mark.parametrize("method", [name for name in METHODS if name != "gauss-newton"])
def test_every_optimiser_finds_the_same(method: str, small: tuple[RunConfig, ObservedImage, Refined]) -> None:
    config, observed, outcome = small
    other = Refinement(moved(config), FREE, observed, ERROR, method).run()
    assert np.abs((other.numbers - outcome.numbers) / outcome.certainty.deviations).max() < 1.0


def test_the_gradient_is_the_same_in_both_modes(question: tuple[RunConfig, ObservedImage]) -> None:
    config, observed = question
    for plan in plans(config, ERROR):
        stage = stage_of(plan, moved(config, 0.0003, 0.01), observed)
        problem = Problem(Experiment(stage.config, [*FREE, SCALE]), stage, lambda step: None)
        vector = problem.vector()
        _, gradient = problem.loss_and_gradient(vector)
        expected = problem.jacobian(vector).T @ problem.residuals(vector)
        assert np.allclose(gradient, expected, rtol=0.0, atol=1e-9 * np.abs(expected).max())


def test_a_wrong_truth_fails(outcome: Refined, question: tuple[RunConfig, ObservedImage]) -> None:
    truth = true_numbers(Experiment(question[0], FREE))
    wrong = {**truth, "distance_m": truth["distance_m"] * 1.01}
    for known, word in ((wrong, "FAIL"), ({}, REFINED)):
        assert judge_fit(rows_of(outcome, known), GOOD, []).word == word


GOOD = Fit((0.5, 0.99), 0.01, 1.0)
ROW = VariableRow("distance_m", "mm", 80.1, 80.0, 0.01, None, 0.05)


@pytest.mark.parametrize(
    ("row", "fit", "unseen", "word", "status", "said"),
    [
        ({}, {}, [], "REFINED", 0, ""),
        ({}, {"chi_square": 12.5}, [], "REFINED", 0, "more than noise"),
        ({}, {"correlations": (0.1, 0.2)}, [], "NOT COMPARABLE", 2, "does not explain"),
        ({}, {"unexplained": 0.3}, [], "NOT COMPARABLE", 2, "30.0 % of the signal"),
        ({}, {"correlations": (0.99, 0.95)}, [], "NOT COMPARABLE", 2, "worse than the start"),
        ({}, {}, ["a and b"], "NOT COMPARABLE", 2, "a and b"),
        ({"at_bound": True}, {}, [], "NOT COMPARABLE", 2, "distance_m ended at the bound"),
        ({"truth": 80.01}, {}, [], "PASS", 0, ""),
        ({"truth": 80.01}, {"unexplained": 0.3}, [], "NOT COMPARABLE", 2, "does not explain"),
        ({"truth": 80.1}, {"unexplained": 0.3}, [], "FAIL", 1, "does not explain"),
        ({"truth": 80.1, "sigma": np.inf}, {}, ["a and b"], "NOT COMPARABLE", 2, "a and b"),
    ],
)
def test_verdict_and_status_say_the_same(
    row: dict[str, object], fit: dict[str, object], unseen: list[str], word: str, status: int, said: str
) -> None:
    found = judge_fit([replace(ROW, **row)], replace(GOOD, **fit), unseen)  # type: ignore[arg-type]
    assert (found.word, found.exit_status) == (word, status)
    assert said in " ".join((*found.reasons, *found.remarks))


def test_directions_that_are_not_seen_have_no_finite_deviation() -> None:
    draw = np.random.default_rng(1)
    one, two, three = draw.normal(size=(3, 200))
    slopes = np.stack([one, two, -3e6 * one, 1e-5 * three, 0.0 * one], axis=1)
    found = certainty_of(slopes, np.ones(200), 5)
    assert np.isfinite(found.deviations).tolist() == [False, True, False, True, False]
    assert sorted(found.unseen) == [(0, 2), (4,)]
    words = told_apart(sorted(found.unseen), ["a", "b", "c", "d", "e"])
    assert words[0].startswith("a and c cannot be told apart")
    assert words[1].startswith("e has no effect")
    exact = certainty_of(slopes[:, [0, 1, 3]], np.ones(200), 3)
    assert np.allclose(found.deviations[[1, 3]], exact.deviations[1:])
    assert found.correlations[1, 3] == pytest.approx(exact.correlations[1, 2])


def test_variables_told_apart_hardly_keep_a_deviation() -> None:
    draw = np.random.default_rng(2)
    one, two = draw.normal(size=(2, 1000))
    found = certainty_of(np.stack([one, one + 1e-3 * two], axis=1), np.ones(1000), 2)
    assert not found.unseen
    assert found.correlations[0, 1] == pytest.approx(-1.0, abs=1e-5)
    assert found.deviations == pytest.approx(1e3 / np.sqrt(1000.0), rel=0.1)


def test_deviations_fit_the_scatter_where_only_few_pixels_scatter() -> None:
    draw = np.random.default_rng(3)
    slopes = draw.normal(size=(4000, 2)) * np.where(np.arange(4000) < 200, 1.0, 1e-3)[:, None]
    normal = np.linalg.inv(slopes.T @ slopes)
    scores = []
    for _ in range(200):
        noise = np.where(np.arange(4000) < 200, draw.normal(size=4000), 0.0)
        off = normal @ slopes.T @ noise
        scores.append(off / certainty_of(slopes, noise - slopes @ off, 2).deviations)
    assert np.sqrt(np.mean(np.square(scores))) == pytest.approx(1.0, abs=0.1)


CUSTOM = "-fdet_vector 0 0 1 -Xbeam 29 -Ybeam 31"
REPLAYED = {
    "": ("cell_lengths_A", "cell_angles_rad", "misset_rad", "distance_m", "Fbeam_m", "Sbeam_m"),
    "-denzo -Xbeam 29 -Ybeam 31": ("Fbeam_m", "Sbeam_m", "pixel_size_m", "wavelength_m"),
    "-adxv -Xbeam 29 -Ybeam 31": ("Fbeam_m", "Sbeam_m", "pixel_size_m", "distance_m"),
    "-adxv -twotheta 5": ("Fclose_m", "Sclose_m", "twotheta_rad", "detector_rot_rad", "pixel_size_m"),
    "-xds -ORGX 60 -ORGY 55": ("Fclose_m", "Sclose_m", "distance_m", "pixel_size_m"),
    "-dials -pivot beam": ("Fbeam_m", "Sbeam_m", "distance_m"),
    "-dials -pivot beam --quirk Q-CENTRE-IGNORED=on": ("Fbeam_m", "Sbeam_m", "distance_m"),
    "-close_distance 80 -pivot sample": ("close_distance_m", "Fclose_m", "Sclose_m"),
    "--parity-mode c-parity": ("misset_rad", "Fbeam_m", "phi_first_rad", "phi_step_rad"),
    f"{CUSTOM}": ("Fbeam_m", "Sbeam_m", "distance_m", "fast_axis", "polarization_axis", "twotheta_rad"),
    f"{CUSTOM} -pivot sample": ("Fclose_m", "distance_m", "normal_axis", "spindle_axis"),
    "-phi 10": ("phi_first_rad", "phi_step_rad", "default_F", "fluence_photons_per_m2"),
    "-flux 1e18 -exposure 2": ("fluence_photons_per_m2",),
    "-energy 12000 -polar 0.9": ("wavelength_m", "kahn_factor"),
    "-round_xtal -mosaic 0.5 -mosaic_domains 3": ("fudge", "mosaic_spread_rad"),
    "-water 5 -detector_thick 300 -detector_abs 400": ("water_size_m", "layer_m", "attenuation_per_m"),
    "-hdivrange 1 -hdivsteps 3 --parity-mode c-parity": ("hdiv_first_rad", "hdiv_step_rad"),
    "-detsize 60": ("pixel_size_m",),
}


@pytest.mark.parametrize("options", REPLAYED)
def test_printed_options_make_the_refined_run(options: str) -> None:
    names = [*REPLAYED[options], SCALE]
    start = run(options)
    draw = np.random.default_rng(3)
    values = {
        name: value_of(start, name) * (1.0 + 1e-3 * draw.random()) + 1e-7 * (name.endswith("_rad"))
        for name in dict.fromkeys(names)
    }
    found = with_numbers(start, values)
    words, missing = replayed([*LINE.split(), *options.split()], found, names)
    assert not missing
    image = simulate(found)
    again = simulate(RunConfig.from_args([*LINE.split(), *options.split(), *words]))
    assert float(image.max()) > 0.0
    assert torch.allclose(again, image, rtol=0.0, atol=1e-6 * float(image.max()))
    assert not torch.allclose(simulate(start), image, rtol=0.0, atol=1e-6 * float(image.max()))


@pytest.mark.parametrize(
    ("options", "name"),
    [("", "cells"), ("", "spindle_axis"), ("-dispersion 1 -dispsteps 3", "dispersion_first")],
)
def test_what_no_option_sets_is_named(options: str, name: str) -> None:
    found = with_numbers(run(options), {name: value_of(run(options), name) * 1.01 + 0.013})
    assert replayed([*LINE.split(), *options.split()], found, [name])[1] == (name,)


def test_every_input_with_an_option_is_replayed_here() -> None:
    tried = {name for names in REPLAYED.values() for name in names}
    assert WRITERS.keys() - tried <= {
        "cells",
        "vdiv_first_rad",
        "vdiv_step_rad",
        "dispersion_first",
        "dispersion_step",
        "pix0_m",
    }


def test_background_is_fitted_where_spots_are_dense(outcome: Refined) -> None:
    assert float(np.abs(outcome.background - 1.0).mean()) < 0.05


@pytest.mark.parametrize("columns", ["40", "80"])
def test_numbers_are_never_cut(columns: str, outcome: Refined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = table_of(rows_of(outcome, {"distance_m": 0.08}), "title")
    console = wide_console(table)
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().splitlines()
    assert "…" not in capture.get()
    for name in outcome.labels[:-1]:
        assert any(name in line and "(" in line for line in lines)


def test_no_variable_leaves_the_stated_start(question: tuple[RunConfig, ObservedImage]) -> None:
    config, observed = question
    start = moved(config)
    reach = {"distance_m": 1e-4, "cell_lengths_A": 1e-4, "misset_rad": 1e-5}
    found = Refinement(start, FREE, observed, ERROR, reach=reach).run()
    for name, part in (("distance_m", 0.08 * 1.003), ("misset_rad", 1.0)):
        change = (value_of(found.found, name) - value_of(start, name)).abs()
        assert float(change.max()) <= reach[name] * part * (1.0 + 1e-9)
    assert any(row.at_bound for row in rows_of(found, {}))


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


def test_what_cannot_be_refined_is_said(question: tuple[RunConfig, ObservedImage]) -> None:
    config, observed = question
    with pytest.raises(UsageError, match="does not depend on Fclose_m"):
        Refinement(config, ["distance_m", "Fclose_m"], observed, ERROR).run()
    with pytest.raises(UsageError, match="unknown"):
        Refinement(config, ["colour"], observed, ERROR).run()
    dark = replace(observed, photons=observed.background - 1.0)
    with pytest.raises(HarnessError, match="check geometry"):
        Refinement(config, FREE, dark, ERROR).run()
    with pytest.raises(HarnessError, match="pixels can be used"):
        ObservedImage.of(observed.photons, np.zeros(observed.photons.shape, bool))
