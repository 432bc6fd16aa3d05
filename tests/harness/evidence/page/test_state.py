"""The page of a failed comparison in a browser: profile, address, contrast, keys, widths."""

import json
import re
from pathlib import Path

import pytest

from harness.pairs.part import PairPart
from tests.harness.chromium import READY, Page, find_chromium

# ---- profile and address ----


def test_profile_holds_the_values_along_the_line(failed, fresh):
    first = PairPart.load(failed[0]).first
    fresh.evaluate("at('a').focus(); center(10, 12)")
    fresh.key("r")
    fresh.evaluate("moveCursor(10, 40)")
    fresh.key("r")
    words = fresh.evaluate("at('profile-words').textContent")
    largest = float(re.search(r"largest (\S+) and", words)[1])
    assert words.startswith("From slow 10 fast 12 to slow 10 fast 40, 29 pixels")
    assert largest == pytest.approx(float(first[10, 12:41].max()), rel=1e-5)
    fresh.key("x")
    assert fresh.evaluate("at('profile-box').hidden")


@pytest.mark.parametrize(
    ("end", "count"), [((3, 3), 1), ((3, 9), 7), ((9, 3), 7), ((0, 0), 4), ((5, 12), 10)]
)
def test_profile_has_one_pixel_for_each_step_of_the_longer_side(fresh, end, count):
    call = f"pixelsAlong({{from: {{slow: 3, fast: 3}}, to: {{slow: {end[0]}, fast: {end[1]}}}}})"
    found = fresh.evaluate(call)
    places = [(place["slow"], place["fast"]) for place in found]
    assert (places[0], places[-1]) == ((3, 3), end)
    assert len(dict.fromkeys(places)) == count


def test_address_shows_again_what_was_looked_at(fresh):
    looks = (
        "center(12.5, 30.25, 9); choose('left', '2'); choose('right', '4'); choose('mode', 'swipe');"
        "choose('map', 'inverted'); toggle('log'); toggle('overlays'); at('divider').value = 20;"
        "view.limits = {images: {least: null, most: 50}, difference: {least: 0.001, most: null}};"
        "setProfile({slow: 1, fast: 2}, {slow: 9, fast: 12}); setStep(0); moveCursor(33, 28);"
        "chooseTap('F_latt'); document.documentElement.dataset.theme = 'dark'"
    )
    fresh.evaluate(looks)
    before = fresh.evaluate("hashOf()")
    fresh.evaluate("showHash('')")
    assert fresh.evaluate("hashOf()") == ""
    fresh.evaluate(f"showHash({json.dumps(before)})")
    assert fresh.evaluate("hashOf()") == before
    pairs = dict(pair.split("=") for pair in before.split("&"))
    assert pairs["map"] == "inverted"
    assert pairs["images"] == ",50"
    assert pairs["cursor"] == "33,28"
    assert len(pairs) == 15


def test_address_follows_without_a_word_and_opens_a_new_page_there(failed, fresh, tmp_path):
    fresh.evaluate("choose('map', 'grey')")
    fresh.wait_for("location.hash === '#map=grey'")
    again = Page(find_chromium(), tmp_path, failed[1].as_uri() + "#cursor=33,28&at=20,20,4&map=inverted")
    again.wait_for(READY)
    assert again.evaluate("[at('map').value, view.scale, view.cursor.slow]") == ["inverted", 4, 33]
    again.close()


@pytest.mark.parametrize(
    "text",
    ["at=1,2", "at=1,2,NaN", "at=1,2,1e9", "cursor=-1,5", "cursor=1.5,2", "cursor=999,2", "map=<b>",
     "left=99", "images=x,y", "images=-5,", "profile=1,2,3", "profile=1,2,3,9999", "phi=77", "tap=nothing",
     "theme=pink", "%", "=&=", "map=%E0%A4%A", "log=2", "__proto__=1", "mode=", "swipe=900"],
)  # fmt: skip
def test_address_that_means_nothing_changes_nothing(fresh, text):
    fresh.evaluate(f"showHash({json.dumps(text)})")
    assert fresh.evaluate("hashOf()") in ("", "swipe=100")
    assert fresh.problems == []


# ---- reading it ----

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_on_the_page_can_be_read_in_both_themes(fresh, scheme):
    fresh.evaluate(f"document.documentElement.dataset.theme = '{scheme}'; showTrace(20, 30)")
    *worst, (count, _) = fresh.evaluate(CONTRAST)
    assert count > 200
    assert worst[0][0] >= 4.5, worst
    fresh.evaluate("delete document.documentElement.dataset.theme")


@pytest.mark.parametrize("width", [390, 600, 1280])
def test_page_needs_no_sideways_scrolling(fresh, width):
    fresh.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False
    )
    assert fresh.evaluate("document.documentElement.scrollWidth") <= width
    fresh.call("Emulation.clearDeviceMetricsOverride")


def test_every_control_is_reached_with_the_tab_key_and_shows_it(fresh):
    fresh.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    seen = {}
    for _ in range(90):
        for kind in ("keyDown", "keyUp"):
            fresh.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        name, outline = fresh.evaluate(
            "((e) => [e.id || e.tagName, getComputedStyle(e).outlineWidth])(document.activeElement)"
        )
        seen[name] = outline
    controls = {"theme", "left", "right-most", "map", "log", "a", "b", "fit", "go", "mark", "graph-in"}
    assert controls <= set(seen)
    assert {seen[name] for name in controls} == {"3px"}
