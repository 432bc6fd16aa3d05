"""The published table knows each case as it is, no case is idle, and the page says what the table says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from golden_suite_generator.cases import load_cases
from harness.row_worth.published import (
    DATA,
    PAGE,
    definition_of,
    idle_cases,
    role_of,
    unsorted_places,
    worth_page,
)
from harness.row_worth.unreached import REASONS

DOCS = Path(__file__).resolve().parents[3] / "docs"
REMEDY = "nb-golden worth --outdir docs makes the table anew"


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / DATA).read_text(encoding="utf-8"))
    return found


def test_the_table_knows_every_case_as_it_is(data: dict[str, Any]) -> None:
    known = {row["case"]: row["definition"] for row in data["rows"]}
    assert known == {case.id: definition_of(case) for case in load_cases()}, REMEDY


def test_roles_are_those_of_today(data: dict[str, Any]) -> None:
    assert {row["case"]: row["role"] for row in data["rows"]} == {
        case.id: role_of(case) for case in load_cases()
    }, REMEDY


def test_no_case_is_idle(data: dict[str, Any]) -> None:
    assert idle_cases(data) == [], "change these cases so that they add something, or take them out"


def test_a_case_without_additions_is_idle(data: dict[str, Any]) -> None:
    row = next(row for row in data["rows"] if not row["recorded"] and not row["vector"])
    nothing = {**row, "branches": {}, "options": [], "quirks": [], "taps": [], "faults": [], "role": ""}
    assert idle_cases({"rows": [nothing]}) == [row["case"]]
    assert idle_cases({"rows": [{**nothing, "recorded": True}, {**nothing, "role": "shows"}]}) == []


def test_each_branch_that_no_case_reaches_has_a_reason(data: dict[str, Any]) -> None:
    assert unsorted_places(data) == [], "add a case, or a reason in harness/row_worth/unreached.py"


def test_no_reason_is_left_over(data: dict[str, Any]) -> None:
    named = [place for places in REASONS.values() for place in places]
    assert len(named) == len(set(named))
    assert set(named) <= set(data["unreached"]), "a case reaches these now: take them out of unreached.py"


def test_the_page_is_made_of_the_table(data: dict[str, Any]) -> None:
    assert worth_page(data) == (DOCS / PAGE).read_text(encoding="utf-8"), REMEDY
