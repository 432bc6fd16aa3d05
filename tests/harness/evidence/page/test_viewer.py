"""The page of a failed comparison in a browser: cause, tap graph, worst pixels, pyramids, limits."""

import json

import numpy as np
import pytest

from harness.evidence.page.graph import tap_states
from harness.pairs.part import PairPart
from harness.tracing.choice import Compared, worst_pixels
from trace_tools.tap_points import TAP_POINTS


def summary_of(bundle):
    return json.loads((bundle / "summary.json").read_text(encoding="utf-8"))


def image_pair(bundle):
    return tuple(PairPart.load(bundle).image(side) for side in ("c", "py"))


# ---- the cause ----


def test_cause_is_shown_with_both_values_pixel_and_inputs(failed, fresh):
    cause = summary_of(failed[0])["traces"]["causes"][0]
    shown = fresh.evaluate("document.getElementById('cause').textContent")
    assert cause["tap"] == "polar"
    for text in (cause["tap"], cause["a"], cause["b"], *(item["name"] for item in cause["inputs"])):
        assert text in shown
    assert fresh.evaluate("document.querySelector('#cause [data-goto-pixel]').dataset.gotoPixel") == "20,30"


def test_button_of_the_cause_goes_to_its_pixel_and_trace(fresh):
    fresh.evaluate("document.querySelector('[data-goto-pixel]').click()")
    assert fresh.evaluate("[view.cursor.slow, view.cursor.fast]") == [20, 30]
    assert "Trace of pixel slow 20 fast 30" in fresh.evaluate("at('trace').textContent")


def test_graph_begins_at_the_cause_in_sight_and_marks_what_it_comes_from(fresh):
    fresh.evaluate("goToCause()")
    inside = """(() => { const box = tapNamed(graph.chosen).getBoundingClientRect();
      const room = at('tap-graph').parentElement.getBoundingClientRect();
      return box.left >= room.left && box.right <= room.right
        && box.top >= room.top && box.bottom <= room.bottom; })()"""
    assert fresh.evaluate("graph.chosen") == "polar"
    assert fresh.evaluate(inside)
    marked = fresh.evaluate(
        "tapsOf().filter((t) => t.classList.contains('ancestor')).map((t) => t.dataset.tap)"
    )
    assert set(marked) == ancestors("polar")


def ancestors(name):
    inputs = {tap.name: [source for source in tap.inputs if source in tap_states(None)] for tap in TAP_POINTS}
    found, todo = set(), list(inputs[name])
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += inputs[one]
    return found


def test_graph_is_walked_zoomed_and_left_with_keys(fresh):
    fresh.evaluate("goToCause('', true)")
    before = fresh.evaluate("[graph.scale, graph.x]")
    for key in ("+", "ArrowLeft", "ArrowUp"):
        fresh.key(key)
    assert fresh.evaluate("graph.scale") > before[0]
    assert fresh.evaluate("graph.chosen") != "polar"
    assert fresh.evaluate("document.activeElement.dataset.tap === graph.chosen")
    assert (
        fresh.evaluate("tapsOf().filter((tap) => tap.tabIndex === 0).length") == 1
    )  # one stop of the Tab key
    fresh.key("c")
    assert fresh.evaluate("graph.chosen") == "polar"


# ---- figures, worst pixels, lattice ----


def test_bounds_in_force_stand_beside_what_was_measured(failed, fresh):
    rows = fresh.evaluate("document.querySelector('table.figures').innerText").splitlines()
    for criterion in summary_of(failed[0])["criteria"]:
        line = next(row for row in rows if criterion["name"] in row)
        assert criterion["bound"] in line


def test_worst_pixels_are_those_of_the_compared_region_and_lead_to_them(failed, fresh):
    images = image_pair(failed[0])
    wanted = worst_pixels(Compared((), None, "", images, (slice(8, 61), slice(5, 61))), 25)
    listed = fresh.evaluate("[...document.querySelectorAll('#worst button')].map((one) => one.textContent)")
    assert listed == [f"slow {slow} fast {fast}" for slow, fast in wanted]
    fresh.evaluate("document.querySelectorAll('#worst button')[2].click()")
    assert fresh.evaluate("[view.cursor.slow, view.cursor.fast]") == list(wanted[2])
    assert str(float(images[0][wanted[2]])) in fresh.evaluate("at('readout').textContent")


# ---- pyramids, colours, limits ----


