"""The formats that an array of numbers can be read from, in one table."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.fields.field import FieldArray
from harness.fields.source import FieldSource, unreadable
from harness.fields.text_table import read_columns
from harness.programs.image_file import smv_pixels
from system_io.files import irregular, read_regular
from system_io.shown import printable

FieldReader = Callable[[Path, FieldSource], FieldArray]
ORDERS: Mapping[str, str] = {"little": "<", "big": ">"}
USUAL_EXPONENTS: Mapping[str, int] = {"f4": 42, "f8": 102}
"""Of 2, in numbers that a program is likely to write, by type; about a third and a tenth of the range."""
SAMPLED = 4096
LAYOUTS: Mapping[str, str] = {"C": "C", "Fortran": "F"}
COLUMNS: Mapping[str, type] = {
    "columns": list, "separator": str, "comment": str, "skip": int, "names": bool,
}  # fmt: skip


@dataclass(frozen=True)
class FieldFormat:
    """A format: what it is, its reader, and the settings that it knows with the kind of their values."""

    title: str
    read: FieldReader
    settings: Mapping[str, type]
    needed: tuple[str, ...] = ()
    check: Callable[[FieldSource], object] = lambda _: None
    """Raises an error for settings that cannot be meant, before there is a file."""


def read_raw(path: Path, source: FieldSource) -> FieldArray:
    """Return numbers that lie in a file without a header, mapped, not read.

    Raises:
        HarnessError: the type is none, or the size of the file is not that of the shape.
    """
    words = source.settings
    kind, shape, skip = _raw_layout(source)
    needed, found = skip + kind.itemsize * math.prod(shape), path.stat().st_size
    if found != needed:
        raise unreadable(
            source, f"has {found} bytes, {list(shape)} of {kind.name} behind {skip} bytes need {needed}",
            "give the shape, dtype and skip that it has",
        )  # fmt: skip
    layout = LAYOUTS[words.get("layout", "C")]
    if not math.prod(shape):
        return FieldArray(np.zeros(shape, kind), source.name)
    array = np.memmap(path, kind, "r", skip, shape, order=layout)  # type: ignore[call-overload]
    if _order_stated(source) is None and _looks_swapped(array):
        raise unreadable(
            source, "has numbers of all sizes, but of likely ones with the bytes of each in the other order",
            "write order = 'big', or 'little' if they are meant so",
        )  # fmt: skip
    return FieldArray(array, source.name)


def _order_stated(source: FieldSource) -> str | None:
    """Return the order of bytes that the type itself or the settings state."""
    by_type = {sign: word for word, sign in ORDERS.items()}.get(str(source.settings["dtype"])[:1])
    found: str | None = source.settings.get("order", by_type)
    if by_type not in (None, found):
        raise unreadable(
            source,
            f"order is '{found}', but dtype '{source.settings['dtype']}' says {by_type}",
            "correct one",
        )
    return found


def _looks_swapped(array: np.ndarray[Any, Any]) -> bool:
    """Tell whether most of the first numbers are far from 1 as they are read, and none with swapped bytes."""
    usual = USUAL_EXPONENTS.get(array.dtype.str[1:])
    if usual is None:
        return False
    sample = np.array(array.ravel(order="K")[:SAMPLED])

    def far(numbers: np.ndarray[Any, Any]) -> float:
        told = numbers[numbers != 0]
        strange = (np.abs(np.frexp(told)[1]) > usual) | ~np.isfinite(told)
        return float(np.mean(strange)) if len(told) else 0.0

    return far(sample) > 0.5 and far(sample.byteswap()) == 0.0


def _raw_layout(source: FieldSource) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return type, shape and the bytes in front of numbers without a header.

    Raises:
        HarnessError: one cannot be meant.
    """
    shape, skip = tuple(source.settings["shape"]), source.settings.get("skip", 0)
    for size in (*shape, skip):
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            what = f"shape {list(shape)} or skip {skip}"
            raise unreadable(source, f"{what} has {size!r}", "give whole numbers from 0 on")
    return _raw_type(source), shape, skip


def _raw_type(source: FieldSource) -> np.dtype[Any]:
    words = source.settings
    for key, known in (("order", ORDERS), ("layout", LAYOUTS)):
        if words.get(key, next(iter(known))) not in known:
            raise unreadable(source, f"{key} is '{words[key]}'", f"it is one of {', '.join(known)}")
    try:
        order = _order_stated(source) or next(iter(ORDERS))
        kind: np.dtype[Any] = np.dtype(words["dtype"]).newbyteorder(ORDERS[order])
    except TypeError as error:
        raise unreadable(
            source, f"dtype '{words['dtype']}' is no type of numbers", "give one of numpy"
        ) from error
    if kind.kind not in "biufc":
        raise unreadable(source, f"dtype '{words['dtype']}' is no type of numbers", "give one of numpy")
    return kind


