"""One continuous input as variables of an optimiser: natural steps, bounds that are never crossed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.fit.parameters import PARAMETERS
from simulator.fit.selection import Groups
from simulator.limits.input_rules import check_values

FINE, COARSE = 2.0**-10, 2.0**-4
STRENGTHS = frozenset(
    {"fluence_photons_per_m2", "kahn_factor", "source_weights", "fudge", "cells", "mosaic_spread_rad",
     "structure_factors", "default_F", "attenuation_per_m", "layer_m", "water_size_m"}
)  # fmt: skip
"""Inputs that change how bright or broad a spot is, not where it lies."""
SHIFTS = frozenset({"Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m", "pix0_m"})
"""Inputs that shift the whole image."""


def natural_step(config: RunConfig, name: str, value: Tensor) -> float:
    """Return the change of an input that a variable changes by 1 for.

    A pixel for what shifts the image, 1/1024 rad for angles, 1/16 of the largest component for what changes
    intensities, 1/1024 of it for all else; of 1 where all components are 0.
    """
    largest = float(value.abs().max()) or 1.0
    if name in SHIFTS:
        return float(config.detector.pixel_size_m)
    if name in STRENGTHS and value.any():
        return COARSE * largest
    return FINE if PARAMETERS[name].unit == "rad" else FINE * largest


class Variables(nn.Module):
    """The variables v [n] of one input x, float64, 0 at the start x0.

    x = x0 + d u/sqrt(1 + u^2), u = s v / d, with the step s and the distance d from x0 to the bound on that
    side; without a bound x = x0 + s v. So v = 0 gives x0 to the last bit, the slope there is s, and no v
    leaves the bounds. Where x0 is a bound, both signs of v lead into the allowed side, so that no v has the
    slope 0; at v = 0 the slope is that of the allowed side. A component that is not free stays x0; tied ones
    share a v.

    Buffers, which a state dictionary carries: start, lower, upper [shape of x]; step [n]; place [components],
    which variable moves a component, -1 for none.
    """

    start: Tensor
    lower: Tensor
    upper: Tensor
    step: Tensor
    place: Tensor

    def __init__(self, start: Tensor, groups: Groups, step: Tensor, bounds: tuple[Tensor, Tensor]) -> None:
        super().__init__()
        place = torch.full((start.numel(),), -1, device="cpu")
        for n, group in enumerate(groups):
            place[list(group)] = n
        self.variables = nn.Parameter(torch.zeros(len(groups), dtype=torch.float64, device="cpu"))
        for name, made in zip(
            ("start", "lower", "upper", "step", "place"), (start, *bounds, step, place), strict=True
        ):
            self.register_buffer(name, made.clone())

    @property
    def groups(self) -> Groups:
        """The components that each variable moves."""
        return _groups_of(self.place)

    def forward(self) -> Tensor:
        """Return the input [its shape], float64 on the CPU, with its graph."""
        return self.at(self.variables)

    def at(self, variables: Tensor) -> Tensor:
        """Return the input [its shape], float64 on the CPU, for other values of the variables."""
        start, lower, upper, step, v = (
            part.to("cpu", torch.float64).flatten()
            for part in (self.start, self.lower, self.upper, self.step, variables)
        )
        place = self.place.to("cpu")
        moved = (step * v)[place.clamp(min=0)]
        up = (moved > 0.0) | ((moved == 0.0) & (upper > start))
        reach = torch.where(up, upper - start, start - lower)
        mirrored = (reach == 0.0) & (place >= 0)
        moved, reach = torch.where(mirrored, -moved, moved), torch.where(mirrored, upper - lower, reach)
        bounded = torch.isfinite(reach)
        u = moved / torch.where(bounded, reach, 1.0)
        bent = torch.where(bounded, moved / (1.0 + u * u).sqrt(), moved)
        value = torch.where(place >= 0, start + bent, start)
        inside = torch.minimum(torch.maximum(value.detach(), lower), upper)
        return (value + (inside - value.detach())).reshape(self.start.shape)

    def checked(self, name: str, value: Tensor) -> Tensor:
        """Return a value [shape of x] that may become the start.

        Args:
            name: for messages.

        Raises:
            InputError: for another shape, a value out of bounds, or tied components that differ.
        """
        value = value.detach().to("cpu", torch.float64)
        check_shape(name, value, self.start)
        check_bounds(name, value, (self.lower.to("cpu"), self.upper.to("cpu")))
        flat = value.flatten()
        if any(flat[n] != flat[group[0]] for group in self.groups for n in group):
            raise InputError(
                f"parameter '{name}': tied components differ in {value.tolist()}; give equal ones"
            )
        return value

    def restart(self, value: Tensor) -> None:
        """Make a value the start, with all variables 0."""
        with torch.no_grad():
            self.start.copy_(value)
            self.variables.zero_()

    def check_state(self, name: str, state: Mapping[str, Tensor]) -> None:
        """Raise InputError unless a state, of `state_dict`, is one of the same variables.

        Args:
            name: of the input.
            state: tensors by the names of buffers; those that are missing are torch's to refuse.
        """
        place = state.get("place", self.place).to("cpu")
        if not torch.equal(place, self.place.to("cpu")):
            theirs, ours = (_groups_of(one) for one in (place, self.place))
            raise InputError(
                f"state of '{name}': its variables move the components {theirs}, here {ours}; make the"
                " Experiment with the same free inputs"
            )
        if "start" in state:
            check_shape(name, state["start"], self.start)
            limits = [state.get(side, getattr(self, side)).to("cpu") for side in ("lower", "upper")]
            check_bounds(name, state["start"].to("cpu", torch.float64), (limits[0], limits[1]))


def _groups_of(place: Tensor) -> Groups:
    """Return the components that each variable moves."""
    places = place.tolist()
    return [tuple(i for i, n in enumerate(places) if n == m) for m in range(max(places, default=-1) + 1)]


def check_shape(name: str, value: Tensor, there: Tensor) -> None:
    """Raise InputError unless a value has the shape of the one that is there."""
    if value.shape != there.shape:
        raise InputError(
            f"parameter '{name}': has the shape {list(value.shape)}, the run has {list(there.shape)};"
            " give one of that shape"
        )


def check_bounds(name: str, value: Tensor, bounds: tuple[Tensor, Tensor]) -> None:
    """Raise InputError unless all components are finite and lie within the bounds, which belong to them."""
    numbers = value.numpy().reshape(-1)
    check_values(name, numbers, np.ones_like(numbers))
    lower, upper = bounds
    outside = ~(torch.isfinite(value) & (value >= lower) & (value <= upper))
    if outside.any():
        worst = value[outside][0] if value.dim() else value
        low, high = (float(side[outside][0] if side.dim() else side) for side in bounds)
        unit = PARAMETERS[name].unit
        raise InputError(
            f"parameter '{name}': {float(worst):g}{unit and ' ' + unit} lies outside [{low:g}, {high:g}];"
            " give a value inside"
        )


Bound = float | Tensor
"""Of all components of an input, or of each."""


def bounds_of(name: str, start: Tensor, given: Mapping[str, tuple[Bound, Bound]]) -> tuple[Tensor, Tensor]:
    """Return lower and upper bounds [shape of start]: those of the input, or narrower ones that were given.

    Raises:
        InputError: for bounds wider than the input's, or in the wrong order.
    """
    row = PARAMETERS[name]
    low, high = (_full(name, start, side) for side in given.get(name, (row.lower, row.upper)))
    if not bool(((row.lower <= low) & (low < high) & (high <= row.upper)).all()):
        worst = f"[{float(low.min()):g}, {float(high.max()):g}]"
        raise InputError(f"bounds of '{name}': {worst} must ascend and lie in [{row.lower:g}, {row.upper:g}]")
    return low, high


def _full(name: str, start: Tensor, bound: Bound) -> Tensor:
    """Return a bound of each component [shape of start]."""
    if isinstance(bound, Tensor) and bound.dim():
        check_shape(name, bound, start)
        return bound.to("cpu", torch.float64).detach().clone()
    return torch.full_like(start, float(bound))
