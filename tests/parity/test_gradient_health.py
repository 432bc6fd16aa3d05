"""Every case of the suite, in both modes: image and gradient are finite for every parameter that it has."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch

from golden_suite_generator.cases import Case, load_cases
from harness.suite.runner import lay_out
from simulator import RunConfig, simulate
from simulator.fit.parameters import PARAMETERS, value_of, with_values
from tests.parity.agreement import simulator_words

RUNS = [(case, mode) for case in load_cases() for mode in case.modes if not case.status[mode]]


def gradients(config: RunConfig) -> dict[str, torch.Tensor | None]:
    """Return the image, and the slope of the sum of its pixels to every parameter that the run has."""
    values = {name: value_of(config, name) for name in PARAMETERS}
    given = {
        name: value.requires_grad_()
        for name, value in values.items()
        if value.numel() and value.isfinite().all() and (config.crystal.has_cell or "cell_" not in name)
    }
    image = simulate(with_values(config, given))
    slopes = torch.autograd.grad(image.sum(), tuple(given.values()), allow_unused=True)
    return {"image": image.detach(), **dict(zip(given, slopes, strict=True))}


@pytest.mark.parametrize(("case", "mode"), RUNS, ids=[f"{case.id}-{mode}" for case, mode in RUNS])
def test_image_and_gradient_are_finite(case: Case, mode: str, inputs: Path, tmp_path: Path) -> None:
    lay_out(case, inputs, tmp_path)
    with contextlib.chdir(tmp_path):
        words = simulator_words(mode, case, inputs)
        found = gradients(RunConfig.from_args(words))
    wrong = [name for name, part in found.items() if part is not None and not part.isfinite().all()]
    assert not wrong, f"{case.label} in {mode}: not finite: {', '.join(wrong)}"
