"""The photons of each pixel shared out among the reflections that the kernel summed them from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.config import RunConfig, Trace

if TYPE_CHECKING:
    from torch import Tensor

HALF, BITS = 1 << 20, 21
"""Miller indices lie within +-HALF; three of them fit one whole number."""
MANY = 0.2
"""Share of the pixels from which the whole image is as quickly computed as the chosen ones."""


@dataclass(frozen=True, eq=False)
class PixelShares:
    """What reflections gave to pixels; the rest of a pixel's photons is water.

    Attributes:
        shape: slow and fast pixels of the image.
        places: of the pixels in memory order, slow * fast pixels + fast, ascending [n].
        keys: of the reflections, see `hkl_of` [n].
        photons: that the reflection gave to the pixel [n].
    """

    shape: tuple[int, int]
    places: NDArray[np.int64]
    keys: NDArray[np.int64]
    photons: NDArray[np.float64]

    @property
    def hkl(self) -> NDArray[np.int32]:
        """Miller indices of the reflections [n, 3]."""
        return hkl_of(self.keys)


def hkl_key(hkl: NDArray[Any]) -> NDArray[np.int64]:
    """Return one whole number for each three Miller indices [n, 3]."""
    h, k, l = (hkl[:, n].astype(np.int64) + HALF for n in range(3))
    return (h << 2 * BITS) | (k << BITS) | l


def hkl_of(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """Undo `hkl_key`."""
    mask = (1 << BITS) - 1
    parts = [(keys >> shift & mask) - HALF for shift in (2 * BITS, BITS, 0)]
    return np.stack(parts, axis=-1).astype(np.int32)


def pixel_shares(config: RunConfig, wanted: NDArray[np.bool_] | None = None) -> PixelShares:
    """Return what each reflection gave to each pixel, read off the kernel while it computes the image.

    An evaluation belongs to the reflection that the kernel rounds its indices to; its term is weighed as the
    kernel weighs it in the sum of the pixel.

    Args:
        config: of the run.
        wanted: pixels to look at [slow, fast]; None for all.

    Returns:
        Photons that sum up to those of the pixels less their water.

    Raises:
        InputError: for a run that cannot be simulated.

    Source: spec 06 sections 9 to 15.
    """
    from simulator.image import render
    from simulator.scene.scene import prepare

    shape = (config.detector.spixels, config.detector.fpixels)
    flat = np.ones(shape, bool).ravel() if wanted is None else wanted.ravel()
    trace = Trace()
    if flat.mean() < MANY:
        rows, columns = np.divmod(np.flatnonzero(flat), shape[1])
        trace = Trace(pixels=tuple(zip(rows.tolist(), columns.tolist(), strict=True)), only=True)
    if not flat.any():
        return PixelShares(shape, *_joined([]))
    compute = replace(config.compute, epsilon=0.0)
    collector = _Collector(flat, shape[1])
    render(prepare(replace(config, trace=trace, compute=compute)), collector)
    return PixelShares(shape, *(np.concatenate(column) for column in zip(*collector.done, strict=True)))


def summed_shares(shares: Sequence[PixelShares]) -> PixelShares:
    """Return what reflections gave to pixels in several runs of one image together.

    Args:
        shares: of each run, one at least, all of one shape.
    """
    if len(shares) == 1:
        return shares[0]
    return PixelShares(shares[0].shape, *_joined([(one.places, one.keys, one.photons) for one in shares]))


_Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Pixels, keys of reflections, and sums, each [n]."""


