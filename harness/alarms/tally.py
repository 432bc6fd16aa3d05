"""What a sound program came to beside the plain build, counted by outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AlarmOutcome(StrEnum):
    """What one comparison came to.

    EQUAL: bit for bit; ROUNDING: more pixels are unequal than a compiler moves, each within rounding, and the
    trace of the worst agrees; BRANCH: another branch for a reason that is known and stated; REFUSED: an error
    of the user that both report; EMPTY: nothing that could be compared, in both alike.
    """

    EQUAL = "equal"
    PASS = "within bounds"
    ROUNDING = "rounding"
    BRANCH = "known branch"
    REFUSED = "refused alike"
    EMPTY = "nothing to compare"
    ALARM = "false alarm"


COMPARED = (AlarmOutcome.EQUAL, AlarmOutcome.PASS, AlarmOutcome.ROUNDING, AlarmOutcome.ALARM)


@dataclass
class Tally:
    """The outcomes of one program, with a line for each alarm.

    what: images or traces; maker: build or simulator; threads: of the simulator, else 1.
    """

    what: str
    maker: str
    arithmetic: str
    threads: int = 1
    counts: Counter[AlarmOutcome] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)

    def add(self, outcome: AlarmOutcome, where: str, why: str = "") -> None:
        """Count an outcome; the reason of an alarm is kept."""
        self.counts[outcome] += 1
        if outcome is AlarmOutcome.ALARM:
            self.alarms.append(f"{where}: {why}")

    @property
    def compared(self) -> int:
        """How many comparisons there were that could have raised an alarm."""
        return sum(self.counts[outcome] for outcome in COMPARED)

    @property
    def title(self) -> str:
        """Name of the program in a table."""
        threads = f", {self.threads} threads" if self.threads > 1 else ""
        return f"{self.maker} {self.arithmetic}{threads}"

    def data(self) -> dict[str, Any]:
        """Return the tally as plain data."""
        return {
            "what": self.what,
            "maker": self.maker,
            "arithmetic": self.arithmetic,
            "threads": self.threads,
            "compared": self.compared,
            **{
                outcome.value: self.counts[outcome]
                for outcome in AlarmOutcome
                if outcome is not AlarmOutcome.ALARM
            },
            "alarms": self.alarms,
        }
