"""The options of trace-harness, and the trace comparison that they ask for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.option_types import positive_seconds, thread_count
from harness.probing.match import Match, matched
from harness.programs.programs import (
    DEVICES,
    DTYPES,
    MODES,
    Program,
    first_program,
    program_at,
    second_program,
)
from harness.time_limits import RUN_S
from harness.tracing.choice import Compared, TracedPixels, compared_program, worst_pixels
from harness.tracing.job import PHI_MODES, TraceJob, traced_arguments
from system_io.parser import CommandParser
from trace_tools.debugger.tap_map import load_map
from trace_tools.tap_points import tap_point

NAME = "trace-harness"
ALL_TAPS = ("all",)
"""What --transplant takes for every tap that differs."""
LEVELS = ("setup", "pixel", "subpixel", "source", "phi", "mosaic")
DESCRIPTION = "Trace pixels in two nanoBragg programs and find the first value on which they differ."
EPILOG = """\
Everything behind -- is the nanoBragg command line, given to both programs. The pixels are traced in the state
of the whole run (phi carryover, interpolation switch); the simulator computes only what they need.

Each program also runs without taps, and the traced pixels must have the same bits there (observer check).

verdict and exit status:
  PASS 0             every record within its bound
  PASS (LOOSENED) 0  the same, with bounds wider than the measured ones (--rtol, --atol, --k)
  FAIL 1             a record outside its bound, or on one side only; or the image file holds something
                     else than the last tap says: the fault is behind it
  NOT COMPARABLE 2   the traces have no record in common
  ERROR 3            a program failed, a trace is broken, or taps changed a pixel; wrong usage