@dataclass
class _Collector:
    """A tap that adds up the terms of each block by pixel and reflection."""

    wanted: NDArray[np.bool_]
    fpixels: int
    active: bool = True
    done: list[_Entries] = field(default_factory=list)
    factors: dict[str, Tensor] = field(default_factory=dict)
    chunk: dict[str, Any] = field(default_factory=dict)
    block: list[_Entries] = field(default_factory=list)

    def at(self, level: Any, spot: Any) -> Any:
        """Return the receiver of values of one level and place."""
        from simulator.kernel.taps import Level, silent

        takers = {Level.SOURCE: self._source, Level.MOSAIC: self._evaluation, Level.PIXEL: self._pixel}
        return partial(takers[level], spot) if level in takers else silent

    def _source(self, _spot: Any, name: str, value: Any, where: Any = None) -> Any:
        if name in ("term_factor", "sum_factor"):
            self.factors[name] = value() if callable(value) else value
        return value

    def _evaluation(self, spot: Any, name: str, value: Any, where: Any = None) -> Any:
        if name == "hkl_rounded":
            self.chunk["hkl"] = value() if callable(value) else value
        if name == "I_contribution":
            found = self._entries(spot, value, where)
            self.block.append(found)
        return value

    def _entries(self, spot: Any, term: Tensor, executed: Tensor | None) -> _Entries:
        """Return the sums of a chunk by pixel of the block and reflection."""
        shape = term.shape
        sources = slice(spot.source, spot.source + shape[0])
        gain, weight = (
            self.factors[name].expand(-1, shape[1], 1, 1) for name in ("term_factor", "sum_factor")
        )
        parts, before = _weighed(term, (_some(gain, sources), _some(weight, sources)), executed)
        if before is not None:
            self.block = [(pixels, keys, sums * before[pixels]) for pixels, keys, sums in self.block]
        h, k, l = (
            part.expand(shape).movedim(1, -1).reshape(-1, shape[1]).cpu().numpy()
            for part in self.chunk["hkl"]
        )
        keys = hkl_key(np.stack([h.ravel(), k.ravel(), l.ravel()], axis=1)).reshape(h.shape)
        return _by_reflection(keys, parts)

    def _pixel(self, spot: Any, name: str, value: Any, where: Any = None) -> Any:
        if name in ("I_before_scaling", "water_photons"):
            self.chunk[name] = value
        if name == "I_pixel_final":
            self._finish(spot, value)
        return value

    def _finish(self, spot: Any, photons: Tensor) -> None:
        """Turn the sums of a block into photons, and keep those of the wanted pixels."""
        count = len(spot.slow)
        total = _of_pixels(self.chunk["I_before_scaling"], count)
        found = _of_pixels(photons, count)
        if "water_photons" in self.chunk:
            found = found - _of_pixels(self.chunk["water_photons"], count)
        scale = np.divide(found, total, out=np.zeros(count), where=total != 0.0)
        places = (spot.slow * self.fpixels + spot.fast).cpu().numpy()
        pixels, keys, sums = _joined(self.block)
        keep = self.wanted[places[pixels]] & (sums != 0.0)
        self.done.append((places[pixels][keep], keys[keep], (sums * scale[pixels])[keep]))
        self.block, self.chunk = [], {}


def _some(values: Tensor, sources: slice) -> Tensor:
    """Return the values of the sources of a chunk; one value may stand for all."""
    return values if len(values) == 1 else values[sources]


def _of_pixels(value: Tensor, count: int) -> NDArray[np.float64]:
    """Return the values of the pixels of a block [count]."""
    numbers: NDArray[np.float64] = value.double().cpu().expand(1, count, 1, 1)[0, :, 0, 0].numpy()
    return numbers


def _weighed(
    term: Tensor, factors: tuple[Tensor, Tensor], executed: Tensor | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return what each evaluation adds to the sum of its pixel [E, N], and what multiplies the sum before.

    The weights are the slopes of the kernel's own sum, which is linear in its terms.
    """
    import torch

    from simulator.kernel.accumulate import summed

    gain, weight = (part.double() for part in factors)
    count = term.shape[1]
    before = None
    if bool((weight == 1.0).all()):
        parts = term.double() * gain
    else:
        with torch.inference_mode(False), torch.enable_grad():
            free = term.double().clone().requires_grad_()
            I = torch.zeros(count, dtype=torch.float64, device=term.device, requires_grad=True)
            ran = None if executed is None else executed.clone()
            total = summed(I, free, (gain.clone(), weight.clone()), ran).sum()
            slopes, first = torch.autograd.grad(total, (free, I))
        parts, before = slopes * term.double(), first.cpu().numpy()
    if executed is not None:
        parts = torch.where(executed, parts, 0.0)
    return parts.movedim(1, -1).reshape(-1, count).cpu().numpy(), before


def _by_reflection(keys: NDArray[np.int64], sums: NDArray[np.float64]) -> _Entries:
    """Return entries of evaluations [E, N]; pixels that see one reflection only are added at once."""
    one = (keys == keys[:1]).all(0)
    alone, several = np.flatnonzero(one), np.flatnonzero(~one)
    entries = [(alone, keys[0, alone], sums[:, alone].sum(0))]
    if len(several):
        pixels = np.broadcast_to(several, (len(keys), len(several)))
        entries.append((pixels.ravel(), keys[:, several].ravel(), sums[:, several].ravel()))
    return _joined(entries)


def _joined(parts: list[_Entries]) -> _Entries:
    """Return entries as one list, those of one pixel and reflection added up, by pixel and key."""
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    pixels, keys, sums = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((keys, pixels))
    pixels, keys, sums = pixels[order], keys[order], sums[order]
    first = np.ones(len(pixels), bool)
    first[1:] = (pixels[1:] != pixels[:-1]) | (keys[1:] != keys[:-1])
    starts = np.flatnonzero(first)
    if not len(starts):
        return pixels, keys, sums
    return pixels[starts], keys[starts], np.add.reduceat(sums, starts)
