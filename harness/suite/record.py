"""Figures of upstream's recorded images: made once from the recording, committed as golden/upstream.json.

With them a checkout without the recording can still hold the C reference to upstream, pixel by pixel for the
sampled ones and by hash for whole images.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from golden_suite_generator.cases import OUTPUTS, load_cases
from harness.errors import HarnessError
from harness.suite.figures import figures_of, sha256_of
from harness.suite.manifest import GoldenRow
from harness.suite.row_table import table_text

UPSTREAM_NAME = "upstream.json"
REPAIRED_QUIRKS = ("Q-PHI-CARRYOVER", "Q-OVERSAMPLE-RUNNING-PRODUCT")
AS_IS, REPAIRED = "as-is", "repaired"
FOLDERS = {AS_IS: "images", REPAIRED: "images_fixed"}
ORIGIN = (
    "upstream nanoBragg, source header dated 8-10-25, gcc -O2 without contraction, one thread, x86-64, glibc"
)
FULL_RUN_KEYS = ("args", "image_shape", "sum", "max", "max_pixel", "nonzero_pixels", "sha256")


def _rows_of_case(path: Path, case_id: str, variant: str) -> Iterator[GoldenRow]:
    with np.load(path) as recorded:
        for kind in OUTPUTS:
            if kind not in recorded.files:
                continue
            row: GoldenRow = {"case": case_id, "variant": variant, "kind": kind}
            row |= figures_of(case_id, kind, recorded[kind])
            if f"{kind}_header" in recorded.files:
                row["header_sha256"] = sha256_of(str(recorded[f"{kind}_header"]).encode("latin1"))
            yield row


def record_upstream(source: Path) -> str:
    """Return the text of upstream.json.

    Args:
        source: the folder of the recording, with images/, images_fixed/ and lysozyme/authoritative.json.

    Raises:
        HarnessError: `source` is not such a folder, or lacks the image of a case.
    """
    full_run = source / "lysozyme" / "authoritative.json"
    if not full_run.is_file():
        raise HarnessError(f"'{source}' is not a recording: no lysozyme/authoritative.json; name its folder")
    facts = json.loads(full_run.read_text(encoding="utf-8"))
    rows: list[GoldenRow] = []
    for case in load_cases():
        if not case.recorded or case.status["c-parity"]:
            continue
        for variant, folder in FOLDERS.items():
            path = source / folder / f"{case.id}.npz"
            if path.is_file():
                rows += _rows_of_case(path, case.id, variant)
            elif variant == AS_IS:
                raise HarnessError(
                    f"recording '{source}' has no image of case '{case.id}'; it is not complete"
                )
    head = {
        "schema": 1,
        "origin": ORIGIN,
        "repaired_quirks": list(REPAIRED_QUIRKS),
        "authoritative": {key: facts[key] for key in FULL_RUN_KEYS},
    }
    return table_text(head, rows)


@lru_cache(maxsize=1)
def upstream_table() -> Mapping[str, Any]:
    """Return the committed figures of upstream."""
    path = resources.files("golden_suite_generator") / "golden" / UPSTREAM_NAME
    table: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def upstream_figures(case_id: str, variant: str = AS_IS) -> dict[str, GoldenRow]:
    """Return the recorded figures of a case by kind of image; empty if it has none."""
    rows = upstream_table()["rows"]
    return {row["kind"]: row for row in rows if row["case"] == case_id and row["variant"] == variant}
