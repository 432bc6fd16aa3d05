"""Traces of a compared pair are judged in the arithmetic of the simulator, as trace-harness judges them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.commands.nb_compare import main
from harness.evidence.verify import verify_bundle
from harness.pairs.pair_traces import trace_metrics
from system_io.verdict_words import Word

RUN = "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 12 -pixel 0.4 -N 5"
TRACED = f"{RUN} -default_F 44.79 -oversample 1 -trace_pixel 3 4"


@pytest.mark.parametrize("dtype", ["float64", "mixed", "float32"])
def test_single_precision_is_no_divergence(dtype: str, tmp_path: Path, c_binary: Path) -> None:
    out = tmp_path / "out"
    words = ["--c-bin", str(c_binary), "--dtype", dtype, "--outdir", str(out)]
    assert main([*words, "--", *TRACED.split()]) == 0
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert (summary["verdict"], summary["traces"]["verdict"]) == ("PASS", "PASS")
    assert verify_bundle(out).word is Word.PASS
    if dtype != "float64":
        assert trace_metrics(out, "float64")["verdict"] == "FAIL"  # what the arithmetic must have explained
