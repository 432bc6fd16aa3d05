"""How a number varies from shot to shot: a row for each kind of distribution; all keep to their bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from system_io.toml_table import TomlTable

MOST_SIGMAS = 6.0
"""Of the mean that a drawn normal value may be away; values beyond are drawn again."""
MOST_DRAWS = 10_000
"""Of one value, before its bounds are said to leave nothing."""
LEAST_SHARE = 0.01
"""Of a normal distribution that must lie between its bounds."""


@dataclass(frozen=True)
class Distribution:
    """A number of each shot.

    Attributes:
        kind: a key of `KINDS`.
        numbers: of the kind: bounds, mean and deviation, first and step, or the values.
        weights: of the values of a choice; empty for equal ones.
        least: smallest value that is drawn.
        most: largest value that is drawn.
        repeat: whether a list begins anew behind its end.
    """

    kind: str
    numbers: tuple[float, ...]
    weights: tuple[float, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    repeat: bool = False

    def value(self, shot: int, generator: np.random.Generator, whole: bool) -> float:
        """Return the value of a shot.

        Args:
            shot: its number, from 0.
            generator: of this quantity and shot.
            whole: whether it is a whole number.
        """
        return KINDS[self.kind].value(self, shot, generator, whole)

    def ends(self, shots: int) -> tuple[float, ...]:
        """Return the values between which, or which, the values of all shots are.

        Args:
            shots: their number.
        """
        return KINDS[self.kind].ends(self, shots)

    @property
    def varies(self) -> bool:
        """Whether two shots can have different values."""
        return len(set(self.numbers)) > 1 if self.kind in ("fixed", "list", "choice", "uniform") else True

    @property
    def drawn(self) -> bool:
        """Whether values are drawn, so that two crystals of one shot can have different ones."""
        return self.kind not in ("fixed", "list", "sweep")


@dataclass(frozen=True)
class DistributionKind:
    """A kind of distribution: what its numbers are, how a value is made and between which ends values lie."""

    form: str
    count: int
    """Of its numbers; 0 for any number of values."""
    value: Callable[[Distribution, int, np.random.Generator, bool], float]
    ends: Callable[[Distribution, int], tuple[float, ...]]
    rule: Callable[[tuple[float, ...]], str]
    """Returns the rule that the numbers break, empty for none."""


def _uniform(given: Distribution, _shot: int, generator: np.random.Generator, whole: bool) -> float:
    low, high = given.numbers
    if whole:
        return float(generator.integers(math.ceil(low), math.floor(high), endpoint=True))
    return low + (high - low) * float(generator.random())


def _normal(given: Distribution, _shot: int, generator: np.random.Generator, whole: bool) -> float:
    mean, sigma = given.numbers
    low, high = _normal_ends(given, 0)
    return _bounded(lambda: mean + sigma * float(generator.standard_normal()), low, high, whole)


def _log_normal(given: Distribution, _shot: int, generator: np.random.Generator, whole: bool) -> float:
    median, sigma = given.numbers
    low, high = _log_normal_ends(given, 0)
    return _bounded(lambda: median * math.exp(sigma * float(generator.standard_normal())), low, high, whole)


def _bounded(draw: Callable[[], float], low: float, high: float, whole: bool) -> float:
    """Return the first drawn value that lies between bounds."""
    for _ in range(MOST_DRAWS):
        value = draw()
        value = float(round(value)) if whole else value
        if low <= value <= high:
            return value
    return min(max(draw(), low), high)


def _choice(given: Distribution, _shot: int, generator: np.random.Generator, _whole: bool) -> float:
    weights = np.array(given.weights or [1.0] * len(given.numbers))
    edges = np.cumsum(weights / weights.sum())
    place = int(np.searchsorted(edges, generator.random(), side="right"))
    return given.numbers[min(place, len(given.numbers) - 1)]


def _listed(given: Distribution, shot: int, _generator: np.random.Generator, _whole: bool) -> float:
    return given.numbers[shot % len(given.numbers)]


def _swept(given: Distribution, shot: int, _generator: np.random.Generator, _whole: bool) -> float:
    first, step = given.numbers
    return first + step * shot


def _all_numbers(given: Distribution, _shots: int) -> tuple[float, ...]:
    return given.numbers


def _normal_ends(given: Distribution, _shots: int) -> tuple[float, ...]:
    mean, sigma = given.numbers
    return max(given.least, mean - MOST_SIGMAS * sigma), min(given.most, mean + MOST_SIGMAS * sigma)


def _log_normal_ends(given: Distribution, _shots: int) -> tuple[float, ...]:
    median, sigma = given.numbers
    spread = math.exp(min(MOST_SIGMAS * sigma, 600.0))
    return max(given.least, median / spread), min(given.most, median * spread)


def _swept_ends(given: Distribution, shots: int) -> tuple[float, ...]:
    first, step = given.numbers
    return first, first + step * max(shots - 1, 0)


def _any(_numbers: tuple[float, ...]) -> str:
    return ""


def _rising(numbers: tuple[float, ...]) -> str:
    return "" if numbers[0] <= numbers[1] else "the first bound must not be above the second"


def _spread(numbers: tuple[float, ...]) -> str:
    return "" if numbers[1] >= 0.0 else "the deviation must be 0 or more"


def _positive_spread(numbers: tuple[float, ...]) -> str:
    return _spread(numbers) if numbers[0] > 0.0 else "the median must be above 0"


KINDS: Mapping[str, DistributionKind] = {
    "uniform": DistributionKind("[least, most]", 2, _uniform, _all_numbers, _rising),
    "normal": DistributionKind("[mean, standard deviation]", 2, _normal, _normal_ends, _spread),
    "log_normal": DistributionKind(
        "[median, standard deviation of the logarithm]", 2, _log_normal, _log_normal_ends, _positive_spread
    ),
    "choice": DistributionKind("a list of values", 0, _choice, _all_numbers, _any),
    "list": DistributionKind("the value of each shot in turn", 0, _listed, _all_numbers, _any),
    "sweep": DistributionKind("[first, step from shot to shot]", 2, _swept, _swept_ends, _any),
    "fixed": DistributionKind("one number", 1, _listed, _all_numbers, _any),
}
BOUNDED = ("normal", "log_normal")


def fixed(number: float) -> Distribution:
    """Return the distribution that has one value."""
    return Distribution("fixed", (number,))


def read_distribution(table: TomlTable, key: str, shots: int) -> Distribution:
    """Return the distribution that stands at a key: a number, or a table with the numbers of one kind.

    Args:
        table: the table that has the key.
        key: of the distribution.
        shots: of the plan, for which a list must suffice.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    if isinstance(table.content.get(key), int | float) and not isinstance(table.content[key], bool):
        return fixed(_finite(table, key, [table.take(key, float)])[0])
    if not isinstance(table.content.get(key), dict):
        forms = ", ".join(f"{{{kind} = {row.form}}}" for kind, row in KINDS.items())
        raise table.fault(key, f"is {table.content.get(key)!r:.60}, must be a number or one of {forms}")
    inner = table.table(key)
    kinds = [kind for kind in KINDS if inner.has(kind)]
    inner.may_have(KINDS)
    if len(kinds) != 1:
        _refuse_unknown(inner)
        found = f"has {' and '.join(kinds)}" if kinds else "names no kind of distribution"
        raise table.fault(key, f"{found}; give one of {', '.join(KINDS)}")
    made = _read_kind(inner, kinds[0])
    inner.close()
    if made.kind == "list" and len(made.numbers) < shots and not made.repeat:
        raise inner.fault(
            "list", f"has {len(made.numbers)} values for {shots} shots; give more, or repeat = true"
        )
    return made


