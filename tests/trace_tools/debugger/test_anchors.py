"""Places in a source, named by their text."""

from __future__ import annotations

import pytest

from trace_tools.debugger.anchors import Anchor, find_anchor
from trace_tools.debugger.c_text import Source

TEXT = """\
/* double x = 1; stands in a comment, f(int a) { too */
double f(int a);
double f(int a)
{
    double x = g("double x = 3;",
                 ';');
    if (a) {
        x = 2.0;
    }
    for (int i = 0; i < a; ++i) { x += i; }
    x = 2.0;   // x = 2.0; again
    return x;
}
double g(const char *s, int c) { return c; }
"""
CODE = {"/src/some/f.c": [4, 5, 6, 7, 8, 10, 11, 12, 14]}
SOURCE = Source("/src/some/f.c", TEXT)


def anchor(text: str | None = None, **keys: object) -> Anchor:
    row = {"file": "f.c", "function": None, "text": text, "pattern": None, "nth": None, "when": "before"}
    return Anchor(**{**row, **keys})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (anchor("double  x ="), (5, 6)),
        (anchor("x = 2.0;", nth=1), (8, 8)),
        (anchor("x = 2.0;", nth=2), (11, 11)),
        (anchor(pattern=r"return\s+x"), (12, 12)),
        (anchor("return", function="g"), (14, 14)),
        (anchor("for (int i", file="some/*.c"), (10, 10)),
    ],
)
def test_place_is_the_statement_with_code(given: Anchor, lines: tuple[int, int]) -> None:
    spot = find_anchor(given, [SOURCE], CODE).spot
    assert spot is not None
    assert (spot.line, spot.last_line) == lines


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (anchor("x = 2.0;"), r"matches 2 times \(lines 8, 11\); add function, more of the text, or nth"),
        (anchor("x = 2.0;", nth=3), "nth is 3, and .* matches 2 times"),
        (anchor("x = 2.5;"), "nothing matches text 'x = 2.5;'"),
        (anchor("double f(int a);"), "line 2, where the binary has no code"),
        (anchor("return", function="h"), "no function 'h' is defined in 'f.c'"),
        (anchor("return", file="*.cpp"), r"no source file of the binary is '\*.cpp'"),
    ],
)
def test_what_is_wrong_is_said(given: Anchor, said: str) -> None:
    import re

    found = find_anchor(given, [SOURCE], CODE)
    assert found.spot is None
    assert re.search(said, found.problem)


def test_nearest_lines_are_shown() -> None:
    assert find_anchor(anchor("x = 2.5;"), [SOURCE], CODE).near[0] == "f.c:8: x = 2.0;"


def test_functions_and_their_lines() -> None:
    assert SOURCE.functions() == [("f", 3, 13), ("g", 14, 14)]
