"""torch's gradcheck on whole images, for every continuous parameter that a run has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from simulator import RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.parameters import PARAMETERS, value_of, with_values
from simulator.kernel import miller_indices, rays
from simulator.physics.lattice import interference
from tests.simulator.gradient_cases import (
    INTERPOLATED,
    MODES,
    PLACES,
    SAMPLINGS,
    SHAPES,
    configured,
    continuous,
    write_inputs,
)

STEP, RELATIVE, ABSOLUTE = 1e-6, 1e-5, 1e-8
"""Step of a parameter over its size (0.01 where it is 0), and allowed errors: a part of the slope, and of the
brightest pixel.

The rounding of the image over the step is 1e-10 of the brightest pixel, the third derivative of an
interference function of 4 cells at h = 7 over the square of the step 1e-7 of the slope.
"""
SIZE_OF_ZERO = 0.01
MOST_ENTRIES = 9
ONLY_THERE = {
    "sources": {"hdiv_step_rad", "vdiv_step_rad", "dispersion_step"},
    "phi": {"phi_step_rad"},
    "domains": {"mosaic_spread_rad"},
    "absorption": {"layer_m", "attenuation_per_m"},
    "water": {"water_size_m"},
    "pix0": {"pix0_m"},
    "pivot-sample": {"close_distance_m", "Fclose_m", "Sclose_m"},
    "pivot-beam": {"Fbeam_m", "Sbeam_m"},
    "matrix": {"matrix"},
    "source-file": {"source_positions_m", "source_weights", "source_wavelengths_m"},
    "wide": {"fudge"},
}
"""Parameters whose slope is not 0 in one of the runs only; those of no run have one in the plain one."""
RUNS = {**SAMPLINGS, **PLACES, "wide": SHAPES["ROUND"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gradcheck")
    write_inputs(made)
    return made


def along(value: Tensor) -> Tensor:
    """Return the directions in which a parameter is varied [n, ...]: each entry, or three for a table."""
    if value.numel() <= MOST_ENTRIES:
        return torch.eye(value.numel(), dtype=torch.float64).reshape(-1, *value.shape)
    return torch.randn((3, *value.shape), dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def moves(config: RunConfig, name: str, ways: Tensor) -> bool:
    """Return whether a parameter may be varied to both sides, as differences need it."""
    value = value_of(config, name)
    try:
        for way in ways:
            for side in (2.0 * STEP, -2.0 * STEP):
                with_values(config, {name: value + side * way})
    except InputError:
        return False
    return True


def checked(config: RunConfig, names: Sequence[str] = ()) -> int:
    """Run gradcheck on all parameters of a run at once, or on some; return how many there are.

    The variables are shifts of the parameters over their sizes, the image is divided by its brightest pixel.
    """
    values = {name: value_of(config, name) for name in names or continuous(config)}
    ways = {name: (float(value.abs().max()) or SIZE_OF_ZERO) * along(value) for name, value in values.items()}
    values = {name: value for name, value in values.items() if moves(config, name, ways[name])}
    ways = {name: ways[name] for name in values}
    brightest = float(simulate(config).abs().max())

    def image(*shifts: Tensor) -> Tensor:
        moved = {
            name: value + torch.tensordot(shift, ways[name], 1)
            for (name, value), shift in zip(values.items(), shifts, strict=True)
        }
        return simulate(with_values(config, moved)) / brightest

    shifts = tuple(torch.zeros(len(way), dtype=torch.float64, requires_grad=True) for way in ways.values())
    tolerances: dict[str, Any] = {"eps": STEP, "rtol": RELATIVE, "atol": ABSOLUTE}
    assert torch.autograd.gradcheck(image, shifts, **tolerances, fast_mode=True, check_undefined_grad=False)
    return len(shifts)


def in_turn(shapes: Iterable[str], samplings: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return all pairs, each in one parity mode: each shape and each sampling comes in both."""
    return [
        (shape, sampling, MODES[(row + column) % len(MODES)])
        for row, shape in enumerate(shapes)
        for column, sampling in enumerate(samplings)
    ]


@pytest.mark.parametrize(("shape", "sampling", "mode"), in_turn(SHAPES, SAMPLINGS))
def test_gradcheck_of_all_shapes(shape: str, sampling: str, mode: str, folder: Path) -> None:
    assert checked(configured(folder, mode, "-nointerpolate", SHAPES[shape], SAMPLINGS[sampling])) > 25


@pytest.mark.parametrize(("shape", "sampling", "mode"), in_turn(SHAPES, INTERPOLATED))
def test_gradcheck_with_interpolation(shape: str, sampling: str, mode: str, folder: Path) -> None:
    words = ("-interpolate", SHAPES[shape], SAMPLINGS[sampling])
    assert checked(configured(folder, mode, *words)) > 25


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", PLACES)
def test_gradcheck_of_other_inputs(place: str, mode: str, folder: Path) -> None:
    assert checked(configured(folder, mode, PLACES[place])) > 20


def alive(config: RunConfig) -> set[str]:
    """Return the parameters with a slope that is not 0."""
    values = {name: value_of(config, name).requires_grad_() for name in continuous(config)}
    image = simulate(with_values(config, values))
    weights = torch.rand(image.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    slopes = torch.autograd.grad((image * weights).sum(), tuple(values.values()), allow_unused=True)
    return {name for name, slope in zip(values, slopes, strict=True) if slope is not None and slope.any()}


@pytest.mark.parametrize("run", ["plain", *ONLY_THERE])
def test_every_parameter_has_a_slope_in_some_run(run: str, folder: Path) -> None:
    everywhere = set(PARAMETERS).difference(*ONLY_THERE.values())
    assert (ONLY_THERE | {"plain": everywhere})[run] <= alive(configured(folder, "spec", RUNS[run]))


def bent(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, bend: Any) -> None:
    """Replace a function of a module by one with a wrong result."""
    whole = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *given: bend(whole(*given)))


FEW = ("misset_rad", "cells", "pixel_size_m")
WRONG = {
    "slope of the grating": ("SQUARE", interference, "grating_slopes", lambda s: (s[0] * 1.001, s[1])),
    "slope to the cell count": ("SQUARE", interference, "grating_slopes", lambda s: (s[0], s[1] * 1.001)),
    "slope of the ball": ("ROUND", interference, "ball_slope", lambda slope: slope * 1.001),
    "detached solid angle": ("GAUSS", rays, "solid_angle_sr", lambda omega: omega.detach()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_slope_is_found(wrong: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, owner, name, bend = WRONG[wrong]
    bent(monkeypatch, owner, name, bend)
    with pytest.raises(GradcheckError, match="mismatch"):
        checked(configured(folder, "spec", "-nointerpolate", SHAPES[shape]), FEW)


def test_wrong_slopes_of_the_indices_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = miller_indices.Products.backward

    def swapped(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        found = list(whole(ctx, *grads))
        found[1], found[2] = found[2], found[1]
        return tuple(found)

    monkeypatch.setattr(miller_indices.Products, "backward", staticmethod(swapped))
    with pytest.raises(GradcheckError, match="mismatch"):
        checked(configured(folder, "spec", "-nointerpolate"), FEW)
