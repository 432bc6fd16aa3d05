"""Measures the noise floor of the taps and writes it into trace_tools, or checks the one that is there.

`python -m harness.commands.measure_floor [--out FILE]` measures on three quarters of the cases;
`--check` compares builds, inputs and cases that the measurement did not see against the bounds in force.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.commands.common import CommandParser, run_command
from harness.errors import HarnessError
from harness.programs.build import build_reference
from harness.suite.floor_runs import (
    BASE_BUILD,
    BUILT_IN_PIXELS,
    DIRECTIONS,
    HELD_OUT_BUILD,
    NUDGED,
    TraceCase,
    measured_builds,
    rounding_pairs,
    split_held_out,
    trace_cases,
)
from harness.suite.generate import case_inputs
from system_io.children import temporary_folder
from trace_tools.errors import TraceError
from trace_tools.judging.align import align
from trace_tools.judging.diff import compare
from trace_tools.judging.noise_floor import (
    DEFAULT_K,
    PACKAGED,
    bounds_for,
    measure_floor,
    packaged_floor,
    save_floor,
)
from trace_tools.reading.trace_file import Trace

NAME = "harness.commands.measure_floor"
Pair = tuple[str, Trace, Trace]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 if a check found a value outside its bound."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def _command(argv: Sequence[str]) -> int:
    parser = CommandParser(NAME, "Measure how far rounding alone moves each tap, or check the bounds.")
    default = Path(__file__).parents[2] / "trace_tools" / PACKAGED
    parser.add_argument("--out", type=Path, default=default, metavar="FILE", help="default: in trace_tools")
    parser.add_argument("--check", action="store_true", help="check the packaged floor on held-out runs")
    options = parser.parse_args(argv)
    with case_inputs() as inputs, temporary_folder("nb-crystal") as crystal:
        write_lysozyme_like(Path(crystal))
        measured, held_out = split_held_out(trace_cases(inputs, Path(crystal)))
        try:
            if options.check:
                return check(held_out_pairs(measured, held_out, inputs))
            measure(measured, held_out, inputs, options.out)
        except TraceError as error:
            raise HarnessError(str(error)) from error
    return 0


def measure(measured: Sequence[TraceCase], held_out: Sequence[TraceCase], inputs: Path, out: Path) -> None:
    """Measure the floor on some cases and write it with its provenance."""
    builds = measured_builds()
    base = build_reference(BASE_BUILD)
    facts = {
        "compiler": base.provenance["compiler"]["version"],
        "base_build": base.provenance["flags"],
        "builds": {name: build.provenance["flags"] for name, build in builds.items()},
        "moved_by_one_ulp": {"directions": list(DIRECTIONS), "options": list(NUDGED)},
        "sources_sha256": base.provenance["sources_sha256"],
        "cases": [case.id for case in measured],
        "held_out_cases": [case.id for case in held_out],
        "built_in_crystal_pixels": [list(pixel) for pixel in BUILT_IN_PIXELS],
    }
    pairs = _shown(rounding_pairs(measured, builds, DIRECTIONS, inputs))
    floor = measure_floor(((a, b) for _, a, b in pairs), DEFAULT_K, facts)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_floor(floor, out)
    largest = sorted(floor.taps.items(), key=lambda pair: -pair[1].scaled)[:8]
    worst = ", ".join(f"{name} {tap.scaled:.2g}" for name, tap in largest)
    pairs_made, left_out = floor.provenance["pairs"], floor.provenance["pixels_left_out"]
    sys.stdout.write(f"{out}: {len(floor.taps)} taps, {pairs_made} pairs, {left_out} pixels left out\n")
    sys.stdout.write(f"largest floors over operand scale: {worst}\n")


def _shown(pairs: Iterable[Pair]) -> Iterator[Pair]:
    for number, pair in enumerate(pairs, 1):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} pairs, {pair[0][:60]:60s}")
        yield pair


def held_out_pairs(
    measured: Sequence[TraceCase], held_out: Sequence[TraceCase], inputs: Path
) -> Iterator[Pair]:
    """Yield pairs that the measurement did not see: other cases in all builds, all cases in another build."""
    variant, flags = HELD_OUT_BUILD
    other = {"held out": build_reference(variant, extra_flags=flags)}
    yield from rounding_pairs(held_out, {**measured_builds(), **other}, DIRECTIONS, inputs)
    yield from rounding_pairs(measured, other, (), inputs)


def outside_bounds(pairs: Iterable[Pair]) -> tuple[int, list[str]]:
    """Return how many records of pairs were compared, and those outside the bounds of the packaged floor."""
    compared, outside = 0, []
    for name, a, b in pairs:
        alignment = align(a, b)
        bounds = bounds_for(packaged_floor(), alignment.names)
        result = compare(a, b, alignment, bounds, without_branched_pixels=True)
        compared += result.compared
        outside += [
            f"{name}: {tap} {diff.max_scaled:.3g} over scale, bound {bounds.relative[tap]:.3g}"
            for tap, diff in result.taps.items()
            if len(diff.outside)
        ]
    return compared, outside


def check(pairs: Iterable[Pair]) -> int:
    """Print what lies outside the bounds in force. Returns: 0 if nothing does, else 1."""
    compared, outside = outside_bounds(_shown(pairs))
    taps = Counter(line.split(": ")[1].split()[0] for line in outside)
    sys.stdout.write("".join(f"{line}\n" for line in outside[:40]))
    sys.stdout.write(f"{compared} records compared, {len(outside)} taps of pairs outside {dict(taps)}\n")
    return 1 if outside or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
