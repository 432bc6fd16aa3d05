"""The command nb-compare: one nanoBragg command line through two programs, and a verdict."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from harness.files import TargetFolder, default_target, filled_folder, require_fresh
from harness.option_types import split_arguments
from harness.pairs.options import NAME, asked_pair, make_parser, require_one_kind
from harness.pairs.pair import PairResult
from harness.pairs.sides import compared_into
from harness.programs.watching import watching
from harness.store.names import SUMMARY
from system_io.command import Command
from system_io.parser import QUIET

__all__ = ["main", "make_parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run nb-compare and return its exit status."""
    return Command(NAME, _command)(argv)


def _command(argv: Sequence[str]) -> int:
    own, args = split_arguments(argv)
    options = make_parser().parse_args(own)
    require_one_kind(options, args)
    target = default_target(NAME, options.outdir)
    require_fresh(target)
    job = asked_pair(options, args or ())
    with filled_folder(target) as partial, watching(options.verbosity == QUIET) as watch:
        result, differences = compared_into(partial, job, [NAME, *argv], watch)
    _show(result, target, options, differences)
    return result.comparison.verdict.exit_status


def _show(
    result: PairResult, target: TargetFolder, options: argparse.Namespace, differences: Sequence[str]
) -> None:
    text = (target / SUMMARY).read_text(encoding="utf-8")
    if options.json:
        sys.stdout.write(text)
        return
    from harness.pairs.summary import shown_pair
    from harness.shown import show

    show(shown_pair(json.loads(text), result, str(target), differences), options.verbosity)


if __name__ == "__main__":
    sys.exit(main())
