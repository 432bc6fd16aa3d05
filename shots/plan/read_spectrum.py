"""Reads the `[spectrum]` of a plan: a table of energies and weights, or a Gaussian."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from shots.plan.distribution import Distribution, read_distribution
from shots.plan.options import typed_options
from shots.plan.spectrum import OF_BEAM, OF_DIVERGENCE, RUNS, SOURCES, WAYS, Spectrum
from shots.structure.anomalous import LEAST_EV, MOST_EV
from shots.structure.energy_factors import EnergyFactors
from simulator.command_line.options import parse
from simulator.command_line.resolve import quirks_of
from simulator.units import ENERGY_WAVELENGTH_EV_A
from system_io.files import read_regular
from system_io.text import decoded
from system_io.toml_table import TomlTable

UNITS = ("eV", "A")
MOST_BINS = 10_000
REACH_FWHM = 1.5
"""Of a Gaussian on either side of its centre; 4 photons in 10,000 lie beyond."""
SIGMAS_OF_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
COLUMNS = 2
SEPARATORS = re.compile(r"[\s,;]+")


def read_spectrum(
    table: TomlTable, folder: Path, shots: int, command: Sequence[str], factors: EnergyFactors | None
) -> Spectrum:
    """Return the spectrum that a plan states.

    Args:
        table: `[spectrum]`.
        folder: of the plan.
        shots: of the plan.
        command: of the plan.
        factors: of `[structure]`, where they follow the energy.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    rows = _of_file(table, folder) if table.has("file") else _gaussian(table)
    shift = read_distribution(table, "shift_eV", shots) if table.has("shift_eV") else None
    way = table.take("as", str, RUNS if factors is not None else SOURCES)
    table.may_have(("file", "unit", "centre_eV", "fwhm_eV", "count"))
    table.close()
    if way not in WAYS:
        raise table.fault("as", f"is '{way}', unknown; give one of {', '.join(WAYS)}")
    if way == SOURCES and factors is not None:
        raise table.fault("as", f"is {SOURCES}, which have one table of F; give {RUNS}, or leave it out")
    total = math.fsum(weight for _, weight in rows)
    energies = tuple(energy for energy, _ in rows)
    _require_range(table, energies, shift, shots)
    found = Spectrum(energies, tuple(weight / total for _, weight in rows), shift, way, factors)
    _refuse_rivals(table, found, command)
    if factors is not None and shift is not None and not factors.step_eV > 0.0:
        raise table.fault(
            "shift_eV", "gives each shot energies of its own, and each a table of F; give energy_step_eV in"
            " [structure], to which they are rounded"
        )  # fmt: skip
    return found


def _gaussian(table: TomlTable) -> list[tuple[float, float]]:
    """Return energies and shares of the bins of a Gaussian, all of one width."""
    centre_eV, fwhm_eV = table.take("centre_eV", float), table.take("fwhm_eV", float, 0.0)
    count = table.take("count", int, 1)
    for key, value, fits in (
        ("centre_eV", centre_eV, 0.0 < centre_eV < math.inf), ("fwhm_eV", fwhm_eV, 0.0 <= fwhm_eV < math.inf)
    ):  # fmt: skip
        if not fits:
            raise table.fault(
                key, f"is {value:g}, must be {'above 0' if key == 'centre_eV' else '0 or more'}; mend it"
            )
    if not 1 <= count <= MOST_BINS:
        raise table.fault("count", f"is {count}, must be a number of bins from 1 to {MOST_BINS}; give one")
    if (count > 1) != (fwhm_eV > 0.0):
        raise table.fault(
            "count", f"is {count} with fwhm_eV {fwhm_eV:g}; give both, or neither for one energy"
        )
    sigma_eV = fwhm_eV * SIGMAS_OF_FWHM
    edges = [REACH_FWHM * fwhm_eV * (2.0 * n / count - 1.0) for n in range(count + 1)]
    if count == 1:
        return [(centre_eV, 1.0)]
    return [
        (centre_eV + 0.5 * (low + high), _share(low / sigma_eV, high / sigma_eV))
        for low, high in itertools.pairwise(edges)
    ]


def _share(low: float, high: float) -> float:
    """Return the share of a normal distribution between two numbers of standard deviations."""
    return 0.5 * (math.erf(high / math.sqrt(2.0)) - math.erf(low / math.sqrt(2.0)))