def read_npy(path: Path, source: FieldSource) -> FieldArray:
    """Return the array of a .npy file, mapped, not read.

    Raises:
        HarnessError: it is none.
    """
    try:
        return FieldArray(np.load(path, mmap_mode="r", allow_pickle=False), source.name)
    except (ValueError, OSError, EOFError):
        try:
            return FieldArray(np.load(path, allow_pickle=False), source.name)
        except (ValueError, OSError, EOFError) as error:
            raise unreadable(source, str(error), "write it with numpy.save, of numbers") from error


def read_npz(path: Path, source: FieldSource) -> FieldArray:
    """Return one array of a .npz file, which is read whole.

    Raises:
        HarnessError: it is no such file, or has no such array.
    """
    name = str(source.settings["array"])
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            if name not in arrays:
                raise unreadable(source, f"has no array '{name}'", f"it has {', '.join(arrays) or 'none'}")
            return FieldArray(np.asarray(arrays[name]), source.name)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise unreadable(source, str(error), "write it with numpy.savez") from error


def read_smv_pixels(path: Path, source: FieldSource) -> FieldArray:
    """Return the pixels of an SMV image [slow, fast].

    Raises:
        HarnessError: it is none.
    """
    data = read_regular(path, "image", "give an SMV image", HarnessError)
    return FieldArray(smv_pixels(path, data), source.name)


def read_dataset(path: Path, source: FieldSource) -> FieldArray:
    """Return a dataset of an HDF5 or netCDF-4 file, read block by block.

    Raises:
        HarnessError: h5py is missing, or the file or the dataset.
    """
    try:
        import h5py
    except ImportError as error:
        raise unreadable(source, "reading it needs h5py", "install nanobragg-parity[formats]") from error
    name = str(source.settings["dataset"])
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise unreadable(
            source, "is no HDF5 file", "give one; netCDF-3 is not HDF5: convert it to netCDF-4"
        ) from error
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        there: list[str] = []
        file.visititems(lambda key, item: there.append(key) if isinstance(item, h5py.Dataset) else None)
        raise unreadable(source, f"has no dataset '{name}'", f"it has {', '.join(there[:12]) or 'none'}")
    if found.shape is None:
        raise unreadable(source, f"dataset '{name}' is empty", "give one that holds numbers")
    return FieldArray(found, source.name)


FORMATS: Mapping[str, FieldFormat] = {
    "raw": FieldFormat(
        "numbers without a header", read_raw,
        {"dtype": str, "shape": list, "order": str, "layout": str, "skip": int}, ("dtype", "shape"),
        _raw_layout,
    ),
    "npy": FieldFormat("a .npy file", read_npy, {}),
    "npz": FieldFormat("an array of a .npz file", read_npz, {"array": str}, ("array",)),
    "text": FieldFormat("columns of a text", read_columns, COLUMNS),
    "csv": FieldFormat("columns of a CSV file", read_columns, COLUMNS),
    "hdf5": FieldFormat("a dataset of an HDF5 file", read_dataset, {"dataset": str}, ("dataset",)),
    "netcdf": FieldFormat("a variable of a netCDF-4 file", read_dataset, {"dataset": str}, ("dataset",)),
    "smv": FieldFormat("the pixels of an SMV image", read_smv_pixels, {}),
}  # fmt: skip
"""How arrays are read, by the word in front."""


def read_field(source: FieldSource, folder: Path) -> FieldArray:
    """Return the array that a source names.

    Raises:
        HarnessError: there is no such file, or it holds something else.
    """
    path = source.file(folder)
    odd = irregular(path) if path.exists() else "not there"
    if odd:
        raise unreadable(source, f"is {odd}", "have the program write it, or name the one that it writes")
    try:
        return FORMATS[source.format].read(path, source)
    except OSError as error:
        raise unreadable(source, f"cannot be read ({error.strerror})", "give one that can") from error


def check_source(source: FieldSource, where: str) -> None:
    """Check that a format is known and was told what it needs, and nothing else.

    Raises:
        HarnessError: that names the setting.
    """
    known = FORMATS.get(source.format)
    if known is None:
        raise HarnessError(
            f"{where}: format is '{printable(source.format)}', it is one of {', '.join(FORMATS)}"
        )
    for key, value in source.settings.items():
        if key not in known.settings:
            able = ", ".join(known.settings) or "none"
            raise HarnessError(
                f"{where}: '{printable(key)}' is no setting of format {source.format}; it has {able}"
            )
        kind = known.settings[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise HarnessError(f"{where}: {key} is {value!r:.60}, must be {WORDS_OF[kind]}; give such a one")
    for key in known.needed:
        if key not in source.settings:
            raise HarnessError(f"{where}: format {source.format} needs '{key}'; add it")
    try:
        known.check(source)
    except HarnessError as error:
        raise HarnessError(f"{where}: {error}") from error


WORDS_OF: Mapping[type, str] = {
    str: "a word in quotes",
    int: "a whole number",
    list: "a list",
    bool: "true or false",
}
