"""Times forward and backward against forward, in turn, on sets of inputs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from simulator.config import RunConfig

USUAL = (
    "matrix", "cell_lengths_A", "cell_angles_rad", "misset_rad", "phi_first_rad", "wavelength_m",
    "distance_m", "Fbeam_m", "Sbeam_m", "detector_rot_rad", "mosaic_spread_rad", "fluence_photons_per_m2",
)  # fmt: skip
FACTORS = ("structure_factors", "default_F")
SETS = ("usual", "geometry", "everything")


def measure_set(config: RunConfig, name: str, rounds: int) -> dict[str, Any]:
    """Return the times of forward, and of forward and backward, in rounds A B after one of each.

    Args:
        config: the run; cell lengths and angles are inputs of it also where it has a matrix.
        name: of the set of inputs, from SETS.
    """
    from simulator.fit.experiment import with_cell

    config = with_cell(config)
    inputs = inputs_of_set(config, name)
    sides: Mapping[str, Callable[[], object]] = {
        "forward": lambda: _image(config, {}),
        "both": lambda: gradients_of(config, inputs),
    }
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side, run in sides.items():
            taken = _timed(run)
            if number:
                found[side].append(taken)
    row: dict[str, Any] = {"set": name, "inputs": len(inputs)}
    for n, clock in enumerate(("wall", "cpu")):
        for side in sides:
            row[f"{side}_{clock}_s"] = round(statistics.median(taken[n] for taken in found[side]), 3)
        ratios = [b[n] / a[n] for a, b in zip(found["forward"], found["both"], strict=True)]
        row[f"ratio_{clock}"] = [round(f(ratios), 2) for f in (statistics.median, min, max)]
    return row


def inputs_of_set(config: RunConfig, name: str) -> dict[str, Tensor]:
    """Return the continuous inputs of a run that belong to a set of SETS, by name."""
    from simulator.fit.parameters import PARAMETERS, value_of

    left_out = {"usual": set(PARAMETERS).difference(USUAL), "geometry": set(FACTORS), "everything": set()}
    values = {key: value_of(config, key) for key in PARAMETERS if key not in left_out[name]}
    return {key: value for key, value in values.items() if value.numel() and value.isfinite().all()}


def _image(config: RunConfig, inputs: Mapping[str, Tensor]) -> Tensor:
    from simulator import simulate
    from simulator.fit.parameters import with_values

    return simulate(with_values(config, inputs))


def gradients_of(config: RunConfig, inputs: Mapping[str, Tensor]) -> Sequence[Tensor | None]:
    """Return the gradients of the sum of squares of an image along inputs, None where it has none."""
    import torch

    free = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    loss = _image(config, free).square().sum()
    return torch.autograd.grad(loss, tuple(free.values()), allow_unused=True)


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor time of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu
