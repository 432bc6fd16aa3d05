"""The `[output]` of a plan: where shots are written, in which formats, under which names."""

from __future__ import annotations

import re
from pathlib import Path

from shots.formats.writer import USUAL_NAMES, ShotNames
from shots.formats.writers import chosen_writer, writer_named
from shots.plan.shot_plan import OutputSettings
from system_io.errors import UserError
from system_io.toml_table import TomlTable

DEFAULT_OUTDIR, DEFAULT_FORMATS = "shots", ("smv",)
PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
MOST_DIGITS, LONGEST = 12, 100
MASTER = "master"
"""How the names of files of all shots begin."""


def read_output(table: TomlTable, folder: Path) -> OutputSettings:
    """Return what `[output]` asks for.

    Args:
        table: the table.
        folder: of the plan.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    outdir = table.take("outdir", str, DEFAULT_OUTDIR)
    formats = table.texts("formats") or DEFAULT_FORMATS
    names = _names(table)
    for word in formats:
        try:
            writer_named(word)
        except UserError as error:
            raise table.fault("formats", f"has {error}") from error
    if len(set(formats)) != len(formats):
        raise table.fault("formats", f"names one twice: {', '.join(formats)}; name each once")
    compression = _compression(table, formats)
    table.close()
    return OutputSettings(folder / outdir, formats, compression, names)


def _compression(table: TomlTable, formats: tuple[str, ...]) -> dict[str, str]:
    inner = table.table("compression")
    found = {name: inner.take(name, str) for name in inner.content}
    for name, word in found.items():
        if name not in formats:
            raise inner.fault(name, f"is of no format of [output] ({', '.join(formats)}); mend it")
        try:
            chosen_writer(name, USUAL_NAMES, word)
        except UserError as error:
            raise inner.fault(name, f"has {error}") from error
    return found


def _names(table: TomlTable) -> ShotNames:
    pattern = table.take("names", str, USUAL_NAMES.pattern)
    first = table.take("first_number", int, USUAL_NAMES.first)
    runs = re.findall("#+", pattern)
    if len(runs) != 1 or len(runs[0]) > MOST_DIGITS:
        raise table.fault(
            "names", f"is {pattern!r:.60}, must have one run of 1 to {MOST_DIGITS} # for the number of a"
            " shot, such as lyso_#####; give that"
        )  # fmt: skip
    if (
        not PATTERN.fullmatch(pattern.replace("#", "0"))
        or pattern.startswith(MASTER)
        or len(pattern) > LONGEST
    ):
        raise table.fault(
            "names", f"is {pattern!r:.60}, must be letters, digits, _ - . and #, up to {LONGEST}, not"
            f" begin with -, . or {MASTER}; mend it"
        )  # fmt: skip
    if not 0 <= first < 10**MOST_DIGITS:
        raise table.fault("first_number", f"is {first}, must be a whole number from 0; give one")
    return ShotNames(pattern, first)
