"""The `[structure]` of a plan: -hkl files made of another program's file, beside the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shots.plan.options import typed_options
from shots.structure.energy_factors import EnergyFactors, energy_factors
from shots.structure.read_structure import StructureChoice, read_structure
from system_io.files import write_whole
from system_io.toml_table import TomlTable

OF_CELL, OF_FACTORS = ("-cell", "-mat"), ("-hkl", "-dump")
NAME_DIGITS = 12
OF_SPECTRUM = "spectrum"
"""Of `dispersion`: f' and f" are those of each energy of `[spectrum]`."""


@dataclass(frozen=True)
class PlanStructure:
    """What `[structure]` gives.

    Attributes:
        words: of the command line, without those of the energies.
        factors: of each energy of the spectrum; None where one table holds for all.
        cell_typed: whether the command has a cell of its own.
    """

    words: tuple[str, ...] = ()
    factors: EnergyFactors | None = None
    cell_typed: bool = True

    def words_at(self, energy_eV: float) -> tuple[str, ...]:
        """Return the words of the command line, for structure factors that follow the energy at this one.

        Raises:
            UserError: they cannot be made.
        """
        if self.factors is None:
            return self.words
        made = self.factors.make_at(energy_eV)
        cell = () if self.cell_typed else self.factors.cell_words()
        return (*cell, "-hkl", str(made))


NO_FILE = PlanStructure()
"""Of a plan whose command names its structure factors."""


def read_plan_structure(table: TomlTable, folder: Path, command: Sequence[str]) -> PlanStructure:
    """Return what names the structure factors of a file, and its cell where none was typed.

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
        tables=table.take("tables", str, ""),
    )
    dispersion, step_eV = table.take("dispersion", str, ""), _not_negative(table, "energy_step_eV")
    table.close()
    typed = [item.name for item in typed_options(command)]
    rival = next((name for name in OF_FACTORS if name in typed), None)
    if rival is not None:
        raise table.fault(
            "file", f"gives the structure factors, as {rival} of the command does; leave one out"
        )
    cell_typed = any(name in typed for name in OF_CELL)
    if dispersion:
        return PlanStructure((), _factors(table, file, choice, folder, dispersion, step_eV), cell_typed)
    if step_eV > 0.0:
        raise table.fault(
            "energy_step_eV", f'has no meaning without dispersion = "{OF_SPECTRUM}"; give it, too'
        )
    found = read_structure(file, choice)
    text = found.hkl_text()
    target = folder / f"{file.name}-{hashlib.sha256(text).hexdigest()[:NAME_DIGITS]}.hkl"
    if not target.is_file():
        write_whole(target, [text], "-hkl file")
    cell = () if cell_typed else found.cell_words()
    return PlanStructure((*cell, "-hkl", str(target)))


def _factors(
    table: TomlTable, file: Path, choice: StructureChoice, folder: Path, dispersion: str, step_eV: float
) -> EnergyFactors:
    if dispersion != OF_SPECTRUM:
        raise table.fault(
            "dispersion", f"is '{dispersion}', must be \"{OF_SPECTRUM}\"; give it, or leave it out"
        )
    if choice.wavelength_A > 0.0:
        raise table.fault("wavelength_A", "and dispersion both say where f' and f\" are taken; leave one out")
    return energy_factors(file, choice, folder, step_eV)


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
