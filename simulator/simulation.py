"""The image of a run: of numbers, of tensors with slopes, and of those that `torch.func` wraps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import torch
from torch import Tensor

from simulator.computed import Computed
from simulator.config import RunConfig
from simulator.dual_tensors import dual_of, dual_tensors
from simulator.image import image_of, render, render_pixels, render_tangents
from simulator.limits.parameter_table import with_raw_value
from simulator.limits.transforms import require_plain_tensors, wrapped_inputs
from simulator.rendered import usable
from simulator.scene.scene import Scene, prepare
from simulator.transformed import Picture, pictured
from simulator.untraced import untraced


@untraced
def simulate(config: RunConfig) -> Tensor:
    """Return the image of a run in photons, [spixels, fpixels].

    Args:
        config: from `RunConfig.from_args` or made by hand.

    Raises:
        InputError: for a run that cannot be computed, and for a derivative that it has not.

    Source: spec 00, 06.
    """
    wrapped = wrapped_inputs(config)
    if not wrapped:
        return image_of(prepare(config))

    def scene(values: Sequence[Tensor]) -> Scene:
        made = config
        for name, value in zip(wrapped, values, strict=True):
            made = with_raw_value(made, name, value)
        return prepare(made)

    return pictured(picture_of(scene), list(wrapped.values()))


@untraced
def simulate_with_facts(config: RunConfig) -> tuple[Tensor, Computed]:
    """Return the image of a run as `simulate` does, and how it was computed.

    Args:
        config: from `RunConfig.from_args` or made by hand.

    Raises:
        InputError: for a run that cannot be computed, and for inputs that `torch.func` has wrapped.

    Source: spec 00, 06.
    """
    require_plain_tensors(config)
    rendered = render(prepare(config))
    return usable(rendered.image), rendered.how


def picture_of(scene: Callable[[Sequence[Tensor]], Scene], places: Tensor | None = None) -> Picture:
    """Return the pixels of a run as a function of some of its inputs.

    Args:
        scene: returns that of their values.
        places: of the pixels in memory order, ascending; None for the whole image.
    """

    def of(values: Sequence[Tensor]) -> Tensor:
        made = scene(values)
        return image_of(made) if places is None else render_pixels(made, places)

    def changes(values: Sequence[Tensor], tangents: Sequence[Sequence[Tensor]]) -> Tensor:
        with torch.no_grad(), dual_tensors():
            moving = (scene(list(map(dual_of, values, direction))) for direction in tangents)
            return changes_of(moving, places)

    return Picture(of, changes)


def changes_of(scenes: Iterable[Scene], places: Tensor | None) -> Tensor:
    """Return how the pixels of a run change along directions [V, n] or [V, spixels, fpixels], in photons.

    Args:
        scenes: as of `render_tangents`.
        places: of the pixels in memory order, ascending; None for the whole image, 0 where none is computed.
    """
    each = iter(scenes)
    first = next(each)
    columns = render_tangents(chain((first,), each), places)
    if places is not None:
        return columns
    executed = first.executed()
    whole = columns.new_zeros((len(columns), *executed.shape))
    whole[:, executed.to(columns.device)] = columns
    return whole
