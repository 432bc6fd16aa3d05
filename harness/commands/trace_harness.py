"""The command trace-harness: chosen pixels through two programs with taps on, and where they first differ."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.files import default_target, filled_folder, require_fresh
from harness.option_types import split_arguments
from harness.programs.watching import watching
from harness.store.names import TRACES
from harness.tracing.choice import read_compared
from harness.tracing.job import run_traced_pair, traced_arguments
from harness.tracing.options import NAME, asked_trace, make_parser, parse_options
from system_io.command import Command, uninterrupted
from system_io.parser import QUIET

__all__ = ["main", "make_parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run trace-harness and return its exit status."""
    return Command(NAME, _command)(argv)


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = parse_options(own)
    compared = None if options.folder is None else read_compared(options.folder)
    target = default_target(NAME, options.outdir)
    require_fresh(target)
    job = asked_trace(options, args or [], compared)
    traced_arguments(job)
    from harness.programs.environment import described

    with uninterrupted():
        from harness.tracing.results import (
            TraceRequest,
            judge_pair,
            shown_traces,
            write_logs,
            write_trace_results,
        )

    floor = None if options.floor is None else Path(options.floor)
    asked = TraceRequest(options.rtol, options.atol, options.k, floor, options.emit_rot_stars, options.budget,
                         options.who_is_right, options.transplant)  # fmt: skip
    with filled_folder(target) as partial:
        with watching(options.verbosity == QUIET) as watch:
            pair = run_traced_pair(job, watch)
        write_logs(partial, pair, asked)
        verdict = judge_pair(partial, pair, asked)
        write_trace_results(partial, pair, verdict, asked, described(os.environ), [NAME, *argv])
    if options.json:
        sys.stdout.write((target / TRACES).read_text(encoding="utf-8"))
        return verdict.exit_status
    from harness.shown import show

    show(shown_traces(pair, verdict, str(target)), options.verbosity)
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main())
