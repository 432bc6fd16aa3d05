"""The command nb-trace-map: checks and drafts tap maps, and traces a program with one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from system_io.command import Command, say_warning
from system_io.files import require_free_targets, targets, write_whole
from system_io.parser import CommandParser, UsageError
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.debugger.sources import open_debugged
from trace_tools.debugger.tap_map import load_map
from trace_tools.debugger.traced import DebugJob, DebugTrace, trace_pixels
from trace_tools.errors import TraceError

NAME = "nb-trace-map"
RUN_S = 600.0
DESCRIPTION = "Trace a program that prints no taps, with a debugger and a map of its source."
EPILOG = """\
  check MAP    which places of a map are in a binary, what can be read there, and what is like the rest
  draft        a map to edit, from the names in the debug information
  trace MAP    the taps of pixels, as trace-diff reads them

MAP is a file (docs/debugger-taps.md says how to write one), or the name of one that is shipped: `reference`
is for the C reference built with -DNO_TAPS. The binary needs debug information (-g), best with -Og or -O0.
gdb with Python does the work; NB_GDB names another one than that on the path.

exit status:
  0   done: all places and values found, or the trace is complete and in the state of the whole run
  2   nothing can be concluded: no gdb, no debug information, a place or value not found, a failing program
  3   wrong usage, or a map that breaks a rule
"""
EXAMPLES = (
    "nb-trace-map draft --binary ./nanoBragg > my.toml",
    "nb-trace-map check my.toml --binary ./nanoBragg",
    "nb-trace-map trace my.toml --binary ./nanoBragg --pixel 3 4 --out c.log -- -cell 79 79 38 90 90 90 "
    "-default_F 100 -detpixels 8",
)


def make_parser() -> CommandParser:
    """Return the parser of nb-trace-map."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parts = parser.add_subparsers(dest="part", required=True, metavar="check|draft|trace")
    for name, text in (
        ("check", "hold a map against a binary"),
        ("draft", "write a map to edit to standard output"),
        ("trace", "trace pixels; the command line of the program stands behind --"),
    ):
        part = parts.add_parser(name, help=text, description=f"{text}.")
        if name != "draft":
            part.add_argument("map", metavar="MAP", help="a file, or the name of a shipped map")
        part.add_argument("--binary", type=Path, required=True, metavar="B", help="the program, with -g")
        part.add_argument(
            "--source",
            type=Path,
            metavar="DIR",
            help="where its sources are now; default: where it was built",
        )
        if name == "trace":
            _add_trace(part)
    return parser


def _add_trace(part: argparse.ArgumentParser) -> None:
    add = part.add_argument
    add(
        "--pixel",
        nargs=2,
        type=int,
        action="append",
        required=True,
        metavar=("SLOW", "FAST"),
        help="repeatable",
    )
    add("--out", metavar="FILE", help="where to write the trace; default standard output")
    add("--schema", type=int, choices=(1, 2), default=2, help="version of the trace format; default 2")
    add("--timeout", type=_seconds, default=RUN_S, metavar="S", help=f"for each run; default {RUN_S:g}")
    add(
        "--skip-unreadable", action="store_true",
        help="leave out taps that cannot be read; the exit status is 2 all the same",
    )  # fmt: skip
    add(
        "--no-whole-run", action="store_true",
        help="leave out the run that proves that the pixel is in the state of the whole run",
    )  # fmt: skip


def _seconds(word: str) -> float:
    value = float(word)
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{word}' is no number of seconds above 0")
    return value


def _check(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from trace_tools.debugger.check import check_map, report_lines

    tap_map = load_map(options.map)
    found = check_map(tap_map, options.binary, options.source)
    sys.stdout.write("".join(f"{line}\n" for line in report_lines(found)))
    return EXIT_STATUS[Word.PASS if found.is_good else Word.NOT_COMPARABLE]


def _draft(options: argparse.Namespace, _words: Sequence[str]) -> int:
    from trace_tools.debugger.draft import draft_map

    sys.stdout.write(draft_map(options.binary, options.source))
    return EXIT_STATUS[Word.PASS]


def _trace(options: argparse.Namespace, words: Sequence[str]) -> int:
    tap_map = load_map(options.map)
    if options.out is not None:
        inputs = {"MAP": options.map, "--binary": str(options.binary)}
        require_free_targets(targets({"--out": options.out}), targets(inputs), TraceError)
    binary = options.binary.absolute()
    program = open_debugged(binary, {place.file for place in tap_map.places.values()}, options.source)
    job = DebugJob(
        tap_map, program, tuple(words), Path.cwd(), tuple((s, f) for s, f in options.pixel), options.schema,
        options.timeout, not options.no_whole_run, options.skip_unreadable,
    )  # fmt: skip
    for path in program.newer:
        say_warning(NAME, f"source '{path}' is newer than the binary; places may be wrong, build it again")
    found = trace_pixels(job)
    if options.out is None:
        sys.stdout.write(found.text)
    else:
        write_whole(Path(options.out), [found.text.encode()], "trace", TraceError)
    return _said(found)


def _said(found: DebugTrace) -> int:
    """Say what is to be known of a trace, and return the exit status."""
    for name, why in found.unread.items():
        say_warning(NAME, f"tap '{name}' was left out: {why}")
    for (slow, fast), state in found.states.items():
        sys.stderr.write(f"pixel slow {slow} fast {fast}: {found.tap_count} taps; {state}\n")
    if found.unreached:
        sys.stderr.write(f"not reached in this run: {', '.join(found.unreached)}\n")
    whole = not found.unread and not found.differs
    return EXIT_STATUS[Word.PASS if whole else Word.NOT_COMPARABLE]


PARTS: Mapping[str, Callable[[argparse.Namespace, Sequence[str]], int]] = {
    "check": _check,
    "draft": _draft,
    "trace": _trace,
}


def _command(argv: Sequence[str]) -> int:
    own, words = list(argv), []
    if "--" in own:
        place = own.index("--")
        own, words = own[:place], own[place + 1 :]
    options = make_parser().parse_args(own)
    if words and options.part != "trace":
        raise UsageError(f"{options.part} runs no program; leave '--' and what is behind it out")
    return PARTS[options.part](options, words)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nb-trace-map``; returns its exit status."""
    return Command(NAME, _command)(argv)


if __name__ == "__main__":
    sys.exit(main())
