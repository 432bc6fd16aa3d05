"""The noise floor of the taps: measured on some runs, held to others that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from harness.programs.build import build_reference
from harness.suite.floor_runs import (
    BASE_BUILD,
    BUILT_IN_PIXELS,
    DIRECTIONS,
    HELD_OUT_BUILD,
    NUDGED,
    TraceCase,
    TracePair,
    measured_builds,
    rounding_pairs,
)
from trace_tools.judging.align import align
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.diff import compare
from trace_tools.judging.noise_floor import (
    DEFAULT_K,
    NoiseFloor,
    bounds_for,
    measure_floor,
    packaged_floor,
)

"""What differs, and the two traces."""
Watched = Callable[[Iterable[TracePair]], Iterable[TracePair]]
"""Passes pairs on, and shows how many there were."""


def measured(
    cases: Sequence[TraceCase], held_out: Sequence[TraceCase], inputs: Path, watched: Watched
) -> NoiseFloor:
    """Return the floor of some cases, with its provenance.

    Args:
        cases: which are measured.
        held_out: which are left for the check, for the provenance.
        inputs: folder with inputs/.
        watched: sees every pair.
    """
    builds = measured_builds()
    base = build_reference(BASE_BUILD)
    facts = {
        "compiler": base.provenance["compiler"]["version"],
        "base_build": base.provenance["flags"],
        "builds": {name: build.provenance["flags"] for name, build in builds.items()},
        "moved_by_one_ulp": {"directions": list(DIRECTIONS), "options": list(NUDGED)},
        "sources_sha256": base.provenance["sources_sha256"],
        "cases": [case.id for case in cases],
        "held_out_cases": [case.id for case in held_out],
        "built_in_crystal_pixels": [list(pixel) for pixel in BUILT_IN_PIXELS],
    }
    pairs = watched(rounding_pairs(cases, builds, DIRECTIONS, inputs))
    return measure_floor(((a, b) for _, a, b in pairs), DEFAULT_K, facts)


def held_out_pairs(
    measured: Sequence[TraceCase], held_out: Sequence[TraceCase], inputs: Path
) -> Iterator[TracePair]:
    """Yield pairs that the measurement did not see: other cases in all builds, all cases in another build."""
    variant, flags = HELD_OUT_BUILD
    other = {"held out": build_reference(variant, extra_flags=flags)}
    yield from rounding_pairs(held_out, {**measured_builds(), **other}, DIRECTIONS, inputs)
    yield from rounding_pairs(measured, other, (), inputs)


def outside_bounds(pairs: Iterable[TracePair], arithmetic: str = DOUBLE) -> tuple[int, list[str]]:
    """Return how many records of pairs were compared, and those outside the bounds of the packaged floor.

    Args:
        pairs: to compare.
        arithmetic: that of the less precise side.
    """
    compared, outside = 0, []
    for name, a, b in pairs:
        alignment = align(a, b)
        bounds = bounds_for(packaged_floor(), alignment.names, arithmetic=arithmetic)
        result = compare(a, b, alignment, bounds, without_branched_pixels=True)
        compared += result.compared
        outside += [
            f"{name}: {tap} {diff.max_scaled:.3g} over scale, bound {bounds.relative[tap]:.3g}"
            for tap, diff in result.taps.items()
            if len(diff.outside)
        ]
    return compared, outside
