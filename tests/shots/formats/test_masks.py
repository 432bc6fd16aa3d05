"""Masks of panels: NXmx, .npy and SMV say the same, bad regions come on top, other sizes are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shots.formats.masks import panel_mask
from shots.formats.smv_files import panel_header
from shots.formats.writers import WRITERS
from simulator.errors import InputError
from tests.shots.made_frames import MASKED_PIXEL, made_frames, made_setup

UPPER, LOWER = made_setup().panels
KEPT = np.ones((8, 12), bool)
KEPT[MASKED_PIXEL] = False


def mask_files(folder: Path) -> dict[str, Path]:
    """Write the mask of the upper panel in each format."""
    np.save(folder / "truth.npy", KEPT)
    np.save(folder / "numbers.npy", KEPT.astype(np.int32) * 7)
    header = panel_header(made_setup(), 0)
    (folder / "mask.img").write_bytes(header + KEPT.astype(np.uint16).tobytes())
    (shot,) = WRITERS["nxmx"].write(folder, made_frames())
    names = ("truth.npy", "numbers.npy", "mask.img")
    return {**{name: folder / name for name in names}, "nxmx": shot}


@pytest.mark.parametrize("kind", ["truth.npy", "numbers.npy", "mask.img", "nxmx"])
def test_all_formats_say_the_same(tmp_path: Path, kind: str) -> None:
    path = mask_files(tmp_path)[kind]
    assert np.array_equal(panel_mask(replace(UPPER, mask_file=path)), KEPT)


def test_bad_regions_come_on_top(tmp_path: Path) -> None:
    path = mask_files(tmp_path)["truth.npy"]
    found = panel_mask(replace(UPPER, mask_file=path, bad=((0, 2, 6, 8),)))
    expected = KEPT.copy()
    expected[6:8, :2] = False
    assert np.array_equal(found, expected)
    assert panel_mask(LOWER).all()


def test_a_panel_of_several_has_the_part_of_its_name(tmp_path: Path) -> None:
    """The lower panel lies below the upper one in the image, and is narrower."""
    frames = made_frames()
    frames.counts[1][3, 4] = -1
    (path,) = WRITERS["nxmx"].write(tmp_path, frames)
    expected = np.ones((6, 10), bool)
    expected[3, 4] = False
    assert np.array_equal(panel_mask(replace(LOWER, mask_file=path)), expected)
    with pytest.raises(InputError, match="is 12 x 14 pixels, panel 'third' 10 x 6; give one of its size"):
        panel_mask(replace(LOWER, name="third", mask_file=path))


@pytest.mark.parametrize("bits", [np.uint8, np.uint16, np.uint32, np.int32, np.uint64])
def test_the_upper_bits_of_nexus_take_no_pixel_out(tmp_path: Path, bits: type) -> None:
    h5py = pytest.importorskip("h5py", reason="not run: h5py is not installed")
    values = np.zeros((8, 12), bits)
    values[MASKED_PIXEL] = 1
    if np.dtype(bits).itemsize > 2:
        values[0, 0] = 1 << 16
    with h5py.File(tmp_path / "mask.nxs", "w") as file:
        file["entry/instrument/detector/pixel_mask"] = values
    assert np.array_equal(panel_mask(replace(UPPER, mask_file=tmp_path / "mask.nxs")), KEPT)


def odd_files(folder: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="not run: h5py is not installed")
    np.save(folder / "size.npy", KEPT.T)
    np.save(folder / "float.npy", KEPT * 1.5)
    np.save(folder / "cube.npy", KEPT[None])
    np.save(folder / "objects.npy", np.array([{}]), allow_pickle=True)
    for name in ("text.npy", "text.h5", "text.img", "mask.tif"):
        (folder / name).write_text("no mask\n")
    for name, fields in (("none.h5", ()), ("two.h5", ("a", "b")), ("cube.h5", ("a",))):
        with h5py.File(folder / name, "w") as file:
            for field in fields:
                file[f"{field}/pixel_mask"] = np.zeros((1, 8, 12), np.uint32)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.npy", "cannot open mask file"),
        ("size.npy", "is 8 x 12 pixels, panel 'upper' 12 x 8"),
        ("float.npy", "must hold a two-dimensional array"),
        ("cube.npy", "must hold a two-dimensional array"),
        ("objects.npy", "is no .npy file of numbers"),
        ("text.npy", "is no .npy file of numbers"),
        ("text.h5", "is no whole HDF5 file"),
        ("text.img", "is not an SMV image"),
        ("mask.tif", "unknown ending '.tif'; give a mask as NXmx"),
        ("none.h5", "has 0 fields pixel_mask, must have one"),
        ("two.h5", "has 2 fields pixel_mask, must have one"),
        ("cube.h5", "must be one image of whole numbers"),
    ],
)
def test_what_is_no_mask_of_the_panel_is_named(tmp_path: Path, name: str, told: str) -> None:
    odd_files(tmp_path)
    with pytest.raises(InputError) as error:
        panel_mask(replace(UPPER, mask_file=tmp_path / name))
    assert told in str(error.value)
