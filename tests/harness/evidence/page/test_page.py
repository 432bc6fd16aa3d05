"""The page: what it holds, that its values are the true ones, and that it works in a browser."""

import json
import re
import zlib
from base64 import b64decode

import numpy as np
import pytest

from harness.commands.nb_report import main
from harness.evidence.page.graph import graph_svg, tap_states
from harness.evidence.page.pack import folded_distance, pack_images

READOUT = "document.getElementById('readout').textContent"


def images_of(bundle):
    folder = bundle / "c-parity"
    shape = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["runs"]["c"]["shape_slow_fast"]
    return [
        np.fromfile(folder / f"{side}_float.bin", dtype=np.float32).reshape(shape) for side in ("c", "py")
    ]


def unpacked(packed):
    """Decode as the page does."""

    def halves(name):
        planes = np.frombuffer(zlib.decompress(b64decode(packed.blobs[name])), np.uint8).reshape(2, -1)
        return (planes[0].astype(np.uint32) << 8) | planes[1]

    high = halves("first-high")
    kept = (high & 0x7FFF) >= packed.facts["threshold"]
    low = np.full(high.size, 0x8000, np.uint32)
    low[kept] = halves("first-low")
    return ((high << 16) | low).view(np.float32), kept


def test_packed_values_are_the_true_ones_where_they_fit():
    rng = np.random.default_rng(3)
    first = (10.0 ** rng.uniform(-12, 3, (50, 70))).astype(np.float32)
    packed = pack_images(first, first)
    values, kept = unpacked(packed)
    assert kept.all()
    assert (values.view(np.uint32) == first.ravel().view(np.uint32)).all()


def test_page_that_would_be_too_large_keeps_the_brightest_and_says_which():
    rng = np.random.default_rng(4)
    first = (10.0 ** rng.uniform(-12, 3, (300, 400))).astype(np.float32)
    packed = pack_images(first, first, limit=380_000)
    values, kept = unpacked(packed)
    assert packed.size <= 380_000
    assert 0.05 < packed.facts["kept"] / first.size < 0.6
    assert (values[kept] == first.ravel()[kept]).all()
    assert first.ravel()[kept].min() > first.ravel()[~kept].max()
    assert np.abs(values / first.ravel() - 1.0).max() < 2.0**-8  # 16 of 32 bits hold 8 bits of mantissa


def test_images_with_nothing_in_common_stay_within_the_limit():
    rng = np.random.default_rng(5)
    first, second = (10.0 ** rng.uniform(-12, 3, (2, 300, 400))).astype(np.float32)
    packed = pack_images(first, second, limit=340_000)
    values, kept = unpacked(packed)
    assert packed.size <= 340_000
    assert not packed.facts["fine"]
    assert (values[kept] == first.ravel()[kept]).all()
    assert np.abs(values / first.ravel() - 1.0).max() < 0.34  # one bit of mantissa: 1.5 stands for up to 2


def test_distance_is_counted_in_float_steps_and_folded():
    first = np.array([[1.0, 1.0, 0.0, -0.0]], np.float32)
    second = np.array([[np.nextafter(np.float32(1), np.float32(2)), 1.0, -0.0, 0.0]], np.float32)
    assert folded_distance(first, second).tolist() == [[2, 0, 1, 2]]


def test_page_is_one_file_that_loads_nothing(made):
    text = made[1].read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", text)
    assert re.search(r"default-src 'none'", text)
    assert len(text) < 1_000_000


def test_divergence_is_painted_on_the_tap_graph():
    taps = {
        name: {"outside": n, "pairs": 4, "max_scaled": 0.1}
        for name, n in (("F_latt_a", 2), ("F_latt", 2), ("polar", 0))
    }
    traces = {"taps": taps, "causal_by_tap": {"F_latt_a": 2}}
    states = tap_states(traces)
    assert [states[name] for name in ("F_latt_a", "F_latt", "polar", "F_cell")] == [
        "causal",
        "outside",
        "inside",
        "absent",
    ]
    assert re.search(r'<g class="tap causal" [^>]*data-tap="F_latt_a"', graph_svg(traces))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "page.html"], "never overwritten"),
        (["-o", "no/such/x.html"], "cannot write"),
        (["--part", "q"], "no part"),
    ],
)
def test_page_that_cannot_be_made_is_one_line_and_status_3(made, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("mine", encoding="ascii")
    assert main(["html", str(made[0]), *words]) == 3
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_cursor_reads_the_true_values_of_three_pixels(made, browser):
    first, second = images_of(made[0])
    for slow, fast in ((20, 30), (0, 0), (63, 41)):
        browser.evaluate(f"center({slow}, {fast})")
        lines = browser.evaluate(READOUT).splitlines()
        numbers = re.fullmatch(r"first (\S+)   second (\S+)", lines[1])
        assert lines[0] == f"slow {slow}  fast {fast}"
        assert [float(numbers[1]), float(numbers[2])] == [first[slow, fast], second[slow, fast]]


def test_mouse_moves_the_cursor_and_a_click_shows_the_trace(browser):
    browser.evaluate("document.getElementById('images').scrollIntoView(); center(20, 30)")
    box = browser.evaluate(
        "(({x, y, width, height}) => [x, y, width, height])(at('a').getBoundingClientRect())"
    )
    browser.click(box[0] + box[2] / 2, box[1] + box[3] / 2)
    assert browser.evaluate(READOUT).startswith("slow 20  fast 30\n")
    shown = browser.evaluate("at('trace').textContent")
    assert "Trace of pixel slow 20 fast 30" in shown
    assert "I_before_scaling" in shown


def test_pixel_without_trace_shows_the_command_that_makes_it(browser):
    browser.evaluate("showTrace(5, 6)")
    command = browser.evaluate("at('trace').querySelector('pre').textContent")
    assert command.startswith("nb-compare --parity-mode c-parity -- -cell 100")
    assert command.endswith("-phisteps 2 -trace_pixel 5 6")


def test_keys_zoom_and_choose_layer_mode_and_scale(browser):
    browser.evaluate("fit(); at('a').focus()")
    before = browser.evaluate("view.scale")
    for key in ("+", "3", "s", "l", "o"):
        browser.key(key)
    states = browser.evaluate(
        "[at('right').value, at('mode').value, at('log').checked, at('overlays').checked]"
    )
    assert browser.evaluate("view.scale") == pytest.approx(1.4 * before)
    assert states == ["2", "swipe", False, False]
    for key in ("p", "l", "o", "0"):
        browser.key(key)


def test_images_are_really_painted_in_every_layer_and_mode(browser):
    colours = """(async () => { const found = [];
      for (const mode of ["pair", "swipe", "blink"]) for (let layer = 0; layer < 6; layer++) {
        at("left").value = layer; at("mode").value = mode; draw();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const c = at("a"), data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        found.push(new Set(new Uint32Array(data.buffer)).size); }
      at("left").value = 0; at("mode").value = "pair"; fit(); return found; })()"""
    counts = browser.evaluate(colours)
    assert len(counts) == 18
    assert counts[0] > 50  # many shades of the image itself
    assert min(counts) >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_schemes(browser, scheme):
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    pair = browser.evaluate(
        "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    )
    text, back = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in pair)
    assert abs(text - back) > 500  # of 765, black to white
    assert (back > text) == (scheme == "light")


def test_phone_needs_no_sideways_scrolling(browser):
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True
    )
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_first_paint_comes_soon_and_nothing_is_wrong_on_the_console(browser):
    paint_ms = browser.evaluate("performance.getEntriesByType('paint')[0].startTime")
    assert paint_ms > 0.0
    assert browser.problems == []