A first program that prints no taps is traced by gdb: --tap-map names the map that says where each tap is in
its source (docs/debugger-taps.md); status 2 where nothing can be read. Only the taps of the map are compared.
Without --tap-map the first map of NB_TAP_MAPS (else of nanobragg-parity/tap_maps in the user's .config), or
of those that are shipped, is taken all of whose places are in the program; --no-tap-map takes none.

--budget says how much of each tap's own difference is in the difference of the pixel, to first order by
autograd through the simulator, and what is left unexplained; it goes to traces.json and diff.md, too.

--who-is-right encloses, in ball arithmetic (python-flint, else mpmath), what any rounding of each tap's
formula may give at a program's own inputs: "equal up to rounding, proven", "c is off", "py is off", "both are
off", or "not provable here" with the reason. It changes no verdict and no exit status.

--transplant puts the values of each program into the other, at the place where it makes them: into the
simulator, and by gdb into a C program with debug information (the C reference needs nothing; else --tap-map,
or a shipped map that fits). It says which share of the difference vanishes with each tap alone and on top
of those before it: agreement with --budget shows that the difference is linear, disagreement names a branch
that flips or a tap that is missing. --explain does all three, and diff.md begins with the cause.

files: c_trace.log, py_trace.log, traces.json, diff.md, commands.txt, env.json, sha256.txt (and graph.json
with --emit-rot-stars, floor.json with --floor). `nb-report verify DIR` compares the traces again,
`nb-report replay DIR` makes them again, `nb-report html DIR` shows taps and budgets.
"""

EXAMPLES = (
    "trace-harness --pixel 100 120 -- -cell 79 79 38 90 90 90 -default_F 100 -lambda 1 -detpixels 512",
    "trace-harness --worst 3 --from proof",
    "trace-harness --worst 1 --from proof --budget --outdir why",
    "trace-harness --worst 1 --from proof --c-bin ./mine --tap-map mine.toml",
    "trace-harness --worst 1 --from proof --explain --outdir why",
)


def tap_list(text: str) -> tuple[str, ...]:
    """Return the taps of --transplant.

    Raises:
        argparse.ArgumentTypeError: no tap, or one that does not exist.
    """
    taps = tuple(word for word in text.split(",") if word)
    if not taps:
        raise argparse.ArgumentTypeError("names no tap; give TAP[,TAP...] or all")
    for tap in taps if taps != ALL_TAPS else ():
        try:
            tap_point(tap)
        except KeyError as error:
            raise argparse.ArgumentTypeError(error.args[0]) from None
    return taps


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.usage = f"{NAME} --pixel SLOW FAST [options] -- NANOBRAGG-ARGS"
    add = parser.add_argument
    add(
        "--pixel", nargs=2, type=int, action="append", default=[], metavar=("SLOW", "FAST"), help="repeatable"
    )
    add("--roi", nargs=4, type=int, metavar=("S0", "S1", "F0", "F1"), help="a block, bounds inclusive")
    add("--worst", type=int, metavar="N", help="the N worst pixels of the comparison in --from")
    add(
        "--from", dest="folder", type=Path, metavar="DIR",
        help="result of nb-compare; its programs are taken, and its command line if none is given",
    )  # fmt: skip
    add("--parity-mode", choices=MODES, help=f"default that of --from, else {MODES[0]}")
    add(
        "--match-quirks", action=argparse.BooleanOptionalAction, default=True,
        help="probe a program given by path, and run the other side with just its quirks (default)",
    )  # fmt: skip
    add("--phi-mode", choices=tuple(PHI_MODES), help="the phi carryover alone; default as --parity-mode")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add("--level", choices=LEVELS, default=LEVELS[-1], help="innermost loop to trace")
    add("--emit-rot-stars", action="store_true", help="add the reciprocal vectors of each phi step")
    add("--budget", action="store_true", help="give each tap its share in the difference of a pixel")
    add("--who-is-right", action="store_true", help="hold each value to what rounding allows of its formula")
    add(
        "--transplant", type=tap_list, metavar="TAP[,TAP...]", default=(),
        help="put one program's values of these taps into the other; 'all' for those that differ",
    )  # fmt: skip
    add("--explain", action="store_true", help="budget, transplant and who is right, on one page")
    add("--no-observer-check", action="store_true", help="leave out the runs without taps")
    add("--rtol", type=float, help="relative tolerance in place of the noise floor")
    add("--atol", type=float, help="absolute tolerance in place of the noise floor")
    add("--k", type=float, help="factor from noise floor to bound; default: that of the floor file")
    add("--floor", metavar="FILE", help="noise floor file; default: the one of the package")
    add("--outdir", metavar="DIR", help=f"new directory for the files; default {NAME}-TIME")
    add("--c-bin", metavar="P", help="first program; default that of --from, else the C reference")
    add("--py-bin", metavar="P", help="second program; default that of --from, else the PyTorch simulator")
    add(
        "--tap-map", metavar="MAP",
        help="the first program prints no taps: a debugger reads them with this map (nb-trace-map)",
    )  # fmt: skip
    add(
        "--no-tap-map", dest="choose_map", action="store_false",
        help="look for no map where the first program prints no taps",
    )  # fmt: skip
    add("--threads", type=thread_count, metavar="N", help="of external programs; default 1")
    add("--determinism", action="store_true", help="both sides may be one program")
    add("--timeout", type=positive_seconds, default=RUN_S, metavar="S", help="for each run")
    add("--json", action="store_true", help="write traces.json to standard output, nothing else")
    parser.add_verbosity()
    return parser


def parse_options(own: Sequence[str]) -> argparse.Namespace:
    """Return the options before the --; --explain stands for those that it does.

    Raises:
        UsageError: options that need all taps, with fewer.
    """
    options = make_parser().parse_args(own)
    if options.tap_map is not None and not options.choose_map:
        raise UsageError("--tap-map names a map, --no-tap-map wants none; leave one of them out")
    if options.explain:
        options.budget = options.who_is_right = True
        options.transplant = options.transplant or ALL_TAPS
    for asked, option in ((options.budget, "--budget"), (options.transplant, "--transplant")):
        if asked and options.level != LEVELS[-1]:
            raise UsageError(f"{option} needs all taps, not --level {options.level}; leave --level out")
    return options


def asked_trace(options: argparse.Namespace, args: Sequence[str], compared: Compared | None) -> TraceJob:
    """Return the trace comparison that is asked for.

    Args:
        options: of the parser.
        args: the words behind the --, empty for those of `compared`.
        compared: the comparison that --from names.

    Raises:
        UsageError: no command line or no pixel to trace.
        ProgramError: a program cannot be used.
    """
    caller = Path.cwd()
    if not args and compared is not None:
        args, caller = compared.args, compared.caller or caller
    if options.tap_map is not None:
        load_map(options.tap_map)
    if not args:
        raise UsageError(f"no nanoBragg command line: write it behind --; see {NAME} --help")
    first, second = _programs(options, compared)
    settings = compared.settings if compared else {}
    job = TraceJob(
        first=first,
        second=second,
        args=tuple(args),
        caller=caller,
        pixels=_pixels(options, compared),
        roi=tuple(options.roi) if options.roi else None,
        mode=options.parity_mode or (compared.mode if compared else MODES[0]),
        phi_mode=options.phi_mode,
        dtype=options.dtype or settings.get("dtype"),
        device=options.device or settings.get("device"),
        level=options.level,
        observer_check=not options.no_observer_check,
        timeout_s=options.timeout,
        threads=options.threads or settings.get("threads", 1),
        determinism=options.determinism or settings.get("determinism", False),
        tap_map=options.tap_map,
        choose_map=options.choose_map,
    )
    return replace(job, matched=_matched(job, options, compared))


def _matched(job: TraceJob, options: argparse.Namespace, compared: Compared | None) -> Match | None:
    """Return what was told of a program in the comparison of --from, else what is told of it now."""
    if options.parity_mode or not options.match_quirks:
        return None
    if compared is not None and not (options.c_bin or options.py_bin):
        return Match.of(compared.settings.get("matched"))
    traced_arguments(job)  # wrong usage is said before anything runs
    return matched(job.programs, job.args, job.timeout_s, os.environ)


def _programs(options: argparse.Namespace, compared: Compared | None) -> tuple[Program, Program]:
    """Return the programs given by path, else those that made the comparison, else the usual ones."""
    limit_s = options.timeout
    if compared is None:
        first = first_program(options.c_bin, os.environ, limit_s=limit_s)
        return first, second_program(options.py_bin, limit_s)
    found = [
        program_at(given, option, limit_s) if given else compared_program(compared, side, option, limit_s)
        for side, option, given in (("c", "--c-bin", options.c_bin), ("py", "--py-bin", options.py_bin))
    ]
    return found[0], found[1]


def _pixels(options: argparse.Namespace, compared: Compared | None) -> TracedPixels:
    pixels: TracedPixels = tuple((slow, fast) for slow, fast in options.pixel)
    if options.worst is not None:
        if compared is None:
            raise UsageError("--worst needs the comparison that it takes the pixels from; give --from DIR")
        if options.worst < 1:
            raise UsageError(f"--worst {options.worst}: must be 1 or more")
        pixels += worst_pixels(compared, options.worst)
    if not pixels and options.roi is None:
        raise UsageError(
            "no pixel to trace; give --pixel SLOW FAST, --roi S0 S1 F0 F1, or --worst N --from DIR"
        )
    return tuple(dict.fromkeys(pixels))
