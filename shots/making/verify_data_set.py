"""A data set held to its records: every shot there, every file as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shots.making.data_set import MANIFEST, RECORDS, UNREADABLE, DataSetFolder, hash_of_kind, read_about
from system_io.errors import UserError
from system_io.files import read_regular
from system_io.shown import printable


@dataclass(frozen=True)
class DataSetState:
    """What became of a data set.

    Attributes:
        shots: that it should have.
        files: that were read.
        faults: what is missing or changed, a line each.
    """

    shots: int
    files: int
    faults: tuple[str, ...]


def verified_data_set(path: Path, done: Callable[[], None] = lambda: None) -> DataSetState:
    """Return the state of a data set, every file read.

    Args:
        path: its folder.
        done: called after each file.

    Raises:
        UserError: the folder holds no data set.
    """
    about = read_about(path)
    folder = DataSetFolder(path, tuple(about["formats"]))
    if not (path / MANIFEST).exists():
        count = sum(1 for _ in (path / RECORDS).glob("shot_*.json"))
        return DataSetState(count, 0, (f"{MANIFEST} is not there: {count} shots are finished, not all",))
    facts = _read_manifest(path)
    faults = [fault for number in range(facts["shots"]) for fault in _missing(folder, number)]
    if facts["plan"] != about["plan"]:
        faults.append(f"{MANIFEST} is of another plan")
    for name, row in facts["files"].items():
        faults += _changed(path / name, name, row)
        done()
    return DataSetState(facts["shots"], len(facts["files"]), tuple(faults))


def _read_manifest(path: Path) -> dict[str, Any]:
    import json

    data = read_regular(path / MANIFEST, "manifest", "make the data set again")
    try:
        facts: dict[str, Any] = json.loads(data)
        rows = {name: (row["format"], row["data_hash"]) for name, row in facts["files"].items()}
        strange = [name for name in rows if Path(name).is_absolute() or ".." in Path(name).parts]
        if not isinstance(facts["shots"], int) or not facts["plan"] or strange:
            raise ValueError(f"it names {strange[:1]}" if strange else "no shots or plan")
    except UNREADABLE as error:
        raise UserError(
            f"'{printable(str(path / MANIFEST))}' is no manifest ({error}); make it again"
        ) from error
    return facts


def _missing(folder: DataSetFolder, number: int) -> Iterator[str]:
    if folder.finished(number) is None:
        yield f"shot {number}: its record or one of its files is missing or of another size"


def _changed(path: Path, name: str, row: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a file."""
    try:
        found = hash_of_kind(row["format"])(path)
    except FileNotFoundError:
        yield f"{name}: is not there"
        return
    except Exception as error:
        yield f"{name}: cannot be read ({(str(error).splitlines() or [type(error).__name__])[0]})"
        return
    if found != row["data_hash"]:
        yield f"{name}: its data are not those that were written"