def _refuse_unknown(inner: TomlTable) -> None:
    inner.may_have(("weights", "least", "most", "repeat"))
    inner.close()


def _read_kind(inner: TomlTable, kind: str) -> Distribution:
    row = KINDS[kind]
    if kind == "fixed":
        return fixed(_finite(inner, kind, [inner.take(kind, float)])[0])
    numbers = _numbers(inner, kind)
    if (row.count and len(numbers) != row.count) or not numbers:
        raise inner.fault(kind, f"has {len(numbers)} numbers, must be {row.form}; give that")
    problem = row.rule(numbers)
    if problem:
        raise inner.fault(kind, f"is {list(numbers)}: {problem}; mend it")
    weights = _weights(inner, numbers) if kind == "choice" and inner.has("weights") else ()
    least, most = _bounds(inner) if kind in BOUNDED else (-math.inf, math.inf)
    made = Distribution(
        kind, numbers, weights, least, most, inner.take("repeat", bool, False) if kind == "list" else False
    )
    if kind in BOUNDED and _share_between(made) < LEAST_SHARE:
        raise inner.fault(
            kind, f"leaves less than {LEAST_SHARE:g} of its values between its bounds; widen them"
        )
    return made


def _numbers(inner: TomlTable, key: str) -> tuple[float, ...]:
    found = inner.take(key, list)
    for n, one in enumerate(found):
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise inner.fault(f"{key}[{n}]", f"is {one!r:.60}, must be a number; give one")
    return _finite(inner, key, found)


def _finite(inner: TomlTable, key: str, numbers: Sequence[Any]) -> tuple[float, ...]:
    for one in numbers:
        if not math.isfinite(one):
            raise inner.fault(key, f"has {one}, must be finite; give a finite number")
    return tuple(float(one) for one in numbers)


def _weights(inner: TomlTable, values: tuple[float, ...]) -> tuple[float, ...]:
    weights = _numbers(inner, "weights")
    if len(weights) != len(values):
        raise inner.fault("weights", f"has {len(weights)} numbers for {len(values)} values; give one each")
    if min(weights) < 0.0 or sum(weights) <= 0.0:
        raise inner.fault("weights", "must be 0 or more, one of them above; mend them")
    return weights


def _bounds(inner: TomlTable) -> tuple[float, float]:
    least, most = inner.take("least", float, -math.inf), inner.take("most", float, math.inf)
    if not least <= most:
        raise inner.fault("least", f"is {least:g}, above most {most:g}; exchange them")
    return least, most


def _share_between(given: Distribution) -> float:
    """Return the share of a normal or log-normal distribution that its bounds leave."""
    middle, sigma = given.numbers
    low, high = given.ends(1)
    if given.kind == "log_normal":
        low, high = (math.log(edge) if edge > 0.0 else -math.inf for edge in (low, high))
        middle = math.log(middle)
    if sigma == 0.0:
        return float(low <= middle <= high)
    return 0.5 * (
        math.erf((high - middle) / sigma / math.sqrt(2)) - math.erf((low - middle) / sigma / math.sqrt(2))
    )
