"""Masks: which pixels of a panel measure, from NXmx, .npy or SMV files and from its bad regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.extras import loaded_library
from shots.geometry.bad_regions import measured_by
from shots.geometry.panel import Panel
from simulator.errors import InputError
from simulator.io.files import read_bytes
from simulator.io.smv import read_smv
from system_io.shown import printable

PixelMask = NDArray[np.bool_]
PIXEL_MASK = "pixel_mask"
TAKES_OUT = 0xFFFF
"""Bits of a mask of NeXus of which none is set where a pixel measures."""
REMEDY = "give a mask as NXmx (.h5, .nxs), .npy or SMV (.img)"


def panel_mask(panel: Panel) -> PixelMask:
    """Return which pixels of a panel measure [slow, fast]: what mask file and bad regions leave.

    Args:
        panel: with the path of its mask file, whose ending says the format.

    Raises:
        InputError: for a file that cannot be read, of an unknown ending, or of another size.
    """
    kept = measured_by(panel)
    path = panel.mask_file
    if not path.name:
        return kept
    where = f"mask file '{printable(str(path))}'"
    read = MASK_READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{where}: unknown ending '{path.suffix}'; {REMEDY}")
    found = read(path, panel, where)
    if found.shape != kept.shape:
        raise InputError(
            f"{where}: is {' x '.join(map(str, found.shape[::-1]))} pixels, panel '{printable(panel.name)}'"
            f" {panel.fast_pixels} x {panel.slow_pixels}; give one of its size"
        )
    return kept & found


def _of_numpy(path: Path, _panel: Panel, where: str) -> PixelMask:
    """Return a mask of an array: True, or any number but 0, where a pixel measures."""
    read_bytes(path, "mask file", REMEDY)
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{where}: is no .npy file of numbers ({error}); {REMEDY}") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "bui":
        raise InputError(f"{where}: must hold a two-dimensional array of truth values or whole numbers")
    return np.asarray(array != 0)


def _of_smv(path: Path, _panel: Panel, _where: str) -> PixelMask:
    """Return a mask of an SMV image, as `-mask` reads it: any number but 0 where a pixel measures."""
    return np.asarray(read_smv(path, "-mask", exact=True).pixels != 0)


def _of_nexus(path: Path, panel: Panel, where: str) -> PixelMask:
    """Return the mask of a panel in an NXmx file: the module of its name, else the whole if it has its size.

    A pixel measures where none of the lower 16 bits is set, as NeXus has it.
    """
    h5py = loaded_library("h5py", "NXmx files need")
    loaded_library("hdf5plugin", "NXmx files need")
    read_bytes(path, "mask file", REMEDY)
    try:
        with h5py.File(path, "r") as file:
            found: list[Any] = []
            file.visititems(lambda _, item: found.append(item) if _is_mask(item) else None)
            if len(found) != 1:
                raise InputError(f"{where}: has {len(found)} fields {PIXEL_MASK}, must have one; mend it")
            bits = np.asarray(found[0][()])
            rows, columns = _slab(found[0].parent, panel.name, where)
    except OSError as error:
        raise InputError(f"{where}: is no whole HDF5 file ({error}); {REMEDY}") from error
    if bits.ndim != 2 or bits.dtype.kind not in "ui":
        raise InputError(f"{where}: {PIXEL_MASK} must be one image of whole numbers; mend it")
    return np.asarray(bits[rows, columns].astype(np.int64) & TAKES_OUT == 0)


def _is_mask(item: Any) -> bool:
    return hasattr(item, "dtype") and bool(item.name.rpartition("/")[2] == PIXEL_MASK)


def _slab(detector: Any, name: str, where: str) -> tuple[slice, slice]:
    """Return rows and columns of the module of a name; all where no module has it."""
    for module in detector.values():
        if hasattr(module, "dtype") or "data_origin" not in module or "data_size" not in module:
            continue
        own = module["name"].asstr()[()] if "name" in module else module.name.rpartition("/")[2]
        if own == name:
            try:
                (row, column), (slow, fast) = module["data_origin"][()], module["data_size"][()]
            except (TypeError, ValueError) as error:
                raise InputError(f"{where}: module '{printable(name)}' has no place in one image") from error
            return slice(int(row), int(row + slow)), slice(int(column), int(column + fast))
    return slice(None), slice(None)


MASK_READERS: Mapping[str, Callable[[Path, Panel, str], PixelMask]] = {
    ".npy": _of_numpy,
    ".h5": _of_nexus,
    ".hdf5": _of_nexus,
    ".nxs": _of_nexus,
    ".img": _of_smv,
    ".smv": _of_smv,
}
"""By the ending of the file."""
