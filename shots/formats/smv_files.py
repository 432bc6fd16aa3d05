"""SMV: a file for each panel, of 16-bit counts, with the header of the simulator's own images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.formats.writer import PanelFiles
from shots.frames import Frames
from shots.geometry.beam_spot import beam_spot, nearest_point
from shots.geometry.panel import Panel, Setup
from shots.geometry.reference_frames import frame_named, setup_in
from simulator.config import RunConfig, Steps
from simulator.errors import InputError
from simulator.io.smv import smv_chunks
from simulator.io.smv_header import FinalGeometry, smv_header
from simulator.units import mm_of_m
from system_io.files import FileChunk


@dataclass(frozen=True)
class SmvFiles(PanelFiles):
    """The writer of SMV files: masked and negative pixels are 0, those above 65535 are 65535."""

    def chunks(self, frames: Frames, index: int, image: NDArray[Any]) -> list[FileChunk]:
        """Return header and pixels of a panel.

        Raises:
            InputError: for a panel whose plane the beam does not meet.
        """
        limits = np.iinfo(np.uint16)
        pixels = np.clip(image, limits.min, limits.max).astype(np.uint16)
        return [*smv_chunks(panel_header(frames.setup, index), pixels)]


def panel_header(setup: Setup, index: int) -> bytes:
    """Return the header of an image of a panel.

    Args:
        setup: in the laboratory frame of the run.
        index: of the panel.

    Raises:
        InputError: for a panel whose plane the beam does not meet.

    Source: spec 08 "SMV file layout".
    """
    panel = setup.panels[index]
    spot, near = beam_spot(panel, setup), nearest_point(panel)
    if spot is None:
        raise InputError(
            f"panel '{panel.name}': the beam does not meet its plane, which SMV cannot say; write nxmx or cbf"
        )
    x, y, z = (mm_of_m(part) for part in setup_in(setup, frame_named("dials")).panels[index].origin_m)
    final = FinalGeometry(
        distance_m=spot.distance_m,
        close_distance_m=near.distance_m,
        Fbeam_m=spot.fast * panel.pixel_size_m,
        Sbeam_m=spot.slow * panel.pixel_size_m,
        ORGX_pixels=near.fast + 0.5,
        ORGY_pixels=near.slow + 0.5,
        dials_origin_mm=(x, y, z),
    )
    return smv_header(_described(panel, setup), final)


def _described(panel: Panel, setup: Setup) -> RunConfig:
    """Return a configuration that says of panel, beam and rotation what a header takes from one."""
    run = RunConfig()
    phi_rad = Steps(setup.phi_start_rad, setup.phi_range_rad, setup.phi_range_rad, 1)
    detector = replace(
        run.detector,
        fpixels=panel.fast_pixels,
        spixels=panel.slow_pixels,
        pixel_size_m=panel.pixel_size_m,
        fsize_m=panel.fast_pixels * panel.pixel_size_m,
        ssize_m=panel.slow_pixels * panel.pixel_size_m,
    )
    return replace(
        run,
        beam=replace(run.beam, wavelength_m=setup.wavelength_m),
        crystal=replace(run.crystal, phi_rad=phi_rad),
        detector=detector,
        output=replace(run.output, adc=0.0),
    )
