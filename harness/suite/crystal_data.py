"""The data of the authoritative command: the built-in crystal, or a folder of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden_suite_generator.inputs.write import CRYSTAL_FILES, CRYSTAL_FOLDER, write_lysozyme_like
from harness.errors import HarnessError, UsageError
from system_io.children import temporary_folder
from system_io.errors import UserError
from system_io.files import reason_of


def write_built_in(folder: Path) -> Path:
    """Write the built-in crystal and return the folder of its two files.

    Raises:
        HarnessError: if they cannot be written.
    """
    try:
        write_lysozyme_like(folder / CRYSTAL_FOLDER)
    except (OSError, UserError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = reason_of(cause) if isinstance(cause, OSError) else str(error)
        raise HarnessError(
            f"the built-in crystal cannot be made in '{folder}': {reason}; give --data DIR"
        ) from error
    return folder / CRYSTAL_FOLDER


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
    """Check that a folder holds A.mat and scaled.hkl.

    Raises:
        UsageError: if a file is missing.
    """
    missing = [name for name in CRYSTAL_FILES if data is not None and not (data / name).is_file()]
    if missing:
        raise UsageError(f"--data '{data}': holds no {' and no '.join(missing)}; name the folder that does")
