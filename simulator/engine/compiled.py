"""Stages as machine code, kept in a cache on disk.

A stage is exported once for each form of its arguments (which branches it takes, which axes have one entry)
and compiled into a shared library that any number of pixels, sources, orientations and reflections can use.
Loading one needs neither the exporter nor the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.engine.export import compiled_into
from simulator.engine.library_cache import LOADED, library_folder, library_of, load
from simulator.engine.programs import Fixed, StageProgram
from simulator.engine.rehearsal import UNLIMITED, Probe, Rehearsal
from simulator.engine.stage import Call, Whole
from simulator.engine.tensor_tree import leaves, rebuilt, skeleton

PIXELS_PER_CALL: Mapping[str, int] = {"cpu": 1 << 20, "cuda": 1 << 22}
EVALUATIONS_PER_CALL = 1 << 30
"""Upper limits of one call: memory that it needs for each pixel, and the time it cannot be interrupted in."""
FEWEST_PIXELS = 2
Programs = Mapping[str, tuple[StageProgram, Any]]
"""Program and template of the result for each form of a call."""
_KNOWN: dict[str, Programs] = {}
"""The programs for each kind of run that this process has loaded them for."""
_MISSED: set[str] = set()
"""Kinds of runs for which the cache lacked a program when this process last looked."""


class Compiled:
    """Machine code for one instrument; calls of a form that is not loaded run as they stand; see `Engine`."""

    compiled, parallel, elements = True, False, UNLIMITED

    def __init__(self, ins: Whole, programs: Programs) -> None:
        K, P, M = ins.counts
        most = PIXELS_PER_CALL[ins.device.type]
        pixels = min(most, max(FEWEST_PIXELS, EVALUATIONS_PER_CALL // (K * P * M)))
        self.pixels = max(FEWEST_PIXELS, pixels // K)
        self._programs = programs
        self._fixed = Fixed()

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        found = self._programs.get(call.form()) if pixels >= FEWEST_PIXELS else None
        if found is None:
            return call.result()
        program, template = found
        given = (part.detach().contiguous() for part in leaves(call.given))
        return rebuilt(template, program([*self._fixed.of(call), *given]))


def compiled_engine(ins: Whole, make: bool, rehearsal: Rehearsal) -> Compiled | None:
    """Return machine code for the stages of a run.

    Args:
        ins: the instrument of the run.
        make: whether stages that are not in the cache are compiled.
        rehearsal: shows the forms of their calls.

    Returns:
        The code, None where a program is not in the cache and may not be made.

    Raises:
        CompileError: if a stage cannot be compiled.
    """
    kind = f"{library_folder()} {ins.device} {skeleton(ins)} {rehearsal.kind}" if rehearsal.kind else ""
    if kind in _KNOWN:
        return Compiled(ins, _KNOWN[kind])
    if kind in _MISSED and not make:
        return None
    probe = Probe()
    rehearsal.play(probe)
    programs = _programs(ins, probe.calls, make)
    if programs is None:
        _MISSED.update({kind} - {""})
        return None
    if kind:
        if len(_KNOWN) >= LOADED:
            _KNOWN.clear()
        _KNOWN[kind] = programs
    return Compiled(ins, programs)


def _programs(ins: Whole, calls: Mapping[str, tuple[Call, Any]], make: bool) -> Programs | None:
    """Return the programs of calls, None if one is missing and none are to be made."""
    libraries = {
        form: library_of(f"{form} {skeleton(call.ins)}", ins.device) for form, (call, _) in calls.items()
    }
    missing = [form for form, library in libraries.items() if not library.exists()]
    if missing and not make:
        return None
    for form in missing:
        _MISSED.clear()
        compiled_into(calls[form][0], libraries[form], ins.device)
    return {form: (load(libraries[form], ins.device), result) for form, (_, result) in calls.items()}
