"""From a scene to an image, block by block (spec 06 sections 1, 2, 7 and 11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.computed import Computed
from simulator.dual_tensors import carrying, dual_of
from simulator.engine.choose import choose
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Engine
from simulator.engine.switching import Switch
from simulator.engine.tensor_tree import leaves
from simulator.engine.workers import workers
from simulator.errors import InputError
from simulator.gradients.image_gradient import Forward, choose_backward, differentiable
from simulator.gradients.image_tangents import (
    choose_forward,
    direction_of,
    has_slopes,
    has_tangents,
    pixel_tangents,
    without_tangents,
)
from simulator.kernel.block_order import blocks_in_order, split
from simulator.kernel.blocks import Block
from simulator.kernel.joined import joined_photons
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse, uncompilable
from simulator.kernel.stages import Stages
from simulator.kernel.taps import NEVER, Level, Spot, Tap, no_tap, silent
from simulator.kernel.traced_windows import Neighbourhood
from simulator.rendered import (
    BlockPixels,
    PixelsInOrder,
    Rendered,
    assemble,
    joined_pixels,
    largest_charge,
    left_out_of,
    usable,
)
from simulator.scene.instrument import Instrument
from simulator.scene.number_types import precision_of, slopes_need_float64
from simulator.scene.scene import Scene
from simulator.scene.setting_up import set_up
from simulator.scene.skippable import WATCHED
from simulator.sparse.skipping import Charged, Sparse
from simulator.untraced import untraced

NOTHING = torch.zeros(0, device="cpu")
MOST_AGAIN = 1 << 16
"""Pixels of a block in which interpolation may end, which is computed again then."""
GRADIENT_WHOLE = "--epsilon is not used: an image with a gradient is computed whole"

OnProgress = Callable[[int, int], None]
"""Is told the number of pixels done and the number of all pixels of the run."""


@dataclass(frozen=True)
class _Run:
    """What all blocks of a run share."""

    scene: Scene
    stages: Stages
    tap: Tap
    near: Neighbourhood | None
    """What it is restricted to, None for the whole image."""
    notes: tuple[str, ...]
    """Warnings of the set-up."""
    inference: bool
    """Whether nobody wants a gradient."""
    sparse: Sparse | None
    """What leaves evaluations out, None for nothing."""
    how: Computed
    switch: Switch | None = None
    """What goes on in machine code, None for nothing."""

    @property
    def ins(self) -> Instrument:
        """The instrument of the run."""
        return self.stages.ins


@untraced
def image_of(scene: Scene) -> Tensor:
    """Return the image of a scene in photons, [spixels, fpixels], with its gradient if one is wanted."""
    return usable(render(scene).image)


@untraced
def render_pixels(scene: Scene, places: Tensor) -> Tensor:
    """Return the pixels at some places in memory order, ascending [n], in photons, with their gradient."""

    def chosen(run: _Run) -> Forward:
        done = list(_rendered_blocks(run, places))
        pixels = [part.pixels for part in done] or [
            torch.zeros(0, dtype=run.ins.plan.sum_dtype, device=run.ins.device)
        ]
        return Forward(torch.cat(pixels), [block for part in done for block in part.blocks])

    evaluations = len(places) * scene.steps * scene.layers
    ins = set_up(scene)
    if has_slopes(ins):
        return _with_slopes(scene, no_tap, chosen, evaluations).pixels
    with torch.inference_mode():
        found = chosen(_run(scene, ins, no_tap, evaluations)).pixels
    return usable(found)


@untraced
def compile_for(scene: Scene) -> tuple[str, ...]:
    """Compile what the image of a scene needs and the cache has not; return warnings.

    Raises:
        CompileError: if a stage cannot be compiled.
    """
    scene = scene.with_compute(replace(scene.config.compute, compile="on"))
    with torch.inference_mode():
        return _run(scene, set_up(scene), no_tap, scene.evaluations).notes


@untraced
def render(scene: Scene, tap: Tap = no_tap, progress: OnProgress | None = None) -> Rendered:
    """Return the image of a scene, with its gradient if a quantity of the run requires one.

    The image is that of a run without a gradient, bit for bit; the gradient has its arithmetic.

    Args:
        scene: from `prepare`.
        tap: who watches; the image is the same bit for bit.
        progress: see `Progress`.

    Raises:
        InputError: for a device that is not there, and for a tap where evaluations may be left out.

    Source: spec 06.
    """
    ins = set_up(scene)
    if not has_slopes(ins):
        with torch.inference_mode():
            return _render(_run(scene, ins, tap, scene.evaluations), progress)[0]
    notes = (GRADIENT_WHOLE,) if scene.config.compute.epsilon > 0.0 else ()

    def whole(run: _Run) -> Forward:
        rendered, blocks = _render(run, progress)
        return Forward(rendered.computed_pixels(), blocks, rendered)

    found = _with_slopes(scene, tap, whole, scene.evaluations)
    plain: Rendered = found.more
    if len(found.pixels) == plain.image.numel():
        image = found.pixels.reshape(plain.image.shape)
    else:
        executed = plain.executed.to(found.pixels.device)
        image = torch.zeros_like(plain.image).masked_scatter(executed, found.pixels)
    how = replace(plain.how, slopes_compiled=found.slopes_compiled)
    notes = tuple(dict.fromkeys((*plain.notes, *found.notes, *notes)))
    return replace(plain, image=image, how=how, notes=notes)


@dataclass(frozen=True, eq=False)
class _Sloped:
    """Pixels [n] with their gradient."""

    pixels: Tensor
    more: Any
    """What else their forward pass gave."""
    notes: tuple[str, ...]
    """Warnings about the gradient."""
    slopes_compiled: bool
    """Whether it is computed by machine code."""


def _with_slopes(scene: Scene, tap: Tap, pixels: Callable[[_Run], Forward], evaluations: int) -> _Sloped:
    """Return the pixels of a run with their gradient or their tangent, nothing left out."""
    scene = scene.whole()
    compute = scene.config.compute
    exact = set_up(scene.with_compute(replace(compute, precision="float64")))
    seen = without_tangents(set_up(scene))

    def forward() -> Forward:
        return pixels(_run(scene, seen, tap, evaluations))

    tensors = list(leaves(exact))
    sloped = _arithmetic_of_slopes(scene, exact, seen)
    direction = direction_of(exact)
    if has_tangents(exact):
        with torch.no_grad():
            made = forward()
        how, notes = choose_forward(compute, sloped, [direction], evaluations)
        (along,) = pixel_tangents(sloped, [direction], made.blocks, how)
        with carrying():
            found = dual_of(made.pixels, along)
        return _Sloped(found, made.more, notes, how.programs.compiled)
    free = tuple(part.requires_grad for part in tensors)
    backward, notes = choose_backward(compute, sloped, free, evaluations)
    found, more = differentiable(tensors, sloped, forward, backward)
    return _Sloped(found, more, notes, backward.programs is not None)


def _arithmetic_of_slopes(scene: Scene, exact: Instrument, seen: Instrument) -> Instrument:
    """Return the instrument that slopes are formed with: in double precision, or as the image is computed."""
    return without_tangents(exact) if slopes_need_float64(scene) else seen


def render_tangents(scenes: Iterable[Scene], places: Tensor | None = None) -> Tensor:
    """Return how pixels change along some directions [V, n], in photons, double precision.

    Args:
        scenes: one for each direction, of the same values, with its tangents; inside `dual_tensors`.
        places: of the pixels in memory order, ascending; None for all that the run computes.

    Raises:
        CompileError: if compiled code is asked for and cannot be made.

    Source: spec 06.
    """
    directions = []
    for scene in scenes:
        first = scene.whole()
        exact = set_up(first.with_compute(replace(first.config.compute, precision="float64")))
        directions.append(direction_of(exact))
    seen, executed = without_tangents(set_up(first)), first.executed().flatten() if places is None else places
    sloped = _arithmetic_of_slopes(first, exact, seen)
    evaluations = int(torch.count_nonzero(executed) if places is None else len(executed))
    evaluations *= first.steps * first.layers
    how, _ = choose_forward(first.config.compute, sloped, directions, evaluations)
    if seen.plan.latching:
        with torch.no_grad():
            done = list(_rendered_blocks(_run(first, seen, no_tap, evaluations), executed))
        blocks = [block for part in done for block in part.blocks]
    else:
        limit = NEVER if seen.plan.interpolate else 0
        found = blocks_in_order(first, seen, executed, how.programs.pixels)
        blocks = [replace(block, interpolated=limit) for block in found]
    return pixel_tangents(sloped, directions, blocks, how)


def _render(run: _Run, progress: OnProgress | None) -> tuple[Rendered, list[Block]]:
    """Return the image of a run, and the blocks in the order of its pixels."""
    executed = run.scene.executed()
    total = int(torch.count_nonzero(executed))
    values = PixelsInOrder(total, run.ins.plan.sum_dtype, run.ins.device)
    done: list[BlockPixels] = []
    for part in _rendered_blocks(run, executed.flatten()):
        values.add(part.pixels)
        done.append(replace(part, pixels=NOTHING))
        if progress is not None:
            progress(values.count, total)
    ended = run.ins.plan.latching and bool(done) and done[-1].interpolated != NEVER
    how = run.how if run.switch is None else run.how.continued(run.switch.share(total))
    made = assemble(how, values.so_far(), executed, done)
    blocks = [block for part in done for block in part.blocks]
    left_out = None
    if run.sparse is not None:
        evaluations = total * run.sparse.evaluations
        left_out = left_out_of(run.scene.config.compute.epsilon, evaluations, done, made.image)
    notes = run.notes if run.switch is None else (*run.notes, *run.switch.notes)
    return replace(made, interpolation_ended=ended, notes=notes, sparse=left_out), blocks


def _run(scene: Scene, ins: Instrument, tap: Tap, evaluations: int) -> _Run:
    """Return what the blocks of a run of so many evaluations share."""
    near = Neighbourhood.of(scene.config, ins.device)
    epsilon = scene.config.compute.epsilon
    if epsilon > 0.0 and tap.active:
        raise InputError(f"--epsilon {epsilon:g}: {WATCHED}")
    sparse = Sparse.of(ins, epsilon, scene.executed()) if epsilon > 0.0 else None
    rehearsal = _rehearsal(ins, tap, sparse)
    inference = torch.is_inference_mode_enabled()
    plain = inference and sparse is None and near is None and not ins.plan.latching
    engine, notes = choose(scene.config.compute, ins, evaluations, rehearsal, plain)
    notes += () if sparse is None else sparse.notes
    how = Computed(engine.compiled, precision_of(scene), ins.device.type)
    stages = Stages(ins, engine)
    switch = Switch.of(scene.config.compute, ins, rehearsal) if plain and not engine.compiled else None
    return _Run(scene, stages, tap, near, notes, inference, sparse, how, switch)


def _rehearsal(ins: Instrument, tap: Tap, sparse: Sparse | None) -> Rehearsal:
    """Return how an engine learns the forms of calls of a run; leaving evaluations out makes others."""

    def play(engine: Engine) -> None:
        def one(few: Instrument, block: Block) -> None:
            stages = Stages(few, engine)
            joined_photons(stages, block) if sparse is None else photons(sparse.probe(stages), block)

        rehearse(ins, one)

    return Rehearsal(play, "image" if sparse is None else "", uncompilable(ins, tap))


def _rendered_blocks(run: _Run, executed: Tensor) -> Iterator[BlockPixels]:
    """Yield the pixels of the run in order; the rest in machine code once that is there."""
    switch = run.switch
    if switch is None:
        yield from _blocks(run, executed)
        return
    places = executed if executed.dtype != torch.bool else executed.nonzero().flatten()
    first_was = False
    with closing(switch):
        for part in _blocks(run, executed, lambda: switch.look(len(places))):
            switch.done += len(part.pixels)
            first_was = first_was or part.first_visit
            yield part
        if switch.engine is not None:
            rest = replace(run, stages=Stages(run.ins, switch.engine))
            yield from _blocks(rest, places[switch.done :], begun=first_was)


def _blocks(
    run: _Run, executed: Tensor, stop: Callable[[], bool] | None = None, begun: bool = False
) -> Iterator[BlockPixels]:
    """Yield the pixels of the run in order, minding the first visit and the interpolation switch.

    Blocks run side by side where the stages want it; one after the other while the switch is undecided or
    somebody watches.

    Args:
        stop: asked at the border of two blocks whether to leave out what follows.
        begun: whether the first visit of the run has been before these.
    """
    plan, near = run.ins.plan, run.near
    interpolated = NEVER if plan.interpolate else 0
    engine = run.stages.engine
    size = min(engine.pixels, MOST_AGAIN) if plan.latching else engine.pixels
    pending: deque[Future[BlockPixels]] = deque()
    with workers(engine.parallel) as (submit, waiting):
        for whole in blocks_in_order(run.scene, run.ins, executed, size, begun):
            if stop is not None and stop():
                break
            undecided = plan.latching and interpolated == NEVER
            block: Block | None = replace(whole, interpolated=interpolated)
            if near is not None and block is not None and not undecided:
                block = near.cut(block)
            if block is None:
                continue
            pending.append(submit(_render_block, run, block))
            while len(pending) > (0 if undecided or run.tap.active else waiting):
                done = pending.popleft().result()
                interpolated = min(interpolated, done.interpolated)
                yield done
        while pending:
            yield pending.popleft().result()


def _render_block(run: _Run, block: Block) -> BlockPixels:
    """Return the block, in the parts before, at and after a pixel that ends interpolation.

    Source: spec 05 section 5, 06 section 11.
    """
    with torch.inference_mode(run.inference), torch.no_grad():
        parts = _switched(run, block)
        results = [_photons(run, part) for part in parts]
        found = [result.photons for result in results]
        return BlockPixels(
            pixels=joined_pixels([part.pixels for part in found]),
            omega_sum_sr=joined_pixels([part.omega_sum_sr for part in found]).sum(),
            place=None if run.near is None else run.near.place(block),
            interpolated=NEVER if parts[-1].interpolated == NEVER else 0,
            blocks=() if run.inference else tuple(parts),
            first_visit=block.first_visit >= 0,
            charged=largest_charge(part.charged_photons for part in results),
            left_out=sum(result.left_out for result in results),
        )


def _switched(run: _Run, block: Block) -> list[Block]:
    """Return the block, or its parts with interpolation on, on up to some evaluation, and off."""
    if not run.ins.plan.latching or block.interpolated != NEVER:
        return [block]
    escape = photons(run.stages, block).escape
    assert escape is not None  # the run latches
    broken = (escape != NEVER).nonzero().flatten()
    if not len(broken):
        return [block]
    n = int(broken[0])
    parts = split(block, n)
    limits = (NEVER, int(escape[n]), 0)
    return [
        replace(part, interpolated=limit) for part, limit in zip(parts, limits, strict=True) if len(part.slow)
    ]


def _photons(run: _Run, block: Block) -> Charged:
    """Return the photons of a block; only blocks that hold a watched pixel are watched."""
    if run.sparse is not None:
        return run.sparse.photons(run.stages, block)
    seen = run.tap.at(Level.PIXEL, Spot(block.slow, block.fast)) is not silent
    if run.stages.engine.compiled and not seen:
        return Charged(joined_photons(run.stages, block))
    return Charged(photons(run.stages, block, run.tap if seen else no_tap))
