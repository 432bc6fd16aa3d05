"""Tensors that carry a tangent, torch's dual tensors: how fast a value changes along one direction.

torch has one level of them in a process, for all threads; so one computation with them runs at a time.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor
from torch.autograd import forward_ad

_ALONE = threading.RLock()


def tangent_of(value: Tensor) -> Tensor | None:
    """Return the tangent of a tensor, its shape, None for a plain one."""
    if forward_ad._current_level < 0:
        return None
    tangent: Tensor | None = forward_ad.unpack_dual(value).tangent  # type: ignore[no-untyped-call]
    return tangent


def plain_of(value: Tensor) -> Tensor:
    """Return a tensor without its tangent."""
    if forward_ad._current_level < 0:
        return value
    plain: Tensor = forward_ad.unpack_dual(value).primal  # type: ignore[no-untyped-call]
    return plain


def plain_and_tangent(value: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return both parts of a tensor, None for no tangent."""
    return plain_of(value), tangent_of(value)


def dual_of(value: Tensor, tangent: Tensor | None) -> Tensor:
    """Return a plain tensor with a tangent of its shape, None for 0; inside `dual_tensors`."""
    if tangent is None:
        return value
    made: Tensor = forward_ad.make_dual(value, tangent.to(value.dtype))  # type: ignore[no-untyped-call]
    return made


def duals_of(values: Sequence[Tensor], tangents: Sequence[Tensor | None]) -> list[Tensor]:
    """Return plain tensors with their tangents, None for 0; inside `dual_tensors`."""
    return [dual_of(value, tangent) for value, tangent in zip(values, tangents, strict=True)]


@contextmanager
def dual_tensors() -> Iterator[None]:
    """Let there be dual tensors: of the level that the caller has entered, or of one of their own."""
    with _ALONE, carrying():
        if forward_ad._current_level >= 0:
            yield
            return
        with forward_ad.dual_level():
            _make_first()
            yield


@lru_cache(maxsize=1)
def _make_first() -> None:
    """Make a dual tensor, for the first of which torch loads code that warns about another part of torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        nothing = torch.zeros(0, device="cpu")
        dual_of(nothing, nothing)


@contextmanager
def carrying() -> Iterator[None]:
    """Let operations of this thread carry tangents, also where torch forms those of a function of its own."""
    with forward_ad._set_fwd_grad_enabled(True):
        yield


@contextmanager
def dual_operations() -> Iterator[None]:
    """Let operations of this thread carry tangents of the level there is, or of one of their own."""
    if forward_ad._current_level >= 0:
        with carrying():
            yield
        return
    with dual_tensors():
        yield
