"""The C reference against what upstream wrote: every recorded image, trace and sample, bit for bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPAIRED = "-quirk Q-PHI-CARRYOVER=off -quirk Q-OVERSAMPLE-RUNNING-PRODUCT=off"


def compare(shared: Path, binary: Path, report: Path, *extra: str) -> list[dict[str, Any]]:
    """Run the recorded cases through the given runner and return its results, all of which passed.

    The blank image of an empty region is left out: the region is refused here.
    """
    tool = shared / "tools" / "compare_golden.py"
    command = [
        sys.executable,
        tool,
        "--program",
        binary,
        "--golden",
        shared / "golden",
        "--skip",
        "roi-empty",
        "--json",
        report,
        *extra,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    results: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["results"]
    return results


def equal_pixels(results: list[dict[str, Any]]) -> list[float]:
    return [result["metrics"]["float"]["equal"] for result in results if "float" in result["metrics"]]


def test_every_recorded_image_is_reproduced(shared_dir: Path, c_binary: Path, tmp_path: Path) -> None:
    results = compare(shared_dir, c_binary, tmp_path / "report.json")
    assert len(results) >= 196
    assert min(equal_pixels(results)) == 1.0
    others = [result["metrics"].get(kind, {}) for result in results for kind in ("int", "pgm", "noise")]
    assert max(other.get("different", 0) for other in others) == 0


def test_every_recorded_trace_is_reproduced(shared_dir: Path, c_binary: Path, tmp_path: Path) -> None:
    results = compare(shared_dir, c_binary, tmp_path / "report.json", "--traces", "--trace-rtol", "1e-14")
    assert len(results) >= 78
    assert max(result["metrics"]["trace"]["max_rel"] for result in results) <= 1e-14  # printed with 17 digits


def test_repaired_quirks_give_the_repaired_images(shared_dir: Path, c_binary: Path, tmp_path: Path) -> None:
    extra = ["--images", "images_fixed", "--extra", REPAIRED]
    results = compare(shared_dir, c_binary, tmp_path / "report.json", *extra)
    assert len(results) >= 15
    assert min(equal_pixels(results)) == 1.0


def test_authoritative_run_is_reproduced(shared_dir: Path, c_binary: Path, tmp_path: Path) -> None:
    results = compare(shared_dir, c_binary, tmp_path / "report.json", "--samples", "--traces")
    assert equal_pixels(results) == [1.0]
    assert results[0]["metrics"]["trace"]["max_rel"] <= 1e-14
