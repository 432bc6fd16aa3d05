"""A run as a module of torch: its image as a function of named, bounded inputs that an optimiser may move."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from simulator.config import RunConfig
from simulator.dual_tensors import dual_of, dual_tensors
from simulator.errors import InputError
from simulator.fit.chosen_pixels import places_of
from simulator.fit.parameters import PARAMETERS, number_of, switched_on, value_of, with_numbers, with_values
from simulator.fit.selection import Groups, label, selected
from simulator.fit.variables import Variables, bounds_of, check_bounds, natural_step
from simulator.limits.transforms import is_wrapped
from simulator.physics.crystal import cell_angles_rad, lengths_A, orient
from simulator.physics.vectors import plain
from simulator.scene.scene import Scene, prepare
from simulator.simulation import changes_of, picture_of
from simulator.transformed import pictured
from simulator.untraced import untraced

Values = Mapping[str, Tensor]
IDLE_SEED = 1
TABLE_INPUTS = {"structure_factors", "default_F"}
FLAT_AT_ZERO = {"default_F", "structure_factors", "water_size_m"}
"""Inputs that count by their square or cube: at 0 the image has no slope to them, and no fit leaves it."""


class Experiment(nn.Module):
    """The image of a run as a function of some of its continuous inputs.

    Every free input x is held as dimensionless variables v, 0 at the start, that change x by its natural step
    for a change of 1 and never leave its bounds (`variables.Variables`). All of them together are what
    `parameters()` gives an optimiser; `values()` are the inputs in their units.

    Choices that the run would make anew for every image are made once, here: the automatic number of
    sub-pixels, numbers of cells that follow from a size in metres, and float64 where precision is automatic.

    Args:
        config: the run.
        free: selections of inputs, `["distance_m", "cell_lengths_A[a=b,c]"]` (see `selection`).
        bounds: narrower bounds (lower, upper) of free inputs, in their units: numbers, or tensors of their
            shape.
        steps: other natural steps of free inputs, in their units.

    Raises:
        InputError: for an unknown name, a choice, an input without a value in this run, unequal tied
            components, a start out of bounds, or a step that is not above 0.
    """

    @untraced
    def __init__(
        self,
        config: RunConfig,
        free: str | Iterable[str],
        *,
        bounds: Mapping[str, tuple[float | Tensor, float | Tensor]] | None = None,
        steps: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        chosen = selected(config, free)
        bounds, steps = bounds or {}, steps or {}
        for name in (*bounds, *steps):
            if name not in chosen:
                raise InputError(f"bounds or steps of '{name}': it is not free; free are {', '.join(chosen)}")
        scene = prepare(config)
        self._base = _settled(scene)
        for name in chosen:
            self._base = switched_on(self._base, name)
        self._table = None if chosen.keys() & TABLE_INPUTS else scene.table
        self.inputs = nn.ModuleDict()
        for name, groups in chosen.items():
            start = value_of(self._base, name)
            limits = bounds_of(name, start, bounds)
            check_bounds(name, start, limits)
            _check_slope(self._base, name, groups, start)
            step = steps.get(name, natural_step(self._base, name, start))
            if not 0.0 < step < math.inf:
                raise InputError(f"step of '{name}': {step:g} must be above 0 and finite")
            width = torch.full((len(groups),), step, dtype=torch.float64, device="cpu")
            self.inputs[name] = Variables(start, groups, width, limits)

    @untraced
    def forward(self) -> Tensor:
        """Return the image in photons [slow, fast], with its gradient to the variables.

        Raises:
            InputError: for values of which no run can be made (cell angles that do not close).
        """
        return self._pixels(None)

    @untraced
    def pixels(self, slow: Tensor, fast: Tensor) -> Tensor:
        """Return some pixels in photons [n], with their gradient to the variables, and compute no other ones.

        Args:
            slow: whole numbers [n], in memory order.
            fast: whole numbers [n], in memory order.

        Raises:
            InputError: for pixels beside the detector, twice or out of order.
        """
        return self._pixels(places_of(self._base.detector, slow, fast))

    def _pixels(self, places: Tensor | None) -> Tensor:
        """Return the pixels at places in memory order [n], None for the whole image, in photons."""
        tensors = self.tensors()

        def scene(values: Sequence[Tensor]) -> Scene:
            inputs = dict(zip(tensors, values, strict=True))
            return prepare(with_values(self._base, inputs), self._table)

        picture, values = picture_of(scene, places), list(tensors.values())
        return pictured(picture, values) if any(map(is_wrapped, values)) else picture.of(values)

    def jacobian(self, slow: Tensor | None = None, fast: Tensor | None = None) -> Tensor:
        """Return how fast pixels change with each variable [n, v], for `scipy.optimize.least_squares`.

        In forward mode, one pass over the pixels for all variables; reverse mode needs one for each pixel.
        It holds the result, 8 n v bytes, and little besides; pixels that the run leaves out have rows of 0.

        Args:
            slow: of the pixels, as of `pixels`; None for the whole image, row by row.
            fast: of the pixels, as of `pixels`; None for the whole image, row by row.

        Raises:
            InputError: for such pixels, and for values of which no run can be made.
        """
        detector = self._base.detector
        places = None if slow is None or fast is None else places_of(detector, slow, fast)
        with torch.no_grad(), dual_tensors():
            return changes_of(self._moving(), places).flatten(1).T

    def _moving(self) -> Iterator[Scene]:
        """Yield for each variable the scene of the current values in which that variable moves."""
        plain = [(name, part, part.variables.detach()) for name, part in self._parts()]
        for moving, _, variables in plain:
            for unit in torch.eye(len(variables), dtype=variables.dtype, device=variables.device):
                values = {
                    name: part.at(dual_of(own, unit if name == moving else torch.zeros_like(own)))
                    for name, part, own in plain
                }
                yield prepare(with_values(self._base, values), self._table)

    @untraced
    def tensors(self) -> dict[str, Tensor]:
        """Return the free inputs, whole, in their units, with the graphs to the variables."""
        return {name: part() for name, part in self.inputs.items()}

    def values(self) -> dict[str, Tensor]:
        """Return the free inputs, whole, in their units."""
        return {name: value.detach() for name, value in self.tensors().items()}

    def config(self) -> RunConfig:
        """Return the run of the current values, all plain numbers."""
        return with_numbers(self._base, self.values())

    def set_values(self, values: Mapping[str, object]) -> None:
        """Make these values the current ones and the new start, where all variables are 0.

        Args:
            values: of free inputs, whole, in their units: tensors, numbers or lists.

        Raises:
            InputError: for an input that is not free, another shape, a value out of bounds, unequal ties.
                Nothing is changed then.
        """
        checked = {
            name: self._input(name).checked(name, number_of(name, value).detach())
            for name, value in values.items()
        }
        for name, value in checked.items():
            self._input(name).restart(value)

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Check a state before torch copies any part of it.

        Raises:
            InputError: for one of other variables.
        """
        for name, part in self._parts():
            head = f"{prefix}inputs.{name}."
            there = {key.removeprefix(head): value for key, value in state.items() if key.startswith(head)}
            part.check_state(name, there)
        super()._load_from_state_dict(state, prefix, *rest)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Experiment:
        """Move the variables.

        Raises:
            InputError: for a change of their number type.
        """
        made = fn(torch.zeros(1, dtype=torch.float64, device="cpu")).dtype
        if made != torch.float64:
            raise InputError(
                f"Experiment: its inputs would be rounded to {str(made).removeprefix('torch.')}; keep"
                " float64, and choose the arithmetic of the image with -dtype"
            )
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def variables(self) -> list[tuple[str, Groups, Tensor]]:
        """Return name, components that move together and value of each free input."""
        return [(name, part.groups, part().detach()) for name, part in self._parts()]

    def labels(self) -> list[str]:
        """Return a name for each variable, in the order of `parameters()` laid end to end."""
        return [
            label(name, group, part.start.numel())
            for name, part in self._parts()
            for group in part.groups
        ]  # fmt: skip

    def units(self) -> list[str]:
        """Return the unit of the input of each variable, in the order of `labels`."""
        return [PARAMETERS[name].unit for name, part in self._parts() for _ in part.groups]

    def numbers(self) -> Tensor:
        """Return the value of each variable in its unit, in the order of `labels`, with the graph."""
        return torch.cat([part().flatten()[[group[0] for group in part.groups]] for _, part in self._parts()])

    def ends(self) -> list[tuple[float, float]]:
        """Return the bounds of each variable in its unit, in the order of `labels`."""
        sides = [(part.groups, part.lower.flatten(), part.upper.flatten()) for _, part in self._parts()]
        return [
            (float(lower[group[0]]), float(upper[group[0]]))
            for groups, lower, upper in sides
            for group in groups
        ]

    def slopes(self) -> Tensor:
        """Return how fast each of `numbers` changes with its variable, in units of the input."""
        return torch.cat(torch.autograd.grad(self.numbers().sum(), list(self.parameters())))

    def idle(self) -> list[str]:
        """Return the variables that the image does not depend on, by the slope of a random sum of pixels."""
        given = list(self.parameters())
        image = self()
        weights = torch.randn(
            image.shape,
            dtype=torch.float64,
            device="cpu",
            generator=torch.Generator("cpu").manual_seed(IDLE_SEED),
        )
        if not image.requires_grad:
            return self.labels()
        found = torch.autograd.grad(
            (image * weights.to(image.device)).sum(), given, allow_unused=True, materialize_grads=True
        )
        slopes = torch.cat([part.to("cpu") for part in found])
        return [name for name, slope in zip(self.labels(), slopes.tolist(), strict=True) if slope == 0.0]

    def table(self) -> str:
        """Return the free inputs as text: variable, value, unit, start, step and bounds, one a line."""
        rows = [("variable", "value", "unit", "start", "step", "bounds")]
        names, units, values = iter(self.labels()), iter(self.units()), iter(self.numbers().tolist())
        for _, part in self._parts():
            flat = [side.flatten() for side in (part.start, part.lower, part.upper)]
            for group, step in zip(part.groups, part.step.tolist(), strict=True):
                start, low, high = (float(side[group[0]]) for side in flat)
                numbers = (f"{next(values):.9g}", next(units) or "1", f"{start:.9g}", f"{step:.3g}")
                rows.append((next(names), *numbers, f"[{low:.4g}, {high:.4g}]"))
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def extra_repr(self) -> str:
        """Return the names of the variables."""
        return ", ".join(self.labels())

    def _parts(self) -> list[tuple[str, Variables]]:
        return [(name, part) for name, part in self.inputs.items() if isinstance(part, Variables)]

    def _input(self, name: str) -> Variables:
        if name not in self.inputs:
            raise InputError(f"parameter '{name}': not free here; free are {', '.join(self.inputs)}")
        part = self.inputs[name]
        assert isinstance(part, Variables)
        return part


