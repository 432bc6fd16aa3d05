"""The action `diff` of `nbp pair`: two files of numbers that exist already."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from harness.commands.ci_files import CiFiles, add_ci_options, stated_metrics
from system_io.shown import json_text, printable
from system_io.verdict_words import EXIT_STATUS, Word

if TYPE_CHECKING:
    from harness.described.judged import JudgedPart

FORMAT_KEYS = ("dtype", "shape", "dataset", "array", "columns")


def add_diff_action(actions: Any) -> None:
    """Add `diff` to the actions of a parser."""
    diff = actions.add_parser(
        "diff", help="compare two files of numbers", description="Compare two files of numbers."
    )
    diff.add_argument("first", metavar="A", help="file of the trusted program")
    diff.add_argument("second", metavar="B", help="file of the other one")
    _add_format_options(diff)
    diff.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_ci_options(diff)


def _add_format_options(diff: argparse.ArgumentParser) -> None:
    diff.add_argument(
        "--format", metavar="F", help="raw, npy, npz, text, csv, hdf5, netcdf, smv; default by the ending"
    )
    diff.add_argument("--dtype", metavar="T", help="type of raw numbers, as numpy names it")
    diff.add_argument(
        "--shape", type=int, nargs="+", metavar="N", help="shape of raw numbers, slowest axis first"
    )
    diff.add_argument("--dataset", metavar="NAME", help="of an HDF5 or netCDF-4 file")
    diff.add_argument("--array", metavar="NAME", help="of a .npz file")
    diff.add_argument("--columns", nargs="+", metavar="C", help="of a text, by name or by number from 1")
    diff.add_argument("--mask", metavar="FILE", help="leave out elements where this array is not 0")
    for key, text in (
        ("rel", "of the larger of both"),
        ("abs", "absolute"),
        ("ulp", "in steps of their type"),
    ):
        diff.add_argument(
            f"--{key}", type=float, metavar="X", help=f"bound {text}; without one, elements must be equal"
        )
    diff.add_argument("--combined", action="store_true", help="add --abs and --rel up, in place of either")
    diff.add_argument("--nan", action="store_true", help="NaN on both sides counts as equal")
    diff.add_argument("--zeros", action="store_true", help="0 everywhere on both sides is a result")


def run_diff(options: argparse.Namespace) -> int:
    """Compare two files and return the exit status.

    Args:
        options: of `add_diff_action`.

    Raises:
        HarnessError: a file cannot be read, or one that is to be written exists.
    """
    from harness.described.pair_bundle import figure_of

    files = CiFiles.of(options)
    title = f"{options.first} against {options.second}"
    with files.also_of_errors(title):
        part = compared_files(options)
    reasons = [] if part.word is Word.PASS else [part.text]
    files.publish(stated_metrics(title, part.word, reasons, [figure_of("files", part.facts())]))
    status = EXIT_STATUS[part.word]
    if options.json:
        facts = {"verdict": part.word.value, "exit_status": status, "text": part.text, **part.figures}
        sys.stdout.write(json_text(facts) + "\n")
    else:
        sys.stdout.write(f"{part.word.value}: {printable(part.text)}\n")
    return status


def compared_files(options: argparse.Namespace) -> JudgedPart:
    """Return the verdict on the two files that options name.

    Raises:
        HarnessError: one cannot be read, or they cannot be held against each other.
    """
    from harness.described.two_files import FileRequest, compare_two_files

    return compare_two_files(
        FileRequest(
            options.first, options.second, options.format,
            {key: value for key in FORMAT_KEYS if (value := getattr(options, key)) is not None},
            {key: value for key in ("rel", "abs", "ulp") if (value := getattr(options, key)) is not None},
            combined=options.combined, mask=options.mask, nan=options.nan, zeros=options.zeros,
        )
    )  # fmt: skip
