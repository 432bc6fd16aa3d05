"""The objective of `nb-gradients` on both sides: a weighted sum of some pixels of one small region."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.gradients.config import Driven
from harness.gradients.estimate import Ends, ObjectiveValue
from harness.gradients.rows import Slope, Term
from harness.gradients.table import Place
from harness.kept.runs import kept_or_run
from harness.kept.shelf import Shelf
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import Program
from harness.programs.run import ProgramRun
from simulator import RunConfig, simulate
from simulator.fit.parameters import value_of, with_values
from system_io.children import temporary_folder
from trace_tools.errors import TraceError
from trace_tools.reading.trace_file import read_stream

FINAL_TAP = "I_pixel_final"
WINDOW = 192
FAINTEST = 1.0 / 1024.0
"""Of the brightest pixel of the region; between spots a step may change which reflection is nearest."""
FLOAT_ROUNDING = 2.0**-25
DOUBLE_ROUNDING = 2.0**-46
"""Of a pixel: rounding of its phases, of some thousand turns, and of the sum of its steps."""


@dataclass(frozen=True)
class Objective:
    """I = sum of weight * photons over pixels (slow, fast), all inside roi (fast min, max, slow min, max)."""

    pixels: tuple[tuple[int, int], ...]
    weights: tuple[float, ...]
    roi: tuple[int, int, int, int]

    def words(self) -> tuple[str, ...]:
        """Return the option that restricts a run to the region."""
        return ("-roi", *map(str, self.roi))

    def trace_words(self) -> tuple[str, ...]:
        """Return the options that make a program print its exact values."""
        words = [word for slow, fast in self.pixels for word in ("-trace_pixel", str(slow), str(fast))]
        return (*words, "-trace_level", "pixel")

    def facts(self) -> dict[str, Any]:
        """Return the objective as plain data."""
        return {
            "pixels_slow_fast": [list(pixel) for pixel in self.pixels],
            "weights": list(self.weights),
            "roi_fast_min_max_slow_min_max": list(self.roi),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Objective:
        """Return the objective that `facts` made."""
        low_f, high_f, low_s, high_s = data["roi_fast_min_max_slow_min_max"]
        pixels = tuple((slow, fast) for slow, fast in data["pixels_slow_fast"])
        return cls(pixels, tuple(data["weights"]), (low_f, high_f, low_s, high_s))


def choose_objective(image: NDArray[np.float64], count: int, seed: int) -> Objective:
    """Return an objective around the brightest pixel: half of it the brightest pixels, half drawn.

    Args:
        image: photons [slow, fast].
        count: pixels.
        seed: of the draw and of the weights, 0.5 to 1.5.

    Raises:
        HarnessError: for an image without any photon.
    """
    if not (np.isfinite(image).all() and image.max() > 0.0):
        raise HarnessError("the image has no photons, or is not finite: there is nothing to differentiate")
    slow, fast = (int(n) for n in np.unravel_index(int(np.argmax(image)), image.shape))
    low = [max(0, place - WINDOW // 2) for place in (slow, fast)]
    high = [min(size, start + WINDOW) for size, start in zip(image.shape, low, strict=True)]
    window = image[low[0] : high[0], low[1] : high[1]]
    order = np.argsort(window, axis=None, kind="stable")[::-1]
    order = order[window.flat[order] > FAINTEST * window.max()]
    half = (count + 1) // 2
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(order[half:])[: count - half]
    chosen = np.sort(np.concatenate([order[:half], drawn]))
    rows, columns = np.unravel_index(chosen, window.shape)
    pixels = tuple((low[0] + int(s), low[1] + int(f)) for s, f in zip(rows, columns, strict=True))
    weights = tuple((generator.random(len(pixels)) + 0.5).tolist())
    return Objective(pixels, weights, (low[1], high[1] - 1, low[0], high[0] - 1))


@dataclass(frozen=True)
class FirstSide:
    """The program that is differenced, and the command line it gets; `shelf` keeps its results."""

    program: Program
    settings: tuple[str, ...]
    arguments: PreparedArguments
    objective: Objective
    timeout_s: float
    shelf: Shelf | None = None

    @property
    def traced(self) -> bool:
        """Return whether the program can print exact values."""
        return self.program.kind != "external"

    def command(self) -> tuple[str, ...]:
        """Return the words of the unperturbed command line."""
        traces = self.objective.trace_words() if self.traced else ()
        return (*self.arguments.words, *self.objective.words(), *traces)

    def value(self, words: Sequence[str]) -> ObjectiveValue:
        """Return the objective of a command line.

        Raises:
            HarnessError: if the program fails.
        """
        tail = self.command()[len(self.arguments.words) :]
        arguments = replace(self.arguments, words=(*words, *tail))
        with temporary_folder("nb-gradients") as scratch:
            place = Path(scratch) / "run"
            run = kept_or_run(self.program, self.settings, arguments, place, self.timeout_s, shelf=self.shelf)
        if run.failure is not None:
            raise HarnessError(run.failure)
        photons = self._exact(run) if self.traced else self._rounded(run)
        weighted = np.asarray(self.objective.weights) * photons
        rounding = DOUBLE_ROUNDING if self.traced else FLOAT_ROUNDING
        return ObjectiveValue(math.fsum(weighted), rounding * float(np.sqrt((weighted**2).sum())))

    def ends(self, place: Place, step: float) -> Ends:
        """Return the objective on both sides of a value."""
        upper_at, lower_at = place.value + step, place.value - step
        upper, lower = (self.value(place.moved(self.arguments.words, at)) for at in (upper_at, lower_at))
        return Ends(upper_at, lower_at, upper, lower)

    def _exact(self, run: ProgramRun) -> NDArray[np.float64]:
        """Return the values of the trace, in the order of the pixels."""
        try:
            trace = read_stream(io.BytesIO(run.trace or b""), f"trace of {run.program.title}")
        except TraceError as error:
            raise HarnessError(str(error)) from error
        found = {}
        for record in trace.records():
            if record.tap == FINAL_TAP:
                turns = dict(record.context)
                found[turns["s"], turns["f"]] = record.values[0]
        missing = [pixel for pixel in self.objective.pixels if pixel not in found]
        if missing:
            raise HarnessError(f"{run.program.title} printed no {FINAL_TAP} of pixel {missing[0]}")
        return np.asarray([found[pixel] for pixel in self.objective.pixels])

    def _rounded(self, run: ProgramRun) -> NDArray[np.float64]:
        assert run.image is not None  # no failure
        rows, columns = zip(*self.objective.pixels, strict=True)
        return np.asarray(run.image[list(rows), list(columns)], dtype=np.float64)


def simulator_slopes(
    config: RunConfig, objective: Objective, driven: Mapping[str, Driven]
) -> tuple[float, dict[str, Slope]]:
    """Return the simulator's objective and its slopes by autograd.

    dI/dx = sum over parameters p of sum (dI/dp) (dp/dx), dI/dp from one backward pass.

    Args:
        driven: by name, how the simulator's parameters follow each option.
    """
    names = sorted({name for item in driven.values() for name in item.slopes})
    free = {name: value_of(config, name).requires_grad_() for name in names}
    rows, columns = zip(*objective.pixels, strict=True)
    with torch.enable_grad():
        image = simulate(with_values(config, free))
        weights = torch.tensor(objective.weights, dtype=image.dtype, device="cpu")
        total = (image.cpu()[list(rows), list(columns)] * weights).sum()
    grads: dict[str, torch.Tensor] = {}
    if total.requires_grad:
        found = torch.autograd.grad(total, list(free.values()), allow_unused=True)
        grads = {name: grad for name, grad in zip(names, found, strict=True) if grad is not None}
    return float(total.detach()), {name: _chained(item, grads) for name, item in driven.items()}


def _chained(driven: Driven, grads: Mapping[str, torch.Tensor]) -> Slope:
    return Slope({
        name: Term(
            float((grads[name] * driven.slopes[name]).sum()),
            float((grads[name].abs() * driven.errors[name]).sum()),
        )
        for name in driven.slopes
        if name in grads
    })  # fmt: skip
