"""Which quirks a case shows: those that, switched alone, change what the first program writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from random import Random

from harness.fuzz.bench import FuzzBench, SideRun
from harness.fuzz.case import CARRYOVER, FuzzCase
from harness.programs.arguments import QUIRK_OPTIONS, spelled
from harness.programs.quirk_options import relevant_quirks
from harness.sides import SIDES

TRIED_A_CASE = 3
STATES = {"c-parity": "off", "spec": "on"}
"""The other state of a quirk, by parity mode."""
BY_HAND = QUIRK_OPTIONS | spelled("--parity-mode", CARRYOVER)


def quirks_shown(
    bench: FuzzBench, case: FuzzCase, run: SideRun, wanted: Collection[str], random: Random
) -> Iterator[str]:
    """Yield the quirks, of those that are wanted, of which a case shows the effect.

    Args:
        bench: the programs; the first must know quirks, else there is nothing to show.
        case: the case.
        run: of the first program, with the quirks as the case has them.
        wanted: ids; a few of those that can matter are tried.
        random: decides which.
    """
    option = bench.programs[SIDES[0]].dialect.quirk_option
    if option is None or BY_HAND & set(case.words):
        return
    likely = [quirk for quirk in relevant_quirks(case.words) if quirk in wanted]
    rest = sorted(set(wanted) - set(likely))
    random.shuffle(likely)
    random.shuffle(rest)
    for quirk in (*likely[: TRIED_A_CASE - 1], *rest[:1]):
        other = bench.run(case, SIDES[0], option, f"{quirk}={STATES[case.mode]}")
        if other.status == 0 and other.files != run.files:
            yield quirk
