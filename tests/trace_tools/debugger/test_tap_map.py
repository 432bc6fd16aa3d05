"""Tap maps: what is read, and that each broken rule is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from trace_tools.debugger.tap_map import load_map, shipped_maps
from trace_tools.errors import TraceError
from trace_tools.tap_points import TAP_POINTS

HEAD = "schema = 1\n[place.p]\ntext = 'x = 1;'\n[context]\ns = 'a'\nf = 'b'\n"
GOOD = HEAD + "[tap.I_pixel_final]\nat = 'p'\nvalue = 'x'\n"


def read(text: str, folder: Path) -> object:
    path = folder / "m.toml"
    path.write_text(text, encoding="utf-8")
    return load_map(str(path))


def test_shipped_map_has_every_tap_of_the_contract() -> None:
    assert list(shipped_maps()) == ["reference"]
    taps = [tap.point for tap in load_map("reference").taps]
    assert taps == list(TAP_POINTS)


def test_units_are_brought_to_that_of_the_tap(tmp_path: Path) -> None:
    text = HEAD + "[tap.twotheta_rad]\nat = 'p'\nvalue = 'x'\nunit = 'mrad'\n"
    assert read(text, tmp_path).taps[0].factor == 1e-3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 2", r"schema is 2; this version reads schema = 1"),
        ("schema = 1\nx\n", "is not TOML: .*line 2.*correct that line"),
        ("schema = 1\ntaps = 1", r"has the key 'taps'.*did you mean 'tap'\?"),
        (HEAD, r"\[tap\] is empty"),
        (HEAD + "[tap.F_lat]\nat = 'p'\nvalue = 'x'", r"\[tap.F_lat\] is no tap.*did you mean F_latt"),
        (GOOD + "valeu = 'x'", r"has the key 'valeu'.*did you mean 'value'\?"),
        (GOOD + "unit = 'mm'", r"unit = 'mm'; I_pixel_final is in photons"),
        (GOOD + "type = 'int'", r"type = 'int'; I_pixel_final is of type 'float'"),
        (GOOD + "take = 'all'", "take = 'all'; it is one of only, first, last"),
        (GOOD + "nth = 0", r"has 'at' and 'nth'"),
        (GOOD + "repeat = 'n'", "has 'repeat', which is for taps of one list"),
        (GOOD + "context = {phi = 'i'}", r"context has 'phi'; the loop indices of this tap are: s, f"),
        (GOOD.replace("at = 'p'", "at = 'q'"), r"at = 'q', which is no \[place.q\]"),
        (GOOD.replace("at = 'p'", "text = 'x'\nnth = 0"), "nth = 0; it must be 1 or more"),
        (GOOD.replace("at = 'p'", "pattern = '('"), r"pattern = '\(' is no regular expression"),
        (GOOD.replace("at = 'p'", "file = 'a.c'"), "needs either text .* or pattern"),
        (
            GOOD.replace("at = 'p'", "text = 'x'\nwhen = 'now'"),
            "when = 'now'; it must be 'before' or 'after'",
        ),
        (GOOD.replace("value = 'x'", "value = ''"), "value = ''; it must be an expression"),
        (GOOD.replace("value = 'x'", "value = ['x', 'y']"), "has 2 values; the tap has 1"),
        (GOOD.replace("f = 'b'\n", ""), r"needs the loop index 'f'; add it to \[context\]"),
        (GOOD.replace("[context]", "[context]\nz = 'a'"), "has the key 'z'; known are s, f, t"),
        (GOOD + "[program]\nname = 'a b'", "name = 'a b'; it must be one word"),
        (GOOD + "[program]\nroi = ['-roi']", r"lacks \{fast_min\}"),
        (GOOD + "[pixel]\nat = 'p'\ns = 'a'", r"\[pixel\] has no 'f'"),
    ],
)
def test_each_broken_rule_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=said) as caught:
        read(text, tmp_path)
    assert caught.value.exit_status is None  # that of wrong input: 3
