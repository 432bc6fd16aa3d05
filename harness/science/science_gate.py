"""What the gate runs, what it measures and the bounds it holds them to; the strict bound decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.verdict import Criterion, State, Verdict
from shots.merging.experiments import merged_rotation, merged_stills, rotation_series, still_series
from shots.merging.merge import Agreement, MergedReflections, agreement_with_truth
from simulator.config import RunConfig, StructureFactors
from simulator.units import rad_of_deg
from system_io.verdict_words import Word

EDGE_A = 400.0
"""Of the crystal, which makes the spots as wide as they are."""
SIGMA_OF_EDGE = math.sqrt(0.63) / 2.0
"""Rms width of a Gaussian spot in reciprocal space, for a crystal of unit edge (spec 06 section 10)."""
PIXEL_SIGMAS = 1.5
"""Size of a pixel, and largest turn of the fastest reflection in a phi step, in rms widths of a spot."""
DISTANCE_MM, WAVELENGTH_A = 100.0, 1.0
LEAST_CELLS = 4
MOST_PIXELS = 2000
WIDEST_SINE = 0.38
"""Of half the scattering angle: rays leave at 45 degrees at most."""
FLUENCE = 1e24


@dataclass(frozen=True)
class ScienceSettings:
    """What is simulated.

    Attributes:
        cell: lengths in Angstrom and angles in degrees.
        point_group: of the crystal.
        resolution_A: to which the detector reaches.
        rotation_deg: of the series.
        images: of the series.
        stills: number of random orientations.
        seed: of the orientations.
        mosaic_deg: spread of the domains.
        domains: of the crystal.
    """

    cell: tuple[float, ...]
    point_group: str
    resolution_A: float = 4.0
    rotation_deg: float = 90.0
    images: int = 90
    stills: int = 200
    seed: int = 1
    mosaic_deg: float = 0.1
    domains: int = 4

    @property
    def sigma_per_A(self) -> float:
        """Rms width of a spot in reciprocal space."""
        return SIGMA_OF_EDGE / EDGE_A

    @property
    def steps(self) -> int:
        """Phi steps of an image: the fastest reflection turns by `PIXEL_SIGMAS` in one."""
        turn_rad = rad_of_deg(self.rotation_deg / self.images)
        return max(1, math.ceil(turn_rad / (PIXEL_SIGMAS * self.sigma_per_A * self.resolution_A)))

    def command(self, hkl: Path) -> list[str]:
        """Return the nanoBragg command line of all images; turns and phi are set for each.

        Raises:
            UsageError: for a resolution that the detector cannot reach.
        """
        pixel_mm = PIXEL_SIGMAS * self.sigma_per_A * WAVELENGTH_A * DISTANCE_MM
        pixels = self._side(pixel_mm)
        counts = [max(LEAST_CELLS, round(EDGE_A / length)) for length in self.cell[:3]]
        words: Mapping[str, object] = {
            "-hkl": hkl, "-lambda": WAVELENGTH_A, "-distance": DISTANCE_MM, "-pixel": repr(pixel_mm),
            "-detpixels": pixels, "-Na": counts[0], "-Nb": counts[1], "-Nc": counts[2], "-oversample": 1,
            "-mosaic": self.mosaic_deg, "-mosaic_domains": self.domains, "-fluence": FLUENCE,
            "-misset": "10 20 30", "-cell": " ".join(map(str, self.cell)),
        }  # fmt: skip
        return ["-gauss_xtal", *" ".join(f"{option} {value}" for option, value in words.items()).split()]

    def _side(self, pixel_mm: float) -> int:
        """Return the pixels a side that reach the resolution in the middle of each edge."""
        sine = WAVELENGTH_A / (2.0 * self.resolution_A) if self.resolution_A > 0.0 else math.inf
        if sine >= WIDEST_SINE:
            least = WAVELENGTH_A / (2.0 * WIDEST_SINE)
            raise UsageError(
                f"--resolution {self.resolution_A:g}: rays leave too steeply; give more than {least:g}"
            )
        pixels = 2 * math.ceil(DISTANCE_MM * math.tan(2.0 * math.asin(sine)) / pixel_mm)
        if pixels > MOST_PIXELS:
            raise UsageError(
                f"--resolution {self.resolution_A:g}: needs {pixels} pixels a side, more than {MOST_PIXELS};"
                " give more Angstrom"
            )
        return pixels


@dataclass(frozen=True)
class ScienceBound:
    """A bound of a correlation: that of the plan, and the strict one."""

    published: float
    strict: float


INTENSITY, ANOMALOUS = ScienceBound(0.99, 0.999), ScienceBound(0.90, 0.97)
BOUNDED = ("rotation", "stills")
"""Data sets that are held to the bounds; the Monte Carlo mean is stated only."""


def science_agreements(
    config: RunConfig,
    settings: ScienceSettings,
    truth: StructureFactors,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Agreement]:
    """Return how the merged data sets of a run agree with structure factors.

    Args:
        config: of the command of the settings.
        settings: of both experiments.
        truth: usually those of the run.
        say: is told what is simulated.

    Raises:
        InputError: for a run that cannot be simulated.
    """
    say(f"rotation: {settings.images} images of {settings.steps} phi steps")
    turned = rotation_series(config, rad_of_deg(settings.rotation_deg), settings.images, settings.steps)
    rotation = merged_rotation(turned, settings.images, settings.point_group)
    say(f"stills: {settings.stills} orientations")
    stills = still_series(config, settings.seed, settings.stills)
    cut, mean = merged_stills(stills, settings.stills, settings.point_group)
    sets: Mapping[str, MergedReflections] = {
        "rotation": rotation,
        "stills": cut,
        "stills, Monte Carlo mean": mean,
    }
    return {name: agreement_with_truth(merged, truth, settings.point_group) for name, merged in sets.items()}


def science_verdict(found: Mapping[str, Agreement]) -> Verdict:
    """Return the verdict on agreements: every correlation of `BOUNDED` data sets above its strict bound."""
    criteria = tuple(_criteria(found))
    reasons: Sequence[str]
    for state, word in ((State.FAILED, Word.FAIL), (State.NOT_COMPARED, Word.NOT_COMPARABLE)):
        reasons = [_reason(one) for one in criteria if one.state is state]
        if reasons:
            return Verdict(word, tuple(reasons), criteria)
    return Verdict(Word.PASS, (), criteria)


def _criteria(found: Mapping[str, Agreement]) -> Iterator[Criterion]:
    for name, one in found.items():
        for what, value, bound in (
            ("CC(I)", one.cc_intensity, INTENSITY),
            ("CC(anomalous)", one.cc_anomalous, ANOMALOUS),
        ):
            held = value >= bound.strict
            state = State.HELD if held else State.NOT_COMPARED if math.isnan(value) else State.FAILED
            asked = name in BOUNDED
            yield Criterion(
                name=f"{what}, {name}",
                measured=None if math.isnan(value) else value,
                bound=f">= {bound.strict:g} (plan {bound.published:g})" if asked else "",
                state=state if asked else State.NOT_ASKED,
                strict_held=held or not asked,
            )


def _reason(criterion: Criterion) -> str:
    if criterion.measured is None:
        return f"{criterion.name} is undefined: too few reflections, or mates that do not differ"
    return f"{criterion.name} is {criterion.measured:.5f}, must be {criterion.bound}"


def science_summary(
    settings: ScienceSettings, words: Sequence[str], found: Mapping[str, Agreement], verdict: Verdict
) -> dict[str, Any]:
    """Return all that the gate states, as plain data; an undefined correlation is None."""
    return {
        "schema": "nbp-science 1",
        "verdict": verdict.word.value,
        "exit_status": verdict.exit_status,
        "reasons": list(verdict.reasons),
        "settings": asdict(settings),
        "command": ["nanoBragg", *words],
        "agreements": {
            name: {key: _finite(value) for key, value in asdict(one).items()} for name, one in found.items()
        },
        "criteria": [asdict(one) for one in verdict.criteria],
    }


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value