def _of_file(table: TomlTable, folder: Path) -> list[tuple[float, float]]:
    """Return energies and weights of a table file, by energy; rows without weight are left out."""
    name = table.take("file", str)
    for key in ("centre_eV", "fwhm_eV", "count"):
        if table.has(key):
            raise table.fault(key, "and file both say the spectrum; leave one out")
    unit = table.take("unit", str)
    if unit not in UNITS:
        raise table.fault("unit", f"is '{unit}', must be that of the first column; give one of eV, A")
    data = read_regular(folder / name, "spectrum file", "name a file of two columns in file", table.error)
    rows = [row for row in _rows(table, name, decoded(data)) if row[1] > 0.0]
    if not rows:
        raise table.fault("file", f"'{name}' has no row with a weight above 0; give one")
    if len(rows) > MOST_BINS:
        raise table.fault("file", f"'{name}' has {len(rows)} rows, at most {MOST_BINS} can be; give fewer")
    if unit == "A":
        rows = [(ENERGY_WAVELENGTH_EV_A / value, weight) for value, weight in rows]
    rows.sort()
    twice = next((one for one, other in itertools.pairwise(rows) if one[0] == other[0]), None)
    if twice is not None:
        raise table.fault("file", f"'{name}' has {twice[0]:.10g} eV twice; add the weights up in one row")
    return rows


def _rows(table: TomlTable, name: str, text: str) -> Iterator[tuple[float, float]]:
    for number, line in enumerate(text.splitlines(), 1):
        words = [word for word in SEPARATORS.split(line.partition("#")[0]) if word]
        if not words:
            continue
        try:
            value, weight = (float(word) for word in words)
        except ValueError:
            value = weight = math.nan
        if len(words) != COLUMNS or not (0.0 < value < math.inf and 0.0 <= weight < math.inf):
            raise table.fault(
                "file", f"'{name}' line {number} is '{line.strip():.60}', must be a number above 0 and a"
                " weight of 0 or more; mend it"
            )  # fmt: skip
        yield value, weight


def _require_range(
    table: TomlTable, energies_eV: Sequence[float], shift: Distribution | None, shots: int
) -> None:
    ends = (0.0,) if shift is None else shift.ends(shots)
    for energy in (min(energies_eV) + min(ends), max(energies_eV) + max(ends)):
        if not LEAST_EV <= energy <= MOST_EV:
            raise table.fault(
                "", f"reaches {energy:.6g} eV, must stay from {LEAST_EV:g} to {MOST_EV:g} eV; mend it"
            )


def _refuse_rivals(table: TomlTable, spectrum: Spectrum, command: Sequence[str]) -> None:
    """Refuse options that say what the spectrum says, or that its sources would take the place of."""
    typed = [item.name for item in typed_options(command)]
    rival = next((name for name in OF_BEAM if name in typed), None)
    if rival is not None:
        raise table.fault("", f"says the wavelengths, as {rival} of the command does; leave one of them out")
    if spectrum.way != SOURCES:
        return
    spread = next((name for name in OF_DIVERGENCE if name in typed), None)
    if spread is not None:
        raise table.fault("as", f'is {SOURCES}, beside which {spread} has no effect; give as = "{RUNS}"')
    if len(set(spectrum.weights)) > 1 and "Q-SOURCE-WEIGHTS" in quirks_of(parse(command)):
        raise table.fault(
            "as", f"is {SOURCES}, whose weights the parity mode of the command does not use"
            f" (Q-SOURCE-WEIGHTS); give as = \"{RUNS}\""
        )  # fmt: skip


def refuse_varied(table: TomlTable, spectrum: Spectrum, names: Sequence[str]) -> None:
    """Refuse options in [vary] that say what a spectrum says.

    Args:
        table: `[vary]`.
        spectrum: of the plan.
        names: of its options.

    Raises:
        UserError: naming the first.
    """
    for name in names:
        if name in OF_BEAM:
            raise table.fault(name[1:], "varies what [spectrum] says; give shift_eV there")
        if spectrum.way == SOURCES and name in OF_DIVERGENCE:
            raise table.fault(
                name[1:], f'has no effect beside the sources of [spectrum]; give as = "{RUNS}" there'
            )
