"""NXmx: a whole HDF5 file for each shot, and a master whose virtual data set holds the pixels of all."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shots.extras import loaded_library
from shots.formats.nxmx_leaves import DATA, ENTRY, GROUPS, PIXEL_MASK, PROCESS, Leaf, shot_leaves, stacked
from shots.formats.writer import TAILS, USUAL_NAMES, ShotNames, WrittenImages, images_of
from shots.frames import MASKED, Frames
from simulator.errors import InputError
from system_io.files import Together, written_together
from system_io.shown import printable

SUFFIX = ".h5"
PURPOSE = "NXmx files need"
OF_SHOT = "of_shot"
"""Attribute of a field whose first axis counts shots."""
Leaves = dict[str, Leaf]
BITSHUFFLE = "bitshuffle-lz4"
GZIP_LEVEL = 4


def _bitshuffled(chunk: tuple[int, ...]) -> dict[str, Any]:
    plugin = loaded_library("hdf5plugin", PURPOSE)
    return {"chunks": chunk, **plugin.Bitshuffle(cname="lz4")}


def _zipped(chunk: tuple[int, ...]) -> dict[str, Any]:
    return {"chunks": chunk, "shuffle": True, "compression": "gzip", "compression_opts": GZIP_LEVEL}


def _unpacked(_chunk: tuple[int, ...]) -> dict[str, Any]:
    return {}


Packing = Callable[[tuple[int, ...]], dict[str, Any]]
PACKINGS: Mapping[str, Packing] = {
    BITSHUFFLE: _bitshuffled,
    "gzip": _zipped,
    "none": _unpacked,
}
"""What h5py is told of pixels of a chunk, by the word of a plan; the first is the usual one."""


@dataclass(frozen=True)
class NxmxFiles:
    """The writer of NXmx files.

    Attributes:
        images: which images are written.
        names: of the files.
        compression: of pixels and masks, a key of `PACKINGS`.
    """

    images: WrittenImages = "counts"
    names: ShotNames = USUAL_NAMES
    compression: str = BITSHUFFLE

    def write(self, folder: Path, frames: Frames) -> tuple[Path, ...]:
        """Write the file of a shot, readable without the master.

        Raises:
            UserError: if a library is missing or the file cannot be written.
        """
        path = self._path(folder, frames.number)
        image = stacked(images_of(frames, self.images), frames.setup.panels, MASKED)
        packing = PACKINGS[self.compression]
        content = _content(shot_leaves(frames), packing, lambda file: _write_pixels(file, image, packing))
        with written_together() as files:
            files.add(path, [content], "NXmx file")
        return (path,)

    def finish(self, folder: Path, numbers: Sequence[int]) -> tuple[Path, ...]:
        """Write the master, or one for each way in which the panels are turned.

        A master has arrays where shots differ in wavelength, rotation, or places of panels.

        Raises:
            UserError: if a shot is missing, unreadable or of another format, or nothing can be written.
        """
        groups = _alike([_read_shot(self._path(folder, number)) for number in numbers])
        tails = [""] if len(groups) == 1 else [f"_{index}" for index in range(len(groups))]
        paths = tuple(folder / f"master{tail}{TAILS[self.images]}{SUFFIX}" for tail in tails)
        with written_together() as files:
            for path, shots in zip(paths, groups, strict=True):
                _add_master(files, path, shots, PACKINGS[self.compression])
        return paths

    def _path(self, folder: Path, number: int) -> Path:
        return folder / f"{self.names.of(number)}{TAILS[self.images]}{SUFFIX}"

    def data_hash(self, path: Path) -> str:
        """Return the hash of all fields, shapes, types and attributes, pixels of a master included.

        Left out are command lines, which name files, and where in a master pixels come from.

        Raises:
            UserError: for a file that cannot be read.
        """
        h5py = loaded_library("h5py", PURPOSE)
        total = hashlib.sha256()
        with _opened(path) as file:
            fields: list[str] = []
            file.visititems(
                lambda name, item: fields.append(name) if isinstance(item, h5py.Dataset) else None
            )
            for name in sorted(fields):
                if not f"/{name}".startswith(PROCESS):
                    _hash_field(total, name, file[name])
        return total.hexdigest()


def _hash_field(total: Any, name: str, dataset: Any) -> None:
    """Add a field to a hash, shot by shot."""
    attributes = [(key, np.asarray(value).tolist()) for key, value in sorted(dataset.attrs.items())]
    total.update(repr((name, dataset.shape, str(dataset.dtype), attributes)).encode())
    for part in dataset if dataset.ndim > 2 else [dataset[()]]:
        if isinstance(part, bytes):
            total.update(part)
        elif dataset.dtype.hasobject:
            total.update(repr(part.tolist()).encode())
        else:
            total.update(np.ascontiguousarray(part).tobytes())


def _content(leaves: Mapping[str, Leaf], packing: Packing, add_pixels: Any) -> bytes:
    """Return the bytes of a file with these fields; they depend on nothing but the fields."""
    h5py = loaded_library("h5py", PURPOSE)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["default"] = "entry"
        for path, attributes in GROUPS.items():
            file.create_group(path).attrs.update(attributes)
        for path, leaf in leaves.items():
            _write_leaf(file, path, leaf, packing)
        add_pixels(file)
    return buffer.getvalue()


def _write_leaf(file: Any, path: str, leaf: Leaf, packing: Packing) -> None:
    group = path.rpartition("/")[0]
    if group not in file:
        file.create_group(group).attrs["NX_class"] = "NXdetector_module"
    packed = packing(leaf.value.shape) if path == PIXEL_MASK else {}
    dataset = file.create_dataset(path, data=leaf.value, **packed)
    dataset.attrs.update(leaf.attributes)
    if leaf.of_shot:
        dataset.attrs[OF_SHOT] = True


def _write_pixels(file: Any, image: NDArray[Any], packing: Packing) -> None:
    file.create_dataset(DATA, data=image[None], **packing((1, *image.shape)))


@dataclass(frozen=True, eq=False)
class _Shot:
    """The fields of a file of one shot but for pixels and mask, and the shape and type of its pixels."""

    path: Path
    leaves: Leaves
    shape: tuple[int, ...]
    dtype: Any


def _opened(path: Path) -> Any:
    """Return an HDF5 file opened for reading.

    Raises:
        InputError: if it cannot be opened.
    """
    h5py = loaded_library("h5py", PURPOSE)
    loaded_library("hdf5plugin", PURPOSE)
    try:
        return h5py.File(path, "r")
    except OSError as error:
        reason = "no such file" if not path.exists() else f"is no whole HDF5 file ({error})"
        raise InputError(f"NXmx file '{printable(str(path))}': {reason}; make the shot again") from error


def _read_shot(path: Path) -> _Shot:
    """Return a shot that `NxmxFiles.write` has written.

    Raises:
        InputError: for a file that is missing, broken or of other origin.
    """
    with _opened(path) as file:
        if DATA not in file or f"{PROCESS}/shot" not in file:
            raise InputError(
                f"NXmx file '{printable(str(path))}': is not the file of a shot; make the shot again"
            )
        kept = [(name, dataset) for name, dataset in _fields(file[ENTRY]) if name not in (DATA, PIXEL_MASK)]
        leaves = {name: _leaf(dataset) for name, dataset in kept}
        return _Shot(path, leaves, file[DATA].shape[1:], file[DATA].dtype)


def _fields(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a group, in order of their names."""
    for item in group.values():
        if hasattr(item, "dtype"):
            yield item.name, item
        else:
            yield from _fields(item)


