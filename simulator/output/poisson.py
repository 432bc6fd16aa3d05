"""Poisson deviates of the reference, bit for bit (spec 07 "Log of the gamma function", "Poisson deviate").

How many uniform deviates a pixel takes depends on their values, so the loop over pixels is plain Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from simulator.physics.c_random import Shuffle, Stream, fl32, gaussian
from simulator.units import POISSON_GAUSS_LIMIT

MULTIPLICATION_LIMIT = 12.0
ENVELOPE = 0.9
GAMMA_START = 1.000000000190015
GAMMA_SCALE = 2.5066282746310005
GAMMA_TERMS = (76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155,
               0.1208650973866179e-2, -0.5395239384953e-5)  # fmt: skip

Draw = Callable[[], float]


def ln_gamma(x: float) -> float:
    """Return the logarithm of the gamma function, a 4-byte float of a 4-byte float.

    ln Gamma(x) = -((x + 5.5) - (x + 0.5) ln(x + 5.5)) + ln(2.5066... series / x). Source: spec 07.
    """
    series = GAMMA_START
    pole = x
    for term in GAMMA_TERMS:
        pole += 1.0
        series += term / pole
    shifted = x + 5.5
    return fl32(-(shifted - (x + 0.5) * math.log(shifted)) + math.log(GAMMA_SCALE * series / x))


def poisson(means: Iterable[float], stream: Stream) -> list[float]:
    """Return one Poisson deviate for each mean, in order.

    Below 12 by multiplying uniforms, up to 1e6 by rejection, above by a Gaussian (then not whole).

    Args:
        means: 4-byte floats.
        stream: which nothing may draw from afterwards.

    Source: spec 07.
    """
    return deviates(means, stream.draws(), stream.shared)


def deviates(means: Iterable[float], draw: Draw, shared: Shuffle) -> list[float]:
    """Return one Poisson deviate for each mean from a function that draws uniform deviates (07)."""
    exp = math.exp
    found: list[float] = []
    for x in means:
        if x < MULTIPLICATION_LIMIT:
            limit = fl32(exp(-x)) if x > 0.0 else 1.0
            product = draw()
            count = 0
            while product > limit:
                product = fl32(product * draw())
                count += 1
            found.append(count)
        elif x > POISSON_GAUSS_LIMIT:
            found.append(fl32(x + math.sqrt(x) * gaussian(draw, shared)))
        else:
            found.append(_by_rejection(x, draw))
    return found


def _by_rejection(x: float, draw: Draw) -> float:
    """Return a Poisson deviate for 12 <= x <= 1e6 from under a Lorentzian envelope."""
    width, log_x = fl32(math.sqrt(2.0 * x)), fl32(math.log(x))
    level = fl32(fl32(x * log_x) - ln_gamma(fl32(x + 1.0)))
    while True:
        y, n = 0.0, -1.0
        while n < 0.0:
            y = fl32(math.tan(math.pi * draw()))
            n = fl32(fl32(width * y) + x)
        n = float(math.floor(n))
        exponent = fl32(fl32(fl32(n * log_x) - ln_gamma(fl32(n + 1.0))) - level)
        ratio = fl32(ENVELOPE * (1.0 + fl32(y * y)) * math.exp(exponent))
        if draw() <= ratio:
            return n
