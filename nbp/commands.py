"""The table of commands: one row makes a word of `nbp`, a completion and a man page."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class CommandRow:
    """A command: its word behind `nbp`, how it is called, where it is, and what it does."""

    word: str
    name: str
    """Of its console script, or `nbp WORD` where it has none."""
    module: str
    summary: str
    error_status: int = 3
    needs_torch: bool = False
    """Whether it cannot do its work without torch."""

    @property
    def is_script(self) -> bool:
        """Tell whether there is a console script of this name."""
        return " " not in self.name

    @property
    def page(self) -> str:
        """Return the name of its man page."""
        return self.name.replace(" ", "-")

    def main(self) -> Callable[[Sequence[str] | None], int]:
        """Return the function that runs it on words and returns the exit status."""
        found: Callable[[Sequence[str] | None], int] = import_module(self.module).main
        return found

    def parser(self) -> argparse.ArgumentParser:
        """Return its parser, for help, completion and man page."""
        made: argparse.ArgumentParser = import_module(self.module).make_parser()
        return made


COMMANDS: tuple[CommandRow, ...] = (
    CommandRow(
        "compare",
        "nb-compare",
        "harness.commands.nb_compare",
        "run two programs, or take two images, and compare",
    ),
    CommandRow(
        "probe",
        "nb-probe",
        "harness.commands.alone.nb_probe",
        "tell what a nanoBragg program is: quirks, options, threads",
    ),
    CommandRow(
        "pair", "nbp pair", "harness.commands.own.pair", "your own two programs, described in a parity.toml"
    ),
    CommandRow(
        "trace",
        "trace-harness",
        "harness.commands.trace_harness",
        "trace pixels in two programs: first divergence",
        needs_torch=True,
    ),
    CommandRow(
        "diff", "trace-diff", "trace_tools.cli", "compare two trace logs: first divergence and its cause"
    ),
    CommandRow(
        "trace-map",
        "nb-trace-map",
        "trace_tools.debugger.command",
        "trace a program that prints no taps, by a debugger",
    ),
    CommandRow(
        "taps", "nbp taps", "trace_tools.taps.command", "taps for a C, Fortran or Python program of your own"
    ),
    CommandRow(
        "gates", "nb-gates", "harness.commands.nb_gates", "run the acceptance gates, a bundle for each"
    ),
    CommandRow(
        "gradients",
        "nb-gradients",
        "harness.commands.nb_gradients",
        "gradients against differences of a program",
        needs_torch=True,
    ),
    CommandRow(
        "refine",
        "nb-refine",
        "harness.commands.nb_refine",
        "cell, orientation, geometry from an image",
        needs_torch=True,
    ),
    CommandRow(
        "report",
        "nb-report",
        "harness.commands.nb_report",
        "verify, replay, show and tabulate evidence bundles",
    ),
    CommandRow(
        "golden", "nb-golden", "harness.commands.nb_golden", "make and check the suite of golden images"
    ),
    CommandRow(
        "parity", "nb-parity", "harness.commands.own.nb_parity", "the main job: both programs, both modes"
    ),
    CommandRow(
        "fuzz",
        "nb-fuzz",
        "harness.commands.search.nb_fuzz",
        "drawn command lines through both programs",
        needs_torch=True,
    ),
    CommandRow(
        "shrink",
        "nb-shrink",
        "harness.commands.search.nb_shrink",
        "a failing command line made small",
        needs_torch=True,
    ),
    CommandRow(
        "invariants",
        "nb-invariants",
        "harness.commands.nb_invariants",
        "check relations that one program must keep",
    ),
    CommandRow(
        "structure",
        "nbp structure",
        "shots.structure.command",
        "an -hkl file from MTZ, mmCIF or PDB files",
    ),
    CommandRow("bench", "nbp bench", "harness.commands.bench", "time the simulator against C programs"),
    CommandRow(
        "bench-gradients",
        "nbp bench-gradients",
        "harness.commands.bench_gradients",
        "time runs with gradients against runs without",
        needs_torch=True,
    ),
    CommandRow(
        "gpu",
        "nbp gpu",
        "harness.commands.gpu",
        "check and time the simulator on a device",
        needs_torch=True,
    ),
    CommandRow(
        "floor", "nbp floor", "harness.commands.floor", "measure or check the noise floor of the taps"
    ),
    CommandRow(
        "faults", "nbp faults", "harness.commands.faults", "list seeded faults, make a program with one"
    ),
    CommandRow(
        "record",
        "nbp record",
        "shots.recording.command",
        "noisy images of float images, as a detector reads them",
    ),
    CommandRow(
        "science",
        "nbp science",
        "harness.commands.alone.science",
        "merge simulated data sets, compare with their structure factors",
        needs_torch=True,
    ),
    CommandRow(
        "cache", "nbp cache", "harness.commands.alone.cache", "show or remove kept results of C programs"
    ),
    CommandRow(
        "geometry",
        "nbp geometry",
        "harness.commands.alone.geometry",
        "a geometry in the words of DIALS, XDS, MOSFLM, CrystFEL, PONI",
        needs_torch=True,
    ),
    CommandRow(
        "shots",
        "nbp shots",
        "shots.making.command",
        "a data set of many shots, from a plan",
        needs_torch=True,
    ),
    CommandRow("simulate", "nanoBragg", "simulator.cli", "simulate an image", error_status=9),
)
BY_WORD = {row.word: row for row in COMMANDS}
BY_NAME = {row.name: row for row in COMMANDS}
