"""The `[structure]` of a plan: an -hkl file made of another program's file, beside the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from shots.plan.options import typed_options
from shots.structure.read_structure import StructureChoice, read_structure
from system_io.files import write_whole
from system_io.toml_table import TomlTable

KEYS = ("column", "block", "dmin_A", "wavelength_A", "solvent", "method")
OF_CELL, OF_FACTORS = ("-cell", "-mat"), ("-hkl", "-dump")
NAME_DIGITS = 12


def structure_words(table: TomlTable, folder: Path, command: Sequence[str]) -> tuple[str, ...]:
    """Return the words that name the structure factors of a file, and its cell where none was typed.

    The -hkl file lies beside the plan, named by its content, so that every shot stays a plain command line.

    Args:
        table: `[structure]` of a plan.
        folder: of the plan.
        command: of the plan.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    file = folder / table.take("file", str)
    choice = StructureChoice(
        column=table.take("column", str, ""),
        block=table.take("block", str, ""),
        dmin_A=_not_negative(table, "dmin_A"),
        wavelength_A=_not_negative(table, "wavelength_A"),
        solvent=_solvent(table),
        method=table.take("method", str, ""),
    )
    table.close()
    typed = [item.name for item in typed_options(command)]
    rival = next((name for name in OF_FACTORS if name in typed), None)
    if rival is not None:
        raise table.fault(
            "file", f"gives the structure factors, as {rival} of the command does; leave one out"
        )
    found = read_structure(file, choice)
    text = found.hkl_text()
    target = folder / f"{file.name}-{hashlib.sha256(text).hexdigest()[:NAME_DIGITS]}.hkl"
    if not target.is_file():
        write_whole(target, [text], "-hkl file")
    cell = () if any(name in typed for name in OF_CELL) else found.cell_words()
    return (*cell, "-hkl", str(target))


def _not_negative(table: TomlTable, key: str) -> float:
    value = table.take(key, float, 0.0)
    if not 0.0 <= value < float("inf"):
        raise table.fault(key, f"is {value:g}, must be 0 or more; give such a number")
    return value


def _solvent(table: TomlTable) -> tuple[float, ...]:
    found = table.take("solvent", list, [])
    if found and (len(found) != 2 or not all(isinstance(one, int | float) for one in found)):
        raise table.fault("solvent", f"is {found!r:.60}, must be [k_sol, B_sol]; give two numbers")
    return tuple(float(one) for one in found)
