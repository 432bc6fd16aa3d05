"""The options of nb-compare, and the comparison that they ask for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.contract.rules import FORMS, PIXELS, asked_contract, mask_of_caller
from harness.errors import UsageError
from harness.images.compare import Region
from harness.images.coverage import SMALL_REGION
from harness.images.judgement import PUBLISHED, STRICT, ImageBounds
from harness.kept.options import add_no_cache, chosen_shelf
from harness.option_types import correlation, positive_seconds, thread_count
from harness.outputs.request import ALL, EXACT, FLOAT_NAME, NOISE_WAYS, ROWS, STATISTICS, output_request
from harness.pairs.pair import PairJob
from harness.probing.match import matched
from harness.programs.arguments import prepare_arguments
from harness.programs.image_file import file_program
from harness.programs.programs import (
    DEVICES,
    DTYPES,
    FILE_KIND,
    MODES,
    Program,
    first_program,
    second_program,
)
from harness.programs.side_words import require_known
from harness.time_limits import RUN_S
from system_io.parser import CommandParser
from system_io.shown import printable

NAME = "nb-compare"
RUN_OPTIONS = ("c_bin", "py_bin", "dtype", "device", "outputs", "noise")
NO_PROGRAM = Program(FILE_KIND, (), {})
DESCRIPTION = "Run two nanoBragg programs on one command line and compare their float images."
EPILOG = """\
Everything behind -- is the nanoBragg command line, given to both programs. File names in it refer to the
current directory; each program runs in an empty directory of its own. Options that name outputs are taken
out with a note. Only an explicit -dump FILE is read; a Fdump.bin lying about is not.

Two images that exist already are compared with the same figures and bounds: nb-compare A B, or with
--shape SLOW FAST for files of raw 4-byte floats; SMV files and .npy arrays tell their own shape.

first program (c):   --c-bin P, else the environment variable NB_C_BIN, else the C reference, built on first
                     use (CC names the compiler, NB_CACHE the directory for binaries)
second program (py): --py-bin P, else the PyTorch simulator
A binary given by path that does not present itself (--version) as one of this project's programs knows
only c-parity, and has no --dtype or --device; it runs on one thread (--threads). An option that only one
side knows (--quirk, --epsilon) is told to that side, with a note. Where all bounds hold, a program given by
path runs once more with twice the fluence, which must change its image; where one does not, an external
program runs once more, and single quirks are tried that could explain it.

