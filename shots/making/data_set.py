"""The folder of a data set: which plan it is of, a record for each finished shot, the files of formats."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shots.formats.writer import USUAL_NAMES
from shots.formats.writers import writer_named
from shots.making.truth_files import TRUTH, finish_truth, truth_hash
from shots.plan.shot_plan import ShotPlan
from system_io.errors import UserError
from system_io.files import reason_of, write_whole
from system_io.owner import sweep
from system_io.shown import json_text, printable
from system_io.version import VERSION

SCHEMA = 1
ABOUT, RECORDS, MANIFEST = "data_set.json", "records", "manifest.json"
SAME = (
    ("plan", "plan"),
    ("version", "version of this program"),
    ("formats", "choice of formats"),
    ("written", "names of files or compression"),
)
"""What all shots of a data set share, and its name."""
SHOWN = 100
"""Characters of a value in a message."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class DataSetFolder:
    """A data set on disk.

    Attributes:
        path: its folder.
        formats: names in the table of writers.
    """

    path: Path
    formats: tuple[str, ...]

    def folder_of(self, kind: str) -> Path:
        """Return the folder of the files of a format, or of the truth."""
        return self.path / kind

    def record(self, number: int) -> Path:
        """Return the record of a shot; it is there when the shot is finished."""
        return self.path / RECORDS / f"{USUAL_NAMES.of(number)}.json"

    def write_record(self, number: int, facts: Mapping[str, Any]) -> None:
        """Write the record of a shot whose files are all there."""
        write_whole(self.record(number), [json_text(facts, None).encode("utf-8")], "record of a shot")
        _sync(self.path / RECORDS)

    def finished(self, number: int) -> Mapping[str, Any] | None:
        """Return the record of a shot, None where it or one of its files is not there whole."""
        try:
            facts = json.loads(self.record(number).read_bytes())
            sizes = {self.path / name: row["bytes"] for name, row in facts["files"].items()}
            whole = facts["number"] == number and all(
                path.stat().st_size == size for path, size in sizes.items()
            )
        except (OSError, *UNREADABLE):
            return None
        found: Mapping[str, Any] = facts
        return found if whole else None

    def sweep(self) -> None:
        """Remove what processes of this machine that are dead left unfinished."""
        for folder in (self.path, self.path / RECORDS, self.path / TRUTH, *map(self.folder_of, self.formats)):
            sweep(folder)


def opened_data_set(plan: ShotPlan, path: Path) -> DataSetFolder:
    """Return the folder of a data set for a plan, made where it is not there.

    Args:
        plan: whose shots come into it.
        path: the folder.

    Raises:
        UserError: it cannot be made, holds something else, or the shots of another plan or version.
    """
    shown = printable(str(path))
    about = {
        "schema": SCHEMA, "plan": plan.digest, "parts": dict(plan.parts), "version": VERSION,
        "formats": list(plan.output.formats),
        "written": _written(plan),
    }  # fmt: skip
    try:
        if path.is_dir() and any(not each.name.startswith(".") for each in path.iterdir()):
            _require_same(about, path)
        else:
            path.mkdir(parents=True, exist_ok=True)
            write_whole(path / ABOUT, [json_text({**about, "title": plan.title}).encode()], "data set")
        folder = DataSetFolder(path, plan.output.formats)
        for each in (RECORDS, *plan.output.formats, *((TRUTH,) if plan.truth.wanted else ())):
            (path / each).mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder '{shown}': {reason_of(error)}; name another") from error
    folder.sweep()
    return folder


def _written(plan: ShotPlan) -> Mapping[str, Any]:
    """Return how the files of a data set are named and packed."""
    output = plan.output
    return {
        "names": output.names.pattern,
        "first_number": output.names.first,
        "compression": dict(sorted(output.compression.items())),
    }


def _require_same(about: Mapping[str, Any], path: Path) -> None:
    there = read_about(path)
    for key, what in SAME:
        if there.get(key) != about[key]:
            raise UserError(
                f"'{printable(str(path))}' holds shots of another {what}:"
                f" {_difference(key, there, about)}; name another folder"
            )


def _difference(key: str, there: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """Return in words how what a folder says of itself differs from what it should."""
    if key != "plan":
        return f"{printable(str(there.get(key)))[:SHOWN]}, not {str(about[key])[:SHOWN]}"
    before, now = there.get("parts"), about["parts"]
    if not isinstance(before, Mapping):
        return f"{printable(str(there.get(key)))[:SHOWN]}, not {str(about[key])[:SHOWN]}"
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return f"{printable(', '.join(changed))} changed"


def read_about(path: Path) -> Mapping[str, Any]:
    """Return what a data set says of itself.

    Raises:
        UserError: the folder holds none.
    """
    try:
        found: Mapping[str, Any] = json.loads((path / ABOUT).read_bytes())
        found["plan"], found["formats"]
    except (OSError, *UNREADABLE) as error:
        raise UserError(
            f"'{printable(str(path))}' holds no data set ({ABOUT} cannot be read: {error}); name another"
        ) from error
    return found


def completed(plan: ShotPlan, folder: DataSetFolder) -> bool:
    """Write what needs all shots, if they are all there; return whether they are.

    Args:
        plan: the plan.
        folder: its data set.

    Raises:
        UserError: it cannot be written.
    """
    records = []
    for number in range(plan.shots):
        record = folder.finished(number)
        if record is None:
            return False
        records.append(record)
    masters: dict[str, Any] = {}
    for name in folder.formats:
        writer, place = plan.output.writer(name), folder.folder_of(name)
        made = writer.finish(place, range(plan.shots))
        masters |= described_files(folder, [(name, path) for path in made])
    of_truth = finish_truth(folder.folder_of(TRUTH), plan)
    masters |= described_files(folder, [(TRUTH, path) for path in of_truth])
    write_manifest(folder, plan, records, masters)
    return True


def hash_of_kind(name: str) -> Callable[[Path], str]:
    """Return what gives the hash of the data of a file of a format, or of the truth.

    Raises:
        UserError: for an unknown format.
    """
    return truth_hash if name == TRUTH else writer_named(name).data_hash


def described_files(folder: DataSetFolder, files: Iterable[tuple[str, Path]]) -> dict[str, Any]:
    """Return size and hash of files by their path in the data set.

    Args:
        folder: of the data set.
        files: format and path of each.
    """
    return {
        str(path.relative_to(folder.path)): {
            "bytes": path.stat().st_size, "format": name, "data_hash": hash_of_kind(name)(path)
        }
        for name, path in files
    }  # fmt: skip


def write_manifest(
    folder: DataSetFolder, plan: ShotPlan, records: Sequence[Mapping[str, Any]], masters: Mapping[str, Any]
) -> None:
    """Write the list of all files of a data set with their hashes."""
    files = dict(masters)
    for record in records:
        files |= record["files"]
    facts = {
        "schema": SCHEMA, "title": plan.title, "plan": plan.digest, "seed": plan.seed, "shots": plan.shots,
        "version": VERSION, "files": files,
    }  # fmt: skip
    write_whole(folder.path / MANIFEST, [json_text(facts).encode("utf-8")], "manifest")


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
