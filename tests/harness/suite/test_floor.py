"""The measured noise floor: how numbers are moved, and that it holds for runs that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.programs.build import build_reference
from harness.suite.floor import outside_bounds
from harness.suite.floor_runs import (
    DIRECTIONS,
    HELD_OUT_BUILD,
    TraceCase,
    measured_builds,
    nudge,
    rounding_pairs,
    split_held_out,
    trace_cases,
)
from harness.suite.generate import case_inputs
from trace_tools.judging.noise_floor import packaged_floor
from trace_tools.reading.trace_file import TraceLog
from trace_tools.tap_points import TAP_POINTS


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with case_inputs() as folder:
        yield folder


@pytest.fixture(scope="module")
def cases(inputs: Path) -> list[TraceCase]:
    crystal = inputs / "crystal"
    write_lysozyme_like(crystal)
    return trace_cases(inputs, crystal)


def test_numbers_move_to_the_next_double() -> None:
    words = ("-lambda", "1.5", "-pixel", "0.1", "-cell", "60", "0", "-70", "-phi", "2")
    up = math.nextafter(1.5, math.inf)
    assert nudge(words, "up")[:6] == ("-lambda", repr(up), "-pixel", "0.1", "-cell", "60.00000000000001")
    assert nudge(words, "up")[6:] == ("0", "-69.99999999999999", "-phi", "2")
    assert nudge(words, "mixed")[7] == "-69.99999999999999"
    assert nudge(words, "down")[1] == repr(math.nextafter(1.5, 0.0))


def test_floor_file_covers_every_tap_and_says_how_it_was_measured() -> None:
    floor = packaged_floor()
    assert floor is not None
    assert floor.taps.keys() == {tap.name for tap in TAP_POINTS}
    assert floor.k == 8
    assert {"compiler", "builds", "cases", "held_out_cases", "sources_sha256"} <= floor.provenance.keys()


def test_floors_are_of_the_size_of_rounding() -> None:
    """A thousand roundings: what sums of many terms and quotients of small sines make of it."""
    floor = packaged_floor()
    assert floor is not None
    assert max(tap.scaled for tap in floor.taps.values()) < 1000 * 2.0**-53


def test_measured_and_held_out_cases_are_those_of_the_file(cases: list[TraceCase]) -> None:
    floor = packaged_floor()
    assert floor is not None
    measured, held_out = split_held_out(cases)
    assert [case.id for case in measured] == floor.provenance["cases"]
    assert [case.id for case in held_out] == floor.provenance["held_out_cases"]
    assert not {case.id for case in measured} & {case.id for case in held_out}


def test_cases_and_builds_that_were_held_out_keep_the_bounds(cases: list[TraceCase], inputs: Path) -> None:
    measured, held_out = split_held_out(cases)
    variant, flags = HELD_OUT_BUILD
    other = {"held out": build_reference(variant, extra_flags=flags)}
    pairs = [
        *rounding_pairs(held_out[::2], {**measured_builds(), **other}, DIRECTIONS, inputs),
        *rounding_pairs(measured[::8], other, (), inputs),
    ]
    compared, outside = outside_bounds(pairs)
    assert outside == []
    assert compared > 20_000


def test_check_sees_a_change_that_is_more_than_rounding(cases: list[TraceCase], inputs: Path) -> None:
    base = build_reference("default")
    (name, plain, _), *_ = rounding_pairs(cases[:1], {"default": base}, (), inputs)
    values = plain.columns.values.copy()
    values[plain.columns.start[plain.names.index("pixel_size_meters")]] *= 1.0 + 1e-12
    changed = TraceLog(
        **{**vars(plain), "columns": type(plain.columns)(**{**vars(plain.columns), "values": values})}
    )
    assert outside_bounds([(name, plain, changed)])[1] != []
