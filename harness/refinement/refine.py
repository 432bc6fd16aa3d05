"""Refines a run against an image: the stages one after the other, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from harness.errors import HarnessError, UsageError
from harness.refinement.certainty import Certainty
from harness.refinement.data import FloatArray, ObservedImage
from harness.refinement.fit import METHODS, SCALE, FitStep, Limits, Problem, certainty
from harness.refinement.stages import StagePlan, plans, stage_of
from simulator import Experiment, RunConfig, simulate
from simulator.errors import InputError
from simulator.fit.parameters import PARAMETERS, value_of, with_numbers
from simulator.fit.selection import PATTERN

WIDTHS = frozenset({"cells", "fudge", "mosaic_spread_rad"})
"""What coarse stages replace by widths of their own."""
RELATIVE = frozenset({"cell_lengths_A", "distance_m", "close_distance_m", "wavelength_m", "pixel_size_m"})
"""Inputs whose reach is a part of themselves."""
COARSE, FINE = Limits(2.0**-10, 8), Limits(2.0**-20, 15)


@dataclass(frozen=True, eq=False)
class Refined:
    """What a refinement found."""

    start: RunConfig
    """The run at the start."""
    found: RunConfig
    """The refined run."""
    labels: Sequence[str]
    """Of the variables."""
    units: Sequence[str]
    """Of each variable."""
    begun: FloatArray
    """Each variable at the start, in its unit."""
    numbers: FloatArray
    """Each refined variable, in its unit."""
    ends: FloatArray
    """Bounds of each variable, in its unit."""
    certainty: Certainty
    """How well the variables are determined."""
    chi_square: float
    """Mean square residual of the last stage over `pixels` pixels."""
    pixels: int
    background: FloatArray
    """Refined with the rest, photons [slow, fast]."""
    names: Sequence[str]
    """Of the refined inputs."""
    steps: Sequence[FitStep]
    """Every evaluation."""
    evaluations: int
    """Number of evaluations, those of differences included."""


@dataclass(eq=False)
class Refinement:
    """A question: which inputs of a run make it give an image?"""

    config: RunConfig
    free: Sequence[str]
    """Selections of inputs; the brightness is free in any case."""
    observed: ObservedImage
    error: float
    """By which part the start may be off."""
    method: str = "gauss-newton"
    """A key of `METHODS`."""
    reach: Mapping[str, float] = field(default_factory=dict)
    """How far inputs may go from the start, in their units, as a part for `RELATIVE` ones."""
    watch: Callable[[FitStep], None] = lambda step: None
    """Is told every evaluation and the plan it belongs to."""
    steps: list[FitStep] = field(default_factory=list)

    def plans(self) -> list[StagePlan]:
        """Return the stages, in order."""
        return list(plans(self.config, self.error))

    def run(self) -> Refined:
        """Return the outcome of all stages.

        Raises:
            HarnessError: where the image does not determine the variables, or nothing can be fitted.
        """
        try:
            return self._run(self._checked())
        except InputError as error:
            raise HarnessError(f"refinement: {error}") from error

    def _run(self, config: RunConfig) -> Refined:
        evaluations = [0]
        for plan in self.plans():
            stage = stage_of(plan, config, self.observed)
            problem = Problem(self._experiment(stage.config, plan), stage, self._seen, evaluations)
            METHODS[self.method](problem, FINE if plan.cells is None else COARSE)
            config = with_numbers(config, problem.experiment.values())
        found, chi_square = certainty(problem)
        begun = self._experiment(self.config, plan)
        return Refined(
            self.config, config, begun.labels(), begun.units(), np.array(begun.numbers().tolist()),
            np.array(problem.experiment.numbers().tolist()), np.array(begun.ends()), found, chi_square,
            len(stage.photons), problem.background(), list(begun.values()), self.steps, evaluations[0],
        )  # fmt: skip

    def _experiment(self, config: RunConfig, plan: StagePlan) -> Experiment:
        """Return the variables of a stage, which stay near the start of the whole refinement."""
        free = self._free(plan)
        inputs = {_name(text) for text in free} & self.reach.keys()
        return Experiment(config, free, bounds={name: self._ends(name) for name in inputs})

    def _ends(self, name: str) -> tuple[Tensor, Tensor]:
        """Return the bounds of an input [its shape]."""
        start, row = value_of(self.config, name), PARAMETERS[name]
        reach = self.reach[name] * (start.abs() if name in RELATIVE else torch.ones_like(start))
        return (start - reach).clamp(min=row.lower), (start + reach).clamp(max=row.upper)

    def _seen(self, step: FitStep) -> None:
        self.steps.append(step)
        self.watch(step)

    def _free(self, plan: StagePlan) -> list[str]:
        chosen = [*self.free] if SCALE in self.free else [*self.free, SCALE]
        return chosen if plan.cells is None else [text for text in chosen if _name(text) not in WIDTHS]

    def _checked(self) -> RunConfig:
        """Return the run, once it is known that the image depends on every variable.

        Raises:
            UsageError: for a wrong selection or one without effect.
        """
        try:
            idle = Experiment(thinned(self.config), [*self.free]).idle()
        except InputError as error:
            raise UsageError(f"--free: {error}") from error
        if idle:
            raise UsageError(f"--free: the image does not depend on {', '.join(idle)}; leave that out")
        return self.config


def thinned(config: RunConfig, pixels: int = 4096) -> RunConfig:
    """Return a run of about so many of its pixels, for questions that need no whole image."""
    detector = config.detector
    kept = np.ones((detector.spixels, detector.fpixels), bool) if not detector.mask.size else detector.mask
    some = np.zeros(kept.size, bool)
    some[:: max(1, kept.size // pixels)] = True
    return replace(config, detector=replace(detector, mask=kept & some.reshape(kept.shape)))


def expected_photons(config: RunConfig, observed: ObservedImage, background: FloatArray) -> FloatArray:
    """Return the image of a run over a background, 0 where nothing is usable, [slow, fast]."""
    whole = replace(config.compute, precision="float64")
    with torch.no_grad():
        image = simulate(replace(config, compute=whole)).cpu().numpy().astype(np.float64)
    return np.asarray(np.where(observed.usable, image + background, 0.0))


def true_numbers(experiment: Experiment) -> dict[str, float]:
    """Return the values of the variables of an experiment by their labels."""
    return dict(zip(experiment.labels(), experiment.numbers().tolist(), strict=True))


def _name(selection: str) -> str:
    match = PATTERN.fullmatch(selection.strip())
    if match is None:
        raise HarnessError(f"free '{selection}': write NAME or NAME[0,2]")
    return match.group(1)
