"""How a run computes its stages: operation by operation, recorded, or compiled."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.config import Compute
from simulator.engine.compiled import ROADS, Compiled, compiled_engine
from simulator.engine.eager import Eager
from simulator.engine.library_cache import CompileError, library_folder
from simulator.engine.recorded import Recorded
from simulator.engine.rehearsal import Rehearsal
from simulator.engine.stage import Engine, Whole

WORTH_RECORDING = 1 << 19
"""Number of evaluations from which on the stages are recorded as graphs."""
WORTH_COMPILING: Mapping[str, int] = {"cpu": 1 << 31, "cuda": 1 << 37}
"""Number of evaluations from which on the stages are compiled unasked, for each type of device."""
BLOCKS: Mapping[str, tuple[int, int]] = {"cpu": (1 << 15, 1 << 16), "cuda": (1 << 21, 1 << 21)}
"""Rays and evaluations of one call: those that the cache of a core holds; those that hide its launch."""


def choose(
    compute: Compute, ins: Whole, evaluations: int, rehearsal: Rehearsal, may_switch: bool = False
) -> tuple[Engine, tuple[str, ...]]:
    """Return the engine with which a run begins, as asked and as the work is worth, with warnings.

    Where stages can be compiled beside it, `Switch` does so unasked; elsewhere that is done at once.

    Args:
        compute: what was asked for.
        ins: the instrument of the run.
        evaluations: their number.
        rehearsal: shows the forms of the calls.
        may_switch: whether the run can go on in machine code later.

    Raises:
        CompileError: if compiled code is asked for and cannot be made.
    """
    later = may_switch and ROADS[ins.device.type].beside
    compiled, notes = choose_compiled(compute, ins, 0 if later else evaluations, rehearsal)
    if compiled is not None:
        return compiled, notes
    on_cpu = ins.device.type == "cpu"
    rays, elements = BLOCKS[ins.device.type]
    if compute.block_elements:
        rays = elements = compute.block_elements
    pixels = max(1, rays // ins.counts[0])
    if evaluations < WORTH_RECORDING or not on_cpu:
        return Eager(elements, pixels, parallel=on_cpu), notes
    return Recorded(elements, pixels), notes


def choose_compiled(
    compute: Compute, ins: Whole, evaluations: int, rehearsal: Rehearsal
) -> tuple[Compiled | None, tuple[str, ...]]:
    """Return compiled stages, None where they are not used, with warnings.

    Its arguments and errors are those of `choose`.
    """
    if compute.compile == "off":
        return None, ()
    if rehearsal.obstacle:
        asked = compute.compile == "on"
        note = f"--compile on: {rehearsal.obstacle} is not compiled; the run goes on without"
        return None, (note,) if asked else ()
    make = compute.compile == "on" or evaluations >= WORTH_COMPILING[ins.device.type]
    try:
        if not make and not library_folder().exists():
            return None, ()
        return compiled_engine(ins, make, rehearsal)
    except CompileError as error:
        if compute.compile == "on":
            raise
        return None, (f"{error}; the run goes on without",) if make else ()
