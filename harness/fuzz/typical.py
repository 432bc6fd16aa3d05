"""Typical values of the options: those that the accepted cases of the golden suite give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from golden_suite_generator.cases import load_cases
from simulator.command_line.options import parse
from simulator.errors import InputError

ValueWords = tuple[str, ...]


@cache
def typical_values() -> Mapping[str, tuple[ValueWords, ...]]:
    """Return, for each option of the suite, the words that stand behind it in a case without error."""
    found: dict[str, dict[ValueWords, None]] = defaultdict(dict)
    for case in load_cases():
        if any(case.status.values()):
            continue
        words = case.args
        try:
            given = parse(words).given
        except InputError:
            continue
        place = 0
        for item in given:
            values = words[place + 1 : place + 1 + len(item.values)]
            found[item.name][tuple(values)] = None
            place += 1 + len(item.values)
    return {name: tuple(values) for name, values in found.items()}
