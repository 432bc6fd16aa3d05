"""The data of the gates: the authoritative command line, the built-in crystal or a folder of the user's."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from harness.errors import HarnessError, UsageError
from system_io.children import execute, temporary_folder

GENERATOR_LIMIT_S = 600.0
CRYSTAL_FILES = ("A.mat", "scaled.hkl")


def authoritative_words() -> list[str]:
    """Return the authoritative command line, its files as lysozyme/NAME; the table is read, not imported.

    Raises:
        HarnessError: the package that carries it is not installed.
    """
    spec = find_spec("golden_suite_generator")
    for location in (spec.submodule_search_locations or []) if spec else []:
        table = Path(location) / "cases.toml"
        if table.is_file():
            return str(tomllib.loads(table.read_text(encoding="utf-8"))["main"]["authoritative"]).split()
    raise HarnessError(
        "authoritative command line not found; reinstall nanobragg-parity with its package data"
    )


def words_for(data: Path) -> tuple[str, ...]:
    """Return the authoritative command line on the files of a folder."""
    files = {f"lysozyme/{name}": str(data.absolute() / name) for name in CRYSTAL_FILES}
    return tuple(files.get(word, word) for word in authoritative_words())


def write_built_in(folder: Path) -> Path:
    """Write the built-in crystal with the generator's own command and return the folder of its two files.

    Raises:
        HarnessError: the generator fails.
    """
    paths = [entry for entry in sys.path if entry] + [str(Path(__file__).parents[1])]
    outcome, _, complaint = execute(
        [sys.executable, "-m", "golden_suite_generator.inputs", str(folder)], folder,
        {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, GENERATOR_LIMIT_S,
    )  # fmt: skip
    if outcome.failure is not None:
        why = " ".join(complaint.decode("utf-8", "replace").split())[-300:] or outcome.failure
        raise HarnessError(f"the built-in crystal cannot be made: {why}; give --data DIR")
    return folder / "lysozyme"


@contextmanager
def data_folder(data: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield the folder with A.mat and scaled.hkl and its name; the built-in crystal lasts as long as this.

    Raises:
        UsageError: a file is missing.
    """
    if data is None:
        with temporary_folder("nb-gates") as scratch:
            yield write_built_in(Path(scratch)), "built-in crystal"
        return
    require_data(data)
    yield data, data.absolute().name


def require_data(data: Path | None) -> None:
    """Check that a folder holds A.mat and scaled.hkl. Raises: UsageError if a file is missing."""
    missing = [name for name in CRYSTAL_FILES if data is not None and not (data / name).is_file()]
    if missing:
        raise UsageError(f"--data '{data}': holds no {' and no '.join(missing)}; name the folder that does")
