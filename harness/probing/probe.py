"""What is known of a program after its tiny runs, and how they are made."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.probing.answers import version
from harness.probing.at_work import AtWork
from harness.probing.identity import Identity, identified, require_nanobragg
from harness.probing.judge import NO_TIME, OTHER, UNASKED, Told, option_state, quirk_states
from harness.probing.option_rows import OPTION_ROWS
from harness.probing.questions import PARITY
from harness.probing.quirk_rows import QUIRK_ROWS
from harness.programs.programs import Program
from system_io.children import temporary_folder

PROBE_S = 20.0
"""Time for all tiny runs of a program, unless a shorter limit of a run is asked for."""
RUN_S = 10.0
SCHEMA = 1


@dataclass(frozen=True)
class Profile:
    """What the tiny runs told of a program.

    Attributes:
        sha256: of the program's file.
        table: version of the tables of runs.
        identity: image, repetition, threads, traces.
        quirks: each switchable quirk, on, off or not told apart.
        options: each option by its first spelling, and what the program does with it.
        wall_s: time that the runs took, s.
    """

    sha256: str
    table: str
    identity: Identity
    quirks: Mapping[str, Told]
    options: Mapping[str, str]
    wall_s: float

    @property
    def complete(self) -> bool:
        """Tell whether every row was asked."""
        return UNASKED not in self.options.values() and all(
            told.reason != NO_TIME for told in self.quirks.values()
        )

    @property
    def faults(self) -> list[str]:
        """Return, in words, what makes it another program than nanoBragg with some quirks."""
        otherwise = [option for option, state in self.options.items() if state == OTHER]
        found = [*self.identity.difference, *self.identity.faults]
        if otherwise and self.identity.agrees:
            found.append(f"it acts otherwise than nanoBragg on {', '.join(otherwise)}")
        return found

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"schema": SCHEMA, **asdict(self), "faults": self.faults, "complete": self.complete}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Profile:
        """Return the probe of plain data.

        Raises:
            KeyError: something is missing.
            TypeError: something is of another kind.
        """
        quirks = {quirk: Told(**told) for quirk, told in data["quirks"].items()}
        return cls(
            str(data["sha256"]), str(data["table"]), Identity(**frozen(data["identity"])), quirks,
            dict(data["options"]), float(data["wall_s"]),
        )  # fmt: skip


def probed(program: Program, timeout_s: float, options: Collection[str] | None = None) -> Profile:
    """Make the tiny runs of a program and return what they tell.

    Args:
        program: given by its path.
        timeout_s: longest time of a run that the user allows, s; all runs together take no more than that, or
            than 20 s.
        options: first spellings of the options to ask about; None for all.

    Raises:
        NoNanoBraggError: it is no nanoBragg.
        ProgramError: it does not know c-parity mode.
    """
    start = time.monotonic()
    limit_s = min(PROBE_S, timeout_s)
    with temporary_folder("nb-probe") as scratch:
        settings = program.settings(PARITY).words
        work = AtWork(program, settings, Path(scratch), min(RUN_S, limit_s), start + limit_s)
        require_nanobragg(work)
        identity = identified(work)
        work.make(row.run for row in QUIRK_ROWS)
        rows = [row for row in OPTION_ROWS if options is None or row.option in options]
        work.make(row.run(words) for row in rows for words in (row.words, row.plain))
    return Profile(
        str(program.provenance["binary_sha256"]),
        version(),
        identity,
        quirk_states(QUIRK_ROWS, work.left, plain_agrees=identity.agrees),
        {row.option: option_state(row, work.left, plain_agrees=identity.agrees) for row in rows},
        time.monotonic() - start,
    )


def listed(value: Any) -> Any:
    """Return a value with a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value


def frozen(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data with tuples for its lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
