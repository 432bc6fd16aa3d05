"""What an engine needs to know of a run before it begins: small blocks that show all forms of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from simulator.kernel.blocks import Block
from simulator.kernel.taps import NEVER, Tap, no_tap
from simulator.physics.vectors import apply
from simulator.scene.instrument import Instrument

SMALL_BLOCK_PIXELS = 521
"""A prime number, which no other axis has."""
FEW = 3
"""Orientations along an axis that stand for any number above 1."""


def rehearse(ins: Instrument, play: Callable[[Instrument, Block], object]) -> None:
    """Play small blocks of each kind that a run has, with few orientations, on an instrument like its own."""
    few = _with_few_orientations(ins)
    index = torch.arange(SMALL_BLOCK_PIXELS, device=ins.device)
    for limit in _limits(ins):
        play(few, Block(slow=index, fast=index + 1, interpolated=limit))


def uncompilable(ins: Instrument, tap: Tap = no_tap) -> str:
    """Return what keeps a run from being compiled, in words, empty for nothing."""
    obstacles = (
        (tap.active, "a trace or printout"),
        (ins.policy.running, "a running sum in loop order (Q-OVERSAMPLE-RUNNING-PRODUCT)"),
    )
    return next((words for there, words in obstacles if there), "")


def _limits(ins: Instrument) -> tuple[int, ...]:
    """Return the limits that blocks of the run may have (see `Block`), but for a pixel that is split."""
    return ((NEVER, 0) if ins.plan.latching else (NEVER,)) if ins.plan.interpolate else (0,)


def _with_few_orientations(ins: Instrument) -> Instrument:
    """Return the instrument with as few phi steps and domains as show which axes have one entry."""
    a, b, c = (apply(lambda part: part[:, :, :FEW, :FEW], v) for v in ins.usual.final)
    return replace(ins, usual=replace(ins.usual, final=(a, b, c)))
