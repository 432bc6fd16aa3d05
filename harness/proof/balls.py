"""Numbers with proven errors: balls (python-flint) or intervals (mpmath), exact or as a program rounds them.

The arithmetic with u = 0 encloses the true value. With u > 0 each operation widens its result by what the
standard model of rounding allows, fl(x op y) = (x op y)(1 + d) with |d| <= u, so that the enclosure holds
what any program may print that evaluates the formula in that precision, fused or not. Sums are enclosed in
any order of their terms. A function of the C library or of torch is trusted to FUNCTION_ROUNDINGS u.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

DOUBLE_U, SINGLE_U = 2.0**-53, 2.0**-24
LEAST: Mapping[float, float] = {0.0: 0.0, DOUBLE_U: 2.0**-1073, SINGLE_U: 2.0**-148}
"""Absolute error of one operation where its result underflows, by unit roundoff."""
FUNCTION_ROUNDINGS = 4.0
"""Error of sin, cos and exp in units of u: two units in the last place."""
PRECISION_BITS = 256


@dataclass(frozen=True)
class Backend:
    """One library of balls or intervals.

    `of(middle, radius)`: a ball; `calls`: sin, cos, exp, sqrt, and pi, by name; `holds(ball, low, high)`:
    whether the ball meets a range; `ends(ball)`: its ends as floats; `precise`: sets the working precision.
    """

    name: str
    of: Callable[[float, float], Any]
    calls: Mapping[str, Callable[..., Any]]
    holds: Callable[[Any, float, float], bool]
    ends: Callable[[Any], tuple[float, float]]
    precise: Callable[[], Any]


def _flint() -> Backend:
    import flint

    @contextmanager
    def precise() -> Iterator[None]:
        before = flint.ctx.prec
        flint.ctx.prec = PRECISION_BITS
        try:
            yield
        finally:
            flint.ctx.prec = before

    def ends(ball: Any) -> tuple[float, float]:
        return float(ball.lower()), float(ball.upper())

    arb = flint.arb
    calls = {name: getattr(arb, name) for name in ("sin", "cos", "exp", "sqrt")}
    return Backend(
        f"python-flint {flint.__version__}",
        arb,
        {**calls, "pi": arb.pi},
        lambda ball, low, high: bool(ball.overlaps(arb(low).union(arb(high)))),
        ends,
        precise,
    )


def _mpmath() -> Backend:
    import mpmath

    iv = mpmath.iv

    @contextmanager
    def precise() -> Iterator[None]:
        before = iv.prec
        iv.prec = PRECISION_BITS
        try:
            yield
        finally:
            iv.prec = before

    def of(middle: float, radius: float = 0.0) -> Any:
        return iv.mpf(middle) + iv.mpf([-radius, radius])

    def holds(ball: Any, low: float, high: float) -> bool:
        return bool(ball.a <= high and ball.b >= low)

    def ends(ball: Any) -> tuple[float, float]:
        return float(mpmath.mpf(ball.a)), float(mpmath.mpf(ball.b))

    def sqrt(ball: Any) -> Any:
        return iv.sqrt(ball) if ball.a >= 0 else iv.mpf(["-inf", "inf"])

    calls = {name: getattr(iv, name) for name in ("sin", "cos", "exp")} | {"sqrt": sqrt}
    return Backend(f"mpmath {mpmath.__version__}", of, {**calls, "pi": lambda: +iv.pi}, holds, ends, precise)


BACKENDS: Mapping[str, Callable[[], Backend]] = {"python-flint": _flint, "mpmath": _mpmath}
"""The libraries, the faster one first; mpmath comes with torch."""


def find_backend() -> Backend:
    """Return the first library that is installed."""
    for make in BACKENDS.values():
        try:
            return make()
        except ImportError:
            continue
    raise ImportError("neither python-flint nor mpmath is installed; run pip install python-flint")


class Real:
    """One enclosed number; operators and functions follow the arithmetic that it was made by."""

    __slots__ = ("ball", "by")

    def __init__(self, ball: Any, by: Rounding) -> None:
        self.ball = ball
        self.by = by

    def __add__(self, other: Real | float) -> Real:
        return self.by.rounded(self.ball + self.by.ball(other))

    def __radd__(self, other: float) -> Real:
        return self + other

    def __sub__(self, other: Real | float) -> Real:
        return self.by.rounded(self.ball - self.by.ball(other))

    def __rsub__(self, other: float) -> Real:
        return self.by.rounded(self.by.ball(other) - self.ball)

    def __mul__(self, other: Real | float) -> Real:
        return self.by.rounded(self.ball * self.by.ball(other))

    def __rmul__(self, other: float) -> Real:
        return self * other

    def __truediv__(self, other: Real | float) -> Real:
        return self.by.rounded(self.ball / self.by.ball(other))

    def __rtruediv__(self, other: float) -> Real:
        return self.by.rounded(self.by.ball(other) / self.ball)

    def __neg__(self) -> Real:
        return Real(-self.ball, self.by)

    def widened(self, roundings: float) -> Real:
        """Return the number with so many more relative roundings; as it is in exact arithmetic."""
        return self if self.by.u == 0.0 else Real(self.ball * self.by.relative(roundings), self.by)

    def holds(self, low: float, high: float) -> bool:
        """Tell whether a value of a range may be this number; a nan may be nothing that is proven."""
        return self.by.backend.holds(self.ball, low, high)

    @property
    def ends(self) -> tuple[float, float]:
        """Return the ends of the enclosure as floats; not finite where nothing is known."""
        return self.by.backend.ends(self.ball)

    @property
    def known(self) -> bool:
        """Tell whether the enclosure is bounded."""
        return all(math.isfinite(end) for end in self.ends)


class Rounding:
    """Makes numbers and rounds their operations: exact for u = 0, else with unit roundoff u."""

    def __init__(self, backend: Backend, u: float = 0.0) -> None:
        self.backend = backend
        self.u = u
        self._unit = backend.of(1.0, u)
        self._sliver = backend.of(0.0, LEAST[u])
        self._relative: dict[float, Any] = {}

    def ball(self, value: Real | float) -> Any:
        """Return the ball of a number, that of a float exactly."""
        return value.ball if isinstance(value, Real) else self.backend.of(value, 0.0)

    def relative(self, roundings: float) -> Any:
        """Return the ball 1 +- roundings u, made once."""
        if roundings not in self._relative:
            self._relative[roundings] = self.backend.of(1.0, roundings * self.u)
        return self._relative[roundings]

    def rounded(self, ball: Any) -> Real:
        """Return the result of one operation as the arithmetic rounds it."""
        return Real(ball if self.u == 0.0 else ball * self._unit + self._sliver, self)

    def of(self, value: float, error: float = 0.0) -> Real:
        """Return a number that is exactly a float, or within an absolute error of it."""
        return Real(self.backend.of(value, error), self)

    def within(self, value: Real, error: float) -> Real:
        """Return a number with an absolute error of so many u on top; as it is in exact arithmetic."""
        return value if self.u == 0.0 else Real(value.ball + self.backend.of(0.0, error * self.u), self)

    def pi(self) -> Real:
        """Return pi, as the nearest float where the arithmetic rounds."""
        return self.rounded(self.backend.calls["pi"]())

    def call(self, name: str, value: Real) -> Real:
        """Return sin, cos or exp of a number; sqrt rounds as an operation does."""
        found = Real(self.backend.calls[name](value.ball), self)
        if self.u == 0.0:
            return found
        if name == "sqrt":
            return self.rounded(found.ball)
        return Real(found.ball * self.relative(FUNCTION_ROUNDINGS) + self._sliver, self)

    def total(self, terms: Sequence[Real]) -> Real:
        """Return a sum in any order of its terms."""
        balls = [term.ball for term in terms]
        found = balls[0]
        for ball in balls[1:]:
            found = found + ball
        if self.u == 0.0 or len(balls) == 1:
            return Real(found, self)
        size = abs(balls[0])
        for ball in balls[1:]:
            size = size + abs(ball)
        # n - 1 additions, each within u of a part of the whole; 2 n u covers the products of (1 + u)
        return Real(found + size * self.backend.of(0.0, 2.0 * len(balls) * self.u) + self._sliver, self)
