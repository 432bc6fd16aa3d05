"""A plan of shots as it was read: nothing in it is unknown, nothing of it has been drawn yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shots.formats.writer import USUAL_NAMES, FormatWriter, ShotNames
from shots.formats.writers import chosen_writer
from shots.geometry.panel import Panel
from shots.plan.cell import CellChange
from shots.plan.digest import digest_of
from shots.plan.distribution import Distribution, fixed
from shots.plan.orientation import Orientation
from shots.plan.spectrum import Spectrum
from shots.plan.truth_settings import NOTHING_KEPT, TruthSettings
from shots.recording.settings import Recording

ONE = fixed(1.0)
AS_THEY_ARE = Recording(poisson=False)
"""Photons are rounded to counts, without noise."""


@dataclass(frozen=True)
class VariedOption:
    """An option of the command line that varies.

    Attributes:
        name: in the option table.
        key: in the plan.
        numbers: one distribution for each of its values.
        whole: which of these are whole numbers.
        of_crystal: whether each crystal of a shot has its own value.
    """

    name: str
    key: str
    numbers: tuple[Distribution, ...]
    whole: tuple[bool, ...]
    of_crystal: bool


@dataclass(frozen=True)
class Variation:
    """What varies from shot to shot.

    Attributes:
        options: of the command line.
        orientation: of each crystal, None where it is that of the command line.
        cell: of each crystal, None where it is that of the command line.
        scale: factor on the photons of each crystal.
        lattices: crystals of a shot.
        detector_shift_mm: of all panels, along x, y and z of the laboratory; empty for none.
        seeds: options that get a drawn seed for each crystal.
    """

    options: tuple[VariedOption, ...] = ()
    orientation: Orientation | None = None
    cell: CellChange | None = None
    scale: Distribution | None = None
    lattices: Distribution = ONE
    detector_shift_mm: tuple[Distribution, ...] = ()
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutputSettings:
    """What is written of each shot.

    Attributes:
        outdir: where, unless the command says otherwise.
        formats: names in the table of writers.
        compression: of some of these, a word of its table; the usual one for the others.
        names: of the files of shots.
    """

    outdir: Path
    formats: tuple[str, ...]
    compression: Mapping[str, str] = field(default_factory=dict)
    names: ShotNames = USUAL_NAMES

    def writer(self, name: str) -> FormatWriter:
        """Return the writer of one of the formats."""
        return chosen_writer(name, self.names, self.compression.get(name, ""))


@dataclass(frozen=True)
class ShotPlan:
    """A plan of shots.

    Attributes:
        path: the file.
        title: for people.
        shots: their number.
        seed: from which, with the number of a shot, all random numbers follow.
        command: words of the command line, files named from the folder of the plan, arithmetic stated.
        cell: of the command line, Angstrom and degrees; empty where a matrix gives it.
        variation: what varies.
        output: what is written.
        panels: of a detector file, as it gives them; empty for the panel of the command line.
        detector_file: that file; the empty path without one.
        recording: what the detector adds.
        spectrum: of the beam; None for the wavelengths of the command line.
        truth: what is kept of what is known of a shot.
        parts: fingerprints of all that the images follow from, by key of the plan and name of file.
    """

    path: Path
    title: str
    shots: int
    seed: int
    command: tuple[str, ...]
    cell: tuple[float, ...]
    variation: Variation
    output: OutputSettings
    panels: tuple[Panel, ...] = ()
    detector_file: Path = Path()
    recording: Recording = AS_THEY_ARE
    truth: TruthSettings = NOTHING_KEPT
    spectrum: Spectrum | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return one fingerprint of all that the images follow from."""
        return digest_of(self.parts)

    @property
    def folder(self) -> Path:
        """Return the folder of the plan, from which it names files."""
        return self.path.parent
