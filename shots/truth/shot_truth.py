"""All that is known of a shot: its crystals, the labels of its pixels, its spots; as values and as files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.geometry.in_words.dials import dials_text
from shots.geometry.panel import Setup
from shots.geometry.reference_frames import frame_named, laboratory_of, setup_in, turn_between
from shots.truth.crystal_truth import CrystalTruth, crystal_truth
from shots.truth.pixel_labels import PixelLabels, label_pixels
from shots.truth.pixel_shares import pixel_shares, summed_shares
from shots.truth.spot_list import SpotList, spot_list
from simulator.config import RunConfig
from simulator.errors import InputError
from system_io.shown import json_text


@dataclass(frozen=True, eq=False)
class ShotTruth:
    """What is known of a shot.

    Attributes:
        number: of the shot.
        crystals: one for each lattice.
        spots: on all panels.
        labels: one for each panel.
    """

    number: int
    crystals: tuple[CrystalTruth, ...]
    spots: SpotList
    labels: tuple[PixelLabels, ...]


def shot_truth(
    number: int,
    configs: Sequence[Sequence[Sequence[RunConfig]]],
    photons: Sequence[NDArray[np.floating]],
    least_photons: float = 0.0,
) -> ShotTruth:
    """Return the truth of a shot; the kernel runs once more, operation by operation, and is watched.

    Args:
        number: of the shot.
        configs: of each panel, of each lattice, of the runs that its image is the sum of; all panels have
            the same lattices.
        photons: of each panel, all lattices together [slow, fast].
        least_photons: of a pixel that is looked at; spots are made of these pixels alone.

    Raises:
        InputError: without a panel or a lattice, for images of another shape, and what cannot be simulated.
    """
    if not configs or not configs[0] or len(photons) != len(configs):
        raise InputError(
            f"shot {number}: {len(configs)} panels and {len(photons)} images; give one image a panel"
        )
    shares = []
    for lattices, image in zip(configs, photons, strict=True):
        shape = (lattices[0][0].detector.spixels, lattices[0][0].detector.fpixels)
        if image.shape != shape:
            raise InputError(
                f"shot {number}: an image of {image.shape} pixels for a panel of {shape}; give its own"
            )
        wanted = image >= least_photons if least_photons > 0.0 else None
        shares.append([summed_shares([pixel_shares(run, wanted) for run in runs]) for runs in lattices])
    return ShotTruth(
        number=number,
        crystals=crystals_of(configs[0]),
        spots=spot_list(shares),
        labels=tuple(label_pixels(one, image) for one, image in zip(shares, photons, strict=True)),
    )


def crystals_of(lattices: Sequence[Sequence[RunConfig]]) -> tuple[CrystalTruth, ...]:
    """Return the crystals of a shot.

    Args:
        lattices: of each lattice, the runs on one panel that its image is the sum of.
    """
    return tuple(_crystal(runs) for runs in lattices)


def _crystal(runs: Sequence[RunConfig]) -> CrystalTruth:
    """Return the crystal of some runs, in the beam of all."""
    fluence = sum(float(run.beam.fluence_photons_per_m2) for run in runs)
    return replace(crystal_truth(runs[0]), fluence_photons_per_m2=fluence)


def truth_text(truth: ShotTruth) -> str:
    """Return crystals and spots as JSON; the columns of the spots are lists."""
    return json_text(
        {
            "shot": truth.number,
            "crystals": [_plain(crystal) for crystal in truth.crystals],
            "spots": _plain(truth.spots),
        },
        indent=None,
    )


def experiments_text(crystals: Sequence[CrystalTruth], setup: Setup) -> str:
    """Return the crystals of a shot with its beam, detector and rotation as an experiment list of DIALS.

    Args:
        crystals: of the shot.
        setup: of the shot, in the laboratory frame of its run.

    Raises:
        InputError: where spindle and polarization axis lie along the beam.
    """
    frame = frame_named("dials")
    turn = turn_between(laboratory_of(setup), frame)
    cells_A = [np.asarray(np.linalg.inv(turn @ crystal.A_per_A), np.float64) for crystal in crystals]
    return dials_text(setup_in(setup, frame), cells_A)


def labels_npz(labels: PixelLabels) -> bytes:
    """Return labels as an npz file with the arrays hkl, lattice and share; equal labels, equal bytes."""
    stream = io.BytesIO()
    np.savez_compressed(stream, hkl=labels.hkl, lattice=labels.lattice, share=labels.share)
    return stream.getvalue()


def _plain(value: Any) -> dict[str, Any]:
    """Return the fields of a record as JSON has them."""
    named = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: part.tolist() if isinstance(part, np.ndarray) else part for name, part in named.items()}
