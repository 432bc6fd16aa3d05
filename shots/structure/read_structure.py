"""Structure factors from a file of any kind: which kind it is, and which options suit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shots.structure.anomalous import CROMER_LIBERMAN
from shots.structure.coordinate_file import CrystalModel, ModelChoice, read_coordinates, read_model
from shots.structure.factor_table import FactorTable, crystallography, named_file, read_by_gemmi
from shots.structure.reflection_file import read_reflections
from simulator.errors import InputError
from simulator.io.files import read_bytes

REFLECTIONS, COORDINATES, EITHER = "reflections", "coordinates", "either"
ENDINGS: Mapping[str, str] = {
    ".mtz": REFLECTIONS,
    ".pdb": COORDINATES,
    ".ent": COORDINATES,
    ".cif": EITHER,
    ".mmcif": EITHER,
}
"""What files hold, by their ending; all but MTZ may have .gz behind it."""
REMEDY = "give .mtz, .pdb, .ent, .cif or .mmcif"


@dataclass(frozen=True)
class StructureChoice:
    """What is taken from a file; each field is that of the option of the same name.

    Attributes:
        column: of a reflection file, the empty text for the only amplitudes.
        block: of mmCIF reflections, the empty text for the only one.
        dmin_A: smallest spacing, 0 for all that are listed; coordinates need one.
        wavelength_A: of the dispersion of coordinates, 0 for none.
        solvent: k_sol and B_sol of the bulk solvent of coordinates, empty for none.
        method: of coordinates, the empty text for `direct`.
        tables: of the dispersion of coordinates, the empty text for `cromer-liberman`.
    """

    column: str = ""
    block: str = ""
    dmin_A: float = 0.0
    wavelength_A: float = 0.0
    solvent: tuple[float, ...] = ()
    method: str = ""
    tables: str = ""


def read_structure(path: Path, choice: StructureChoice) -> FactorTable:
    """Return the structure factors of a file.

    Args:
        path: MTZ, mmCIF of reflections or coordinates, or PDB.
        choice: what is taken from it.

    Raises:
        InputError: for an unknown kind of file, options that do not suit it, and what its reader refuses.
    """
    kind = _kind_of(path)
    where = named_file(path, "structure file")
    _require_suitable(kind, where, choice)
    with read_by_gemmi(where, REMEDY):
        return READERS_OF_KIND[kind](path, choice)


def _require_suitable(kind: str, where: str, choice: StructureChoice) -> None:
    for option, given in _unsuitable(choice)[kind].items():
        if given:
            raise InputError(f"{where}: has {kind}, for which {option} has no meaning; leave it out")


def _kind_of(path: Path) -> str:
    """Return what a file holds.

    Raises:
        InputError: for an unknown ending, and mmCIF with neither or both.
    """
    where = named_file(path, "structure file")
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    kind = ENDINGS.get(name.suffix.lower())
    if kind is None:
        raise InputError(f"{where}: unknown ending '{name.suffix}'; {REMEDY}")
    if kind != EITHER:
        return kind
    read_bytes(path, "structure file", REMEDY)
    try:
        document = crystallography().cif.read(str(path))
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(f"{where}: is no CIF ({error}); {REMEDY}") from error
    found = [
        kind
        for kind, tag in ((REFLECTIONS, "_refln.index_h"), (COORDINATES, "_atom_site.id"))
        if any(len(block.find_values(tag)) for block in document)
    ]
    if len(found) == 1:
        return found[0]
    told = "both reflections and coordinates" if found else "neither _refln.index_h nor _atom_site.id"
    raise InputError(f"{where}: has {told}; give mmCIF with one of them")


def _unsuitable(choice: StructureChoice) -> Mapping[str, Mapping[str, object]]:
    """Return the options without meaning for each kind, with their values."""
    return {
        REFLECTIONS: {
            "--wavelength": choice.wavelength_A,
            "--solvent": choice.solvent,
            "--method": choice.method,
            "--tables": choice.tables,
        },
        COORDINATES: {"--column": choice.column, "--block": choice.block},
    }


def _reflections(path: Path, choice: StructureChoice) -> FactorTable:
    return read_reflections(path, choice.column, choice.block, choice.dmin_A)


def _coordinates(path: Path, choice: StructureChoice) -> FactorTable:
    if choice.tables and not choice.wavelength_A > 0.0:
        raise InputError(f"--tables {choice.tables}: has no meaning without --wavelength; give it, too")
    return read_coordinates(path, model_choice(path, choice))


def model_choice(path: Path, choice: StructureChoice) -> ModelChoice:
    """Return how the structure factors of coordinates are computed.

    Raises:
        InputError: how far is not said.
    """
    if not choice.dmin_A > 0.0:
        raise InputError(f"{named_file(path, 'coordinate file')}: how far is not said; give --dmin A above 0")
    k_sol, B_sol = choice.solvent or (0.0, 0.0)
    method, tables = choice.method or "direct", choice.tables or CROMER_LIBERMAN
    return ModelChoice(choice.dmin_A, choice.wavelength_A, (k_sol, B_sol), method, tables)


def spectral_model(path: Path, choice: StructureChoice) -> CrystalModel:
    """Return what the atoms of a file scatter, for structure factors at several wavelengths.

    Args:
        path: mmCIF of coordinates, or PDB.
        choice: what is computed; its wavelength is not looked at.

    Raises:
        InputError: for a file without coordinates, and what `read_structure` refuses.
    """
    where = named_file(path, "structure file")
    if _kind_of(path) != COORDINATES:
        raise InputError(
            f"{where}: has no atoms that f' and f\" would follow from; give PDB or mmCIF with them"
        )
    _require_suitable(COORDINATES, where, choice)
    with read_by_gemmi(where, REMEDY):
        return read_model(path, model_choice(path, choice))


READERS_OF_KIND: Mapping[str, Callable[[Path, StructureChoice], FactorTable]] = {
    REFLECTIONS: _reflections,
    COORDINATES: _coordinates,
}
