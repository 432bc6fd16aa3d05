"""A program that a user brings to the gates: whether it has what both parity modes say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import ProgramError
from harness.probing.match import brought, matched
from harness.programs.programs import MODES, Program
from simulator.quirks import SWITCHABLE
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

NO_PROBE = "--no-probe"


class OtherQuirksError(ProgramError):
    """A program has not the quirks of a parity mode, so that no gate in that mode is about it."""

    exit_status = EXIT_STATUS[Word.NOT_COMPARABLE]


def require_modes(
    programs: Mapping[str, Program], words: Sequence[str], timeout_s: float, environ: Mapping[str, str]
) -> None:
    """Check by tiny runs that a program of the user's is one that the gates can judge in both parity modes.

    Args:
        programs: of both sides.
        words: the nanoBragg command line of the gates.
        timeout_s: longest time of all tiny runs together, s.
        environ: where the cache of probes is looked for.

    Raises:
        OtherQuirksError: it has other quirks than c-parity mode, knows no modes, or does not repeat.
        NoNanoBraggError: it is no nanoBragg.
        ProgramError: it does not know an option of the command line.
    """
    side = brought(programs)
    found = None if side is None else matched(programs, words, timeout_s, environ)
    if side is None or found is None:
        return
    program = programs[side]
    known = set(program.dialect.mode_words)
    told = f"{side}, {program.title} '{printable(program.words[0])}',"
    remedy = f"compare it with nb-compare, which matches quirks, or give {NO_PROBE} to judge it as it is"
    if found.faults:
        raise OtherQuirksError(
            f"{told} is no program that gates can judge: {'; '.join(found.faults)}; {remedy}"
        )
    if found.quirks:
        raise OtherQuirksError(
            f"{told} has other quirks than {MODES[0]} mode, as tiny runs tell: {_named(found.quirks)}; the "
            f"gates judge programs in both modes by name: {remedy}"
        )
    if not known.issuperset(MODES):
        lacking = ", ".join(mode for mode in MODES if mode not in known)
        raise OtherQuirksError(
            f"{told} has the quirks of {MODES[0]} mode, and knows no {lacking} mode, in which the gates run "
            "it, too; compare it with nb-compare"
        )


def _named(switches: Sequence[str]) -> str:
    """Return switches in words: all, or how many of all quirks where most are off."""
    if 2 * len(switches) <= len(SWITCHABLE):
        return ", ".join(switches)
    there = sorted(SWITCHABLE - {switch.partition("=")[0] for switch in switches})
    return f"{len(switches)} of {len(SWITCHABLE)} are off, all but {', '.join(there) or 'none'}"
