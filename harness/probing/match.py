"""The quirks that our side of a comparison gets, so that both compute the same, and what is said about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.errors import ProgramError
from harness.probing.identity import NoNanoBraggError
from harness.probing.judge import IGNORED, OTHER, REFUSED
from harness.probing.kept import known
from harness.probing.probe import Profile, frozen, listed
from harness.programs.programs import Program
from harness.programs.quirk_options import RELEVANT
from simulator.command_line.option_table import BY_SPELLING
from simulator.quirks import SWITCHABLE
from system_io.shown import printable

OURS = ("simulator", "reference")
UNKNOWN: Mapping[str, str] = {
    IGNORED: "ignores it, or puts another value in its place",
    REFUSED: "refuses it",
}
"""What makes an option one that a program does not know."""


@dataclass(frozen=True)
class Match:
    """What was told of a program, and what the other side runs with.

    Attributes:
        side: of the program that was probed.
        told: side that gets its quirks.
        quirks: `ID=on` or `ID=off` of each quirk that is not as in c-parity mode.
        untold: quirks that were not told apart; they are as most others.
        faults: what its images depend on beside command line and quirks, in words.
        notes: what a reader should know of it, in words.
        sha256, table: of the program's file, and the version of the table of runs.
    """

    side: str
    told: str
    quirks: tuple[str, ...]
    untold: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    sha256: str
    table: str

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {key: listed(value) for key, value in asdict(self).items()}

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Match | None:
        """Return the match of plain data, None for none."""
        if data is None:
            return None
        return cls(**frozen(data))

    def words(self, side: str, program: Program) -> tuple[str, ...]:
        """Return the words behind the settings of one side that give it these quirks."""
        option = program.dialect.quirk_option
        if side != self.told or option is None:
            return ()
        return tuple(word for switch in self.quirks for word in (option, switch))

    def without(self, quirks: Collection[str]) -> Match:
        """Return the match in which the other side keeps some quirks as they are."""
        kept = tuple(switch for switch in self.quirks if switch.partition("=")[0] not in quirks)
        return replace(self, quirks=kept)

    @property
    def statement(self) -> str:
        """Return in words with which quirks the other side runs."""
        if not self.quirks:
            return f"{self.side} has the quirks of upstream, as far as tiny runs tell them"
        count = len(self.quirks)
        shown = ", ".join(self.quirks) if count <= MOST_NAMED else f"{count} of {len(SWITCHABLE)} quirks off"
        return f"{self.side} has {shown}, as its tiny runs tell; {self.told} ran with the same"


MOST_NAMED = 6


def matched(
    programs: Mapping[str, Program], words: Sequence[str], timeout_s: float, environ: Mapping[str, str]
) -> Match | None:
    """Probe the program of a comparison that a user brought, and return what the other side runs with.

    Args:
        programs: of each side.
        words: the nanoBragg command line.
        timeout_s: longest time of a run, s; all tiny runs together take no more.
        environ: where the cache of probes is looked for.

    Returns:
        None where no program was brought, or none of ours is beside it.

    Raises:
        NoNanoBraggError: it is no nanoBragg, and does not say that it is the C reference.
        ProgramError: it does not know an option of the command line.
    """
    side = brought(programs)
    if side is None:
        return None
    given = {BY_SPELLING[word].name for word in words if word in BY_SPELLING}
    ours = programs[side].kind in OURS
    try:
        probe = known(programs[side], timeout_s, environ, given)
    except NoNanoBraggError:
        if ours:  # by its own word it is the C reference: what is wrong with it, the comparison shows
            return None
        raise
    if not ours:
        _require_options(programs[side], probe, given)
    told = next(other for other in programs if other != side)
    switches, untold = switched(probe)
    return Match(
        side, told, switches, untold, (*probe.identity.faults, *_otherwise(probe, given)),
        tuple(_notes(side, probe, untold, words)), probe.sha256, probe.table,
    )  # fmt: skip


def brought(programs: Mapping[str, Program]) -> str | None:
    """Return the side whose program a user brought and that is compared with one of ours; None for neither.

    A C reference that is given by its path is one, too, beside a simulator: it may be a fork.
    """
    for kinds, partners in ((("external",), OURS), (("reference",), ("simulator",))):
        sides = [
            side for side, program in programs.items()
            if program.kind in kinds and "sources_sha256" not in program.provenance
        ]  # fmt: skip
        others = [program.kind for side, program in programs.items() if side not in sides]
        if len(sides) == 1 and others and others[0] in partners:
            return sides[0]
    return None


def switched(probe: Profile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the switches of a program away from c-parity mode, and its quirks that were not told apart.

    What was not told apart is on as upstream, or off where most of the others are.
    """
    states = {quirk: told.state for quirk, told in probe.quirks.items()}
    off = [quirk for quirk, state in states.items() if state == "off"]
    untold = [quirk for quirk, state in states.items() if state is None]
    if 2 * len(off) > len(states) - len(untold):
        off += untold
    return tuple(f"{quirk}=off" for quirk in sorted(off)), tuple(sorted(untold))


def _require_options(program: Program, probe: Profile, given: Collection[str]) -> None:
    """Check that a program knows all options.

    Raises:
        ProgramError: it ignores or refuses one.
    """
    for option in sorted(given):
        state = probe.options.get(option, "")
        if state in UNKNOWN:
            raise ProgramError(
                f"{program.title} '{printable(program.words[0])}' does not know the option {option}: "
                f"in a tiny run it {UNKNOWN[state]}; leave it out, or give --no-match-quirks to compare "
                "all the same"
            )


def _otherwise(probe: Profile, given: Collection[str]) -> list[str]:
    found = [option for option in sorted(given) if probe.options.get(option) == OTHER]
    if not found or not probe.identity.agrees:
        return []
    return [f"in tiny runs it acts otherwise than nanoBragg on {', '.join(found)}"]


def _notes(side: str, probe: Profile, untold: Sequence[str], words: Sequence[str]) -> list[str]:
    notes = [f"{side}: {text}" for text in probe.identity.difference]
    if probe.identity.sweep_varies and not probe.identity.varies:
        notes.append(
            f"{side}: the image of a rotation depends on its number of threads (Q-OMP); it is compared on as "
            "many as --threads says"
        )
    mattering = [quirk for quirk in untold if RELEVANT.get(quirk, frozenset()) & set(words)]
    if mattering:
        notes.append(f"{side}: {', '.join(mattering)} could not be told apart, and may matter here")
    return notes
