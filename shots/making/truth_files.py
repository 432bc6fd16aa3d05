"""What is known of shots, written beside their images."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shots.making.frames_of import MadeShot, config_of
from shots.plan.planned_shot import planned_shot
from shots.plan.shot_plan import ShotPlan
from shots.truth.crystal_truth import crystal_truth
from shots.truth.shot_truth import crystals_of, experiments_text, labels_npz, shot_truth, truth_text
from shots.truth.spot_list import SpotList
from shots.truth.truth_mtz import spots_mtz, truth_mtz
from simulator.units import A_of_m
from system_io.files import written_together

TRUTH = "truth"


def write_truth(folder: Path, shot: MadeShot, plan: ShotPlan) -> tuple[Path, ...]:
    """Write what is known of a shot, all files or none, and return them.

    Args:
        folder: for files of the truth.
        shot: as it was made.
        plan: of the shot.

    Raises:
        UserError: they cannot be written.
    """
    settings = plan.truth
    if not settings.wanted:
        return ()
    by_panel = list(zip(*shot.configs, strict=True))
    name = plan.output.names.of(shot.planned.number)
    made = []
    with written_together() as files:
        if settings.experiments:
            made.append(folder / f"{name}.expt")
            text = experiments_text(crystals_of(by_panel[0]), shot.frames.setup)
            files.add(made[-1], [text.encode("utf-8")], "experiment list")
        if not settings.watched:
            return tuple(made)
        truth = shot_truth(shot.planned.number, by_panel, shot.frames.photons, settings.least_photons)
        if settings.spots or settings.mtz:
            made.append(folder / f"{name}.json")
            files.add(made[-1], [truth_text(truth).encode("utf-8")], "truth of a shot")
        for place, labels in enumerate(truth.labels if settings.labels else ()):
            panel = f"_panel_{place:03d}" if len(truth.labels) > 1 else ""
            made.append(folder / f"{name}{panel}_labels.npz")
            files.add(made[-1], [labels_npz(labels)], "labels of a panel")
    return tuple(made)


def finish_truth(folder: Path, plan: ShotPlan) -> tuple[Path, ...]:
    """Write what all shots together give, and return it.

    Args:
        folder: for files of the truth, with those of all shots.
        plan: the plan.

    Raises:
        UserError: it cannot be written.
    """
    if not plan.truth.mtz:
        return ()
    as_typed = replace(plan, variation=replace(plan.variation, cell=None))
    config = config_of(planned_shot(as_typed, 0).crystals[0].words)
    crystal, wavelength_A = crystal_truth(config), A_of_m(float(config.beam.wavelength_m))
    spots = {number: _spots(folder / f"{plan.output.names.of(number)}.json") for number in range(plan.shots)}
    group = plan.truth.space_group
    made = [folder / "spots.mtz"]
    with written_together() as files:
        factors = config.structure_factors
        files.add(made[0], [spots_mtz(spots, factors, crystal, wavelength_A, group)], "reflection table")
        if factors.reflections:
            made.append(folder / "truth.mtz")
            files.add(made[1], [truth_mtz(factors, crystal, wavelength_A, group)], "MTZ file")
    return tuple(made)


def truth_hash(path: Path) -> str:
    """Return the SHA-256 of a file of the truth, which has no times in it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _spots(path: Path) -> SpotList:
    columns: dict[str, Any] = json.loads(path.read_bytes())["spots"]
    arrays = {name: np.array(column) for name, column in columns.items()}
    return SpotList(**{**arrays, "hkl": arrays["hkl"].reshape(-1, 3)})
