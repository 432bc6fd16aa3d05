"""Prepares a nanoBragg command line for a run elsewhere: absolute inputs, no outputs of the caller's.

Options are those of the simulator's option table, recognised by their exact names (spec 01 section 2). Output
options of the caller are taken out with a note, since the harness names every output itself; options that
only one program knows, or that make no image, are refused with the option of the harness to use instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

from harness.errors import UsageError
from simulator.command_line.option_table import BY_SPELLING, OPTIONS
from simulator.config import OPTION, Output


def spelled(*names: str) -> frozenset[str]:
    """Return every spelling of some options, each given by any of its own.

    Raises:
        KeyError: for an option that the option table of the simulator has not.
    """
    return frozenset(word for name in names for word in BY_SPELLING[name].spellings)


HKL_OPTIONS = spelled("-hkl")
DUMP_OPTIONS = spelled("-dump")
TRACE_OPTIONS = spelled("-trace_pixel", "-trace_roi")
IMAGE_OPTIONS = spelled(*(item.metadata[OPTION] for item in fields(Output) if item.metadata))
OUTPUT_OPTIONS = IMAGE_OPTIONS | spelled("-stolout", "-trace_file")
FILE_OPTIONS = spelled(*(option.name for option in OPTIONS if option.kinds == ("file",)))
INPUT_OPTIONS = FILE_OPTIONS - OUTPUT_OPTIONS - DUMP_OPTIONS
EPSILON_OPTIONS = spelled("--epsilon")
QUIRK_OPTIONS = spelled("--quirk")
REMEDIES: Mapping[str, str] = {
    "--parity-mode": "give --parity-mode before the --",
    "-dtype": "give --dtype before the --",
    "-device": "give --device before the --",
    "--compile": "compared images are computed operation by operation",
    "--reproducible": "leave it out, the simulator is told so anyway",
    "--phi-carryover-mode": "write --quirk Q-PHI-CARRYOVER=on or =off, which both programs know",
    **dict.fromkeys(("--help", "--version", "--list-quirks", "--cache"), "leave it out"),
}
"""Options that cannot stand in a compared command line, and what to do instead."""
REFUSED: Mapping[str, str] = {word: text for name, text in REMEDIES.items() for word in spelled(name)}
FAST_COUNT = spelled("-detpixels", "-detpixels_f")
SLOW_COUNT = spelled("-detpixels", "-detpixels_s")


@dataclass(frozen=True)
class PreparedArguments:
    """Words for a run in any directory, the input files they name, files to copy there first, and notes.

    `last` are words that must stand behind all others, those of the harness included. `output_words` ask for
    outputs that are compared beside the float image, `kept` are their names in the directory of a run.
    """

    words: tuple[str, ...]
    copies: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    last: tuple[str, ...] = ()
    output_words: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def traces(self) -> bool:
        """Tell whether pixels are to be traced."""
        return any(word in TRACE_OPTIONS for word in self.words)

    @property
    def has_quirks(self) -> bool:
        """Tell whether single quirks are set on the command line."""
        return any(word in QUIRK_OPTIONS for word in self.words)


def prepare_arguments(
    args: Sequence[str], caller: Path, is_file: Callable[[Path], bool] = Path.is_file
) -> PreparedArguments:
    """Make a nanoBragg command line independent of the caller's directory.

    Names of input files become absolute. A dump file (`-dump`) is read and written by nanoBragg: an
    existing one is copied for each program if the run reads it (no `-hkl`), and never written to.

    Args:
        args: the words of the command line.
        caller: directory to which relative names refer.
        is_file: tells of an absolute path whether a file is there.

    Returns:
        The words to run with, files to copy into the run's directory, notes.

    Raises:
        UsageError: an option that cannot be used in a comparison.
    """
    for word in args:
        if word in REFUSED:
            raise UsageError(f"option '{word}' cannot stand in the compared command line; {REFUSED[word]}")
    reads_hkl = any(word in HKL_OPTIONS for word in args)
    words: list[str] = []
    copies: list[tuple[Path, str]] = []
    notes: list[str] = []
    inputs: list[Path] = []
    rest = list(args)
    while rest:
        option = rest.pop(0)
        if option not in FILE_OPTIONS or not rest:
            words.append(option)
            continue
        value = rest.pop(0)
        if option in OUTPUT_OPTIONS:
            notes.append(f"{option} {value} was taken out: the outputs are named by the harness")
            continue
        path = (caller / value).absolute()
        there = is_file(path)
        if option in INPUT_OPTIONS:
            words += [option, str(path)]
            inputs += [path] if there else []
            continue
        if there and not reads_hkl:
            copies.append((path, path.name))
            inputs.append(path)
        words += [option, path.name]
    return PreparedArguments(tuple(words), tuple(copies), tuple(notes), tuple(dict.fromkeys(inputs)))


def detector_shape(words: Sequence[str]) -> tuple[int, int] | None:
    """Return (slow, fast) pixel counts if the command line states both as whole numbers, else None."""
    counts = {"fast": 0, "slow": 0}
    for option, value in pairwise(words):
        if not value.isdecimal():
            continue
        if option in FAST_COUNT:
            counts["fast"] = int(value)
        if option in SLOW_COUNT:
            counts["slow"] = int(value)
    return (counts["slow"], counts["fast"]) if all(counts.values()) else None


def values_of(words: Sequence[str], options: Collection[str], count: int) -> list[tuple[str, ...]]:
    """Return the `count` words behind each place where one of some options stands."""
    places = [place + 1 for place, word in enumerate(words) if word in options]
    return [tuple(words[place : place + count]) for place in places if place + count <= len(words)]


def last_numbers(words: Sequence[str], options: Collection[str], count: int) -> tuple[float, ...] | None:
    """Return the numbers behind the last of some options, None if there is none or they are no numbers."""
    found = values_of(words, options, count)
    try:
        return tuple(float(text) for text in found[-1]) if found else None
    except ValueError:
        return None
