"""The command nb-gradients: autograd of the simulator against differences of another program."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.files import default_target, filled_folder, require_fresh
from harness.gradients.options import NAME, make_parser
from harness.kept.options import chosen_shelf
from harness.option_types import split_arguments
from harness.probing.match import Match, matched
from harness.programs.programs import MODES, Program, first_program, simulator_program
from harness.sides import SIDES
from harness.store.names import GRADIENTS
from system_io.command import Command, uninterrupted
from system_io.parser import QUIET

if TYPE_CHECKING:
    from harness.gradients.rows import GradientReport

__all__ = ["main", "make_parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-gradients and return its exit status."""
    return Command(NAME, _command)(argv)


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    if not args:
        raise UsageError(f"no nanoBragg command line: write it behind --; see {NAME} --help")
    target = default_target(NAME, options.outdir)
    require_fresh(target)
    from harness.gradients.table import differenced_arguments, names_of

    params = names_of(options.params)
    program = first_program(options.c_bin, os.environ, limit_s=options.timeout)
    differenced_arguments(program, args, Path.cwd())
    match = _matched(program, args, options)
    with uninterrupted():
        from harness.gradients.job import GradientJob, run_gradients
        from harness.gradients.report import write_gradients
        from harness.programs.environment import described
        from simulator.start_up.allocator import keep_freed

        keep_freed()
    job = GradientJob(
        program, tuple(args), Path.cwd(), options.parity_mode or MODES[0], params, options.pixels,
        options.seed, options.timeout, matched=match, shelf=chosen_shelf(options.no_cache, os.environ),
    )  # fmt: skip
    report = run_gradients(job)
    with filled_folder(target) as partial:
        write_gradients(partial, report, described(os.environ), [NAME, *argv])
    _show(report, str(target), options)
    return report.verdict.exit_status


def _matched(program: Program, args: Sequence[str], options: argparse.Namespace) -> Match | None:
    """Return what tiny runs tell of the first program, where the simulator is to have its quirks."""
    if options.parity_mode or not options.match_quirks:
        return None
    sides = dict(zip(SIDES, (program, simulator_program()), strict=True))
    return matched(sides, args, options.timeout, os.environ)


def _show(report: GradientReport, place: str, options: argparse.Namespace) -> None:
    from harness.gradients.report import gradient_table, shown_gradients
    from harness.shown import show
    from harness.wide import wide_console

    if options.json:
        sys.stdout.write(Path(place, GRADIENTS).read_text(encoding="utf-8"))
        return
    if options.verbosity != QUIET:
        table = gradient_table(report)
        wide_console(table).print(table)
    show(shown_gradients(report, place), options.verbosity)


if __name__ == "__main__":
    sys.exit(main())
