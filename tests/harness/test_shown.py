"""What a person sees: few rows, unbroken paths, a verdict line, at any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.shown import MOST_ROWS, Shown, ShownRow, divergence_line, show
from harness.verdict import State
from system_io.parser import QUIET, USUAL, VERBOSE
from system_io.verdict_words import Word

PLACE = "/a/very/long/path/" + "x" * 120


def printed(verbosity: int, columns: int, **changes: object) -> list[str]:
    rows = [ShownRow(f"quantity {n}", "1e-12", "<= 1e-06", State.HELD.value) for n in range(5)]
    facts = {"command": "nb-x", "word": "PASS", "verdict": "5 of 5", "rows": rows, "place": PLACE, **changes}
    text = io.StringIO()
    show(Shown(**facts), verbosity, Console(file=text, width=columns))
    return text.getvalue().splitlines()


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("word", [word.value for word in Word])
def test_the_last_line_is_the_verdict(columns: int, word: str) -> None:
    assert printed(USUAL, columns, word=word)[-1] == f"nb-x: {word}: 5 of 5"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_path_stands_unbroken_on_its_own_line(columns: int) -> None:
    assert PLACE in printed(USUAL, columns)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_nothing_but_path_and_sentences_is_wider_than_the_terminal(columns: int) -> None:
    assert max(len(line) for line in printed(USUAL, columns) if line != PLACE) <= columns


def test_quiet_is_one_line() -> None:
    assert printed(QUIET, 80) == ["nb-x: PASS: 5 of 5"]


def test_details_are_for_verbose_only() -> None:
    details = [ShownRow("pixels compared", "4096")]
    assert "pixels compared" not in "".join(printed(USUAL, 80, details=details))
    assert "pixels compared" in "".join(printed(VERBOSE, 80, details=details))


def test_at_most_eight_rows() -> None:
    rows = [ShownRow(f"r{n}", "1") for n in range(20)]
    assert len(printed(USUAL, 80, rows=rows, place=None)) == MOST_ROWS + 1
    assert len(printed(VERBOSE, 80, rows=rows, place=None)) == 21


def test_foreign_text_does_not_reach_the_terminal() -> None:
    lines = printed(USUAL, 80, lines=["\x1b[31mred [bold]x[/bold]"], place="a\nb")
    assert "\\x1b[31mred [bold]x[/bold]" in lines
    assert "a\\nb" in lines


def test_the_first_divergence_has_both_values() -> None:
    record = {"tap": "F_latt", "context": "s=3 f=4", "a": "12.5", "b": "12.6"}
    traces = {"verdict": "FAIL", "first_divergence_record": record}
    assert divergence_line(traces) == ["first divergence: F_latt s=3 f=4: c 12.5, py 12.6"]
    assert divergence_line(None) == []