The result of a C program is kept in the folder that NB_CACHE names (else the user's cache folder) by all that
it depends on: program, libraries, processor, words, inputs, variables. Where nothing of that has changed it
serves again, and table, notes and summary.json say so. Scripts, the simulator, runs on several threads and
all further runs are made anew, and so is everything with --no-cache or --determinism; nbp cache shows and
empties the folder.

strict bounds:       no pixel outside rounding: beyond 4.8e-7 (float64) or 2.2e-6 (mixed, float32) of its own
                     value, as other builds and arithmetics measured; no reflection outside the same part of
                     its integrated intensity; |difference of the sums| <= 1e-6 of the sum of magnitudes,
                     max |diff| <= 1e-6 of the maximum, mean peak distance <= 0.01 px, no unmatched peak;
                     with --epsilon E each pixel may lack E of the maximum besides, in sums and reflections,
                     too, peaks below 200 E of it are not compared, others agree within 1 px: LOOSENED
published bounds:    correlation >= 0.9995, sum ratio 0.99 to 1.01, mean peak distance <= 1 px,
                     no unmatched peak

verdict and exit status:
  PASS 0             all strict bounds hold
  PASS (ROUNDING) 0  all strict bounds hold, but more than 0.1 % of the pixels are unequal in float64;
                     where both programs know our traces the worst pixel is traced, and a cause is FAIL
  PASS (LOOSENED) 0  the bounds in force hold, the strict ones do not, or the image was resampled
  FAIL 1             a bound does not hold; NaN, infinity or a constant image on one side only
  NOT COMPARABLE 2   shapes differ, empty region, fewer than 9 pixels, NaN or constant images on both sides;
                     a region below 1 % of the pixels and of the photons (unless --small-region);
                     both sides are one program (unless --determinism), or one ignores its command line
  ERROR 3            a program failed or timed out, traces that were asked for are missing, wrong usage

The verdict line says what was compared: pixels, photons, reflections, taps and options, and what was not. The
pixels of a reflection are those that come nearest to it, as the simulator reads the command line; where it
cannot, or for two images, no reflections are compared, and the line says why.

--allow RULE is for a patch, its old build on side c and the new one on side py: what the rules declare may
change, and everything else must be equal bit for bit, else FAIL names the first other place
(docs/contract.md). pixels: these pixels, fast first. taps: this tap and all below it in the tap graph, in
traces of pixels that differ (the first, the worst, some drawn) and of equal ones. quirk: pixels that the
quirk changes in the C reference, to the values that it has there. A rule that nothing needs is stated; one
that leaves nothing to be held is NOT COMPARABLE.

--outputs compares further files of the same runs, --outputs all each that the command line has them write:
SMV, preview and noise images with headers and printed figures, and the dump of -hkl. A difference is FAIL,
unless both sides have exactly what their own float images give; a missing or broken file is ERROR. Noise is
exact with equal seeds (-seed 1 is added where there is none); --noise statistics holds noise images of other
seeds or generators against the float images instead, with a false-alarm rate of 1 in 1000.

files: summary.json, reflections.csv (each reflection, the largest relative difference first), c.png, py.png,
diff.png, relative.png (of each pixel's own value), c_float.bin, py_float.bin, c_stdout.txt, c_stderr.txt,
py_stdout.txt, py_stderr.txt, commands.txt, env.json, sha256.txt; the outputs compared, c_ or py_ before their
names; c_trace.log and py_trace.log if the command
line has -trace_pixel or -trace_roi. `nb-report verify DIR` checks them, `nb-report html DIR` shows them.
"""

EXAMPLES = (
    "nb-compare -- -cell 79 79 38 90 90 90 -default_F 100 -N 10 -lambda 1 -distance 100 -detpixels 512",
    "nb-compare --outputs smv,noise -- -cell 79 -default_F 100 -N 10 -lambda 1 -distance 100 -detpixels 99",
    "nb-compare --c-bin ./old --py-bin ./new --allow pixels:0-9,5 --allow taps:polar -- -mat A.mat -lambda 1",
    "nb-compare --c-bin ./mine --roi 100 156 100 156 --outdir proof -- -mat A.mat -hkl scaled.hkl -lambda 1",
)


def make_parser() -> CommandParser:
    """Return the parser of the options before the --."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.usage = f"{NAME} [options] -- NANOBRAGG-ARGS\n       {NAME} [options] IMAGE IMAGE"
    parser.add_argument(
        "images", nargs="*", type=Path, metavar="IMAGE", help="two images in place of programs"
    )
    parser.add_argument(
        "--shape", nargs=2, type=int, metavar=("SLOW", "FAST"), help="pixels of images of raw floats"
    )
    parser.add_argument(
        "--roi", nargs=4, type=int, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
        help="compare only these pixels, bounds inclusive, x fast, y slow; whole images are made",
    )  # fmt: skip
    add = parser.add_argument
    add("--resample", action="store_true", help="bring the second image to the first one's shape")
    add("--outdir", metavar="DIR", help="new directory for the files; default nb-compare-TIME")
    add("--parity-mode", choices=MODES, help="default c-parity; a program of yours is not probed then")
    add(
        "--match-quirks", action=argparse.BooleanOptionalAction, default=True,
        help="probe a program given by path, and run the other side with just its quirks (default)",
    )  # fmt: skip
    add("--c-bin", metavar="P", help="first program")
    add("--py-bin", metavar="P", help="second program")
    add("--threshold", type=correlation, metavar="T", help="least correlation, in place of the bound")
    add("--published-bounds", action="store_true", help="use the published bounds")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--device", choices=DEVICES, help="of the simulator")
    add("--timeout", type=positive_seconds, default=RUN_S, metavar="S", help="for each run")
    add("--threads", type=thread_count, default=1, metavar="N", help="of external programs; default 1")
    add_no_cache(parser)
    add(
        "--allow", action="append", default=[], metavar="RULE",
        help="what a patch may change, all else being equal bit for bit; repeatable: " + FORMS,
    )  # fmt: skip
    add("--determinism", action="store_true", help="both sides may be one program")
    add(SMALL_REGION, action="store_true", help="judge a region that says nothing about the image, too")
    add(
        "--outputs",
        metavar="LIST",
        help=f"outputs compared, of {', '.join([*ROWS, ALL])}; default {FLOAT_NAME}",
    )
    add("--noise", choices=NOISE_WAYS, help=f"how noise images are compared; default {EXACT}")
    add("--json", action="store_true", help="write summary.json to standard output, nothing else")
    parser.add_verbosity()
    return parser


def chosen_bounds(published: bool, threshold: float | None) -> ImageBounds:
    """Return the bounds in force."""
    bounds = PUBLISHED if published else STRICT
    return bounds if threshold is None else bounds.with_correlation(threshold)


def asked_pair(options: argparse.Namespace, args: Sequence[str], caller: Path | None = None) -> PairJob:
    """Return the comparison of two images, else of two programs on the words behind the --.

    Args:
        options: those before the --.
        args: the words behind it.
        caller: folder that relative names refer to, None for the current one.

    Raises:
        ProgramError: a program or an image cannot be used.
        UsageError: an image of raw floats without a shape.
    """
    caller = caller or Path.cwd()
    return _image_job(options, caller) if options.images else _job(options, args, caller)


def require_one_kind(options: argparse.Namespace, args: Sequence[str] | None) -> None:
    """Check that either a command line or two images are given.

    Raises:
        UsageError: if neither or both are, or an option goes with the other one only.
    """
    if not args and not options.images:
        raise UsageError(f"no nanoBragg command line: write it behind --; see {NAME} --help")
    if options.allow:
        _require_exact(options)
    if not options.images:
        if options.shape:
            raise UsageError("--shape is for two images that exist; leave it out, or name them")
        return
    if len(options.images) != 2:
        raise UsageError(f"{len(options.images)} images; name two, or a command line behind --")
    if args:
        raise UsageError("two images and a command line behind -- ; give one of them")
    for option in RUN_OPTIONS:
        if getattr(options, option) is not None:
            raise UsageError(f"--{option.replace('_', '-')} is for programs, not for images; leave it out")


def _require_exact(options: argparse.Namespace) -> None:
    """Check that nothing asks for less than equal bits where --allow says what may differ.

    Raises:
        UsageError: if something does.
    """
    looser = {
        "--resample": options.resample,
        "--published-bounds": options.published_bounds,
        "--threshold": options.threshold is not None,
        f"--noise {STATISTICS}": options.noise == STATISTICS,
    }
    for option, given in looser.items():
        if given:
            raise UsageError(f"--allow holds all else bit for bit, {option} does not; leave one of them out")


def _image_job(options: argparse.Namespace, caller: Path) -> PairJob:
    first, second = (
        file_program(path, what, options.shape)
        for path, what in zip(options.images, ("first image", "second image"), strict=True)
    )
    job = replace(_settings(options, caller), first=first, second=second)
    for rule in job.contract.rules if job.contract else ():
        if rule.kind != PIXELS:
            raise UsageError(
                f"--allow {printable(rule.text)} takes further runs of programs, which images are not; name "
                "pixels, or compare the programs"
            )
    return job


def _settings(options: argparse.Namespace, caller: Path) -> PairJob:
    """Return a job with all that does not depend on programs and words."""
    return PairJob(
        first=NO_PROGRAM,
        second=NO_PROGRAM,
        args=(),
        caller=caller,
        mode=options.parity_mode or MODES[0],
        roi=Region(*options.roi) if options.roi else None,
        bounds=chosen_bounds(options.published_bounds, options.threshold),
        resample=options.resample,
        timeout_s=options.timeout,
        threads=options.threads,
        determinism=options.determinism,
        small_region=options.small_region,
        outputs=output_request(options.outputs, options.noise),
        contract=asked_contract(options.allow, mask_of_caller(caller)),
    )


def _job(options: argparse.Namespace, args: Sequence[str], caller: Path) -> PairJob:
    job = replace(
        _settings(options, caller),
        first=first_program(options.c_bin, os.environ, limit_s=options.timeout),
        second=second_program(options.py_bin, options.timeout),
        args=tuple(args),
        dtype=options.dtype,
        device=options.device,
        shelf=chosen_shelf(options.no_cache, os.environ),
    )
    if options.parity_mode or not options.match_quirks:
        return job
    require_known(prepare_arguments(job.args, job.caller).words, job.programs)  # before anything runs
    found = matched(job.programs, args, options.timeout, os.environ)
    if found is not None and job.contract is not None:
        found = found.without(job.contract.declared_quirks)
    return replace(job, matched=found)
