"""The options of nb-invariants, and the examination that they ask for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.invariants.examine import Examination
from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import Relation
from harness.invariants.relations.table import RELATION_BY_ID, RELATIONS
from harness.invariants.report import NAME
from harness.option_types import positive_seconds
from harness.programs.arguments import TRACE_OPTIONS, prepare_arguments
from harness.programs.programs import (
    DEVICES,
    DTYPES,
    MODES,
    Program,
    first_program,
    program_at,
    simulator_program,
)
from harness.programs.side_words import require_known, without_traces
from harness.time_limits import RUN_S
from system_io.parser import CommandParser

OURS = ("reference", "simulator")
USER_BASE = "command"
DESCRIPTION = (
    "Check relations that the images of one nanoBragg program must keep; no second program is needed."
)
EPILOG = """\
Each relation changes a command line so that theory says what becomes of the image: all lengths doubled give
the same image, all structure factors doubled four times it, tiles together the whole, several sources the
mean of their images. Without a command line behind -- the built-in ones are used: small detectors, and
together most options. --list shows every relation with what it needs.

A relation is bit for bit, within the measured floor of the arithmetic (as in nb-compare), or within a bound
of its own. A violation that ends when a quirk of c-parity mode is switched off is named after that quirk; it
is a FAIL unless --accept-quirks is given.

verdict and exit status:
  PASS 0             all relations that apply hold
  PASS (LOOSENED) 0  all hold but those that a named quirk explains (--accept-quirks)
  FAIL 1             a relation is violated
  NOT COMPARABLE 2   no relation applies, or the images say nothing: blank, NaN, or not made from the
                     command line
  ERROR 3            the program failed or timed out, wrong usage
130 interrupted

files (--outdir): summary.json, and for each violation a folder RELATION/COMMAND-LINE with commands.txt, the
input files and all images.
"""
EXAMPLES = (
    NAME,
    f"{NAME} --only tiles --mode c-parity",
    f"{NAME} --bin ./nanoBragg --outdir proof --junit invariants.xml",
    f"{NAME} --program reference -- -cell 79 79 38 90 90 90 -default_F 100 -N 10 -lambda 1 -detpixels 32",
)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.usage = f"{NAME} [options] [-- NANOBRAGG-ARGS]"
    add = parser.add_argument
    add("--bin", metavar="P", help="the program, by its path")
    add("--program", choices=OURS, help="one of ours; default simulator")
    add(
        "--mode", "--parity-mode", dest="mode", choices=MODES, help="default spec, where the program knows it"
    )
    add("--only", action="append", metavar="ID[,ID]", help="only these relations; repeatable")
    add("--list", action="store_true", help="list the relations and stop")
    add(
        "--every",
        action="store_true",
        help="try each on all built-in command lines, not on those that suit it best",
    )
    add("--accept-quirks", action="store_true", help="a violation that a quirk explains is no FAIL")
    add(
        "--kill-score",
        action="store_true",
        help="try all seeded faults in place of a program, and count the finds",
    )
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add("--timeout", type=positive_seconds, default=RUN_S, metavar="S", help="for each run")
    add("--outdir", metavar="DIR", help="new directory for summary and violations")
    add("--junit", type=Path, metavar="FILE", help="new file for JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="new file for a Markdown page")
    add("--json", action="store_true", help="write the summary to standard output, nothing else")
    parser.add_verbosity()
    return parser


def chosen_relations(only: Sequence[str] | None) -> tuple[Relation, ...]:
    """Return the relations of these ids, all where none is named.

    Raises:
        UsageError: for an unknown one.
    """
    if only is None:
        return RELATIONS
    ids = [word for text in only for word in text.split(",") if word]
    for word in ids:
        if word not in RELATION_BY_ID:
            raise UsageError(f"--only {word}: no such relation; --list shows them")
    if not ids:
        raise UsageError("--only names no relation; --list shows them")
    return tuple(RELATION_BY_ID[word] for word in dict.fromkeys(ids))


def chosen_program(options: argparse.Namespace) -> Program:
    """Return the program that is asked for.

    Raises:
        ProgramError: if it does not run.
        BuildError: if it cannot be built.
        UsageError: if two are named.
    """
    if options.bin is not None and options.program is not None:
        raise UsageError("--bin and --program name two programs; give one of them")
    if options.bin is not None:
        return program_at(options.bin, "--bin", options.timeout)
    if options.program == "reference":
        return first_program(None, {name: value for name, value in os.environ.items() if name != "NB_C_BIN"})
    return simulator_program()


def examination(options: argparse.Namespace, args: Sequence[str] | None) -> Examination:
    """Return the examination that options and the words behind the -- ask for.

    Raises:
        UsageError: the command line cannot be used.
        ProgramError: the program cannot.
    """
    relations = chosen_relations(options.only)
    program = chosen_program(options)
    bases: dict[str, CommandLine] | None = None
    copies: tuple[tuple[Path, str], ...] = ()
    if args is not None:
        prepared = prepare_arguments(args, Path.cwd())
        require_known(prepared.words, {"bin": program})
        for word in prepared.words:
            if word in TRACE_OPTIONS:
                raise UsageError(f"{word} traces pixels, which relations do not use; leave it out")
        bases, copies = {USER_BASE: CommandLine(without_traces(prepared.words))}, prepared.copies
    return Examination(
        program, relations, bases, options.mode, options.dtype, options.device, copies, options.timeout,
        every=options.every,
    )  # fmt: skip
