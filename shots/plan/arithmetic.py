"""Which arithmetic the shots of a plan have: one for all, whatever the cache of compiled code holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shots.plan.options import ANY_FACTORS
from simulator.command_line.options import parse
from simulator.command_line.resolve import resolve
from system_io.errors import UserError

if TYPE_CHECKING:
    from simulator.config import RunConfig

WORTH_COMPILING = 10_000_000
"""Evaluations of a shot from which on compiled code makes a series faster by more than compiling takes."""
COMPILED, REPRODUCIBLE = ("--compile", "on"), ("--reproducible",)
MIXED = ("-dtype", "mixed")
"""Of compiled shots whose command has no -dtype: at most 1e-6 of the brightest pixel, in half the time."""


def with_arithmetic(command: Sequence[str], pixels: int = 0, energies: int = 1) -> tuple[str, ...]:
    """Return a command line that says how it is computed, so that no cache decides about its last bits.

    Args:
        command: of a plan, files named from where we are.
        pixels: of all panels of a shot, 0 for those of the command line.
        energies: of the spectrum of a plan.

    Raises:
        UserError: for --compile auto, and for a command line that cannot be run.
    """
    raw = parse(command)
    if raw.has("--reproducible") or raw.text("--compile") in ("on", "off"):
        return tuple(command)
    if raw.text("--compile") == "auto":
        raise UserError(
            "command: --compile auto lets the cache decide about the last bits; give --compile on, or"
            " --reproducible"
        )
    if _evaluations(command, pixels) * energies < WORTH_COMPILING:
        return (*command, *REPRODUCIBLE)
    return (*command, *COMPILED, *(() if raw.has("-dtype") else MIXED))


def _evaluations(command: Sequence[str], pixels: int) -> float:
    """Return how many evaluations an image has."""
    config = resolve(parse((*command, *ANY_FACTORS))).config
    beam, crystal, detector = config.beam, config.crystal, config.detector
    sources = len(beam.source_rows) or beam.hdiv_rad.count * beam.vdiv_rad.count * beam.dispersion.count
    orientations = crystal.phi_rad.count * crystal.mosaic_domains
    sides = config.sampling.oversample if config.sampling.oversample > 0 else _automatic_oversample(config)
    return (
        float(pixels or detector.fpixels * detector.spixels)
        * sources
        * orientations
        * sides
        * sides
        * detector.thickness_m.count
    )


def _automatic_oversample(config: RunConfig) -> int:
    """Return the sub-pixels a side that the size of the crystal asks for."""
    from simulator.scene.scene import prepare

    return prepare(config).oversample
