"""The command nb-invariants: relations that the images of one program must keep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from os import environ

from harness.errors import UsageError
from harness.files import default_target, filled_folder, require_fresh
from harness.invariants.options import chosen_relations, examination, make_parser
from harness.invariants.report import NAME
from harness.option_types import split_arguments
from harness.programs.watching import watching
from harness.store.ci import publish_summary, require_free
from system_io.command import Command
from system_io.parser import QUIET
from system_io.shown import json_text

__all__ = ["main", "make_parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-invariants and return its exit status."""
    return Command(NAME, _command)(argv)


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    if options.list:
        return _list(options)
    if options.kill_score:
        return _score(options, args)
    return _examine(options, args, [NAME, *argv])


def _list(options: argparse.Namespace) -> int:
    for relation in chosen_relations(options.only):
        sys.stdout.write(
            f"{relation.id:22s} {relation.holds}\n{'':22s} {relation.sameness}; spec {relation.source}\n"
        )
        if relation.quirks:
            sys.stdout.write(f"{'':22s} broken by {', '.join(relation.quirks)}\n")
    return 0


def _examine(options: argparse.Namespace, args: Sequence[str] | None, command: Sequence[str]) -> int:
    target = None if options.outdir is None else default_target(NAME, options.outdir)
    if target is not None:
        require_fresh(target)
    require_free({"--junit": options.junit, "--markdown": options.markdown})
    job = examination(options, args)
    _ = job.settings  # refused before anything is loaded
    from harness.invariants.examine import examined, running
    from harness.invariants.report import ci_result, shown_report, stated_summary, write_report
    from harness.invariants.verdict_of import whole_verdict

    with watching(options.verbosity == QUIET) as watch, running(job, watch) as runs:
        outcomes = examined(job, runs)
        verdict = whole_verdict(outcomes, job.relations, options.accept_quirks)
        summary = stated_summary(job, outcomes, verdict, command)
        if target is not None:
            with filled_folder(target) as partial:
                write_report(partial, summary, outcomes, runs)
    published = {"junit_file": options.junit, "markdown_file": options.markdown}
    publish_summary([ci_result(summary)], NAME, environ, **published)
    if options.json:
        sys.stdout.write(json_text(summary))
        return verdict.exit_status
    from harness.shown import show

    show(shown_report(job, outcomes, verdict, None if target is None else str(target)), options.verbosity)
    return verdict.exit_status


def _score(options: argparse.Namespace, args: Sequence[str] | None) -> int:
    if args is not None or options.bin is not None or options.outdir is not None:
        raise UsageError(
            "--kill-score tries seeded faults on the built-in command lines; leave --bin, --outdir and -- out"
        )
    from harness.invariants.kill_score import found_by, score_lines

    relations = chosen_relations(options.only)
    sides = {None: ("c", "py"), "reference": ("c",), "simulator": ("py",)}[options.program]
    found = found_by(relations, sides)
    for line in score_lines(found):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
