"""Stages as machine code, kept in a cache on disk.

A stage is exported once for each form of its arguments (which branches it takes, which axes have one entry)
and compiled into a shared library that any number of pixels, sources, orientations and reflections can use.
Loading one needs neither the exporter nor the compiler. What differs between devices stands in `ROADS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from simulator.engine import device_code, machine_code, making
from simulator.engine.library_cache import (
    LOADED,
    BrokenLibraryError,
    CompileError,
    Making,
    StageFacts,
    library_folder,
    remove_entry,
)
from simulator.engine.making import going_on
from simulator.engine.rehearsal import UNLIMITED, Probe, Rehearsal
from simulator.engine.stage import Call, Fixed, StageProgram, Whole
from simulator.engine.tensor_tree import leaves, rebuilt, skeleton

PIXELS_PER_CALL: Mapping[str, int] = {"cpu": 1 << 20, "cuda": 1 << 23}
EVALUATIONS_PER_CALL: Mapping[str, int] = {"cpu": 1 << 30, "cuda": 1 << 33}
"""Upper limits of one call: memory that it needs for each pixel, and the time it cannot be interrupted in."""
FEWEST_PIXELS = 2


@dataclass(frozen=True)
class Road:
    """How stages become machine code for one type of device."""

    make: Callable[[Sequence[Making], Callable[[], bool]], tuple[str, ...]]
    """Puts stages into the cache as long as that is wanted, and gives warnings."""
    load: Callable[[Path], StageProgram]
    """Gives the program of an entry; `FileNotFoundError`, or `BrokenLibraryError`."""
    beside: bool
    """Whether stages can be made while a run goes on."""


ROADS: Mapping[str, Road] = {
    "cpu": Road(making.make_libraries, machine_code.load, beside=True),
    "cuda": Road(device_code.make_kernels, device_code.load_kernels, beside=False),
}
"""For each type of device. Libraries start without torch's compiler; its runtime in them crashes on CUDA
devices, whose kernels are therefore kept by the compiler, which each process imports."""
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
        pixels = min(most, max(FEWEST_PIXELS, EVALUATIONS_PER_CALL[ins.device.type] // (K * P * M)))
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


def compiled_engine(ins: Whole, make: bool, rehearsal: Rehearsal) -> tuple[Compiled | None, tuple[str, ...]]:
    """Return machine code for the stages of a run.

    Args:
        ins: the instrument of the run.
        make: whether stages that are not in the cache are compiled.
        rehearsal: shows the forms of their calls.

    Returns:
        The code, None where a program is not in the cache and may not be made; with warnings.

    Raises:
        CompileError: if a stage cannot be compiled.
    """
    kind = f"{library_folder()} {ins.device} {skeleton(ins)} {rehearsal.kind}" if rehearsal.kind else ""
    if kind in _KNOWN:
        return Compiled(ins, _KNOWN[kind]), ()
    if kind in _MISSED and not make:
        return None, ()
    needed = Needed.of(ins, rehearsal)
    if make:
        needed.make()
    if needed.missing:
        _MISSED.update({kind} - {""})
        return None, needed.notes
    if kind:
        if len(_KNOWN) >= LOADED:
            _KNOWN.clear()
        _KNOWN[kind] = needed.found
    return Compiled(ins, needed.found), needed.notes


class Needed:
    """The programs that a run needs: those of the cache, and the stages that it lacks.

    Args:
        device: of the run.
        calls: one of each form, with what it gives.
    """

    def __init__(self, device: torch.device, calls: Mapping[str, tuple[Call, Any]]) -> None:
        self.road = ROADS[device.type]
        self.calls = calls
        self.facts = {
            form: StageFacts.of(call.stage.name, f"{form} {skeleton(call.ins)}", device)
            for form, (call, _) in calls.items()
        }
        self.found: dict[str, tuple[StageProgram, Any]] = {}
        self.notes: tuple[str, ...] = ()
        self.look()

    @classmethod
    def of(cls, ins: Whole, rehearsal: Rehearsal) -> Needed:
        """Return what a run needs, by its rehearsal."""
        probe = Probe()
        rehearsal.play(probe)
        return cls(ins.device, probe.calls)

    @property
    def missing(self) -> list[Making]:
        """The stages that the cache lacks."""
        return [
            Making(call, self.facts[form]) for form, (call, _) in self.calls.items() if form not in self.found
        ]

    def look(self) -> None:
        """Load what the cache has; what is broken is removed and said."""
        for form, (call, result) in self.calls.items():
            if form in self.found:
                continue
            path = self.facts[form].path
            try:
                self.found[form] = (self.road.load(path), result)
            except FileNotFoundError:
                continue
            except BrokenLibraryError as error:
                remove_entry(path)
                self.notes += (f"compiled stage '{call.stage.name}' of the cache is not used: {error}",)

    def make(self, wanted: Callable[[], bool] = going_on) -> None:
        """Compile what is missing.

        Args:
            wanted: asked now and then whether to go on.

        Raises:
            CompileError: if a stage cannot be compiled, or is not there at the end.
        """
        if missing := self.missing:
            _MISSED.clear()
            self.notes += self.road.make(missing, wanted)
            self.look()
        if self.missing:
            raise CompileError("; ".join(self.notes) or "compiled code is gone from the cache again")
