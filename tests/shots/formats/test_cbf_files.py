"""CBF: read by fabio and by pycbf, with the pixels and the geometry of the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shots.formats.cbf_files import CbfFiles
from shots.formats.writer import USUAL_NAMES
from shots.formats.writers import chosen_writer
from shots.frames import Frames
from simulator.errors import InputError
from tests.shots.made_frames import SETUPS, made_frames, made_setup, relations, relations_of

fabio = pytest.importorskip("fabio", reason="not run: fabio is not installed")
EXACT = 1e-9
"""Of millimetres and of components of unit vectors."""
WRITER = CbfFiles(".cbf", "CBF file")


def opened(path: Path) -> Any:
    """Return a file opened by pycbf, which compares the checksum of its pixels."""
    pycbf = pytest.importorskip("pycbf", reason="not run: pycbf is not installed")
    handle = pycbf.cbf_handle_struct()
    handle.read_widefile(os.fsencode(path), pycbf.MSG_DIGEST)
    return handle


def pixels_by_pycbf(path: Path) -> np.ndarray:
    handle = opened(path)
    handle.find_category("array_data")
    handle.find_column("data")
    handle.select_row(0)
    return np.frombuffer(handle.get_integerarray_as_string(), np.int32)


@pytest.mark.parametrize("name", SETUPS)
def test_pycbf_reads_the_geometry_of_the_run(tmp_path: Path, name: str) -> None:
    frames = made_frames(setup=SETUPS[name])
    for index, path in enumerate(WRITER.write(tmp_path, frames)):
        handle = opened(path)
        panel, goniometer = handle.construct_detector(0), handle.construct_goniometer()
        found = relations(
            panel.get_pixel_coordinates_fs(0, 0),
            panel.get_detector_axis_fast(),
            panel.get_detector_axis_slow(),
            (0.0, 0.0, -1.0),
            goniometer.get_rotation_axis(),
        )
        assert np.abs(found - relations_of(frames.setup, index)).max() < EXACT
        assert handle.get_wavelength() == pytest.approx(1.1, abs=EXACT)
        assert panel.get_inferred_pixel_size_fs(1) == pytest.approx(0.1, abs=EXACT)
        assert np.deg2rad(goniometer.get_rotation_range()) == pytest.approx((0.25, 0.0125), abs=EXACT)


def test_both_readers_find_the_pixels_bit_for_bit(tmp_path: Path) -> None:
    frames = made_frames()
    for path, counts in zip(WRITER.write(tmp_path, frames), frames.counts, strict=True):
        with fabio.open(str(path)) as image:
            assert image.data.dtype == np.int32
            assert np.array_equal(image.data, counts)
        assert np.array_equal(pixels_by_pycbf(path).reshape(counts.shape), counts)


def test_pixels_that_are_not_packed_are_read_by_pycbf(tmp_path: Path) -> None:
    frames = made_frames()
    writer = chosen_writer("cbf", USUAL_NAMES, "none")
    for path, counts in zip(writer.write(tmp_path, frames), frames.counts, strict=True):
        assert np.array_equal(pixels_by_pycbf(path).reshape(counts.shape), counts)
        assert counts.astype("<i4").tobytes() in path.read_bytes()


def test_the_lines_of_minicbf_say_spot_and_distance(tmp_path: Path) -> None:
    path = WRITER.write(tmp_path, made_frames(setup=SETUPS["one"]))[0]
    text = path.read_bytes().partition(b"--CIF-BINARY")[0].decode()
    spot = made_setup().panels[1]
    corner = np.array(spot.origin_m)
    normal = np.cross(spot.fast, spot.slow)
    beam = np.array(made_setup().beam)
    distance = (corner @ normal) / (beam @ normal)
    pixels = [(distance * beam - corner) @ np.array(axis) / 1e-4 for axis in (spot.fast, spot.slow)]
    lines = {line.split(" ", 2)[1]: line.split(" ", 2)[2] for line in text.split("\r\n") if line[:2] == "# "}
    assert float(lines["Detector_distance"].split()[0]) == pytest.approx(distance, rel=1e-12)
    assert eval(lines["Beam_xy"].removesuffix(" pixels")) == pytest.approx(pixels, rel=1e-9)
    assert float(lines["Wavelength"].split()[0]) == pytest.approx(1.1, rel=1e-12)
    assert lines["Pixel_size"] == "0.0001 m x 0.0001 m"


def test_gain_polarization_and_overload_are_stated(tmp_path: Path) -> None:
    upper, lower = (opened(path) for path in WRITER.write(tmp_path, made_frames()))
    assert upper.get_overload(0) == 60000.0
    assert upper.get_polarization() == pytest.approx([0.9, 0.0])
    lower.find_category("array_intensities")
    lower.find_column("overload")
    assert lower.get_value() == b"."


def shot_with(row: list[int]) -> Frames:
    frames = made_frames(setup=SETUPS["one"])
    counts = frames.counts[0].copy()
    counts.flat[: len(row)] = row
    return Frames(5, frames.setup, frames.photons, (counts,), frames.command_lines)


def test_large_steps_between_pixels_survive_the_packing(tmp_path: Path) -> None:
    """Steps at the ends of 8, 16 and 32 bits, both ways; the highest count there is becomes one lower."""
    steps = [2**bits - less for bits in (7, 15, 31) for less in (0, 1, 2, 3)]
    row = [value for step in steps for value in (step - 1, -1, min(step, 2**31 - 1), 0)]
    frames = shot_with([min(value, 2**31 - 2) for value in row])
    (path,) = WRITER.write(tmp_path, shot_with([min(value, 2**31 - 1) for value in row]))
    with fabio.open(str(path)) as image:
        assert np.array_equal(image.data, frames.counts[0])
    assert np.array_equal(pixels_by_pycbf(path).reshape(image.data.shape), frames.counts[0])


def test_steps_that_no_reader_unpacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="counts of -300 and 2147483646 differ"):
        WRITER.write(tmp_path, shot_with([-300, 2**31 - 1]))
    assert not list(tmp_path.iterdir())
