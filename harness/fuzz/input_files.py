"""Input files of drawn cases, a table from option to what makes its file; every byte follows from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from golden_suite_generator.inputs import extra, reflections, tables
from golden_suite_generator.inputs.mixer import fraction, mixed
from golden_suite_generator.inputs.reflections import box, few, hkl_text
from golden_suite_generator.inputs.smv import Camera, counts, sized, smv_bytes
from golden_suite_generator.inputs.write import (
    cubic_matrix,
    hkl_with_broken_index,
    hkl_with_text,
    triclinic_matrix,
)
from harness.fuzz.values import DrawnCamera

FileMaker = Callable[[int, DrawnCamera], bytes]
SMALL_BOX = 6
MASKED_FRACTION = 0.2
HEADER_KEYS: Mapping[str, Callable[[int, DrawnCamera], float]] = {
    "DISTANCE": lambda seed, camera: camera.distance_mm + seed % 5,
    "CLOSE_DISTANCE": lambda seed, camera: camera.distance_mm - seed % 3,
    "SOURCE_DISTANCE": lambda seed, camera: 120.0 + seed % 7,
    "WAVELENGTH": lambda seed, camera: 0.9 + 0.05 * (seed % 6),
    "BEAM_CENTER_X": lambda seed, camera: camera.along("f") * (0.3 + 0.1 * (seed % 4)),
    "BEAM_CENTER_Y": lambda seed, camera: camera.along("s") * (0.3 + 0.1 * (seed % 5)),
    "XDS_ORGX": lambda seed, camera: camera.fast * 0.5 + seed % 3,
    "XDS_ORGY": lambda seed, camera: camera.slow * 0.5 - seed % 3,
    "ORGX": lambda seed, camera: camera.fast * 0.4,
    "ORGY": lambda seed, camera: camera.slow * 0.6,
    "PHI": lambda seed, camera: 0.25 * (seed % 9),
    "OSC_START": lambda seed, camera: 0.5 * (seed % 3),
    "OSC_RANGE": lambda seed, camera: 0.2 + 0.1 * (seed % 8),
    "TWOTHETA": lambda seed, camera: float(seed % 6),
}


def _text(make: Callable[[int], str]) -> FileMaker:
    return lambda seed, _camera: make(seed).encode("ascii")


def _data(make: Callable[[int], bytes]) -> FileMaker:
    return lambda seed, _camera: make(seed)


def _header(seed: int, camera: DrawnCamera) -> Camera:
    """Return the pixel size and some of the keys of a header."""
    chosen = {
        key: value(seed, camera)
        for number, (key, value) in enumerate(HEADER_KEYS.items())
        if fraction(seed, 201, number) < 0.5
    }
    return {"PIXEL_SIZE": camera.pixel_mm, **chosen}


def _image(seed: int, camera: DrawnCamera) -> bytes:
    pixels = counts(camera.slow, camera.fast, lambda s, f: mixed(seed, 202, s, f) % 4000)
    return smv_bytes(sized(pixels, _header(seed, camera)), pixels, 512 if seed % 2 else 1024)


def _mask(seed: int, camera: DrawnCamera) -> bytes:
    pixels = counts(camera.slow, camera.fast, lambda s, f: fraction(seed, 203, s, f) >= MASKED_FRACTION)
    pixels[camera.traced] = 1
    bare = seed % 3 == 0
    return smv_bytes(sized(pixels, {} if bare else _header(seed, camera)), pixels)


def _sources(seed: int, _camera: DrawnCamera) -> bytes:
    """Return one to four sources near an axis of any convention, some columns missing at the end."""
    axis, sign = seed % 3, (-10.0, 10.0)[seed // 3 % 2]
    lines = []
    for row in range(1 + seed % 4):
        position = [0.4 * (fraction(seed, 204, row, part) - 0.5) for part in range(3)]
        position[axis] = sign
        columns = [*(f"{value:.4f}" for value in position), f"{fraction(seed, 205, row) + 0.1:.3f}"]
        columns += [f"{1.0 + 0.02 * fraction(seed, 206, row):.4f}e-10"]
        lines.append(" ".join(columns[: 3 + seed // 2 % 3]))
    return ("\n".join(lines) + "\n").encode("ascii")


AMORPHOUS = (_text(tables.amorphous),)
MAKERS: Mapping[str, tuple[FileMaker, ...]] = {
    "-hkl": (
        _text(lambda seed: hkl_text(box(SMALL_BOX, SMALL_BOX, SMALL_BOX, seed))),
        _text(lambda seed: hkl_text(few(seed))),
        _text(lambda seed: hkl_text(reflections.sparse(seed))),
        _text(extra.decimal_indices),
    ),
    "-dump": (_data(reflections.dump_bytes),),
    "-mat": (
        _text(lambda seed: cubic_matrix(1 + seed % 4)),
        _text(lambda seed: triclinic_matrix(1 + seed % 4)),
        _text(extra.left_handed_matrix),
    ),
    "-img": (_image,),
    "-mask": (_mask,),
    "-sourcefile": (
        _sources,
        _text(tables.sources_along_x),
        _text(extra.unlike_weights),
        _text(extra.sources_with_carriage_returns),
    ),
    "-stol": AMORPHOUS,
    "-4stol": AMORPHOUS,
    "-Q": AMORPHOUS,
}
"""Of each option that reads a file, the makers of files for it."""
UNUSABLE: Mapping[str, tuple[FileMaker, ...]] = {
    "-hkl": (_text(hkl_with_text), _text(hkl_with_broken_index), lambda seed, camera: b"no reflections\n"),
    "-dump": (_data(extra.truncated_dump),),
    "-mat": (lambda seed, camera: b"0.1 0 0\n0 0.1 0\n",),
    "-img": (lambda seed, camera: _image(seed, camera)[:300],),
    "-mask": (lambda seed, camera: _mask(seed, replace(camera, fast=camera.fast + 1)),),
    "-sourcefile": (_text(extra.negative_weights), lambda seed, camera: b"\n"),
}
"""Files that both programs must refuse."""
SUFFIXES: Mapping[str, str] = {
    "-hkl": "hkl", "-dump": "dump", "-mat": "mat", "-img": "img", "-mask": "img", "-sourcefile": "txt",
    "-stol": "stol", "-4stol": "stol", "-Q": "stol",
}  # fmt: skip
