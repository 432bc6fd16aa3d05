"""Golden images: a change is found, named and refused; an accepted one keeps its reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from golden_suite_generator.cases import load_cases, select
from harness.commands.nb_golden import main
from harness.errors import HarnessError
from harness.suite.generate import generate, kept_images, packaged_golden, verify_golden
from harness.suite.judge import BITWISE, FAIL, WITHIN_BOUND, judge_golden
from harness.suite.manifest import load_manifest
from system_io.errors import UserError
from tests.harness.suite.conftest import FEW

CASES = select(load_cases(), FEW)


@pytest.fixture
def golden(golden_origin: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(golden_origin, tmp_path / "golden"))


def edit_row(folder: Path, case: str, kind: str, **changes: object) -> None:
    path = folder / "manifest.json"
    table = json.loads(path.read_text())
    rows = [row for row in table["rows"] if row["case"] == case and row["kind"] == kind]
    assert rows
    for row in rows:
        row.update(changes)
    path.write_text(json.dumps(table))


def test_verify_of_fresh_goldens_is_bitwise(golden: Path) -> None:
    findings = verify_golden(golden, CASES)
    assert {finding.verdict for finding in findings} == {BITWISE}
    assert {finding.case for finding in findings} == set(FEW)


def test_generating_again_changes_nothing(golden: Path) -> None:
    before = {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()}
    changed, _ = generate(golden, CASES, None, all_images=False)
    assert changed == []
    assert {path: path.read_bytes() for path in golden.rglob("*") if path.is_file()} == before


def test_a_changed_golden_fails_and_is_named(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_row(golden, "conv-denzo-default", "int", sha256="0" * 64, sum=1)
    assert main(["verify", "--out", str(golden), "--only", "conv-denzo-default"]) == 1
    text = capsys.readouterr().out
    assert "FAIL: conv-denzo-default c-parity int" in text
    assert "sum" in text
    assert "sampled pixels" in text


def test_generate_refuses_to_replace_a_differing_golden(
    golden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_row(golden, "vector-e1", "float", sha256="0" * 64)
    before = (golden / "manifest.json").read_bytes()
    assert main(["generate", "--out", str(golden), "--only", "vector-e1"]) == 3
    assert "--accept --reason" in capsys.readouterr().err
    assert (golden / "manifest.json").read_bytes() == before


def test_accepted_change_keeps_its_reason(golden: Path) -> None:
    edit_row(golden, "vector-e1", "float", sha256="0" * 64)
    words = [
        "generate",
        "--out",
        str(golden),
        "--only",
        "vector-e1",
        "--accept",
        "--reason",
        "another constant",
    ]
    assert main(words) == 0
    manifest = load_manifest(golden)
    assert manifest is not None
    assert manifest.accepted[0]["reason"] == "another constant"
    assert "vector-e1 spec float" in manifest.accepted[0]["changed"]
    assert {finding.verdict for finding in verify_golden(golden, CASES)} == {BITWISE}


@pytest.mark.parametrize("words", [["--accept"], ["--reason", "why"], ["--accept", "--reason", " "]])
def test_accept_and_reason_belong_together(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--only", "vector-e1", *words]) == 3
    assert "belong together" in capsys.readouterr().err


def test_edited_case_definition_is_not_the_golden_one(golden: Path) -> None:
    edit_row(golden, "mask-with-geometry", "float", case_hash="0" * 64)
    bad = [finding for finding in verify_golden(golden, CASES) if finding.verdict == FAIL]
    assert {(finding.case, finding.kind) for finding in bad} == {("mask-with-geometry", "float")}


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0 + 0.9e-7, WITHIN_BOUND), (1.0 - 1.3e-7, FAIL), (np.nan, FAIL)]
)
def test_float_bound_is_a_ten_millionth_of_the_maximum(golden: Path, factor: float, verdict: str) -> None:
    """One pixel, the maximum, is changed; one step of a 4-byte float is up to 1.2e-7 of it."""
    manifest = load_manifest(golden)
    assert manifest is not None
    key = ("vector-e1", "spec", "float")
    image = kept_images(golden, key)
    assert image is not None
    wide = image.astype(np.float64)
    wide.ravel()[wide.argmax()] *= factor
    row = {**manifest.rows[key], "sha256": "other", "sum": float(wide.sum())}
    assert judge_golden(manifest.rows[key], row, wide, image).verdict == verdict


@pytest.mark.parametrize(("step", "verdict"), [(1, WITHIN_BOUND), (2, FAIL)])
@pytest.mark.parametrize("with_image", [True, False])
def test_counts_may_differ_by_one_on_one_pixel(
    golden: Path, step: int, verdict: str, with_image: bool
) -> None:
    manifest = load_manifest(golden)
    assert manifest is not None
    key = ("vector-d1", "c-parity", "int")
    kept = kept_images(golden, key)
    assert kept is not None
    image = kept.copy()
    image.ravel()[image.argmax()] -= step
    row = {**manifest.rows[key], "sha256": "other", "sum": int(image.sum())}
    assert judge_golden(manifest.rows[key], row, image, kept if with_image else None).verdict == verdict


def test_missing_manifest_and_empty_selection_are_errors(tmp_path: Path, golden: Path) -> None:
    with pytest.raises(HarnessError, match="has no manifest"):
        verify_golden(tmp_path, CASES)
    with pytest.raises(UserError, match="no case is selected"):
        verify_golden(golden, [])


@pytest.mark.parametrize(
    "text", ["", "{}", '{"schema": 1, "rows": [{}]}', '{"schema": 9, "rows": [], "build": 0}']
)
def test_broken_manifest_is_one_line_and_status_3(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert main(["verify", "--out", str(tmp_path)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_list_shows_the_selected_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--only", "vector-d?"]) == 0
    text = capsys.readouterr().out
    assert "4 cases" in text
    assert "vector-d3" in text
    assert main(["list", "--only", "nothing"]) == 3


def test_committed_manifest_covers_the_suite() -> None:
    manifest = load_manifest(packaged_golden())
    assert manifest is not None
    expected = {
        (case.id, mode, kind)
        for case in load_cases()
        for mode in case.modes
        for kind in (("status",) if case.status[mode] else case.outputs)
    }
    assert set(manifest.rows) == expected


def test_record_equals_the_committed_figures(shared_dir: Path, tmp_path: Path) -> None:
    assert main(["record", "--from", str(shared_dir / "golden"), "--out", str(tmp_path)]) == 0
    committed = packaged_golden() / "upstream.json"
    assert (tmp_path / "upstream.json").read_bytes() == committed.read_bytes()


def test_record_of_a_wrong_folder_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--from", str(tmp_path), "--out", str(tmp_path)]) == 3
    assert "not a recording" in capsys.readouterr().err
