"""Relations of a run: repeated, on more threads; its counts and its noise (spec 08, 06 section 14)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.arrays import Reals
from harness.invariants.relations.detector import region_of
from harness.invariants.relations.relation import (
    Equality,
    Images,
    InconclusiveError,
    LinesByName,
    Made,
    Relation,
    Sameness,
    Situation,
    at_least,
    is_understood,
    one,
    same,
)

THREADS = 3
OFFSET, SEED = 100.0, 7
BRIGHTEST_COUNTS = 55000.0
"""Of the brightest pixel where no -scale is given, spec 08."""
SIGMAS = 6.0
LEAST_PHOTONS = 12.0
LEAST_PIXELS = 20
MOST_COUNTS = 65535.0


def _offset(s: Situation) -> LinesByName:
    return {"no offset": s.base.giving("-adc", 0), "offset": s.base.giving("-adc", OFFSET)}


def _in_region(s: Situation, image: Reals) -> Reals:
    f0, f1, s0, s1 = region_of(s)
    return image[s0 : s1 + 1, f0 : f1 + 1]


def _offset_added(s: Situation, made: Made) -> list[Equality]:
    plain, shifted = (_in_region(s, made[name].counts) for name in ("no offset", "offset"))
    return [Equality(np.minimum(plain + OFFSET, MOST_COUNTS), shifted)]


def _rounded(s: Situation, made: Made) -> list[Equality]:
    image = made["no offset"]
    brightest = float(image.photons.max())
    scale = s.base.number("-scale", 0.0) or (BRIGHTEST_COUNTS / brightest if brightest > 0.0 else 1.0)
    exact = np.minimum(_in_region(s, image.photons) * scale, MOST_COUNTS)
    counts = _in_region(s, image.counts)
    return [Equality(counts, np.clip(counts, np.ceil(exact - 0.501), np.floor(exact + 0.501)))]


def _noisy(s: Situation) -> LinesByName:
    line = replace(s.base.giving("-seed", SEED).giving("-adc", 0), noise=True)
    return {"noise": line, "noise again": replace(line, again=1)}


def _deviations(image: Images) -> Reals:
    """Return by how many standard deviations each pixel with enough photons lies off its mean."""
    assert image.noise is not None
    used = (image.photons > LEAST_PHOTONS) & (image.photons < MOST_COUNTS / 2)
    mean = image.photons[used]
    deviations: Reals = (image.noise[used] - mean) / np.sqrt(mean)
    return deviations


def _poisson(_s: Situation, made: Made) -> list[Equality]:
    """Return that mean and variance are those of photons, within six deviations, and that it repeats."""
    first, second = made["noise"], made["noise again"]
    assert first.noise is not None
    assert second.noise is not None
    off = _deviations(first)
    count = off.size
    if count < LEAST_PIXELS:
        raise InconclusiveError(
            f"{count} pixels have {LEAST_PHOTONS:g} photons or more, {LEAST_PIXELS} are needed"
        )
    mean, spread = (
        abs(float(off.sum())) / np.sqrt(count),
        abs(float((off**2).sum()) - count) / np.sqrt(3.0 * count),
    )
    return [
        at_least(one(SIGMAS), one(mean)),
        at_least(one(SIGMAS), one(spread)),
        Equality(first.noise, second.noise),
    ]


ROWS = (
    Relation(
        "repeated-run", "the same command line again: the same image",
        "06", Sameness.BITS, lambda s: {"again": replace(s.base, again=1)}, same(),
        on=("mosaic",),
    ),
    Relation(
        "threads", f"{THREADS} threads in place of one: the same image",
        "06 section 14", Sameness.BITS, lambda s: {"more threads": replace(s.base, threads=THREADS)}, same(),
        (), ("Q-PHI-CARRYOVER", "Q-OMP"),
        on=("rotation", "mosaic",),
    ),
    Relation(
        "offset", "-adc adds to every count",
        "08", Sameness.BITS, _offset, _offset_added, (is_understood,),
        on=("rotation", "sensor",),
    ),
    Relation(
        "counts", "counts are the photons times -scale, rounded",
        "08", Sameness.BITS, _offset, _rounded, (is_understood,),
        on=("rotation", "sensor",),
    ),
    Relation(
        "noise", "the noise has mean and variance of the photons, and repeats with its seed",
        "08, 07", Sameness.BITS, _noisy, _poisson, (is_understood,),
        on=("rotation", "mosaic",),
    ),
)  # fmt: skip
