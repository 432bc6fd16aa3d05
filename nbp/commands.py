"""The table of commands: one row makes a word of `nbp`, a console script, a completion and a man page."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Row:
    """A command: its word behind `nbp`, its own name, where it is, and what it does.

    needs_torch: whether it cannot be loaded without torch.
    """

    word: str
    name: str
    module: str
    summary: str
    error_status: int = 3
    needs_torch: bool = False

    def main(self) -> Callable[[Sequence[str] | None], int]:
        """Return the function that runs it on words and returns the exit status."""
        found: Callable[[Sequence[str] | None], int] = import_module(self.module).main
        return found

    def parser(self) -> argparse.ArgumentParser:
        """Return its parser, for help, completion and man page."""
        made: argparse.ArgumentParser = import_module(self.module).make_parser()
        return made


COMMANDS: tuple[Row, ...] = (
    Row(
        "compare",
        "nb-compare",
        "harness.commands.nb_compare",
        "run two programs, or take two images, and compare",
    ),
    Row(
        "trace",
        "trace-harness",
        "harness.commands.trace_harness",
        "trace pixels in two programs: first divergence",
        needs_torch=True,
    ),
    Row("diff", "trace-diff", "trace_tools.cli", "compare two trace logs: first divergence and its cause"),
    Row("gates", "nb-gates", "harness.commands.nb_gates", "run the acceptance gates, a bundle for each"),
    Row(
        "gradients",
        "nb-gradients",
        "harness.commands.nb_gradients",
        "gradients against differences of a program",
        needs_torch=True,
    ),
    Row(
        "refine",
        "nb-refine",
        "harness.commands.nb_refine",
        "cell, orientation, geometry from an image",
        needs_torch=True,
    ),
    Row(
        "report",
        "nb-report",
        "harness.commands.nb_report",
        "verify, replay, show and tabulate evidence bundles",
    ),
    Row("golden", "nb-golden", "harness.commands.nb_golden", "make and check the suite of golden images"),
    Row("parity", "nb-parity", "harness.commands.nb_parity", "the main job: both programs, both modes"),
    Row("simulate", "nanoBragg", "simulator.cli", "simulate an image", error_status=9),
)
BY_WORD = {row.word: row for row in COMMANDS}
BY_NAME = {row.name: row for row in COMMANDS}
