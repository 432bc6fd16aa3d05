"""The command `nbp floor`: measures the noise floor of the taps, or checks the one in force."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

from golden_suite_generator.cases import load_cases, select
from golden_suite_generator.inputs.write import write_lysozyme_like
from harness.alarms.tally import Tally
from harness.commands.common import CommandParser, run_command
from harness.errors import HarnessError, UsageError
from harness.files import write_text_file
from harness.programs.build import Build
from harness.suite.arithmetic_floor import SINGLE, arithmetic_pairs, with_arithmetics
from harness.suite.floor import held_out_pairs, measured, outside_bounds
from harness.suite.floor_runs import TraceCase, TracePair, split_held_out, trace_cases
from harness.suite.generate import case_inputs
from system_io.children import temporary_folder
from system_io.shown import json_text
from trace_tools.errors import TraceError
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.noise_floor import PACKAGED, NoiseFloor, save_floor

NAME = "nbp floor"
EXAMPLES = (
    "nbp floor --check",
    "nbp floor --out noise_floor.json",
    "nbp floor --images --check --json docs/false_alarms.json --markdown docs/false_alarms.md",
)
EPILOG = """\
The floor is measured on three quarters of the cases: other builds of the C reference, and inputs moved by one
unit in the last place; for mixed and float32 arithmetic, the simulator beside the C reference. --images does
the same with images: how far other builds and arithmetics move a pixel, in parts of its own value.

--check holds builds, inputs and cases that the measurement did not see to its bounds, then counts the false
alarms of sound programs: as many builds as this machine can make, and the simulator in each arithmetic, at
all trace pixels. --images --check counts them on the images of all cases, with several threads.

exit status: 0 measured, or no false alarm; 1 an alarm, or nothing compared; 3 ERROR
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
    parser.add_argument("--check", action="store_true", help="check the floor in force on sound programs")
    group = parser.add_argument_group("check")
    group.add_argument("--cases", nargs="+", default=[], metavar="ID", help="only these; with * and ?")
    group.add_argument("--json", type=Path, metavar="FILE", help="write the counts; what else is there stays")
    group.add_argument("--markdown", type=Path, metavar="FILE", help="write the page of all counts")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    _require_fitting(options)
    if options.images:
        return _of_images(options)
    with case_inputs() as inputs, temporary_folder("nb-crystal") as crystal:
        write_lysozyme_like(Path(crystal))
        every = trace_cases(inputs, Path(crystal))
        try:
            if options.check:
                return _checked(options, every, inputs)
            cases, held_out = split_held_out(every)
            floor = measured(cases, held_out, inputs, _watched)
            floor = with_arithmetics(floor, cases, held_out, inputs, _watched)
            out = options.out or Path(str(resources.files("trace_tools"))) / PACKAGED
            out.parent.mkdir(parents=True, exist_ok=True)
            save_floor(floor, out)
        except TraceError as error:
            raise HarnessError(str(error)) from error
    _show_floor(floor, out)
    return 0


def _require_fitting(options: argparse.Namespace) -> None:
    if options.check and options.out:
        raise UsageError("--check writes nothing; leave out --out, or --check to measure anew")
    of_check = {"--cases": options.cases, "--json": options.json, "--markdown": options.markdown}
    given = [name for name, value in of_check.items() if value]
    if given and not options.check:
        raise UsageError(f"{given[0]} is of a check; add --check")


def _checked(options: argparse.Namespace, every: Sequence[TraceCase], inputs: Path) -> int:
    """Hold what was not measured to the bounds, and the traces of sound programs to a PASS."""
    if options.cases:
        chosen = [case for case in every if any(fnmatchcase(case.id, pattern) for pattern in options.cases)]
        if not chosen:
            raise UsageError(f"no case with trace pixels is called '{options.cases[0]}'; see nb-golden list")
        return _alarms_of_traces(options, chosen, inputs)
    cases, held_out = split_held_out(every)
    checks = [_show_check(_watched(held_out_pairs(cases, held_out, inputs)), DOUBLE)]
    for arithmetic in SINGLE:
        checks.append(_show_check(_watched(arithmetic_pairs(held_out, arithmetic, inputs)), arithmetic))
    return max(*checks, _alarms_of_traces(options, every, inputs))


def _of_images(options: argparse.Namespace) -> int:
    """Measure the floor of images, or count the false alarms of sound programs."""
    with case_inputs() as inputs:
        if options.check:
            return _alarms_of_images(options, inputs)
        from harness.images.image_floor import PACKAGED as IMAGE_FLOOR
        from harness.suite.image_floor_runs import floor_data, moved_images

        rows = list(moved_images(load_cases(), inputs))
    target = options.out or Path(str(resources.files("harness.images"))) / IMAGE_FLOOR
    data = floor_data(rows)
    write_text_file(target, json_text(data, 1))
    floors = ", ".join(f"{name} {row['bound']:.2g}" for name, row in data["arithmetics"].items())
    sys.stdout.write(f"{target}: {len(rows)} images, bounds {floors}\n")
    return 0


def _alarms_of_images(options: argparse.Namespace, inputs: Path) -> int:
    from harness.alarms.image_alarms import WHAT, image_tallies
    from harness.alarms.sound_builds import sound_builds

    cases = select(load_cases(), options.cases)
    if not cases:
        raise UsageError(f"no case is called '{options.cases[0]}'; see nb-golden list")
    builds, missing = sound_builds()
    tallies = image_tallies(cases, builds, inputs, _heard)
    return _published(options, WHAT, tallies, (len(cases), builds, missing))


def _alarms_of_traces(options: argparse.Namespace, cases: Sequence[TraceCase], inputs: Path) -> int:
    from harness.alarms.sound_builds import sound_builds
    from harness.alarms.trace_alarms import WHAT, trace_tallies

    builds, missing = sound_builds()
    tallies = trace_tallies(cases, builds, inputs, _heard)
    return _published(options, WHAT, tallies, (len(cases), builds, missing))


def _published(
    options: argparse.Namespace,
    what: str,
    tallies: Sequence[Tally],
    made: tuple[int, Mapping[str, Build], Mapping[str, str]],
) -> int:
    """Write what is asked for, and print the counts.

    Returns:
        1 for an alarm or nothing compared, else 0.
    """
    from harness.alarms.published import publish_section, section_of

    section = section_of(tallies, *made)
    publish_section(what, section, options.json, options.markdown)
    cases, builds, missing = made
    for tally in tallies:
        sys.stdout.write("".join(f"false alarm ({tally.title}): {alarm}\n" for alarm in tally.alarms))
    compared, alarms = sum(tally.compared for tally in tallies), sum(len(t.alarms) for t in tallies)
    sys.stdout.write(
        f"{what}: {len(builds)} builds, {cases} cases, {compared} comparisons, {alarms} false alarms;"
        f" cannot be built here: {', '.join(missing) or 'none'}\n"
    )
    return 1 if alarms or compared == 0 else 0


def _heard(name: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{name[:60]:60s}")


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
