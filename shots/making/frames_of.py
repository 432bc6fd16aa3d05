"""The images of a shot: those of its crystals added up, and what the detector makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shots.formats.masks import panel_mask
from shots.frames import MASKED, Frames
from shots.geometry.panel import Panel, Setup
from shots.geometry.panel_words import with_panel
from shots.geometry.read_detector import setup_with
from shots.geometry.setup_of import setup_of
from shots.plan.options import ANY_FACTORS, typed_options, without_options
from shots.plan.planned_shot import PlannedCrystal, PlannedShot, place_inputs, planned_shot
from shots.plan.shot_plan import ShotPlan
from shots.recording.reading import largest_count
from shots.recording.seeds import ShotSeeds
from shots.recording.settings import Recording
from shots.recording.stages import recorded_counts
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import parse
from simulator.command_line.resolve import resolve
from simulator.scene.region import executed_pixels
from simulator.units import m_of_mm

if TYPE_CHECKING:
    from simulator.config import RunConfig, StructureFactors
    from simulator.physics.structure_factors import Table

FACTORS = "structure factors"
"""Group of the options that say what the table of structure factors holds."""
MODE = "parity, precision and traces"
CELL = ("-cell", "10")
TABLES_KEPT = 32
"""Structure factors that a process holds: those of as many energies are read once for all shots."""
NOWHERE = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class MadeShot:
    """A shot that was computed.

    Attributes:
        planned: what was drawn for it.
        frames: its images.
        configs: of each crystal, on each panel, of each of its runs.
    """

    planned: PlannedShot
    frames: Frames
    configs: tuple[tuple[tuple[RunConfig, ...], ...], ...]


def made_shot(plan: ShotPlan, number: int) -> MadeShot:
    """Return the images of a shot; they follow from the plan and the number alone.

    Args:
        plan: the plan.
        number: of the shot, from 0.

    Raises:
        UserError: for a shot that is not there, or that cannot be simulated.
    """
    shot = planned_shot(plan, number)
    place_inputs(plan, shot)
    setup = setup_of_shot(plan, shot)
    lines = [crystal_lines(plan, crystal, setup) for crystal in shot.crystals]
    configs = tuple(tuple(tuple(map(config_of, runs)) for runs in panels) for panels in lines)
    photons = [_added([run for runs in panel for run in runs]) for panel in zip(*configs, strict=True)]
    seeds = ShotSeeds(plan.seed, number)
    fluence = shot.crystals[0].fluence_photons_per_m2
    counts = [
        _masked(recorded_counts(image, panel, setup, plan.recording, seeds, fluence), panel, runs[0])
        for image, panel, runs in zip(photons, setup.panels, configs[0], strict=True)
    ]
    words = tuple(words for panels in lines for runs in panels for words in runs)
    read = _as_recorded(setup, plan.recording)
    return MadeShot(shot, Frames(number, read, tuple(photons), tuple(counts), words), configs)


def _as_recorded(setup: Setup, recording: Recording) -> Setup:
    """Return a set-up whose panels have the gain and the largest count of what was recorded."""
    panels = (
        replace(panel, gain=panel.gain * recording.gain, saturation=float(largest_count(panel, recording)))
        for panel in setup.panels
    )
    return replace(setup, panels=tuple(panels))


def _masked(counts: NDArray[np.int32], panel: Panel, config: RunConfig) -> NDArray[np.int32]:
    """Return the counts of a panel; what does not measure or is not computed (-mask, -roi) reads -1."""
    nowhere = replace(panel, origin_m=NOWHERE, fast=NOWHERE, slow=NOWHERE)
    stamp = _stamp(panel.mask_file) if panel.mask_file.name else (0, 0)
    kept = _measured(nowhere, stamp) & executed_pixels(config.detector)
    return counts if kept.all() else np.where(kept, counts, np.int32(MASKED))


@lru_cache(maxsize=128)
def _measured(panel: Panel, _stamp: tuple[int, int]) -> NDArray[np.bool_]:
    return panel_mask(panel)


def crystal_lines(
    plan: ShotPlan, crystal: PlannedCrystal, setup: Setup
) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return the command lines of a crystal on each panel, one for each of its runs.

    Args:
        plan: the plan.
        crystal: of a shot.
        setup: of the shot.
    """
    if not plan.panels:
        return (crystal.runs,)
    return tuple(tuple(with_panel(run, panel, setup) for run in crystal.runs) for panel in setup.panels)


def setup_of_shot(plan: ShotPlan, shot: PlannedShot) -> Setup:
    """Return where the panels of a shot stand."""
    setup = setup_of(config_of(shot.crystals[0].words))
    if not plan.panels:
        return setup
    placed = setup_with(setup, plan.panels)
    shift = tuple(m_of_mm(part) for part in shot.detector_shift_mm)
    return replace(placed, panels=tuple(_shifted(panel, shift) for panel in placed.panels))


def _shifted(panel: Panel, shift_m: Sequence[float]) -> Panel:
    x, y, z = (here + more for here, more in zip(panel.origin_m, shift_m, strict=True))
    return replace(panel, origin_m=(x, y, z))


def _added(configs: Sequence[RunConfig]) -> NDArray[np.float32]:
    """Return the photons of all runs on one panel, added up one by one in single precision."""
    total = _photons(configs[0])
    for config in configs[1:]:
        total = total + _photons(config)
    return total


def _photons(config: RunConfig) -> NDArray[np.float32]:
    """Return the image of a run, as nanoBragg writes it to its -floatfile."""
    import torch

    from simulator.image import image_of
    from simulator.scene.scene import prepare

    image = image_of(prepare(config, _table_of(config)))
    found: NDArray[np.float32] = image.to(torch.float32).cpu().numpy()
    return found


def config_of(words: Sequence[str]) -> RunConfig:
    """Return the configuration of a command line; its table of structure factors is read once and shared.

    Args:
        words: behind the name of the program.

    Raises:
        InputError: for a command line that makes no run.
    """
    typed = typed_options(words)
    about = [item for item in typed if BY_SPELLING[item.name].group in (FACTORS, MODE)]
    named = tuple(word for item in about for word in item.words)
    files = [Path(item.words[1]) for item in about if BY_SPELLING[item.name].kinds == ("file",)]
    factors, _ = _factors(named, tuple(_stamp(file) for file in files))
    bare = without_options(words, [item.name for item in about if BY_SPELLING[item.name].group == FACTORS])
    config = resolve(parse((*bare, *ANY_FACTORS))).config
    return replace(config, structure_factors=factors)


def _stamp(file: Path) -> tuple[int, int]:
    """Return what changes when a file is written."""
    found = file.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=TABLES_KEPT)
def _factors(words: tuple[str, ...], stamps: tuple[tuple[int, int], ...]) -> tuple[StructureFactors, Table]:
    """Return the structure factors of a command line, and their table."""
    from simulator.physics.structure_factors import make_table

    factors = resolve(parse((*CELL, *words))).config.structure_factors
    table = make_table(factors)
    _tables[:] = [*_tables[1 - TABLES_KEPT :], (factors, table)]
    return factors, table


_tables: list[tuple[StructureFactors, Table]] = []
"""The tables that `_factors` still has."""


def _table_of(config: RunConfig) -> Table | None:
    return next((table for factors, table in _tables if factors is config.structure_factors), None)
