"""Crystal options -> Crystal (spec 01 section 4.1, 03 sections 1, 3, 6, 07 "Seeds")."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

from simulator.command_line.conventions import convention_of, frame_of
from simulator.command_line.header_input import Start
from simulator.command_line.options import RawOptions
from simulator.command_line.random_misset import random_misset
from simulator.command_line.resolve_beam import beamsize_of
from simulator.command_line.step_tables import mosaic_domains, phi_steps
from simulator.config import Crystal, Shape, Steps, Vec3
from simulator.errors import InputError, Warnings
from simulator.io.tables import read_matrix
from simulator.physics.c_random import MODULUS, misset_stream
from simulator.quirks import Quirks
from simulator.units import m_of_mm, rad_of_deg

SHAPE_OPTIONS: dict[str, Shape] = {
    "-square_xtal": "SQUARE", "-round_xtal": "ROUND", "-gauss_xtal": "GAUSS", "-tophat_spots": "TOPHAT",
}  # fmt: skip
DEFAULT_MOSAIC_SEED = 12345678


def internal_seed(raw: RawOptions, option: str, default: int, quirks: Quirks) -> int:
    """Return the internal seed of an option: -v (spec 07 "Seeds"; Q-SEED-POSITIVE, Q-SEED-MODULUS).

    Args:
        default: the option value to assume where none was typed.

    Raises:
        InputError: in spec mode for the modulus of the generator.
    """
    typed = raw.integer(option)
    value = default if typed is None else typed
    if abs(value) == MODULUS and "Q-SEED-MODULUS" not in quirks:
        raise InputError(f"{option} {value}: {MODULUS} is the modulus of the generator; give another seed")
    return -value if "Q-SEED-POSITIVE" in quirks else -(abs(value) or 1)


def clock_seconds() -> int:
    """Return the time of day in seconds, the default of the noise and misset seeds."""
    return int(time.time()) % MODULUS


def crystal_of(raw: RawOptions, start: Start, quirks: Quirks) -> tuple[Crystal, Warnings]:
    """Return the crystal and warnings.

    Raises:
        InputError: for unusable values or files.

    Source: spec 01 section 4.1.
    """
    lengths_A, angles_rad = _cell(raw)
    shape = raw.last(*SHAPE_OPTIONS)
    spread, count = raw.number("-mosaic"), raw.integer("-mosaic_domains")
    spread_rad, domains, warnings = mosaic_domains(
        -1.0 if spread is None else rad_of_deg(spread), -1 if count is None else count
    )
    fudge = raw.number("-fudge")
    numbers, of_matrix = _matrix(raw)
    size_m, of_size = _size(raw)
    warnings += of_matrix + of_size
    crystal = Crystal(
        has_cell=raw.has("-cell"),
        cell_lengths_A=lengths_A,
        cell_angles_rad=angles_rad,
        matrix=numbers,
        spindle_axis=frame_of(raw, convention_of(raw))["spindle"],
        cells=(_cells(raw, "a"), _cells(raw, "b"), _cells(raw, "c")),
        size_m=size_m,
        shape="SQUARE" if shape is None else SHAPE_OPTIONS[shape.name],
        fudge=1.0 if fudge is None else fudge,
        mosaic_spread_rad=spread_rad,
        mosaic_domains=domains,
        mosaic_seed=internal_seed(raw, "-mosaic_seed", DEFAULT_MOSAIC_SEED, quirks),
        phi_rad=_phi(raw, start, quirks),
    )
    if fudge is not None and crystal.shape == "SQUARE":
        warnings += ("-fudge has no effect on a square crystal",)
    return _misset(raw, crystal, quirks), warnings


def cell_numbers(raw: RawOptions) -> tuple[float, ...]:
    """Return the six numbers of all -cell options together, Angstrom and degrees; 0 for a blank."""
    numbers = [0.0] * 6
    for item in raw.every("-cell"):
        numbers[: len(item.values)] = [float(value) for value in item.values]
    return tuple(numbers)


def _cell(raw: RawOptions) -> tuple[Vec3, Vec3]:
    """Return lengths and angles of all -cell options together, blanks filled in (03 section 1)."""
    numbers = cell_numbers(raw)
    a, b, c = (value if value > 0.0 else numbers[0] for value in numbers[:3])
    al, be, ga = (rad_of_deg(value) if value > 0.0 else math.pi / 2 for value in numbers[3:])
    return (a, b, c), (al, be, ga)


def _matrix(raw: RawOptions) -> tuple[tuple[float, ...], Warnings]:
    """Return the numbers of -mat, none without it, and warnings."""
    name = raw.text("-mat")
    return ((), ()) if name is None else read_matrix(Path(name))


def _cells(raw: RawOptions, axis: str) -> int:
    count = raw.integer("-N", f"-N{axis}")
    return 1 if count is None else count


def _size(raw: RawOptions) -> tuple[Vec3, Warnings]:
    """Return the crystal size, along b and c at most the beam size, and warnings.

    Source: spec 03 section 6 (Q-BEAMSIZE-CLIP).
    """
    typed = [raw.number("-xtalsize", f"-sample_{axis}") for axis in "xyz"]
    size_a, *across = (0.0 if value is None else m_of_mm(value) for value in typed)
    beamsize_m = beamsize_of(raw)
    clipped, warnings = [], []
    for axis, size in zip("bc", across, strict=True):
        too_wide = 0.0 <= beamsize_m < size
        if too_wide:
            warnings.append(
                f"crystal size {size:g} m along {axis} is clipped to the beam size {beamsize_m:g} m"
            )
        clipped.append(beamsize_m if too_wide else size)
    return (size_a, clipped[0], clipped[1]), tuple(warnings)


def _phi(raw: RawOptions, start: Start, quirks: Quirks) -> Steps:
    first, osc, step = raw.number("-phi"), raw.number("-osc"), raw.number("-phistep")
    count = raw.integer("-phisteps")
    return phi_steps(
        start.phi_rad if first is None else rad_of_deg(first),
        start.osc_rad if osc is None else rad_of_deg(osc),
        -1.0 if step is None else rad_of_deg(step),
        -1 if count is None else count,
        quirks,
    )


def _misset(raw: RawOptions, crystal: Crystal, quirks: Quirks) -> Crystal:
    """Return the crystal with its missetting angles, typed or drawn (03 section 3)."""
    internal_seed(raw, "-misset_seed", 0, quirks)
    item = raw.last("-misset")
    if item is None:
        return crystal
    if item.values != ("random",):
        x, y, z = (rad_of_deg(float(value)) for value in item.values)
        return replace(crystal, has_misset=True, misset_rad=(x, y, z))
    default = clock_seconds()
    if "Q-SEED-MISSET-DEFAULT" not in quirks and raw.has("-seed"):
        default = raw.integer("-seed") or 0
    seed = internal_seed(raw, "-misset_seed", default, quirks)
    crystal = replace(crystal, has_misset=True, random_misset=True, misset_seed=seed)
    return replace(crystal, misset_rad=random_misset(misset_stream(crystal)))
