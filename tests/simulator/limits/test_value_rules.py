"""Values that callers from Python set: the rules of the command line, for numbers and tensors alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from simulator import RunConfig, simulate
from simulator.config import SourceRow
from simulator.errors import InputError
from simulator.fit.parameters import PARAMETERS, value_of, with_numbers, with_values
from simulator.limits.value_rules import check_config

WORDS = (
    "-cell 40 50 60 90 90 90 -default_F 50 -lambda 1 -distance 50 -pixel 0.5 -detpixels 4 -N 3 -oversample 1"
)
CONFIG = RunConfig.from_args(f"{WORDS} -gauss_xtal --compile off".split())
SOURCES = replace(
    CONFIG, beam=replace(CONFIG.beam, source_rows=(SourceRow((-1.0, 0.0, 0.0), 1.0, 1.0 / 10**10),))
)


def filled(config: RunConfig, name: str, number: float) -> RunConfig:
    """Return a configuration with all components of a parameter set to a number."""
    return with_numbers(config, {name: torch.full_like(value_of(config, name), number)})


def outcome_of(config: RunConfig, name: str, number: float) -> tuple[str, torch.Tensor]:
    """Return why a run with a number in an input is refused, or the empty string and its image."""
    try:
        return "", simulate(filled(config, name, number))
    except InputError as error:
        return str(error), torch.zeros(0)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 1e308, -1e308])
@pytest.mark.parametrize("name", PARAMETERS)
def test_no_number_makes_an_image_that_is_not_finite(name: str, number: float) -> None:
    config = SOURCES if name.startswith("source_") else CONFIG
    if not value_of(config, name).numel():
        return
    refused, image = outcome_of(config, name, number)
    assert refused.count("\n") == 0
    assert refused or image.isfinite().all()


@pytest.mark.parametrize(
    ("name", "number"),
    [("wavelength_m", 0.0), ("wavelength_m", -1e-10), ("distance_m", 0.0), ("pixel_size_m", 0.0),
     ("fluence_photons_per_m2", -1.0), ("kahn_factor", 1.5), ("water_size_m", -1e-6), ("fudge", -0.1),
     ("cell_lengths_A", -40.0), ("cell_angles_rad", 4.0), ("beam_direction", 0.0), ("spindle_axis", 0.0),
     ("polarization_axis", 0.0), ("fast_axis", 0.0), ("slow_axis", 0.0), ("twotheta_axis", 0.0),
     ("dispersion_first", -1.0), ("source_positions_m", 0.0), ("source_wavelengths_m", 0.0)],
)  # fmt: skip
def test_a_tensor_without_meaning_is_refused_by_name(name: str, number: float) -> None:
    config = SOURCES if name.startswith("source_") else CONFIG
    tensor = torch.full_like(value_of(config, name), number).requires_grad_()
    with pytest.raises(InputError, match=rf"{name}|-fudge|-dispersion|-sourcefile source 1"):
        check_config(with_values(config, {name: tensor}))


@pytest.mark.parametrize(
    ("section", "field", "value", "words"),
    [("detector", "roi", (3, 2, 0, 3), "the region is empty"),
     ("sampling", "oversample", 10001, "at most 10000"),
     ("crystal", "mosaic_domains", 1 << 25, "phi steps times"),
     ("crystal", "mosaic_domains", 0, "at least 1"),
     ("crystal", "cells", (1, 1, 1 << 40), "-N")],
)  # fmt: skip
def test_a_configuration_made_by_hand_is_held_to_the_limits(
    section: str, field: str, value: Any, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        simulate(replace(CONFIG, **{section: replace(getattr(CONFIG, section), **{field: value})}))
