"""Writes the input files of the suite and of the built-in crystal; every byte follows from the seed.

`python -m golden_suite_generator.inputs.write DIR [--seed N]` puts the small files of the cases into
DIR/inputs and the synthetic crystal (A.mat, scaled.hkl) into DIR/lysozyme, as the cases name them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from golden_suite_generator.inputs import extra, lysozyme, reflections, smv, tables
from golden_suite_generator.inputs.orientation import Cell, matrix_text, rotation
from golden_suite_generator.inputs.reflections import box, few, hkl_text
from system_io.command import Command
from system_io.files import write_whole
from system_io.parser import CommandParser

NAME = "python -m golden_suite_generator.inputs.write"
EXIT_ERROR = 3
DEFAULT_SEED = 1
CASE_FOLDER = "inputs"
CRYSTAL_FOLDER = "lysozyme"
Maker = Callable[[int], bytes | str]


def cubic_matrix(seed: int) -> str:
    """Return the matrix of a cubic cell for 1 Angstrom, three lines."""
    d = seed - 1
    edge_A = 60.0 + 3 * d
    return matrix_text(Cell(edge_A, edge_A, edge_A), rotation(11.0 + 17 * d, 23.0 + 5 * d, 37.0 - 9 * d), 1.0)


def triclinic_matrix(seed: int) -> str:
    """Return the matrix of a triclinic cell for 0.9768 Angstrom, with the lines that MOSFLM adds."""
    d = seed - 1
    cell = Cell(48.0 + 2 * d, 57.0 - d, 66.0 + d, 82.0 + d, 97.0 - 2 * d, 104.0 - d)
    return matrix_text(cell, rotation(-31.0 + 40 * d, 14.0 + 3 * d, 72.0 - 25 * d), 0.9768, with_tail=True)


def hkl_with_text(seed: int) -> str:
    """Return the nine reflections, then a line of words, then one more reflection."""
    return f"{hkl_text(few(seed))}end of list\n{hkl_text([(5, 5, 5, 99.0)])}"


def hkl_with_broken_index(seed: int) -> str:
    """Return the nine reflections with a line behind the fourth whose first index is not whole."""
    rows = few(seed)
    return f"{hkl_text(rows[:4])}1.5 0 0 50.0\n{hkl_text(rows[4:])}"


RECORDED_FILES: Mapping[str, Maker] = {
    "p1_full.hkl": lambda seed: hkl_text(box(12, 12, 12, seed)),
    "p1_sparse.hkl": lambda seed: hkl_text(reflections.sparse(seed)),
    "big_range.hkl": lambda seed: hkl_text(box(14, 14, 18, seed + 20)),
    "few.hkl": lambda seed: hkl_text(few(seed)),
    "tail_text.hkl": hkl_with_text,
    "float_index.hkl": hkl_with_broken_index,
    "empty.hkl": lambda _: "no reflections\n",
    "cubic.mat": cubic_matrix,
    "triclinic.mat": triclinic_matrix,
    "p1.dump": reflections.dump_bytes,
    "mask_64x64.img": smv.mask_with_camera,
    "mask_bare_64x64.img": smv.mask_bare,
    "header_64x48.img": smv.image_with_camera,
    "header_1024.img": smv.image_with_long_header,
    "sources.txt": tables.sources_along_x,
    "sources_z.txt": tables.sources_along_z,
    "amorphous.stol": tables.amorphous,
}
EXTRA_FILES: Mapping[str, Maker] = {
    "left_handed.mat": extra.left_handed_matrix,
    "header_exact.img": extra.header_with_exact_keys,
    "header_64x64.img": extra.header_of_mask_size,
    "header_adxv.img": extra.header_with_adxv_centre,
    "weights.txt": extra.unlike_weights,
    "weights_negative.txt": extra.negative_weights,
    "sources_crlf.txt": extra.sources_with_carriage_returns,
    "decimal_index.hkl": extra.decimal_indices,
    "truncated.dump": extra.truncated_dump,
}
CRYSTAL_FILES: Mapping[str, Maker] = {
    "A.mat": lysozyme.crystal_matrix_text,
    "scaled.hkl": lysozyme.reflection_text,
}


def _write_all(files: Mapping[str, Maker], folder: Path, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in files.items():
        content = make(seed)
        data = content if isinstance(content, bytes) else content.encode("ascii")
        write_whole(folder / name, [data], "input file")


def write_case_inputs(folder: Path, seed: int = DEFAULT_SEED) -> None:
    """Write the small input files of the cases into a folder, which is made if it is not there.

    Args:
        folder: where the files go.
        seed: the given cases use 1.

    Raises:
        OSError: the folder cannot be made.
        UserError: a file cannot be written.
    """
    _write_all({**RECORDED_FILES, **EXTRA_FILES}, folder, seed)


def write_lysozyme_like(folder: Path, seed: int = DEFAULT_SEED) -> None:
    """Write A.mat and scaled.hkl of the synthetic crystal into a folder, which is made if it is not there.

    Args:
        folder: where the two files go.
        seed: gives orientation and amplitudes.

    Raises:
        OSError: the folder cannot be made.
        UserError: a file cannot be written.
    """
    _write_all(CRYSTAL_FILES, folder, seed)


def write_all_inputs(folder: Path, seed: int = DEFAULT_SEED) -> None:
    """Write the inputs of the cases and the synthetic crystal under the names that the cases use."""
    write_case_inputs(folder / CASE_FOLDER, seed)
    write_lysozyme_like(folder / CRYSTAL_FOLDER, seed)


def _command(argv: Sequence[str]) -> int:
    parser = CommandParser(NAME, "Write the input files of the golden suite.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where inputs/ and lysozyme/ are written")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="default 1, that of the given cases")
    options = parser.parse_args(argv)
    write_all_inputs(options.folder, options.seed)
    counts = {CASE_FOLDER: len(RECORDED_FILES) + len(EXTRA_FILES), CRYSTAL_FOLDER: len(CRYSTAL_FILES)}
    for name, count in counts.items():
        sys.stdout.write(f"{count} files in {options.folder / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(Command(NAME, _command, EXIT_ERROR)(sys.argv[1:]))
