"""The spectrum of the beam: its bins in a shot, as sources of one run or as one run a bin."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shots.plan.distribution import Distribution
from shots.plan.options import without_options
from shots.structure.energy_factors import EnergyFactors
from simulator.units import ENERGY_WAVELENGTH_EV_A, wavelength_m_of_A
from system_io.errors import UserError
from system_io.files import reason_of, write_whole
from system_io.shown import printable

SOURCES, RUNS = "sources", "runs"
WAYS = (SOURCES, RUNS)
"""How a spectrum is simulated: sources of one run with a table of F, or one run a bin, added up."""
OF_BEAM = ("-lambda", "-energy", "-dispersion", "-dispsteps", "-sourcefile", "-mat")
"""Options that say what a spectrum says; a matrix file is written for one wavelength."""
OF_DIVERGENCE = (
    "-divergence", "-hdivrange", "-vdivrange", "-divsteps", "-hdivsteps", "-vdivsteps", "-hdivstep",
    "-vdivstep", "-round_div", "-square_div",
)  # fmt: skip
"""Options that a source file takes the place of."""
NAME_DIGITS = 12
SHIFT_EV = "spectrum_shift_eV"
"""What is drawn of a spectrum for a shot."""


@dataclass(frozen=True)
class Spectrum:
    """The spectrum of a plan.

    Attributes:
        energies_eV: of its bins [n], rising.
        weights: share of the photons in each bin [n], which sum up to 1.
        shift_eV: of all bins, from shot to shot; None where they stay.
        way: a word of `WAYS`.
        factors: structure factors of each energy, None where the command names one table for all.
    """

    energies_eV: tuple[float, ...]
    weights: tuple[float, ...]
    shift_eV: Distribution | None
    way: str
    factors: EnergyFactors | None = None

    @property
    def middle_eV(self) -> float:
        """Mean energy, unshifted; headers state it with the shift of the shot, and the background has it."""
        pairs = zip(self.energies_eV, self.weights, strict=True)
        return math.fsum(energy * weight for energy, weight in pairs)

    def bins(self, shift_eV: float) -> list[tuple[float, float]]:
        """Return energy in eV and weight of each bin of a shot.

        Args:
            shift_eV: of the shot.
        """
        return [
            (energy + shift_eV, weight) for energy, weight in zip(self.energies_eV, self.weights, strict=True)
        ]


def spectrum_shown(spectrum: Spectrum | None) -> str:
    """Return a spectrum in words, for people."""
    if spectrum is None:
        return "that of the command"
    energies, factors = spectrum.energies_eV, "F of each" if spectrum.factors else "one F"
    ends = f"{energies[0]:.7g} to {energies[-1]:.7g} eV" if len(energies) > 1 else f"{energies[0]:.7g} eV"
    return f"{len(energies)} energies, {ends}, as {spectrum.way}, {factors}"


def placed_inputs(plan: Path, spectrum: Spectrum, shift_eV: float) -> None:
    """Write the files that the command lines of a shot name, where they are not there.

    Args:
        plan: file of the plan.
        spectrum: of the plan.
        shift_eV: of the shot.

    Raises:
        UserError: one cannot be made or written.
    """
    if spectrum.factors is not None:
        for energy, _ in spectrum.bins(shift_eV):
            spectrum.factors.make_at(energy)
    elif spectrum.way == SOURCES and len(spectrum.energies_eV) > 1:
        content = _sources(spectrum, shift_eV)
        path = _source_path(plan, content)
        if not path.is_file():
            _make_folder(path.parent)
            write_whole(path, [content], "source file")


def middle_words(plan: Path, spectrum: Spectrum, shift_eV: float) -> tuple[str, ...]:
    """Return the words that give a shot its wavelengths, or the middle one where each has a run.

    Args:
        plan: file of the plan.
        spectrum: of the plan.
        shift_eV: of the shot.
    """
    middle = ("-lambda", repr(ENERGY_WAVELENGTH_EV_A / (spectrum.middle_eV + shift_eV)))
    if spectrum.way == RUNS or len(spectrum.energies_eV) == 1:
        return middle
    return (*middle, "-sourcefile", str(_source_path(plan, _sources(spectrum, shift_eV))))


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder '{printable(str(path))}': {reason_of(error)}") from error


def _sources(spectrum: Spectrum, shift_eV: float) -> bytes:
    """Return a source file, all sources along the beam (specification 04 section 6)."""
    rows = (
        f"nan nan nan {weight!r} {wavelength_m_of_A(ENERGY_WAVELENGTH_EV_A / energy)!r}\n"
        for energy, weight in spectrum.bins(shift_eV)
    )
    return "".join(rows).encode("ascii")


def _source_path(plan: Path, content: bytes) -> Path:
    name = hashlib.sha256(content).hexdigest()[:NAME_DIGITS]
    return plan.with_name(f"{plan.stem}-sources") / f"{name}.txt"


def runs_of(
    words: Sequence[str], spectrum: Spectrum, shift_eV: float, fluence_photons_per_m2: float
) -> tuple[tuple[str, ...], ...]:
    """Return the command line of each bin; their images sum up to that of the spectrum.

    Args:
        words: of a crystal at the middle of the spectrum.
        spectrum: of the plan, with a run a bin.
        shift_eV: of the shot.
        fluence_photons_per_m2: of the crystal, over the whole spectrum.
    """
    varied = ("-lambda", "-fluence", "-flux", *(("-hkl",) if spectrum.factors else ()))
    base = without_options(words, varied)
    return tuple(
        (
            *base, "-lambda", repr(ENERGY_WAVELENGTH_EV_A / energy), "-fluence",
            repr(weight * fluence_photons_per_m2), *_factor_words(spectrum, energy),
        )
        for energy, weight in spectrum.bins(shift_eV)
    )  # fmt: skip


def _factor_words(spectrum: Spectrum, energy_eV: float) -> tuple[str, ...]:
    return () if spectrum.factors is None else ("-hkl", str(spectrum.factors.path_at(energy_eV)))
