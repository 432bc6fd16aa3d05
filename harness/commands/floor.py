"""The command `nbp floor`: measures the noise floor of the taps, or checks the one in force."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path

from golden_suite_generator.cases import load_cases
from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.commands.common import CommandParser, run_command
from harness.errors import HarnessError, UsageError
from harness.files import write_text_file
from harness.suite.arithmetic_floor import SINGLE, arithmetic_pairs, with_arithmetics
from harness.suite.floor import held_out_pairs, measured, outside_bounds
from harness.suite.floor_runs import TracePair, split_held_out, trace_cases
from harness.suite.generate import case_inputs
from system_io.children import temporary_folder
from system_io.shown import json_text
from trace_tools.errors import TraceError
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.noise_floor import PACKAGED, NoiseFloor, save_floor

NAME = "nbp floor"
EXAMPLES = ("nbp floor --check", "nbp floor --out noise_floor.json", "nbp floor --images --check")
EPILOG = """\
The floor is measured on three quarters of the cases: other builds of the C reference, and inputs moved by one
unit in the last place; for mixed and float32 arithmetic, the simulator beside the C reference. --check holds
builds, inputs and cases that the measurement did not see to its bounds. --images does the same with images:
how far other builds and arithmetics move a pixel, in parts of its own value.

exit status: 0 measured, or nothing outside the bounds; 1 something outside or nothing compared; 3 ERROR
"""
MOST_LINES = 40
MOST_FLOORS = 8


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 if a check found a value outside its bound."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        NAME, "Measure how far rounding alone moves each tap, or check the bounds.", EPILOG, EXAMPLES
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: the packaged file")
    parser.add_argument("--images", action="store_true", help="the floor of images in place of that of taps")
    parser.add_argument("--check", action="store_true", help="check the packaged floor on held-out runs")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    if options.check and options.out:
        raise UsageError("--check writes nothing; leave out --out, or --check to measure anew")
    if options.images:
        return _of_images(options.out, options.check)
    with case_inputs() as inputs, temporary_folder("nb-crystal") as crystal:
        write_lysozyme_like(Path(crystal))
        cases, held_out = split_held_out(trace_cases(inputs, Path(crystal)))
        try:
            if options.check:
                checks = [_show_check(_watched(held_out_pairs(cases, held_out, inputs)), DOUBLE)]
                for arithmetic in SINGLE:
                    pairs = arithmetic_pairs(held_out, arithmetic, inputs)
                    checks.append(_show_check(_watched(pairs), arithmetic))
                return max(checks)
            floor = measured(cases, held_out, inputs, _watched)
            floor = with_arithmetics(floor, cases, held_out, inputs, _watched)
            out = options.out or Path(str(resources.files("trace_tools"))) / PACKAGED
            out.parent.mkdir(parents=True, exist_ok=True)
            save_floor(floor, out)
        except TraceError as error:
            raise HarnessError(str(error)) from error
    _show_floor(floor, out)
    return 0


def _of_images(out: Path | None, check: bool) -> int:
    """Measure the floor of images, or hold images that the measurement did not see to it."""
    from harness.images.image_floor import PACKAGED as IMAGE_FLOOR
    from harness.suite.image_floor_runs import (
        OTHER_BUILDS,
        beyond_floor,
        floor_data,
        moved_images,
        other_builds,
    )  # fmt: skip

    with case_inputs() as inputs:
        rows = list(moved_images(load_cases(), inputs))
    if check:
        held_out = [row for row in rows if row.held_out]
        outside = beyond_floor(held_out)
        sys.stdout.write("".join(f"{row}\n" for row in outside[:MOST_LINES]))
        makers = sorted({row.maker for row in rows})
        missing = [name for name in OTHER_BUILDS if name not in other_builds()]
        sys.stdout.write(
            f"programs: {', '.join(makers)}; cannot be built here: {', '.join(missing) or 'none'}\n"
        )
        sys.stdout.write(f"{len(held_out)} images compared, {len(outside)} outside their bound\n")
        return 1 if outside or not held_out else 0
    target = out or Path(str(resources.files("harness.images"))) / IMAGE_FLOOR
    data = floor_data(rows)
    write_text_file(target, json_text(data, 1))
    floors = ", ".join(f"{name} {row['bound']:.2g}" for name, row in data["arithmetics"].items())
    sys.stdout.write(f"{target}: {len(rows)} images, bounds {floors}\n")
    return 0


def _watched(pairs: Iterable[TracePair]) -> Iterator[TracePair]:
    for number, pair in enumerate(pairs, 1):
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} pairs, {pair[0][:60]:60s}")
        yield pair


def _show_floor(floor: NoiseFloor, out: Path) -> None:
    largest = sorted(floor.taps.items(), key=lambda pair: -pair[1].scaled)[:MOST_FLOORS]
    worst = ", ".join(f"{name} {tap.scaled:.2g}" for name, tap in largest)
    pairs_made, left_out = floor.provenance["pairs"], floor.provenance["pixels_left_out"]
    sys.stdout.write(f"{out}: {len(floor.taps)} taps, {pairs_made} pairs, {left_out} pixels left out\n")
    sys.stdout.write(f"largest floors over operand scale: {worst}\n")


def _show_check(pairs: Iterable[TracePair], arithmetic: str) -> int:
    """Print what lies outside the bounds in force.

    Returns:
        0 if nothing does, else 1.
    """
    compared, outside = outside_bounds(pairs, arithmetic)
    taps = Counter(line.split(": ")[1].split()[0] for line in outside)
    sys.stdout.write("".join(f"{line}\n" for line in outside[:MOST_LINES]))
    found = f"{len(outside)} taps of pairs outside {dict(taps)}"
    sys.stdout.write(f"{arithmetic}: {compared} records compared, {found}\n")
    return 1 if outside or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
