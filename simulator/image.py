"""From a scene to an image, block by block (spec 06 sections 1, 2, 7 and 11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from simulator.blocks import NEVER, Block, spots, visit_of
from simulator.compiled import CompileError, cache_folder, compiled_stages
from simulator.config import RunConfig
from simulator.gradients import differentiable, wanted
from simulator.instrument import Instrument
from simulator.kernel import Photons, Stages, photons
from simulator.leaves import leaves, rebuilt
from simulator.rays import passes_dmin
from simulator.restrict import Neighbourhood
from simulator.scene import Scene, prepare
from simulator.stages import Eager, Recorded
from simulator.taps import Level, Spot, Tap, no_tap, silent

WORTH_RECORDING, WORTH_COMPILING = 1 << 19, 1 << 33
"""Numbers of evaluations from which on the stages are recorded as graphs, and compiled unasked."""

Submit = Callable[..., "Future[Any]"]
Progress = Callable[[int, int], None]
"""Is told the number of pixels done and the number of all pixels of the run."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """A computed image.

    image [spixels, fpixels] in photons, before the rounding to 4 bytes; executed: bool, which pixels were
    computed (the others are 0); omega_sum_sr: sum over executed pixels, layers and sub-pixels of the cached
    solid angle; interpolation_ended: whether an index out of range switched interpolation off on the way
    (Q-INTERP-LATCH); notes: warnings.
    """

    image: Tensor
    executed: Tensor
    omega_sum_sr: float
    interpolation_ended: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Run:
    """What all blocks of a run share.

    near: what it is restricted to, None for the whole image; notes: warnings of the set-up; inference:
    whether nobody wants a gradient.
    """

    scene: Scene
    ins: Instrument
    stages: Stages
    tap: Tap
    near: Neighbourhood | None
    notes: tuple[str, ...]
    inference: bool


@dataclass(frozen=True)
class _Done:
    """Pixel values of consecutive executed pixels, the sum of their solid angles, and more.

    place: of each pixel in memory order, None where the whole image is computed; interpolated: NEVER (the
    limit of `Block`) while interpolation is on, else 0; blocks: as they were computed.
    """

    pixels: Tensor
    omega_sum_sr: Tensor
    place: Tensor | None
    interpolated: int
    blocks: tuple[Block, ...]


def simulate(config: RunConfig) -> Tensor:
    """Return the image of a run in photons, [spixels, fpixels].

    Args: config: from `RunConfig.from_args` or made by hand. Raises: InputError. Source: spec 00, 06.
    """
    return render(prepare(config)).image


def render(scene: Scene, tap: Tap = no_tap, progress: Progress | None = None) -> Rendered:
    """Return the image of a scene, with its gradient if a quantity of the run requires one.

    Gradients are computed in float64; so is the image where its precision is left open.

    Args: scene: from `prepare`. tap: who watches; the image is the same bit for bit. progress: see
    `Progress`.
    Raises: InputError for a device that is not there. Source: spec 06.
    """
    ins = Instrument.of(scene)
    if not wanted(ins):
        with torch.inference_mode():
            return _render(_run(scene, Instrument.of(scene), tap), progress)[0]
    compute = scene.config.compute
    exact = scene.with_compute(replace(compute, precision="float64"))
    seen = Instrument.of(exact if compute.precision == "auto" else scene)
    made: list[Rendered] = []

    def forward() -> tuple[Tensor, Sequence[Block]]:
        run = _run(scene, rebuilt(seen, [part.detach() for part in leaves(seen)]), tap)
        rendered, blocks = _render(run, progress)
        made.append(rendered)
        return _computed(rendered), blocks

    pixels = differentiable(Instrument.of(exact), forward, _side_by_side)
    plain = made[0].image
    if len(pixels) == plain.numel():
        return replace(made[0], image=pixels.reshape(plain.shape))
    image = torch.zeros_like(plain).masked_scatter(made[0].executed.to(pixels.device), pixels)
    return replace(made[0], image=image)


def _computed(rendered: Rendered) -> Tensor:
    """Return the computed pixels of an image in their order."""
    executed = rendered.executed.flatten()
    flat = rendered.image.flatten()
    return flat if executed.all() else flat[executed.to(flat.device)]


def _side_by_side(function: Callable[[int], Any], count: int) -> Iterator[Any]:
    """Yield the results of a function of 0 ... count - 1, called on all cores, in order."""
    pending: deque[Future[Any]] = deque()
    with _workers(parallel=True) as (submit, waiting):
        for n in range(count):
            pending.append(submit(function, n))
            while len(pending) > waiting:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _render(run: _Run, progress: Progress | None) -> tuple[Rendered, list[Block]]:
    """Return the image of a run, and the blocks in the order of its pixels."""
    executed = run.scene.executed()
    total = int(executed.sum())
    done: list[_Done] = []
    finished = 0
    for part in _rendered_blocks(run, executed.flatten()):
        done.append(part)
        finished += len(part.pixels)
        if progress is not None:
            progress(finished, total)
    ended = run.ins.plan.latching and bool(done) and done[-1].interpolated != NEVER
    made = _assemble(run.ins.plan.sum_dtype, executed, done)
    blocks = [block for part in done for block in part.blocks]
    return replace(made, interpolation_ended=ended, notes=run.notes), blocks


def _run(scene: Scene, ins: Instrument, tap: Tap) -> _Run:
    """Return what the blocks of a run share."""
    near = Neighbourhood.of(scene.config, ins.device)
    stages, notes = _stages(scene, ins, tap)
    return _Run(scene, ins, stages, tap, near, notes, torch.is_inference_mode_enabled())


def _stages(scene: Scene, ins: Instrument, tap: Tap) -> tuple[Stages, tuple[str, ...]]:
    """Return how the kernel runs, as asked and as the work is worth, with warnings."""
    compute, notes = scene.config.compute, []
    if compute.compile != "off":
        obstacle = _uncompilable(ins, tap)
        make = compute.compile == "on" or scene.evaluations >= WORTH_COMPILING
        if not obstacle and (make or cache_folder().exists()):
            try:
                compiled = compiled_stages(ins, make)
            except CompileError as error:
                if compute.compile == "on":
                    raise
                notes.append(f"{error}; the run goes on without")
            else:
                if compiled is not None:
                    return compiled, ()
        elif obstacle and compute.compile == "on":
            notes.append(f"--compile on: {obstacle} is not compiled; the run goes on without")
    elements = compute.block_elements
    pixels = max(1, elements // len(ins.wavelength_m))
    if scene.evaluations < WORTH_RECORDING or ins.device.type != "cpu":
        return Eager(elements, pixels, parallel=ins.device.type == "cpu"), tuple(notes)
    return Recorded(ins, elements, pixels), tuple(notes)


def _uncompilable(ins: Instrument, tap: Tap) -> str:
    """Return what keeps a run from being compiled, in words, empty for nothing."""
    obstacles = (
        (ins.device.type != "cpu", f"-device {ins.device.type}"),
        (tap.active, "a trace or printout"),
        (ins.policy.running, "a running sum in loop order (Q-OVERSAMPLE-RUNNING-PRODUCT)"),
        (ins.plan.latching, "interpolation that may end on the way (Q-INTERP-LATCH)"),
    )
    return next((words for there, words in obstacles if there), "")


def _assemble(dtype: torch.dtype, executed: Tensor, done: list[_Done]) -> Rendered:
    """Return the image made of the computed pixels in their order, 0 elsewhere."""
    places = [part.place.cpu() for part in done if part.place is not None]
    if places:
        executed = torch.zeros_like(executed)
        executed.view(-1)[torch.cat(places)] = True
    values = torch.cat([part.pixels for part in done]) if done else torch.zeros(0, dtype=dtype)
    omega_sr = sum(float(part.omega_sum_sr) for part in done)
    if len(values) == executed.numel():
        return Rendered(values.reshape(executed.shape), executed, omega_sr)
    flat = torch.zeros(executed.numel(), dtype=values.dtype, device=values.device)
    image = flat.masked_scatter(executed.flatten().to(flat.device), values)
    return Rendered(image.reshape(executed.shape), executed, omega_sr)


def _rendered_blocks(run: _Run, executed: Tensor) -> Iterator[_Done]:
    """Yield the pixels of the run in order, minding the first visit and the interpolation switch.

    Blocks run side by side where the stages want it; one after the other while the switch is undecided or
    somebody watches.
    """
    plan, near = run.ins.plan, run.near
    interpolated = NEVER if plan.interpolate else 0
    pending: deque[Future[_Done]] = deque()
    with _workers(run.stages.parallel) as (submit, waiting):
        for whole in _blocks(run, executed):
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


@contextmanager
def _workers(parallel: bool) -> Iterator[tuple[Submit, int]]:
    """Give a function that starts a call, and how many calls may wait: a thread on each core, or this one."""
    cores = torch.get_num_threads()
    if not parallel:
        yield _at_once, 0
        return
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool.submit, 2 * cores
    finally:
        torch.set_num_threads(cores)


def _at_once(function: Callable[..., Any], *given: object) -> Future[Any]:
    """Return the result of a call that is made now."""
    done: Future[Any] = Future()
    done.set_result(function(*given))
    return done


def _render_block(run: _Run, block: Block) -> _Done:
    """Return the block, in the parts before, at and after a pixel that ends interpolation.

    Source: spec 05 section 5, 06 section 11.
    """
    with torch.inference_mode(run.inference), torch.no_grad():
        results = [_photons(run, part) for part in _switched(run, block)]
        last = results[-1][0]
        return _Done(
            pixels=torch.cat([result.pixels for _, result in results]),
            omega_sum_sr=torch.cat([result.omega_sum_sr for _, result in results]).sum(),
            place=None if run.near is None else run.near.place(block),
            interpolated=NEVER if last.interpolated == NEVER else 0,
            blocks=() if run.inference else tuple(block for block, _ in results),
        )


def _switched(run: _Run, block: Block) -> list[Block]:
    """Return the block, or its parts with interpolation on, on up to some evaluation, and off."""
    if not run.ins.plan.latching or block.interpolated != NEVER:
        return [block]
    escape = photons(run.ins, block, run.stages).escape
    assert escape is not None  # the run latches
    broken = (escape != NEVER).nonzero().flatten()
    if not len(broken):
        return [block]
    n = int(broken[0])
    parts = _parts(block, n)
    limits = (NEVER, int(escape[n]), 0)
    return [
        replace(part, interpolated=limit) for part, limit in zip(parts, limits, strict=True) if len(part.slow)
    ]


def _photons(run: _Run, block: Block) -> tuple[Block, Photons]:
    """Return a block with its photons; only blocks that hold a watched pixel are watched."""
    seen = run.tap.at(Level.PIXEL, Spot(block.slow, block.fast)) is not silent
    return block, photons(run.ins, block, run.stages, run.tap if seen else no_tap)


def _parts(block: Block, n: int) -> tuple[Block, Block, Block]:
    """Return the pixels before, at and after position n; the outer parts may be empty."""
    return _part(block, slice(0, n)), _part(block, slice(n, n + 1)), _part(block, slice(n + 1, None))


def _part(block: Block, pixels: slice) -> Block:
    """Return some pixels of a block."""
    return replace(block, slow=block.slow[pixels], fast=block.fast[pixels])


def _blocks(run: _Run, executed: Tensor) -> Iterator[Block]:
    """Yield the executed pixels in order, the one with the first visit of the run apart if it matters."""
    searching = run.scene.first_block_differs
    for block in _pixel_blocks(run, executed):
        found = _first_visit(run.ins, block) if searching else None
        if found is None:
            yield block
            continue
        searching = False
        n, visit = found
        for part, first in zip(_parts(block, n), (-1, visit, -1), strict=True):
            if len(part.slow):
                yield replace(part, first_visit=first)


def _pixel_blocks(run: _Run, executed: Tensor) -> Iterator[Block]:
    """Yield the executed pixels in memory order, as many at a time as the stages want."""
    width = run.scene.config.detector.fpixels
    size = run.stages.pixels
    for start in range(0, executed.numel(), size):
        index = (executed[start : start + size].nonzero().flatten() + start).to(run.ins.device)
        if len(index):
            yield Block(slow=index.div(width, rounding_mode="floor"), fast=index.remainder(width))


def _first_visit(ins: Instrument, block: Block) -> tuple[int, int] | None:
    """Return position in the block and ordinal of the first visit to the phi loop; None if dmin allows none.

    Source: spec 06 section 7 rule 3.
    """
    best = torch.full_like(block.slow, NEVER)
    for spot in spots(ins, block):
        alive = passes_dmin(ins, spot)[:, :, 0, 0]  # [K, N]
        order = visit_of(ins, spot) + torch.arange(len(alive), device=alive.device)[:, None]
        best = torch.minimum(best, torch.where(alive, order, NEVER).amin(0))
        if not ins.plan.resolution_limit:
            break
    found = (best != NEVER).nonzero().flatten()
    return (int(found[0]), int(best[found[0]])) if len(found) else None
