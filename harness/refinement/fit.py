"""Fits an experiment to pixels: residuals, their slopes, and a table of optimisers.

All optimisers see the same sum of squares. Gauss-Newton takes the slopes of the residuals in forward mode (a
run has many pixels and few variables), the others the gradient of the sum in reverse mode, in coordinates in
which the sum is round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from harness.errors import HarnessError
from harness.refinement.certainty import Certainty, certainty_of
from harness.refinement.data import FloatArray, background_shapes
from harness.refinement.stages import FitStage
from simulator import Experiment
from simulator.errors import InputError

SCALE = "fluence_photons_per_m2"
"""Always free: the brightness of an image is not known beforehand."""
ANSCOMBE = 3.0 / 8.0
DAMPING = 2.0**-10
TRIALS = 5
ADAM_STEPS, ADAM_PART = 60, 0.2
IMPOSSIBLE = 1e6
"""Residual of values of which no run can be made, so that an optimiser turns back."""


@dataclass(frozen=True)
class Limits:
    """When a fit ends: relative gain of a step below `gain`, or after `steps` steps."""

    gain: float
    steps: int


@dataclass(frozen=True, eq=False)
class FitStep:
    """One evaluation: stage, its number in the run, mean square residual, and values in units."""

    stage: str
    evaluation: int
    chi_square: float
    numbers: Mapping[str, float]


@dataclass(eq=False)
class Problem:
    """An experiment and the pixels it is fitted to; `watch` is told every evaluation of residuals."""

    experiment: Experiment
    stage: FitStage
    watch: Callable[[FitStep], None]
    evaluations: list[int] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        self._pixels = (torch.from_numpy(self.stage.slow), torch.from_numpy(self.stage.fast))
        self._photons, self._background = (
            torch.from_numpy(part) for part in (self.stage.photons, self.stage.background)
        )
        self._shapes = torch.from_numpy(self.stage.shapes)
        self._heights = torch.zeros(
            self._shapes.shape[1], dtype=torch.float64, device="cpu", requires_grad=True
        )
        self._deviation: Tensor | None = None
        self._last: tuple[bytes, FloatArray] | None = None
        self._match_brightness()
        if self.stage.plan.cells is None:
            with torch.no_grad():
                self._deviation = (self._model() + self._background).sqrt()

    @property
    def count(self) -> int:
        """Number of the variables of the experiment; behind them come those of the background."""
        return sum(part.numel() for part in self.experiment.parameters())

    def vector(self) -> FloatArray:
        """Return the variables [v], of the experiment and of the background."""
        own = parameters_to_vector(self.experiment.parameters()).detach()
        return np.asarray(torch.cat((own, self._heights.detach())).numpy(), np.float64)

    def move(self, vector: FloatArray) -> None:
        """Give the variables these values."""
        whole = torch.from_numpy(np.array(vector))
        vector_to_parameters(whole[: self.count], self.experiment.parameters())
        with torch.no_grad():
            self._heights.copy_(whole[self.count :])

    def residuals(self, vector: FloatArray) -> FloatArray:
        """Return the residuals [n], in standard deviations."""
        if self._last is not None and self._last[0] == vector.tobytes():
            return self._last[1]
        self.move(vector)
        with torch.no_grad():
            try:
                found = self._residuals().numpy()
            except InputError:
                found = np.full(len(self._photons), IMPOSSIBLE)
        self._last = vector.tobytes(), found
        self._tell(float(np.mean(found * found)))
        return found

    def jacobian(self, vector: FloatArray) -> FloatArray:
        """Return the slopes of the residuals [n, v], those of the model in forward mode."""
        self.move(vector)
        slopes = torch.cat((self.experiment.jacobian(*self._pixels).cpu(), self._shapes), dim=1)
        expected = self._expected(self._model()).detach().requires_grad_()
        (weight,) = torch.autograd.grad(self._residuals_of(expected).sum(), expected)
        return np.asarray((slopes * weight[:, None]).numpy(), np.float64)

    def loss_and_gradient(self, vector: FloatArray) -> tuple[float, FloatArray]:
        """Return half the sum of squares, and its gradient [v] by autograd."""
        self.move(vector)
        loss = self.loss()
        given = [*self.experiment.parameters(), self._heights]
        grads = torch.autograd.grad(loss, given, allow_unused=True, materialize_grads=True)
        return float(loss.detach()), np.asarray(torch.cat(grads).numpy(), np.float64)

    def background(self) -> FloatArray:
        """Return the background at the present values, of the whole image [slow, fast]."""
        whole = self.stage.whole_background
        shapes = background_shapes(np.ones(whole.shape, bool))
        heights = self._heights.detach().numpy()
        return np.asarray(whole + (shapes @ heights).reshape(whole.shape)) if len(heights) else whole

    def loss(self) -> Tensor:
        """Return half the sum of squares at the present values, with its graph."""
        loss = self._residuals().square().sum() / 2.0
        self._tell(2.0 * float(loss.detach()) / len(self._photons))
        return loss

    def _model(self) -> Tensor:
        return self.experiment.pixels(*self._pixels).cpu()

    def _expected(self, model: Tensor) -> Tensor:
        """Return the photons of the model and its background [n]."""
        return model + self._background + self._shapes @ self._heights

    def _residuals(self) -> Tensor:
        return self._residuals_of(self._expected(self._model()))

    def _residuals_of(self, expected: Tensor) -> Tensor:
        """Return how far the photons are from the expected ones [n], in standard deviations."""
        if self._deviation is not None:
            return (expected - self._photons) / self._deviation
        seen = (self._photons + ANSCOMBE).clamp(min=0.0)
        return 2.0 * ((expected.clamp(min=0.0) + ANSCOMBE).sqrt() - seen.sqrt())

    def _match_brightness(self) -> None:
        """Scale the model to the photons of the pixels."""
        with torch.no_grad():
            modelled = float(self._model().sum())
        seen = float((self._photons - self._background).sum())
        if not (modelled > 0.0 and seen > 0.0):
            raise HarnessError(
                f"refinement, {self.stage.plan.name}: {modelled:.3g} photons in the model, {seen:.3g} in the"
                " image above its background; check geometry, structure factors and image"
            )
        fluence = self.experiment.values()[SCALE]
        self.experiment.set_values({SCALE: fluence * (seen / modelled)})

    def _tell(self, chi_square: float) -> None:
        self.evaluations[0] += 1
        numbers = dict(
            zip(self.experiment.labels(), self.experiment.numbers().detach().tolist(), strict=True)
        )
        self.watch(FitStep(self.stage.plan.name, self.evaluations[0], chi_square, numbers))


def gauss_newton(problem: Problem, limits: Limits) -> None:
    """Fit by damped Gauss-Newton steps: (J^T J + m diag J^T J) dv = -J^T r.

    The damping m falls after a step that helps and rises until one does.
    """
    vector, damping = problem.vector(), DAMPING
    for _ in range(limits.steps):
        residuals, slopes = problem.residuals(vector), problem.jacobian(vector)
        before, curvature = float(residuals @ residuals), slopes.T @ slopes
        gain = 0.0
        for _ in range(TRIALS):
            damped = curvature + damping * np.diag(np.diag(curvature))
            other = vector + np.linalg.lstsq(damped, -(slopes.T @ residuals), rcond=None)[0]
            tried = problem.residuals(other)
            gain = 1.0 - float(tried @ tried) / before
            if gain > 0.0:
                vector, damping = other, max(damping / 4.0, DAMPING / 1024.0)
                break
            damping *= 16.0
        if gain < limits.gain:
            break
    problem.move(vector)


def scipy_lbfgs(problem: Problem, limits: Limits) -> None:
    """Fit by `scipy.optimize.minimize`, method L-BFGS-B, with gradients of autograd."""
    start, shape = problem.vector(), _round_coordinates(problem)

    def at(y: Any) -> tuple[float, Any]:
        loss, gradient = problem.loss_and_gradient(start + shape @ y)
        return loss, shape.T @ gradient

    settings: Any = {"maxiter": 3 * limits.steps, "ftol": limits.gain}
    found = minimize(at, np.zeros(len(start)), jac=True, method="L-BFGS-B", options=settings)
    problem.move(start + shape @ found.x)


def torch_lbfgs(problem: Problem, limits: Limits) -> None:
    """Fit by `torch.optim.LBFGS` with a line search."""

    def make(y: Tensor) -> torch.optim.Optimizer:
        return torch.optim.LBFGS(
            [y], max_iter=3 * limits.steps, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

    _by_torch(problem, make, rounds=1)


def adam(problem: Problem, limits: Limits) -> None:
    """Fit by `torch.optim.Adam`, with steps that become smaller in proportion to what is left of them."""
    start, shape = problem.vector(), _round_coordinates(problem)
    _, gradient = problem.loss_and_gradient(start)
    size = ADAM_PART * float(np.abs(shape.T @ gradient).max())
    _by_torch(problem, lambda y: torch.optim.Adam([y], lr=size), rounds=ADAM_STEPS)


METHODS: Mapping[str, Callable[[Problem, Limits], None]] = {
    "gauss-newton": gauss_newton,
    "scipy-lbfgs": scipy_lbfgs,
    "torch-lbfgs": torch_lbfgs,
    "adam": adam,
}


def _by_torch(problem: Problem, make: Callable[[Tensor], torch.optim.Optimizer], rounds: int) -> None:
    start, shape = problem.vector(), _round_coordinates(problem)
    y = torch.zeros(len(start), dtype=torch.float64, device="cpu", requires_grad=True)
    optimiser = make(y)
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda n: 1.0 - n / rounds)

    def closure() -> float:
        loss, gradient = problem.loss_and_gradient(start + shape @ y.detach().numpy())
        y.grad = torch.from_numpy(shape.T @ gradient)
        return loss

    for _ in range(rounds):
        optimiser.step(closure)
        decay.step()
    problem.move(start + shape @ y.detach().numpy())


def _round_coordinates(problem: Problem) -> FloatArray:
    """Return the matrix W of v = v0 + W y in which the sum of squares is about |y - y1|^2."""
    slopes = problem.jacobian(problem.vector())
    curvature = slopes.T @ slopes
    curvature += DAMPING * np.diag(np.diag(curvature))
    lower = cholesky(curvature, lower=True)
    return np.asarray(solve_triangular(lower.T, np.eye(len(lower)), lower=False))


def certainty(problem: Problem) -> tuple[Certainty, float]:
    """Return how well `numbers` are determined at the present values, in their units.

    Returns:
        That, and the mean square residual.
    """
    vector = problem.vector()
    residuals, slopes = problem.residuals(vector), problem.jacobian(vector)
    mean_square = float(residuals @ residuals) / max(1, len(residuals) - len(vector))
    found = certainty_of(slopes, residuals, problem.count)
    physical = np.abs(problem.experiment.slopes().numpy())
    physical = np.where(np.isfinite(found.deviations), physical, 1.0)
    return replace(found, deviations=found.deviations * physical), mean_square