@pytest.mark.parametrize(
    ("per_dot", "level"),
    [(0.02, 0), (0.5, 0), (1, 0), (1.01, 1), (2, 1), (2.1, 2), (4, 2), (9, 4), (1e9, 11)],
)
def test_level_of_a_pyramid_has_no_pixel_smaller_than_a_dot(fresh, per_dot, level):
    assert fresh.evaluate(f"levelFor({per_dot}, levelCount(2527, 2463) - 1)") == level


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (7, 4), (33, 64)])
def test_each_level_keeps_the_extreme_of_its_pixels_and_nan_wins(fresh, rows, columns):
    values = np.random.default_rng(rows).normal(size=(rows, columns)).round(3)
    values[rows // 2, columns // 2] = -9.0
    given = f"{{rows: {rows}, columns: {columns}, value: (i) => {values.ravel().tolist()}[i]}}"
    script = f"(() => {{ const up = halved({given}); return [up.rows, up.columns, up.value(0)]; }})()"
    high, wide, corner = fresh.evaluate(script)
    block = values[:2, :2].ravel()
    assert (high, wide) == (-(-rows // 2), -(-columns // 2))
    assert corner == pytest.approx(block[np.abs(block).argmax()], rel=1e-6)
    assert fresh.evaluate("Number.isNaN(extreme(NaN, 5)) && Number.isNaN(extreme(5, NaN))")


def test_panning_draws_from_tiles_that_are_shaded_once(fresh):
    count = """(async () => { fit(); let shaded = 0; const before = Pyramid.prototype.shaded;
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      Pyramid.prototype.shaded = function (...args) { shaded++; return before.apply(this, args); };
      await frame(); const found = [];
      for (const act of [() => 0, () => choose('map', 'grey')]) {
        act(); await frame(); shaded = 0;
        for (let n = 0; n < 12; n++) { pan(n % 2 ? 9 : -9, 4); await frame(); }
        found.push(shaded); }
      Pyramid.prototype.shaded = before; return found; })()"""
    assert fresh.evaluate(count) == [0, 0]


def test_pictures_at_every_level_have_the_colours_of_the_values(fresh):
    dots = """(async () => { const found = [];
      for (const scale of [6, 1, 0.25]) {
        choose('left', '0'); choose('map', 'inverted'); at('overlays').checked = false;
        view.cursor = null; view.scale = scale / devicePixelRatio; view.x = 0; view.y = 0; draw();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const dot = at('a').getContext('2d').getImageData(1, 1, 1, 1).data;
        const depth = levelFor(1 / scale, state.pyramids[0].count), level = state.pyramids[0].level(depth);
        const index = Math.floor(1 / scale / 2 ** depth) * (level.columns + 1);
        const place = shade(level.value(index), scaleOf(state.layers[0]));
        found.push([dot[0], dot[1], dot[2], 255 - place]); }
      return found; })()"""
    for red, green, blue, wanted in fresh.evaluate(dots):
        assert red == green == blue == wanted


@pytest.mark.parametrize(
    ("asked", "signed", "log", "limits"),
    [
        ("{least: null, most: null}", False, True, [1e-4, 100]),
        ("{least: null, most: null}", False, False, [0, 100]),
        ("{least: null, most: null}", True, True, [1e-2, 100]),
        ("{least: 5, most: 20}", False, True, [5, 20]),
        ("{least: 0, most: 20}", False, True, [2e-5, 20]),  # no logarithm of 0
        ("{least: 30, most: 20}", False, False, [0, 20]),
        ("{least: 5, most: -1}", True, False, [5, 100]),
    ],
)
def test_limits_that_cannot_be_used_are_automatic(fresh, asked, signed, log, limits):
    call = f"limitsOf({asked}, 100, {str(signed).lower()}, {str(log).lower()})"
    found = fresh.evaluate(call)
    assert [found["least"], found["most"]] == pytest.approx(limits)


def test_limits_typed_for_one_image_hold_for_both_and_no_difference(fresh):
    fresh.evaluate("at('left-most').value = '50'; at('left-most').dispatchEvent(new Event('input'))")
    tops = fresh.evaluate("[0, 1, 2].map((n) => scaleOf(state.layers[n]).limits.most)")
    assert tops[:2] == [50, 50]
    assert tops[2] != 50
    fresh.evaluate("at('auto').click()")
    assert fresh.evaluate("scaleOf(state.layers[0]).limits.most") == fresh.evaluate(
        "topOf(state.layers[0], 0)"
    )


def test_inverted_grey_is_white_where_there_is_nothing_and_black_at_the_top(fresh):
    assert fresh.evaluate("[...new Uint8Array(COLOURS.inverted.buffer)].slice(0, 3)") == [255, 255, 255]
    assert fresh.evaluate("[...new Uint8Array(COLOURS.inverted.buffer)].slice(-4, -1)") == [0, 0, 0]


def test_nothing_is_wrong_on_the_console(viewer):
    assert viewer.problems == []
