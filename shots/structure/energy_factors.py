"""Structure factors that follow the energy of the beam: an -hkl file for each, made when it is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from shots.structure.coordinate_file import CrystalModel
from shots.structure.factor_table import cell_words
from shots.structure.read_structure import StructureChoice, spectral_model
from simulator.units import ENERGY_WAVELENGTH_EV_A
from system_io.files import read_regular, write_whole
from system_io.shown import printable
from system_io.version import VERSION

NAME_DIGITS, DIGITS = 12, 10


@dataclass(frozen=True)
class EnergyFactors:
    """Structure factors of a model at any energy; f' and f" are those of the energy, all else is the same.

    Attributes:
        file: coordinates of the model.
        choice: what is computed; its wavelength is not looked at.
        folder: of the -hkl files, that of the plan.
        step_eV: energies are rounded to multiples of it, 0 for none.
        made_of: fingerprint of the content of the file and the choice.
    """

    file: Path
    choice: StructureChoice
    folder: Path
    step_eV: float
    made_of: str

    def path_at(self, energy_eV: float) -> Path:
        """Return the -hkl file of an energy, whether it is there or not."""
        return self.folder / f"{self.file.name}-{self.made_of}-{self._rounded(energy_eV)}eV.hkl"

    def cell_words(self) -> tuple[str, ...]:
        """Return the words that give the cell of the model on a command line."""
        return cell_words(_model(self.file, self.choice, self.made_of).symmetry.lengths_and_angles())

    def make_at(self, energy_eV: float) -> Path:
        """Return the -hkl file of an energy, made where it is not there.

        Raises:
            UserError: it cannot be made or written.
        """
        target = self.path_at(energy_eV)
        if not target.is_file():
            model = _model(self.file, self.choice, self.made_of)
            table = model.factors(ENERGY_WAVELENGTH_EV_A / float(self._rounded(energy_eV)))
            write_whole(target, [table.hkl_text()], "-hkl file")
        return target

    def _rounded(self, energy_eV: float) -> str:
        """Return an energy as its file is named; the structure factors are those of this number."""
        step = self.step_eV
        return f"{round(energy_eV / step) * step if step > 0.0 else energy_eV:.{DIGITS}g}"


def energy_factors(file: Path, choice: StructureChoice, folder: Path, step_eV: float) -> EnergyFactors:
    """Return the structure factors of a model at any energy.

    Args:
        file: coordinates.
        choice: what is computed.
        folder: of the -hkl files.
        step_eV: energies are rounded to multiples of it, 0 for none.

    Raises:
        UserError: the file cannot be read.
    """
    data = read_regular(file, "structure file", f"mend [structure] of '{printable(str(folder))}'")
    made_of = hashlib.sha256(data + repr((choice, VERSION)).encode()).hexdigest()[:NAME_DIGITS]
    return EnergyFactors(file, choice, folder, step_eV, made_of)


@lru_cache(maxsize=1)
def _model(file: Path, choice: StructureChoice, _made_of: str) -> CrystalModel:
    """Return the sums over the atoms of a model: what costs time is done once for all energies."""
    return spectral_model(file, choice)
