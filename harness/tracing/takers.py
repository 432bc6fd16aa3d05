"""The programs of a traced pair into which values can be put by a debugger."""

from __future__ import annotations

from pathlib import Path

from harness.programs.build import build_reference
from harness.programs.programs import Program, simulator_program
from harness.programs.run import words_behind_settings
from harness.programs.side_words import side_words
from harness.proof.process_site import DebuggedProgram
from harness.proof.transplant import Process, TransplantSite
from harness.sides import SIDES
from harness.tracing.fitting import map_that_fits
from harness.tracing.job import TracedPair
from trace_tools.debugger.tap_map import TapMap, load_map
from trace_tools.errors import DebuggerError

WITH_DEBUG_INFORMATION = "untapped-O0"
"""The build of the C reference that takes values: same bits, and every variable in memory."""
REFERENCE_MAP = "reference"


def takers(pair: TracedPair) -> tuple[Process | None, Process | None]:
    """Return for each side what makes a site of its program; None for our simulator, which needs none."""
    first, second = (_taker(pair, side) for side in SIDES)
    return first, second


def _taker(pair: TracedPair, side: str) -> Process | None:
    program = pair.job.programs[side]
    if program.words == simulator_program().words:
        return None
    made: list[DebuggedProgram] = []

    def site(pixel: tuple[int, int], photons: float) -> TransplantSite:
        if not made:
            made.append(_debugged(pair, side, program))
        return made[0].at(pixel, photons)

    return site


def _debugged(pair: TracedPair, side: str, program: Program) -> DebuggedProgram:
    """Return a program for the debugger.

    Raises:
        DebuggerError: no map fits it, or it cannot be debugged.
    """
    binary, tap_map = _binary(program, pair.job.tap_map if side == SIDES[0] else None)
    told = side_words(pair.arguments, {side: program})[side].arguments
    words = (*pair.job.setting_words(side), *words_behind_settings(told))
    copies = {Path(source): name for source, name in told.copies}
    return DebuggedProgram(binary, tap_map, words, copies, pair.job.timeout_s)


def _binary(program: Program, named: str | None) -> tuple[Path, TapMap]:
    if named is not None:
        return Path(program.words[0]), load_map(named)
    if program.kind == "reference" and program.provenance.get("variant"):
        return build_reference(WITH_DEBUG_INFORMATION).path, load_map(REFERENCE_MAP)
    if len(program.words) != 1:
        raise DebuggerError(f"{program.title} '{program.words[0]}' is no compiled program")
    found = map_that_fits(Path(program.words[0]))
    if found.name is None:
        raise DebuggerError(f"no tap map fits program '{program.words[0]}' ({found.why}); give --tap-map MAP")
    return Path(program.words[0]), load_map(found.name)
