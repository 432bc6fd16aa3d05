"""Inputs in other loops: of the turn before, of a loop that is over, and of all turns of one."""

import json

import pytest

from trace_tools.judging.judge import Options

HEAD = "TAP_LOG: tap-log 1\nTAP_LOG: program {} 1\n" + "".join(
    f"TAP_LOG: tap {name} real - x.c:1\n" for name in ("slope", "state", "total")
)
GRAPH = [
    {"name": "slope", "inputs_before": ["state"]},
    {"name": "state", "inputs": ["slope"], "inputs_before": ["state"]},
    {"name": "total", "inputs": ["state"]},
]


def log(side, faults=(), cells=()):
    """Return a log of four steps in which what a fault changes is handed on."""
    state, lines = dict.fromkeys(cells or (None,), 1.0), [HEAD.format(side)]
    for step in range(4):
        for cell in state:
            at = f"step={step}" + ("" if cell is None else f" cell={cell}")
            slope = -0.1 * state[cell] + (("slope", step, cell) in faults) * 0.01
            state[cell] += slope + (("state", step, cell) in faults) * 0.01
            lines += [
                f"TRACE_{side}: slope {slope!r} | {at}\n",
                f"TRACE_{side}: state {state[cell]!r} | {at}\n",
            ]
    total = sum(state.values()) + (("total", None, None) in faults) * 0.01
    return "".join([*lines, f"TRACE_{side}: total {total!r}\n"])


@pytest.fixture
def options(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({"taps": GRAPH}))
    return Options(graph=str(path))


@pytest.mark.parametrize("cells", [(), (0, 1, 2)], ids=["one loop", "two loops"])
@pytest.mark.parametrize("tap", ["slope", "state"])
@pytest.mark.parametrize("step", [0, 1, 3])
def test_what_an_earlier_turn_hands_on_is_no_cause(cells, tap, step, judge_texts, options):
    fault = (tap, step, 1 if cells else None)
    report = judge_texts(log("C", cells=cells), log("PY", [fault], cells), options)
    assert report.verdict == "FAIL"
    assert [found.tap for found in report.causes] == [tap]
    assert f"step={step}" in report.first.context


def test_inputs_of_a_loop_that_is_over_are_found(judge_texts, options):
    """All slopes first, then all states, as where each line of code has a loop of its own."""

    def text(side, wrong):
        slopes = [-0.1 + 0.01 * (cell == wrong) for cell in range(3)]
        lines = [f"TRACE_{side}: slope {slope!r} | cell={cell}\n" for cell, slope in enumerate(slopes)]
        lines += [f"TRACE_{side}: state {1.0 + slope!r} | cell={cell}\n" for cell, slope in enumerate(slopes)]
        return HEAD.format(side) + "".join(lines)

    report = judge_texts(text("C", None), text("PY", 1), options)
    assert [(found.tap, found.context) for found in report.causes] == [("slope", "cell=1")]


def test_two_faults_are_two_causes(judge_texts, options):
    report = judge_texts(log("C"), log("PY", [("slope", 1, None), ("total", None, None)]), options)
    assert [found.tap for found in report.causes] == ["slope"]  # the total follows from the state, too
    report = judge_texts(log("C"), log("PY", [("total", None, None)]), options)
    assert [found.tap for found in report.causes] == ["total"]
