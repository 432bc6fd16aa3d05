"""Shows what a refinement found: the table of its variables and what to do next."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.markup import escape

from harness.refinement.report import table_of
from harness.refinement.request import RESULT
from harness.refinement.run import Answer
from harness.shown import Shown, show
from harness.wide import wide_console
from system_io.parser import QUIET


def tell(answer: Answer, target: Path, verbosity: int, *, as_json: bool) -> None:
    """Print the table and what to do next; with --json the result and nothing else."""
    if as_json:
        sys.stdout.write((target / RESULT).read_text(encoding="utf-8"))
        return
    if verbosity != QUIET:
        _print_answer(answer)
    lines = [*answer.judgement.reasons, *answer.judgement.remarks]
    show(Shown("nb-refine", answer.judgement.word, "; ".join(lines), (), (), str(target)), verbosity)


def _print_answer(answer: Answer) -> None:
    outcome, result = answer.outcome, answer.result
    table = table_of(answer.rows, f"{answer.judgement.word}: {result['method']}, seed {result['seed']}")
    console = wide_console(table)
    console.print(table)
    before, after = result["correlation"]
    lines = [
        f"correlation with the image {before:.4f} at the start, {after:.4f} refined",
        f"mean square residual {outcome.chi_square:.4g} of {outcome.pixels} pixels;"
        f" {outcome.evaluations} images computed",
        f"refined options: {' '.join(result['options'])}",
    ]
    if result["without_option"]:
        lines.append(f"no option sets {', '.join(result['without_option'])}: see {RESULT}")
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
