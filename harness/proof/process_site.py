"""A compiled program under a debugger, into one pixel of which the values of another program are put."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness.proof.pixel_site import SiteValues
from harness.proof.transplant import PutResult
from system_io.children import temporary_folder
from trace_tools.debugger.puts import PutJob, put_names, put_values
from trace_tools.debugger.sources import Debugged, open_debugged
from trace_tools.debugger.tap_map import TapMap


@dataclass(frozen=True)
class DebuggedProgram:
    """A program that a debugger can run: the binary, its map, its words, copies of inputs, longest time (s).

    copies: path -> name that the words have for it.
    """

    binary: Path
    tap_map: TapMap
    words: tuple[str, ...]
    copies: Mapping[Path, str] = field(default_factory=dict)
    timeout_s: float = 60.0

    @cached_property
    def opened(self) -> Debugged:
        """Return what its debug information says."""
        return opened(self.binary, self.tap_map)

    def at(self, pixel: tuple[int, int], photons: float) -> ProcessSite:
        """Return the site of one pixel (slow, fast) that has so many photons in its trace.

        Raises:
            DebuggerError: no debugger, no debug information, or a map of another program.
        """
        return ProcessSite(self, pixel, photons, put_names(self.tap_map, self.opened))


@dataclass(frozen=True)
class ProcessSite:
    """One pixel (slow, fast) of a program under a debugger, which has so many photons in its trace."""

    program: DebuggedProgram
    pixel: tuple[int, int]
    photons: float
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return what a reader is told that it is."""
        return f"{self.program.binary.name} under gdb"

    def finals(self, sets: Sequence[SiteValues]) -> list[PutResult]:
        """See `harness.proof.transplant.TransplantSite.finals`."""
        if not sets:
            return []
        program = self.program
        with temporary_folder("nb-site") as name:
            for source, told in program.copies.items():
                shutil.copyfile(source, Path(name) / told)
            job = PutJob(
                program.tap_map, program.opened, program.words, Path(name), self.pixel, self.photons,
                program.timeout_s,
            )  # fmt: skip
            return [PutResult(run.final, run.failure, run.problems) for run in put_values(job, sets)]


def opened(binary: Path, tap_map: TapMap) -> Debugged:
    """Return what a binary's debug information says of the files of a map.

    Raises:
        DebuggerError: no debugger, no debug information, or no sources.
    """
    return open_debugged(binary, {anchor.file for anchor in tap_map.places.values()})
