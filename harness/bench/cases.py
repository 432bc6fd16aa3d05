"""The cases of the benchmark as data: what is simulated, in full and in quick size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden_suite_generator.cases import authoritative_args
from golden_suite_generator.inputs.write import CRYSTAL_FILES
from harness.errors import HarnessError, UsageError

CAMERA = "-mat A.mat -hkl scaled.hkl -lambda 0.9768 -distance 100 -nonoise"
SIDE_MM = 102.4
MOSAIC = "-N 5 -nointerpolate -oversample 1 -mosaic 0.5 -mosaic_domains {domains}"
SLOWEST_C_SAMPLES = 2 * 10**8
BAND_SAMPLES = 10**8
FEWEST_ROWS = 4


@dataclass(frozen=True)
class BenchCase:
    """One case: `words` behind the camera's, or the authoritative command if empty."""

    id: str
    title: str
    words: str = ""
    side: int = 1024
    """Pixels a side, in full and in quick size."""
    quick_side: int = 256
    quick_words: str = ""
    """Added in quick size."""
    domains: int | None = None
    """Mosaic domains where the case belongs to the series over them."""
    beside_c: bool = True
    """Whether C takes long enough to be timed."""

    def arguments(self, data: Path, quick: bool) -> tuple[str, ...]:
        """Return the nanoBragg command line on the files of a folder."""
        if not self.words:
            return (*authoritative_args(data), *(self.quick_words.split() if quick else ()))
        side = self.quick_side if quick else self.side
        size = ["-detpixels", str(side), "-pixel", f"{SIDE_MM / side:g}"]
        files = {name: str(data.absolute() / name) for name in CRYSTAL_FILES}
        return tuple(files.get(word, word) for word in [*CAMERA.split(), *size, *self.words.split()])


def _series(domains: int, quick_side: int) -> BenchCase:
    return BenchCase(
        f"domains-{domains}",
        f"1024 x 1024, N = 5, mosaic domains: {domains}",
        MOSAIC.format(domains=domains),
        quick_side=quick_side,
        domains=domains,
    )


CASES: tuple[BenchCase, ...] = (
    BenchCase(
        "authoritative",
        "the authoritative command: 2463 x 2527, 10 phi steps",
        quick_words="-roi 1100 1299 1100 1299",
    ),
    _series(1, 512),
    _series(10, 192),
    _series(100, 64),
    _series(1000, 24),
    BenchCase(
        "oversample-4",
        "2048 x 2048, N = 5, 4 x 4 sub-pixels",
        "-N 5 -nointerpolate -oversample 4",
        side=2048,
        quick_side=128,
    ),
    BenchCase(
        "sources-phi",
        "1024 x 1024, N = 5, 9 sources, 10 phi steps",
        "-N 5 -nointerpolate -oversample 1 -osc 0.5 -phi 1 -phisteps 10 "
        "-hdivrange 1 -hdivsteps 3 -dispersion 0.5 -dispsteps 3",
        quick_side=80,
    ),
    BenchCase(
        "interpolation",
        "1024 x 1024, N = 5, tricubic interpolation, 10 phi steps",
        "-N 5 -interpolate -oversample 1 -osc 0.5 -phi 1 -phisteps 10",
        quick_side=96,
    ),
)
DEVICE_CASES: tuple[BenchCase, ...] = (
    *CASES,
    _series(20000, 8),
    BenchCase(
        "fixed-cost",
        "16 x 16, N = 5, one domain",
        MOSAIC.format(domains=1),
        16,
        quick_side=16,
        beside_c=False,
    ),
)
"""What is measured on a device: also a run too long for a processor, and one in which nothing takes time."""
BY_ID: Mapping[str, BenchCase] = {case.id: case for case in CASES}


def chosen_cases(ids: Sequence[str]) -> list[BenchCase]:
    """Return the named cases in the order of the table, all for no name.

    Raises:
        UsageError: a name that is not in the table.
    """
    unknown = [name for name in ids if name not in BY_ID]
    if unknown:
        raise UsageError(f"unknown case '{unknown[0]}'; choose from {', '.join(BY_ID)}")
    return [case for case in CASES if not ids or case.id in ids]


def device_case(name: str) -> BenchCase:
    """Return a case of DEVICE_CASES.

    Raises:
        UsageError: a name that is not in the table.
    """
    found = [case for case in DEVICE_CASES if case.id == name]
    if not found:
        names = ", ".join(case.id for case in DEVICE_CASES)
        raise UsageError(f"unknown case '{name}'; choose from {names}")
    return found[0]


@dataclass(frozen=True)
class Size:
    """How much a case computes: executed pixels as a region, and evaluations of each pixel.

    A sample is one (pixel, sub-pixel, layer, source, phi step, domain).
    """

    shape: tuple[int, int]
    pixels: int
    samples: int
    fields: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels < 1 or self.samples < 1:
            raise HarnessError("the case computes no pixel; nothing can be measured on it")

    def band(self) -> tuple[int, int] | None:
        """Return first and last row of the band that the C programs compute, None for all of it."""
        if self.samples <= SLOWEST_C_SAMPLES:
            return None
        rows = max(FEWEST_ROWS, BAND_SAMPLES * self.shape[0] // self.samples)
        first = (self.shape[0] - rows) // 2
        return first, first + rows - 1

    def band_samples(self) -> int:
        """Return how many samples the C programs compute."""
        band = self.band()
        return self.samples if band is None else (band[1] - band[0] + 1) * self.samples // self.shape[0]
