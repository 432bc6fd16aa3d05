"""The table of writers: what each of them promises, and the formats without a test file of their own."""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shots.formats.smv_files import panel_header
from shots.formats.writers import WRITERS, writer_named
from shots.geometry.panel import Setup
from simulator.errors import InputError
from simulator.io.smv import header_text, read_smv
from system_io.errors import UserError
from tests.shots.made_frames import SETUPS, made_frames, made_setup

PIXELS_ONLY = ("npy", "npy-photons")
"""Formats that say nothing of geometry."""


@pytest.mark.parametrize("word", WRITERS)
def test_equal_shots_have_equal_hashes_and_others_not(tmp_path: Path, word: str) -> None:
    writer, hashes = writer_named(word), []
    other = replace(made_frames(), setup=made_setup(0.1002))
    for name, frames in (("a", made_frames()), ("b", made_frames()), ("c", made_frames(1)), ("d", other)):
        (tmp_path / name).mkdir()
        paths = writer.write(tmp_path / name, replace(frames, number=0))
        hashes.append([writer.data_hash(path) for path in paths])
    assert hashes[0] == hashes[1]
    assert not set(hashes[0]) & set(hashes[2])
    if word not in PIXELS_ONLY:
        assert not set(hashes[0]) & set(hashes[3])


def test_all_formats_lie_in_one_folder_beside_each_other(tmp_path: Path) -> None:
    written = [path for writer in WRITERS.values() for path in writer.write(tmp_path, made_frames())]
    assert len(set(written)) == len(written)
    assert sorted(tmp_path.iterdir()) == sorted(written)


@pytest.mark.parametrize("word", WRITERS)
def test_a_full_disk_leaves_nothing(tmp_path: Path, word: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(UserError, match="cannot write"):
            WRITERS[word].write(tmp_path, made_frames())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", WRITERS)
def test_images_of_another_size_are_refused(tmp_path: Path, word: str) -> None:
    frames = made_frames()
    with pytest.raises(ValueError, match="panels of"):
        WRITERS[word].write(tmp_path, replace(frames, counts=frames.counts[::-1], photons=frames.photons[:1]))
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InputError, match="format 'png': unknown; give one of nxmx"):
        writer_named("png")


def test_smv_holds_counts_within_16_bits(tmp_path: Path) -> None:
    frames = made_frames()
    for path, counts in zip(WRITERS["smv"].write(tmp_path, frames), frames.counts, strict=True):
        pixels = read_smv(path, "-img", exact=True).pixels
        assert np.array_equal(pixels, np.clip(counts, 0, 65535))


@pytest.mark.parametrize("options", ["-mosflm", "-xds", "-adxv -twotheta 8", "-denzo -detector_rotz 5"])
def test_the_smv_header_is_that_of_the_simulator(options: str) -> None:
    """All lines but those of the centre as typed, which a panel knows nothing of."""
    from shots.geometry.setup_of import setup_of
    from simulator import RunConfig
    from simulator.io.smv_header import smv_header
    from simulator.output.run import _final_geometry
    from simulator.scene.scene import prepare

    line = "-cell 60 60 40 90 90 90 -default_F 100 -N 2 -detpixels_f 30 -detpixels_s 20 -distance 90 -adc 0"
    config = RunConfig.from_args([*line.split(), *options.split(), "-phi", "3", "-osc", "2"])
    ours = panel_header(setup_of(config), 0).decode()
    theirs = smv_header(config, _final_geometry(prepare(config))).decode()
    left_out = {
        "TWOTHETA",
        *(["DIALS_ORIGIN"] if "-mosflm" not in options and "-denzo" not in options else []),
    }
    for line in theirs.splitlines():
        key = line.partition("=")[0]
        if "=" in line and key not in left_out:
            mine, wanted = header_text(ours, (key,)), header_text(theirs, (key,))
            assert mine == wanted or float(mine or "nan") == pytest.approx(
                float(wanted or "nan"), abs=1e-12
            ), key


def test_a_panel_beside_the_beam_has_no_smv_header_but_a_cbf_one(tmp_path: Path) -> None:
    panel = replace(made_setup().panels[0], fast=(1.0, 0.0, 0.0), slow=(0.0, 0.0, 1.0))
    frames = made_frames(setup=replace(made_setup(), panels=(panel,)))
    with pytest.raises(InputError, match=r"'upper': the beam does not meet its plane.*nxmx or cbf"):
        WRITERS["smv"].write(tmp_path, frames)
    (path,) = WRITERS["cbf"].write(tmp_path, frames)
    assert b"Beam_xy" not in path.read_bytes()


def read_tiff(path: Path) -> tuple[np.ndarray, dict[str, object]]:
    tifffile = pytest.importorskip("tifffile", reason="not run: tifffile is not installed")
    with tifffile.TiffFile(path) as file:
        return file.asarray(), json.loads(file.pages[0].description)


@pytest.mark.parametrize("images", ["counts", "photons"])
def test_tiff_holds_pixels_and_geometry(tmp_path: Path, images: str) -> None:
    fabio = pytest.importorskip("fabio", reason="not run: fabio is not installed")
    frames = made_frames()
    word = {"counts": "tiff", "photons": "tiff-photons"}[images]
    paths = WRITERS[word].write(tmp_path, frames)
    for path, image, panel in zip(paths, getattr(frames, images), frames.setup.panels, strict=True):
        pixels, told = read_tiff(path)
        assert pixels.dtype == image.dtype
        assert np.array_equal(pixels, image)
        assert np.array_equal(fabio.open(str(path)).data, image)
        assert told["panel"] == panel.name
        assert told["origin_m"] == list(panel.origin_m)


def test_names_of_files_say_shot_and_panel(tmp_path: Path) -> None:
    one: Setup = SETUPS["one"]
    assert [path.name for path in WRITERS["smv"].write(tmp_path, made_frames(7, one))] == ["shot_000007.img"]
    assert [path.name for path in WRITERS["cbf"].write(tmp_path, made_frames(7))] == [
        "shot_000007_panel_000.cbf",
        "shot_000007_panel_001.cbf",
    ]
