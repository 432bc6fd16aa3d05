"""What is asked of a refinement, as far as it can be checked without torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.errors import UsageError
from harness.refinement.data import ObservedImage
from simulator import RunConfig
from simulator.errors import InputError
from simulator.fit.selection import selected

METHOD_NAMES = ("gauss-newton", "scipy-lbfgs", "torch-lbfgs", "adam")
"""Those of `harness.refinement.fit.METHODS`, which needs torch."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "cell": ("cell_lengths_A",),
    "angles": ("cell_angles_rad",),
    "misset": ("misset_rad",),
    "distance": ("distance_m",),
    "centre": ("Fbeam_m", "Sbeam_m"),
}
RESULT, PICTURE = "refine.json", "refine.png"


@dataclass(frozen=True)
class Trial:
    """How a refinement goes about it: its method, how far off the start may be, and the image made for it."""

    method: str = METHOD_NAMES[0]
    seed: int = 1
    """Of the noise and of the draw of the start."""
    cell_percent: float = 0.5
    """How far off the lengths of the cell and the distance may be."""
    misset_deg: float = 0.2
    """How far off each angle may be."""
    centre_pixels: float = 2.0
    """How far off the beam centre may be along each axis."""
    photons: float = 20000.0
    """In the brightest pixel of the image made."""
    background: float = 1.0
    """Photons in every pixel."""


@dataclass(frozen=True)
class Request:
    """A run as its command line has it, what is free, and the image of --image, else None."""

    config: RunConfig
    free: tuple[str, ...]
    observed: ObservedImage | None
    words: tuple[str, ...]
    """The command line, with the files of the crystal."""
    trial: Trial


def selections(text: str, config: RunConfig) -> tuple[str, ...]:
    """Return the selections of --free as `Experiment` takes them.

    Raises:
        UsageError: for one that the run has not.
    """
    if text.count("[") != text.count("]"):
        raise UsageError(f"--free '{text}': a bracket has no partner; write NAME[a=b,c]")
    words = [word.strip() for word in re.findall(r"(?:[^,\[\]]|\[[^\]]*\])+", text)]
    detector, found = config.detector, []
    for word in words:
        name, bracket, inside = word.partition("[")
        inputs = GROUPS.get(name, (name,))
        if name == "distance" and not math.isnan(detector.close_distance_m):
            inputs = ("close_distance_m",)
        if name == "centre" and detector.pivot == "SAMPLE":
            inputs = ("Fclose_m", "Sclose_m")
        found += [f"{one}{bracket}{inside}" for one in inputs]
    try:
        selected(_with_any_cell(config), found)
    except InputError as error:
        raise UsageError(f"--free: {error}") from error
    return tuple(found)


def _with_any_cell(config: RunConfig) -> RunConfig:
    """Return a run that has a cell; that of a matrix takes torch, and has equal components until then."""
    if config.crystal.has_cell:
        return config
    equal = (1.0, 1.0, 1.0)
    crystal = replace(config.crystal, has_cell=True, cell_lengths_A=equal, cell_angles_rad=equal)
    return replace(config, crystal=crystal)
