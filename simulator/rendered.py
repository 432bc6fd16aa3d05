"""A computed image, put together from the pixels of its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from simulator.computed import Computed, LeftOut
from simulator.kernel.blocks import Block


@dataclass(frozen=True, eq=False)
class Rendered:
    """A computed image."""

    image: Tensor
    """Photons [spixels, fpixels], before the rounding to 4 bytes."""
    executed: Tensor
    """Which pixels were computed, bool [spixels, fpixels]; the others are 0."""
    omega_sum_sr: float
    """Sum over executed pixels, layers and sub-pixels of the cached solid angle."""
    how: Computed
    """What its last bits depend on."""
    interpolation_ended: bool = False
    """Whether an index out of range switched interpolation off on the way (Q-INTERP-LATCH)."""
    notes: tuple[str, ...] = ()
    """Warnings."""
    sparse: LeftOut | None = None
    """What was left out, None where nothing was to be."""

    def computed_pixels(self) -> Tensor:
        """Return the computed pixels in their order [n], in photons."""
        executed, flat = self.executed.flatten(), self.image.flatten()
        return flat if executed.all() else flat[executed.to(flat.device)]


@dataclass(frozen=True)
class BlockPixels:
    """What a block gave: consecutive executed pixels."""

    pixels: Tensor
    """Photons [n]."""
    omega_sum_sr: Tensor
    """Sum of their solid angles."""
    place: Tensor | None
    """Of each pixel in memory order [n], None where the whole image is computed."""
    interpolated: int
    """NEVER (the limit of `Block`) while interpolation is on, else 0."""
    blocks: tuple[Block, ...]
    """The block as it was computed, in parts where interpolation ended in it."""
    charged: Tensor | None
    """The largest charge of a pixel for evaluations that were left out, photons."""
    left_out: int
    """Their number."""
    first_visit: bool = False
    """Whether the first visit of the run to the phi loop was in it."""


class PixelsInOrder:
    """The computed pixels of a run in their order, as blocks give them.

    Args:
        total: their number.
        dtype: of them.
        device: where they are.
    """

    def __init__(self, total: int, dtype: torch.dtype, device: torch.device) -> None:
        self.count = 0
        """How many there are so far."""
        self._values = torch.empty(total, dtype=dtype, device=device)

    def add(self, pixels: Tensor) -> None:
        """Take the next ones, photons [n]; a block that is all of them is not copied."""
        if len(pixels) == len(self._values) and pixels.dtype == self._values.dtype:
            self._values = pixels
        else:
            self._values[self.count : self.count + len(pixels)] = pixels
        self.count += len(pixels)

    def so_far(self) -> Tensor:
        """Return them [count], photons."""
        return self._values[: self.count]


def assemble(how: Computed, values: Tensor, executed: Tensor, done: Sequence[BlockPixels]) -> Rendered:
    """Return the image made of the computed pixels of all blocks in their order, 0 elsewhere.

    Args:
        how: they were computed.
        values: of the computed pixels [n], photons.
        executed: which pixels the run computes, bool [spixels, fpixels].
        done: what the blocks gave.
    """
    places = [part.place.cpu() for part in done if part.place is not None]
    if places:
        executed = torch.zeros_like(executed)
        executed.view(-1)[torch.cat(places)] = True
    omega_sr = float(sum(torch.stack([part.omega_sum_sr for part in done]).tolist())) if done else 0.0
    if len(values) == executed.numel():
        return Rendered(values.reshape(executed.shape), executed, omega_sr, how)
    flat = torch.zeros(executed.numel(), dtype=values.dtype, device=values.device)
    image = flat.masked_scatter(executed.flatten().to(flat.device, non_blocking=True), values)
    return Rendered(image.reshape(executed.shape), executed, omega_sr, how)


def left_out_of(epsilon: float, evaluations: int, done: Sequence[BlockPixels], image: Tensor) -> LeftOut:
    """Return what the blocks of a run left out.

    Args:
        epsilon: as asked for.
        evaluations: their number in the whole run.
        done: what the blocks gave.
        image: of the run, photons.
    """
    return LeftOut(
        epsilon=epsilon,
        evaluations=evaluations,
        left_out=sum(part.left_out for part in done),
        bound_photons=max((float(part.charged) for part in done if part.charged is not None), default=0.0),
        maximum_photons=float(image.max()) if image.numel() else 0.0,
    )


def joined_pixels(parts: list[Tensor]) -> Tensor:
    """Return parts of pixels as one; a copy only where there are several."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def largest_charge(charged: Iterable[Tensor | None]) -> Tensor | None:
    """Return the largest number of some tensors, None where there is none."""
    there = [part for part in charged if part is not None]
    return torch.cat(there).max() if there else None


def usable(image: Tensor) -> Tensor:
    """Return an image that may take part in a user's graph, whichever mode it was made in."""
    return image.clone() if image.is_inference() else image
