"""Which options and pairs of options the cases covered, and which are to come next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import numpy as np
from numpy.typing import NDArray

from harness.fuzz.outcome import FINDINGS, RAN, Came
from simulator.command_line.option_table import OPTIONS
from simulator.quirks import SWITCHABLE

ANSWERS = frozenset({"--help", "--version", "--list-quirks"})
"""Options that are answered in place of a run."""
HOUSEKEEPING = frozenset({"--cache"})
"""Options that are never drawn: they act on what the user keeps, not on an image."""
NAMES: tuple[str, ...] = tuple(option.name for option in OPTIONS if option.name not in HOUSEKEEPING)
PLACE = {name: place for place, name in enumerate(NAMES)}
SIZES = (4, 8, 12, 16, 20, 26)
CANDIDATES = 40
REFUSALS_BEFORE_ALONE, REFUSALS_ALONE = 3, 3
ANSWER_SHARE = 0.02


@dataclass(frozen=True)
class Choice:
    """Options that a case is to have; `alone` if only these two are to be tried."""

    names: tuple[str, ...]
    alone: bool = False


@dataclass
class FuzzCoverage:
    """Options, pairs and quirks covered so far.

    `together` [option, option]: pairs that both programs accepted in one command line and treated alike (the
    diagonal: the option). `refused`: how often a pair was in a command line that both refused; `alone`: how
    often one of nothing but that pair was.
    """

    together: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((len(NAMES),) * 2, np.bool_))
    refused: NDArray[np.int32] = field(default_factory=lambda: np.zeros((len(NAMES),) * 2, np.int32))
    alone: NDArray[np.int32] = field(default_factory=lambda: np.zeros((len(NAMES),) * 2, np.int32))
    quirks: set[str] = field(default_factory=set)

    def record(self, names: Sequence[str], came: Came, choice: Choice) -> None:
        """Take a case into account.

        Args:
            names: options of its command line.
            came: what it came to.
            choice: what was asked for.
        """
        places = np.array([PLACE[name] for name in names])
        if not len(places):
            return
        if came in RAN or came in FINDINGS - {Came.REFUSAL}:
            self.together[np.ix_(places, places)] = True
        elif came is Came.REFUSED:
            self.refused[np.ix_(places, places)] += 1
        if came is Came.REFUSED and choice.alone:
            asked = np.array([PLACE[name] for name in choice.names])
            self.alone[np.ix_(asked, asked)] += 1

    @property
    def exclude_each_other(self) -> NDArray[np.bool_]:
        """Return the pairs that both programs refuse whenever nothing else is there [option, option]."""
        found: NDArray[np.bool_] = (self.alone >= REFUSALS_ALONE) & ~self.together
        return found

    def options_covered(self) -> list[str]:
        """Return the options that are covered."""
        return [name for name, done in zip(NAMES, self.together.diagonal(), strict=True) if done]

    def pair_counts(self) -> tuple[int, int]:
        """Return the pairs that are covered, and those that may occur together."""
        upper = np.triu(np.ones_like(self.together), 1)
        possible = upper & ~self.exclude_each_other
        return int((possible & self.together).sum()), int(possible.sum())

    def missing(self) -> list[tuple[str, str]]:
        """Return the pairs that may occur together and are not covered."""
        found = np.argwhere(np.triu(~self.together & ~self.exclude_each_other, 1))
        return [(NAMES[one], NAMES[other]) for one, other in found]

    def refused_pairs(self) -> list[tuple[str, str]]:
        """Return the pairs that exclude each other."""
        return [(NAMES[a], NAMES[b]) for a, b in np.argwhere(np.triu(self.exclude_each_other, 1))]

    def quirks_missing(self) -> list[str]:
        """Return the switchable quirks of which no case shows an effect."""
        return sorted(SWITCHABLE - self.quirks)

    def choose(self, random: Random, part: tuple[int, int] = (0, 1)) -> Choice:
        """Return the options of the next case: pairs that are not covered first, then any.

        Args:
            random: decides between equals.
            part: (index, count) of shards, each with pairs of its own.
        """
        size = random.choice(SIZES)
        wanted = [pair for pair in self.missing() if _share(pair, part[1]) == part[0]]
        answered = [pair for pair in wanted if ANSWERS & set(pair)]
        usual = [pair for pair in wanted if not ANSWERS & set(pair)]
        if answered and (not usual or random.random() < ANSWER_SHARE):
            return Choice(self._extended(random, random.choice(answered), SIZES[-1]))
        if not usual:
            return Choice(tuple(random.sample([name for name in NAMES if name not in ANSWERS], size)))
        hard = [
            pair for pair in usual if self.refused[PLACE[pair[0]], PLACE[pair[1]]] > REFUSALS_BEFORE_ALONE
        ]
        if hard and random.random() < len(hard) / len(usual):
            return Choice(random.choice(hard), alone=True)
        return Choice(self._extended(random, random.choice(usual), size))

    def _extended(self, random: Random, pair: tuple[str, str], size: int) -> tuple[str, ...]:
        """Return a pair with further options, each the one of some that adds most pairs."""
        names = list(pair)
        apart = self.exclude_each_other
        wanted = ~self.together & ~apart
        while len(names) < size:
            places = [PLACE[name] for name in names]
            added = wanted[:, places].sum(axis=1).tolist()
            barred = {*places, *np.flatnonzero(apart[places].sum(axis=0)).tolist()}
            rest = [place for place, name in enumerate(NAMES) if place not in barred and name not in ANSWERS]
            offered = random.sample(rest, min(CANDIDATES, len(rest)))
            names.append(NAMES[max(offered, key=added.__getitem__)])
        return tuple(names)


def _share(pair: tuple[str, str], count: int) -> int:
    return (PLACE[pair[0]] * len(NAMES) + PLACE[pair[1]]) % count


def pairs_of(names: Sequence[str]) -> set[frozenset[str]]:
    """Return the pairs of different names."""
    return {frozenset(pair) for pair in combinations(dict.fromkeys(names), 2)}
