"""What the simulator is asked for the tables: each row in each state of the quirks that it depends on."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.probing.option_rows import OPTION_ROWS
from harness.probing.quirk_rows import QUIRK_ROWS
from harness.probing.row import BASE, QUIET, QuirkRow, TinyRun
from harness.programs.programs import MODES

STATES = ("on", "off")
PARITY = MODES[0]
PLAIN = TinyRun((*BASE.split(), *QUIET.split()))
"""The run that is the same in every state of every quirk."""
TWICE = TinyRun((*BASE.split(), "-default_F", "200", *QUIET.split()))
"""The same with twice the structure factor, so four times the photons."""


@dataclass(frozen=True)
class TableQuestion:
    """One run of the simulator, the state of its quirks, and what is looked at."""

    run: TinyRun
    look: str
    mode: str = PARITY
    quirks: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """Return what the answer is kept under."""
        switches = " ".join(f"{quirk}={state}" for quirk, state in sorted(self.quirks.items()))
        text = "\0".join((self.run.key, self.look, self.mode, switches))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that put the simulator in this state."""
        switches = (("--quirk", f"{quirk}={state}") for quirk, state in self.quirks.items())
        return ("--parity-mode", self.mode, *itertools.chain.from_iterable(switches))


def states_of(row: QuirkRow) -> list[dict[str, str]]:
    """Return each state of the quirks that a row depends on, without the one that has no value of its own."""
    quirks = (*row.tells, *row.beside)
    chosen = itertools.product(STATES, repeat=len(quirks))
    made = [dict(zip(quirks, states, strict=True)) for states in chosen]
    return [state for state in made if row.otherwise not in [state[quirk] for quirk in row.tells]]


def questions() -> Iterator[TableQuestion]:
    """Return every question that the tables ask."""
    yield TableQuestion(PLAIN, "image")
    for row in QUIRK_ROWS:
        for state in states_of(row):
            yield TableQuestion(row.run, row.look, PARITY, state)
    for option in OPTION_ROWS:
        for mode in MODES if option.by_mode else (PARITY,):
            yield TableQuestion(option.run(option.words), option.look, mode)


def table_version() -> str:
    """Return what changes with any row of the tables."""
    made = hashlib.sha256()
    for question in questions():
        made.update(question.key.encode("ascii"))
    for row in OPTION_ROWS:
        made.update(f"{row.option} {row.run(row.plain).key} {row.by_mode}".encode("ascii"))
    return made.hexdigest()[:16]