def _leaf(dataset: Any) -> Leaf:
    value = dataset.asstr()[()] if dataset.dtype.hasobject else dataset[()]
    attributes = dict(dataset.attrs)
    of_shot = attributes.pop(OF_SHOT, False)
    return Leaf(value, attributes, bool(of_shot))


def _alike(shots: Sequence[_Shot]) -> list[list[_Shot]]:
    """Return shots in groups that one master can describe, each in order."""
    groups: dict[str, list[_Shot]] = {}
    for shot in shots:
        groups.setdefault(_fixed(shot), []).append(shot)
    return list(groups.values())


def _fixed(shot: _Shot) -> str:
    """Return what must be the same in all shots of a master: all but pixels, mask and fields of shots."""
    parts: list[object] = [shot.shape, str(shot.dtype)]
    for path, leaf in shot.leaves.items():
        attributes = [(key, np.asarray(value).tolist()) for key, value in leaf.attributes.items()]
        parts.append((path, attributes, None if leaf.of_shot else np.asarray(leaf.value).tolist()))
    return repr(parts)


def _add_master(files: Together, path: Path, shots: Sequence[_Shot], packing: Packing) -> None:
    content = _content(_joined(shots), packing, lambda file: _write_virtual(file, shots))
    files.add(path, [content], "NXmx master")


def _joined(shots: Sequence[_Shot]) -> Leaves:
    """Return the fields of a master: one value where all shots have the same, else one a shot."""
    joined: Leaves = {}
    for path, first in shots[0].leaves.items():
        if not first.of_shot:
            joined[path] = first
            continue
        values = [shot.leaves[path].value for shot in shots]
        same = path.startswith(f"{ENTRY}/instrument") and all(np.array_equal(v, values[0]) for v in values)
        joined[path] = replace(first, value=values[0] if same else list(np.concatenate(values)))
    joined[PIXEL_MASK] = Leaf(_mask_of_all(shots))
    return joined


def _mask_of_all(shots: Sequence[_Shot]) -> NDArray[np.uint32]:
    """Return the pixels that no shot has; what single shots lack is masked in their pixels."""
    total = np.array(np.iinfo(np.uint32).max, dtype=np.uint32)
    for shot in shots:
        with _opened(shot.path) as file:
            total = total & file[PIXEL_MASK][()]
    return total


def _write_virtual(file: Any, shots: Sequence[_Shot]) -> None:
    """Write the data set whose pixels lie in the files of the shots, beside the master."""
    h5py = loaded_library("h5py", PURPOSE)
    first = shots[0]
    layout = h5py.VirtualLayout((len(shots), *first.shape), dtype=first.dtype)
    layout.dcpl.set_obj_track_times(False)
    for index, shot in enumerate(shots):
        layout[index] = h5py.VirtualSource(shot.path.name, DATA, (1, *first.shape), first.dtype)[0]
    file.create_virtual_dataset(DATA, layout, fillvalue=MASKED)
