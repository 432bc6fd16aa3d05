"""Which state of its quirks, and which options, a program shows in what its tiny runs left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.probing.answers import answer
from harness.probing.looks import Left, Seen, equal_bits, looked, near
from harness.probing.questions import PARITY, TableQuestion, states_of
from harness.probing.row import OptionRow, QuirkRow
from harness.programs.programs import MODES

NO_TIME = "not asked: the time of the probe was over"
KNOWN, IGNORED, REFUSED, OTHER, UNASKED = "known", "ignored", "refused", "acts otherwise", "not asked"


@dataclass(frozen=True)
class Told:
    """The state of a quirk, `on` or `off`, or None and in words why it is not told apart."""

    state: str | None
    reason: str = ""


def quirk_states(
    rows: Sequence[QuirkRow], left: Mapping[str, Left], *, plain_agrees: bool
) -> dict[str, Told]:
    """Return what is told of each quirk of the rows.

    A value that depends on further quirks is read again when these are known.

    Args:
        rows: of the table.
        left: what each run left, by its key.
        plain_agrees: whether the plain run gave the simulator's image, so that another value means something.
    """
    found: dict[str, Told] = {}
    for _ in rows:
        before = {quirk: told.state for quirk, told in found.items()}
        for row in rows:
            known = {quirk: told.state for quirk, told in found.items() if told.state}
            for quirk, told in _read(row, left.get(row.run.key), known, plain_agrees).items():
                if quirk not in found or found[quirk].state is None:
                    found[quirk] = told
        if before == {quirk: told.state for quirk, told in found.items()}:
            break
    return found


def _read(
    row: QuirkRow, left: Left | None, known: Mapping[str, str | None], plain_agrees: bool
) -> dict[str, Told]:
    if left is None:
        return {quirk: Told(None, NO_TIME) for quirk in row.tells}
    value = looked(left, row.look)
    fitting = _fitting(
        value,
        [
            (answer(TableQuestion(row.run, row.look, PARITY, state)), state)
            for state in states_of(row)
            if all(known.get(quirk, state[quirk]) == state[quirk] for quirk in row.beside)
        ],
    )
    if not fitting:
        other = row.otherwise if plain_agrees and left.failure is None else None
        return {quirk: Told(other, "" if other else _neither(value, left)) for quirk in row.tells}
    return {quirk: _one_state([state[quirk] for state in fitting], row) for quirk in row.tells}


def _fitting(value: Seen, answers: Sequence[tuple[Seen, dict[str, str]]]) -> list[dict[str, str]]:
    """Return the states whose answer is the value bit for bit; if there is none, within rounding."""
    equal = [state for expected, state in answers if equal_bits(expected, value)]
    return equal or [state for expected, state in answers if near(expected, value)]


def _one_state(states: Sequence[str], row: QuirkRow) -> Told:
    if len(set(states)) == 1:
        return Told(states[0])
    hiding = f" while {', '.join(row.beside)} is as it is" if row.beside else ""
    return Told(None, f"both states give what it gives{hiding}")


def _neither(value: Seen, left: Left) -> str:
    if value is None:
        why = f": it {left.failure}" if left.failure else ""
        return f"its run leaves nothing to look at{why}"
    return "its run gives what neither state gives"


def option_state(row: OptionRow, left: Mapping[str, Left], *, plain_agrees: bool) -> str:
    """Return what a program does with an option: one of the five words above.

    Args:
        row: of the table.
        left: what each run left, by its key.
        plain_agrees: whether the plain run gave the simulator's image; if not, no image can be as expected.
    """
    given, plain = left.get(row.run(row.words).key), left.get(row.run(row.plain).key)
    if given is None or plain is None:
        return UNASKED
    value, without = looked(given, row.look), looked(plain, row.look)
    if given.failure is not None:
        return REFUSED
    if equal_bits(value, without):
        return IGNORED
    modes = MODES if row.by_mode else (PARITY,)
    expected = [answer(TableQuestion(row.run(row.words), row.look, mode)) for mode in modes]
    as_expected = any(near(one, value) for one in expected)
    return KNOWN if as_expected or row.by_mode or not plain_agrees else OTHER
