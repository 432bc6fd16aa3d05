"""A pass within rounding: the worst pixel is traced, and a fault that no pixel shows is a FAIL by its tap."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.commands import nb_compare
from harness.evidence.verify import verify_bundle
from harness.faults.lines import PLAIN
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.images.compare import compare_images
from harness.pairs.findings import DECIDED, Bench
from harness.pairs.rounding import decided_by_trace
from harness.programs.arguments import prepare_arguments
from harness.programs.programs import program_at
from harness.programs.run import run_program
from harness.store.names import SUMMARY
from system_io.verdict_words import Word


@pytest.mark.parametrize(
    ("fault", "tap"), [("c-omega-single", "omega_pixel_sr"), ("c-polar-single", "polar")]
)
def test_a_factor_in_single_precision_is_a_failure_by_its_tap(tmp_path, c_binary, fault, tap):
    program = make_faulty(BY_ID[fault], "c", tmp_path / "program").path
    own = ["-q", "--c-bin", str(c_binary), "--py-bin", str(program), "--outdir", str(tmp_path / "pair")]
    assert nb_compare.main([*own, "--", *PLAIN.split()]) == 1
    summary = json.loads((tmp_path / "pair" / SUMMARY).read_text(encoding="utf-8"))
    assert summary["verdict"] == Word.FAIL
    (found,) = [row for row in summary["findings"] if row["kind"] == DECIDED]
    assert found["reason"].endswith(f"its trace differs at {tap}")
    assert verify_bundle(tmp_path / "pair").word is Word.PASS


def test_unequal_last_digits_without_a_cause_stay_a_pass_within_rounding(tmp_path, c_binary):
    program = program_at(str(c_binary), "--c-bin")
    told = prepare_arguments(PLAIN.split(), tmp_path)
    programs, words = {"c": program, "py": program}, {"c": told, "py": told}
    settings = {side: program.settings("spec").words for side in programs}
    run = run_program(program, settings["c"], told, tmp_path / "run", 60.0)
    moved = np.nextafter(run.image, np.float32(np.inf))
    compared = compare_images(run.image, moved)
    assert compared.verdict.word is Word.ROUNDING
    bench = Bench(tmp_path / "more", 60.0, 1, programs, settings, words, {"c": run, "py": run})
    (found,) = decided_by_trace(bench, compared)
    assert (found.kind, found.word) == (DECIDED, Word.PASS)
    assert found.reason.endswith("every tap agrees within its bound")
