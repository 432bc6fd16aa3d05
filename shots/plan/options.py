"""The options of a nanoBragg command line as a plan uses them: which it may type, which it may vary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.command_line.option_table import BY_SPELLING, OPTIONS, Option
from simulator.command_line.options import parse
from system_io.errors import UserError

ANY_FACTORS = ("-default_F", "1")
"""Stand in for structure factors where a command line is read for all else."""
OF_THE_RUN = "it belongs to one run, not to a series; leave it out"
REFUSED: Mapping[str, str] = {
    **{
        option.name: "[output] and [recording] say what is written; leave it out"
        for option in OPTIONS
        if option.group == "output" and option.name not in ("-nonoise", "-nopgm")
    },
    **dict.fromkeys(("-printout", "-printout_pixel", "-stolout", "--cache", "--list-quirks"), OF_THE_RUN),
    **dict.fromkeys(
        ("-trace_pixel", "-trace_roi", "-trace_level", "-trace_schema", "-trace_file"), OF_THE_RUN
    ),
    **dict.fromkeys(("-trace_only", "--version", "--help"), OF_THE_RUN),
    "-seed": "the seed of the plan decides the noise; leave it out",
}
"""Options that a plan's command may not have, and why."""
SHARED_CRYSTAL = ("-spindle_axis", "-phi", "-osc", "-phistep", "-phisteps")
"""Options of the group of the crystal that all crystals of a shot share."""
UNVARIED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "-pixel",
            "-detpixels",
            "-detpixels_f",
            "-detpixels_s",
            "-detsize",
            "-detsize_f",
            "-detsize_s",
            "-roi",
        ),
        "all shots of a data set have the same pixels; type it in the command",
    ),
    **dict.fromkeys(("-mosaic_seed", "-misset_seed"), "each shot has its own; leave it out"),
    **dict.fromkeys(("-density", "-MW"), "it has no effect; leave it out"),
    "-misset": "give orientation = ...",
    "-cell": "give [vary.cell] with lengths and angles_deg",
}
"""Options of numbers that do not vary, and what to do."""
VARIABLE_GROUPS = ("crystal", "structure factors", "beam", "detector", "sampling and run control")
RIVALS: tuple[tuple[str, ...], ...] = (
    ("-lambda", "-energy"),
    ("-fluence", "-flux"),
    ("-distance", "-close_distance"),
    ("-Xbeam", "-Xclose", "-ORGX"),
    ("-Ybeam", "-Yclose", "-ORGY"),
    ("-divergence", "-hdivrange", "-vdivrange"),
    ("-divsteps", "-hdivsteps", "-vdivsteps"),
    ("-N", "-Na"), ("-N", "-Nb"), ("-N", "-Nc"),
    ("-xtalsize", "-N"), ("-xtalsize", "-Na"), ("-xtalsize", "-Nb"), ("-xtalsize", "-Nc"),
    ("-xtalsize", "-sample_x"), ("-xtalsize", "-sample_y"), ("-xtalsize", "-sample_z"),
    ("-sample_x", "-Na"), ("-sample_y", "-Nb"), ("-sample_z", "-Nc"),
    ("-pix0_vector", "-pix0_vector_mm"),
)  # fmt: skip
"""Options that say the same quantity: a plan types or varies one of them."""


@dataclass(frozen=True)
class TypedOption:
    """An option of a command line: its name in the option table, and the words it was typed in."""

    name: str
    words: tuple[str, ...]


def typed_options(words: Sequence[str]) -> tuple[TypedOption, ...]:
    """Return the options of a command line in their order.

    Raises:
        InputError: for words that are no command line.
    """
    found, place = [], 0
    for item in parse(words).given:
        count = 1 + len(item.values)
        found.append(TypedOption(item.name, tuple(words[place : place + count])))
        place += count
    return tuple(found)


def without_options(words: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return a command line without some options.

    Raises:
        InputError: for words that are no command line.
    """
    left_out = frozenset(names)
    return tuple(word for item in typed_options(words) if item.name not in left_out for word in item.words)


def in_folder(words: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return a command line whose files are named from a folder.

    Raises:
        InputError: for words that are no command line.
    """
    placed: list[str] = []
    for item in typed_options(words):
        spelling, *values = item.words
        named = BY_SPELLING[spelling].kinds == ("file",)
        placed += [spelling, *(str(folder / value) if named else value for value in values)]
    return tuple(placed)


def files_in(words: Sequence[str]) -> tuple[Path, ...]:
    """Return the files that a command line names.

    Raises:
        InputError: for words that are no command line.
    """
    typed = typed_options(words)
    return tuple(Path(item.words[1]) for item in typed if BY_SPELLING[item.name].kinds == ("file",))


def variable_option(key: str) -> Option | None:
    """Return the option that a key of [vary] names, without its hyphen; None where there is none.

    Raises:
        UserError: there is one that does not vary.
    """
    option = BY_SPELLING.get(f"-{key}")
    if option is None:
        return None
    if option.name in UNVARIED:
        raise UserError(f"is not varied: {UNVARIED[option.name]}")
    if (
        option.group not in VARIABLE_GROUPS
        or not option.kinds
        or not set("".join(option.kinds)) <= {"f", "i"}
    ):
        return _of_numbers(option)
    return option


def _of_numbers(option: Option) -> Option:
    """Return an option whose value can be a number.

    Raises:
        UserError: it has none.
    """
    if option.kinds == ("f|inf",):
        return option
    raise UserError(
        f"is not varied: {option.name} takes no number of a run's physics; type it in the command"
    )


def variable_keys() -> tuple[str, ...]:
    """Return the keys of all options that vary."""
    keys = []
    for option in OPTIONS:
        try:
            found = variable_option(option.name[1:])
        except UserError:
            continue
        if found is not None:
            keys.append(option.name[1:])
    return tuple(keys)


def is_of_crystal(option: str) -> bool:
    """Tell whether each crystal of a shot has its own value of an option."""
    return BY_SPELLING[option].group == "crystal" and option not in SHARED_CRYSTAL


def rival_of(option: str, others: Iterable[str]) -> str | None:
    """Return which of some options says the same quantity as an option, None for none."""
    there = frozenset(others)
    if option in there:
        return option
    for rivals in RIVALS:
        if option in rivals:
            found = next((name for name in rivals if name != option and name in there), None)
            if found is not None:
                return found
    return None
