"""How a run computes its stages: operation by operation, recorded, or compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.config import Compute
from simulator.engine.compiled import Compiled, CompileError, Within, cache_folder, compiled_stages, unwrapped
from simulator.engine.stages import Eager, Recorded
from simulator.engine.workers import in_turn
from simulator.gradients.image_gradient import Backward, Spread
from simulator.kernel.kernel import Stages
from simulator.kernel.taps import Tap, no_tap
from simulator.scene.instrument import Instrument

WORTH_RECORDING = 1 << 19
"""Number of evaluations from which on the stages are recorded as graphs."""
WORTH_COMPILING: Mapping[str, int] = {"cpu": 1 << 31, "cuda": 1 << 37}
"""Number of evaluations from which on the stages are compiled unasked, for each type of device."""
EVALUATIONS_OF_A_GRAPH, EVALUATIONS_OF_SLOPES = 1 << 18, 1 << 22
"""Of a piece that is differentiated at once, by torch's graph of all operations and by compiled slopes."""
BLOCKS: Mapping[str, tuple[int, int]] = {"cpu": (1 << 15, 1 << 16), "cuda": (1 << 21, 1 << 21)}
"""Rays and evaluations of one call: those that the cache of a core holds; those that hide its launch."""


def choose_stages(
    compute: Compute, ins: Instrument, tap: Tap, evaluations: int, within: Within
) -> tuple[Stages, tuple[str, ...]]:
    """Return how the kernel runs, as asked and as the work is worth, with warnings.

    Args: evaluations: of the run. within: see `Within`.
    Raises: CompileError if compiled code is asked for and cannot be made.
    """
    compiled, notes = _compiled(compute, ins, tap, evaluations, within)
    if compiled is not None:
        return compiled, notes
    on_cpu = ins.device.type == "cpu"
    rays, elements = BLOCKS[ins.device.type]
    if compute.block_elements:
        rays = elements = compute.block_elements
    pixels = max(1, rays // len(ins.wavelength_m))
    if evaluations < WORTH_RECORDING or not on_cpu:
        return Eager(elements, pixels, parallel=on_cpu), notes
    return Recorded(ins, elements, pixels), notes


def choose_backward(
    compute: Compute, ins: Instrument, free: Sequence[bool], evaluations: int, spread: Spread
) -> tuple[Backward, tuple[str, ...]]:
    """Return how the blocks of a run are differentiated, with warnings: as `choose_stages` has it.

    Args: ins: detached. free: which of its tensors want a gradient. spread: see `Backward`.
    Raises: CompileError if compiled code is asked for and cannot be made.
    """
    programs, notes = _compiled(compute, ins, no_tap, evaluations, unwrapped, free)
    if programs is None:
        return Backward(None, spread, EVALUATIONS_OF_A_GRAPH), notes
    return Backward(programs, in_turn, EVALUATIONS_OF_SLOPES), notes


def _compiled(
    compute: Compute,
    ins: Instrument,
    tap: Tap,
    evaluations: int,
    within: Within,
    free: Sequence[bool] = (),
) -> tuple[Compiled | None, tuple[str, ...]]:
    """Return compiled stages, None where they are not used, with warnings."""
    if compute.compile == "off":
        return None, ()
    obstacle = _uncompilable(ins, tap)
    if obstacle:
        asked = compute.compile == "on"
        return None, (f"--compile on: {obstacle} is not compiled; the run goes on without",) if asked else ()
    make = compute.compile == "on" or evaluations >= WORTH_COMPILING[ins.device.type]
    try:
        if not make and not cache_folder().exists():
            return None, ()
        return compiled_stages(ins, make, within, free), ()
    except CompileError as error:
        if compute.compile == "on":
            raise
        return None, (f"{error}; the run goes on without",) if make else ()


def _uncompilable(ins: Instrument, tap: Tap) -> str:
    """Return what keeps a run from being compiled, in words, empty for nothing."""
    obstacles = (
        (tap.active, "a trace or printout"),
        (ins.policy.running, "a running sum in loop order (Q-OVERSAMPLE-RUNNING-PRODUCT)"),
    )
    return next((words for there, words in obstacles if there), "")
