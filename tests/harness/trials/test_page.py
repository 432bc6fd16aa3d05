"""What is published: counts, the price of a bound, and that the committed page is made from its results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.faults.table import BY_ID
from harness.trials.page import trust_page
from harness.trials.price import BOUNDS, score_by_bound, score_by_cases
from harness.trials.score import drawn, score_of, single_faults
from harness.trials.summary import short_trial

DOCS = Path(__file__).resolve().parents[3] / "docs"
PIXEL = "pixel in parts of itself"


def trial(
    verdict: str, killed_by: dict[str, int], cause: str = "right", fault: str = "spindle-sign"
) -> dict[str, Any]:
    failed = ["pixels outside"] if verdict == "FAIL" else []
    line = {"verdict": verdict, "failed": failed, "published": "PASS", "figures": {PIXEL: 1e-5}}
    trace = {"verdict": "FAIL", "cause": cause, "first": "polar", "causes": ["polar"], "behind": False}
    return {
        "fault": fault, "side": "c", "changed": ["plain"], "lines": {"plain": line}, "trace": trace,
        "killed_by": killed_by,
    }  # fmt: skip


def test_scores_count_failures_roundings_and_passes_apart() -> None:
    rows = [
        short_trial(row, BY_ID[row["fault"]])
        for row in (
            trial("FAIL", {"image": 1, "trace": 1}),
            trial("PASS (ROUNDING)", {"trace": 1}, cause="wrong"),
            trial("PASS", {}),
        )
    ]
    score = score_of(rows)
    assert (score.changed, score.failed, score.rounded, score.traced, score.published) == (3, 1, 1, 1, 0)
    assert score.killed == 2
    assert score.survivors == ("`spindle-sign` (c)",) == score.passed
    assert score.causes == {"right": 2, "wrong": 1}
    assert len(score.wrong) == 1


def test_a_bound_costs_what_lies_below_it() -> None:
    rows = [short_trial(trial("FAIL", {"image": 1}), BY_ID["spindle-sign"])]
    scores = score_by_bound(rows)[PIXEL]
    assert [score for bound, score in zip(BOUNDS, scores, strict=True) if bound < 1e-5] == [1.0] * 7
    assert sum(scores) == 7.0


def test_cases_are_taken_by_what_they_find_more() -> None:
    first, second = trial("FAIL", {"image": 1}), trial("FAIL", {"image": 1})
    second["lines"] = {"other": second["lines"]["plain"]}
    assert score_by_cases([first, first, second]) == [("plain", 0.6667), ("other", 1.0)]


def test_the_committed_page_is_made_from_its_results() -> None:
    results = json.loads((DOCS / "trust.json").read_text())
    assert trust_page(results) == (DOCS / "trust.md").read_text()


def test_the_committed_results_keep_the_bars() -> None:
    """98 % of the faults that change an image, no false alarm, and 97 % of the causes right and alone."""
    results = json.loads((DOCS / "trust.json").read_text())
    score = score_of(single_faults(results["rows"]))
    assert results["alarms"] == []
    assert score.failed + score.rounded >= 0.98 * score.changed
    assert score.causes["right"] >= 0.97 * sum(score.causes.values())


def test_the_committed_results_are_of_the_faults_that_there_are() -> None:
    results = json.loads((DOCS / "trust.json").read_text())
    rows = [row for row in results["rows"] if row not in drawn(results["rows"])]
    assert {row["fault"] for row in rows} == set(BY_ID)


def test_no_drawn_fault_that_changes_an_image_is_passed() -> None:
    """Where the images alone say that rounding explains it, the trace of the worst pixel finds it."""
    score = score_of(drawn(json.loads((DOCS / "trust.json").read_text())["rows"]))
    assert score.trials >= 40
    assert score.failed + score.traced == score.changed