def with_cell(config: RunConfig) -> RunConfig:
    """Return a run whose lattice is that of its matrix, with the cell lengths as inputs of their own.

    The directions stay those of the matrix, the lengths are those of the cell from now on (spec 03 section
    4); a run that has a cell stays what it is.

    Raises:
        InputError: for a run without matrix and cell.
    """
    crystal = config.crystal
    if crystal.has_cell:
        return config
    lattice = orient(crystal, config.beam.wavelength_m, config.quirks)
    a, b, c = (plain(part) for part in lengths_A(lattice))
    alpha, beta, gamma = (plain(part) for part in cell_angles_rad(lattice))
    made = replace(crystal, has_cell=True, cell_lengths_A=(a, b, c), cell_angles_rad=(alpha, beta, gamma))
    return replace(config, crystal=made)


def _settled(scene: Scene) -> RunConfig:
    """Return a run that makes no choice that depends on a continuous input."""
    config, crystal = scene.config, scene.config.crystal
    if any(size > 0.0 for size in crystal.size_m):
        crystal = replace(crystal, cells=scene.lattice.cells, size_m=(0.0, 0.0, 0.0))
    compute = config.compute
    if compute.precision == "auto":
        compute = replace(compute, precision="float64")
    sampling = replace(config.sampling, oversample=scene.oversample)
    return replace(config, crystal=crystal, compute=compute, sampling=sampling)


def _check_slope(config: RunConfig, name: str, groups: Groups, start: Tensor) -> None:
    """Raise InputError for an input whose free components all start where the image has no slope."""
    if name == "mosaic_spread_rad" and config.crystal.mosaic_domains < 2:
        raise InputError(
            f"parameter '{name}': the run has one mosaic domain, which no spread turns; give -mosaic above 0"
            " and -mosaic_domains"
        )
    free = [n for group in groups for n in group]
    if name in FLAT_AT_ZERO and not start.flatten()[free].any():
        raise InputError(
            f"parameter '{name}': starts at 0, where the image has the slope 0 to it; start above 0"
        )
