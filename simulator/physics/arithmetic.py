"""Operations that a compiler takes in another form, and which of the two forms is in force.

The choice is one for all operations of a stage. Derivatives are formed where no argument can be handed
through, so it is made around the stage (see `in_loops`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

SPLITTER = float(2**27 + 1)
"""Splits a double into two halves whose products are exact."""
EPSILON = 2.0**-52


def _itself(value: Tensor) -> Tensor:
    return value


@dataclass(frozen=True)
class Arithmetic:
    """One form of the operations.

    Attributes:
        loops: whether all is written as loops over all entries, without selections, products of matrices and
            reductions of angles: single-precision angles are half turns then.
        root: the correctly rounded square root (float64).
        take: values[places], of the kernel's layout, in which axis 1 is the fastest in memory.
        take_row: the entries of a row of places, `base + nodes[n]`, which follow each other.
        ratio: the quotient of two tensors.
        kept: a value that several others are made of, which are not to form it again.
    """

    loops: bool
    root: Callable[[Tensor], Tensor]
    take: Callable[[Tensor, Tensor], Tensor]
    take_row: Callable[[Tensor, Tensor, Tensor], list[Tensor]]
    ratio: Callable[[Tensor, Tensor], Tensor] = torch.true_divide
    kept: Callable[[Tensor], Tensor] = _itself


def arithmetic() -> Arithmetic:
    """Return the form that is in force."""
    return _in_force


@contextmanager
def in_loops() -> Iterator[None]:
    """Let operations be written as a compiler takes them."""
    with _force(LOOPS):
        yield


@contextmanager
def in_one_loop() -> Iterator[None]:
    """Let operations be written as a compiler takes them that makes one loop of all stages of a pixel.

    It would form anew, for each evaluation, what belongs to the pixel.
    """
    with _force(replace(LOOPS, kept=_written)):
        yield


@contextmanager
def quick_ratios() -> Iterator[None]:
    """Let code of a compiler multiply by the reciprocal of a divisor, which rounds twice.

    Divisions take most of the time of a pixel with one evaluation. Single operations divide.
    """
    with _force(replace(_in_force, ratio=_by_reciprocal) if _in_force.loops else _in_force):
        yield


@contextmanager
def _force(form: Arithmetic) -> Iterator[None]:
    """Let operations have a form."""
    global _in_force  # noqa: PLW0603  derivatives of a CUDA device are formed in a thread of their own
    before, _in_force = _in_force, form
    try:
        yield
    finally:
        _in_force = before


def _written(value: Tensor) -> Tensor:
    """Return a value that a compiler forms once: a view of memory needs the memory."""
    return value.as_strided(value.shape, value.stride())


def _by_reciprocal(numerator: Tensor, divisor: Tensor) -> Tensor:
    return numerator * (1.0 / divisor)


def _rounded_root(x: Tensor) -> Tensor:
    """Return s + (x - s^2)/(2 s), with the residual in exact arithmetic; the root of infinity is infinity.

    `torch.sqrt` may call a library that is off by a digit, which matters where a unit vector is normalised
    again; compiled, it is the processor's, which is exact.
    """
    s = x.sqrt()
    split = SPLITTER * s
    high = split.sub_(split - s)
    low = s - high
    square = s * s
    missing = (high * high).sub_(square).add_((2.0 * high).mul_(low)).add_(low.mul_(low))
    residual = (x - square).sub_(missing)
    step = residual.div_(torch.where(s == 0.0, 1.0, 2.0 * s)).nan_to_num_(0.0)  # infinity less infinity
    # the next term of the series is negative, which decides ties
    return s.add_(step.sub_(step.abs().mul_(EPSILON)))


def _processor_root(x: Tensor) -> Tensor:
    """Return the root by numpy, which takes the processor's, where no graph is recorded of it."""
    if x.device.type != "cpu" or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return _rounded_root(x)
    with np.errstate(invalid="ignore"):
        root: Tensor = torch.from_numpy(np.asarray(np.sqrt(x.numpy())))
    return root


def _selected(values: Tensor, places: Tensor) -> Tensor:
    if places.dim() < 2:
        return values.index_select(0, places.reshape(-1)).view(places.shape)
    moved = places.movedim(1, -1)
    return values.index_select(0, moved.reshape(-1)).view(moved.shape).movedim(-1, 1)


def _selected_row(values: Tensor, base: Tensor, nodes: Tensor) -> list[Tensor]:
    return [_selected(values, base + node) for node in nodes]


def _embedded(values: Tensor, places: Tensor) -> Tensor:
    """Return values[places] without code for places that count from the end."""
    if places.dim() < 2:
        return torch.embedding(values[:, None], places).squeeze(-1)
    return torch.embedding(values[:, None], places.movedim(1, -1)).squeeze(-1).movedim(-1, 1)


def _embedded_row(values: Tensor, base: Tensor, nodes: Tensor) -> list[Tensor]:
    windows = values.unfold(0, len(nodes), 1)
    found = torch.embedding(windows, (base + nodes[0]).movedim(1, -1))
    return [part.movedim(-1, 1) for part in found.unbind(-1)]


BY_OPERATION = Arithmetic(False, _processor_root, _selected, _selected_row)
LOOPS = Arithmetic(True, torch.sqrt, _embedded, _embedded_row)
_in_force = BY_OPERATION
