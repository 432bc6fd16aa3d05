"""The manifest of the golden images: one row an image, the build, and every accepted change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_suite_generator.cases import Case, case_hash
from harness.errors import HarnessError
from harness.programs.build import Build
from harness.suite.figures import figures_of, sha256_of
from harness.suite.row_table import table_text
from harness.suite.runner import CaseRun

MANIFEST_NAME = "manifest.json"
SCHEMA = 1
STATUS_KIND = "status"

GoldenRow = dict[str, Any]
GoldenKey = tuple[str, str, str]


@dataclass(frozen=True)
class Manifest:
    """Rows by (case, mode, kind), the facts of the build, and the accepted changes with their reasons."""

    build: Mapping[str, Any]
    rows: Mapping[GoldenKey, GoldenRow]
    accepted: tuple[Mapping[str, Any], ...] = ()

    def text(self) -> str:
        """Return the manifest as JSON, rows in the order of case, mode and kind."""
        head = {
            "schema": SCHEMA,
            "build": dict(self.build),
            "accepted": [dict(item) for item in self.accepted],
        }
        return table_text(head, self.rows.values())


def key_of(row: Mapping[str, Any]) -> GoldenKey:
    """Return (case, mode, kind) of a row."""
    return (str(row["case"]), str(row["mode"]), str(row["kind"]))


def build_facts(build: Build) -> dict[str, Any]:
    """Return what of the build decides the images: compiler, flags and one hash of the sources."""
    sources = json.dumps(build.provenance["sources_sha256"], sort_keys=True)
    return {
        "compiler": build.provenance["compiler"]["version"],
        "flags": list(build.provenance["flags"]),
        "sources_sha256": sha256_of(sources.encode()),
    }


def rows_of_run(case: Case, mode: str, run: CaseRun, inputs: Path) -> list[GoldenRow]:
    """Return the rows of one run: one for each image, or one with the exit status of an expected error."""
    identity = {"case": case.id, "mode": mode, "case_hash": case_hash(case, mode, inputs)}
    if run.status:
        return [{**identity, "kind": STATUS_KIND, "status": run.status}]
    rows: list[GoldenRow] = []
    for kind, image in run.outputs.images.items():
        row: GoldenRow = {**identity, "kind": kind, **figures_of(case.id, kind, image)}
        if kind in run.outputs.headers:
            row["header_sha256"] = sha256_of(run.outputs.headers[kind].encode("latin1"))
        rows.append(row)
    return rows


def load_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a golden folder, or None if the folder has none.

    Raises:
        HarnessError: the file is not a manifest of this schema.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = {key_of(row): row for row in data["rows"]}
        if data["schema"] != SCHEMA:
            raise HarnessError(
                f"manifest '{path}' has schema {data['schema']}, {SCHEMA} is known; generate it anew"
            )
        return Manifest(data["build"], rows, tuple(data["accepted"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise HarnessError(
            f"manifest '{path}' cannot be read ({error}); restore it or name another folder"
        ) from error


def changed_keys(old: Manifest, new: Iterable[GoldenRow]) -> list[GoldenKey]:
    """Return the keys of the new rows that stand in the old manifest with another content."""
    return [key_of(row) for row in new if key_of(row) in old.rows and old.rows[key_of(row)] != row]
