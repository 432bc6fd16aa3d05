"""A tap graph drafted from runs with one input moved: edges of one turn, of earlier turns, and open ones."""

from __future__ import annotations

import json

import pytest

from trace_tools.cli import main
from trace_tools.judging.draft_graph import draft_graph
from trace_tools.judging.judge import Options
from trace_tools.judging.lookup import load_graph

GRAPH = {
    "flux": ([], ["T"], ["k", "t0"]), "gain": ([], [], ["src"]), "T": (["flux", "gain"], [], []),
    "clipped": (["T"], [], []), "total": (["clipped"], ["total"], []), "result": (["total"], [], ["out"]),
}  # fmt: skip
"""What the model below computes from what: inputs, inputs of earlier turns, values of its own."""
START = {"k": 0.1, "src": 0.5, "t0": 1.0, "out": 2.0}


def heat(program="heat", fault="", **moved):
    """Return the log of a small model: a flux out of a body, a source, a clip, a sum and a result."""
    value = {**START, **moved}
    temperature, total = value["t0"], 0.0
    lines = ["TAP_LOG: tap-log 1", f"TAP_LOG: program {program}", "TAP_LOG: tap T real K heat.c:7"]
    for step in range(4):
        flux = value["k"] * temperature * (1 + 1e-6 * (fault == "flux" and step == 1))
        gain = value["src"] * step
        temperature += gain - flux
        clipped = min(temperature, 1.05 + 1e-3 * (fault == "clipped"))
        total += clipped
        found = {"flux": flux, "gain": gain, "T": temperature, "clipped": clipped, "total": total}
        lines += [f"TRACE_C: {tap} {number!r} | step={step}" for tap, number in found.items()]
    return "\n".join([*lines, f"TRACE_C: result {total * value['out']!r}"]) + "\n"


def moved_logs(read):
    return [(name, read(heat(**{name: number * (1 + 1e-6)}))) for name, number in START.items()]


def test_a_draft_has_the_edges_of_the_program(read):
    content = draft_graph(read(heat()), moved_logs(read))
    found = {tap["name"]: (tap["inputs"], tap["inputs_before"], tap["externals"]) for tap in content["taps"]}
    assert found == GRAPH
    assert [tap["unit"] for tap in content["taps"]] == ["", "", "K", "", "", ""]
    edges = {(edge["from"], edge["to"]): edge for edge in content["draft"]["edges"]}
    assert edges["gain", "T"] == {"from": "gain", "to": "T", "kind": "always", "records": 3, "runs": ["src"]}
    assert edges["T", "flux"]["kind"] == "before"


def test_taps_that_always_move_together_are_not_told_apart(read):
    content = draft_graph(read(heat()), moved_logs(read)[:1])
    inputs = {tap["name"]: tap["inputs"] for tap in content["taps"]}
    assert {"flux", "T"} <= set(inputs["clipped"])
    assert content["draft"]["never_moved"] == ["gain"]
    assert any("not told apart" in text for text in content["draft"]["limits"])


def test_without_moved_logs_there_are_taps_and_no_edges(read):
    content = draft_graph(read(heat()), [])
    assert [tap["name"] for tap in content["taps"]] == list(GRAPH)
    assert content["draft"]["edges"] == []


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.log").write_text(heat())
    for name, number in START.items():
        (tmp_path / f"{name}.log").write_text(heat(**{name: number * (1 + 1e-6)}))
    return tmp_path


def test_a_draft_is_written_once_and_tells_causes_of_later_turns(folder, judge_texts, capsys):
    graph = folder / "graph.json"
    words = [f"{name}={folder / name}.log" for name in START]
    assert main(["draft-graph", str(folder / "base.log"), *words, "--to", str(graph)]) == 0
    assert "6 taps" in capsys.readouterr().err
    assert load_graph(str(graph), {})["flux"].inputs_before == ("T",)
    assert main(["draft-graph", str(folder / "base.log"), *words, "--to", str(graph)]) == 3
    assert "already" in capsys.readouterr().err
    for fault in ("flux", "clipped"):
        report = judge_texts(heat(), heat("port", fault), Options(graph=str(graph)))
        assert {cause.tap for cause in report.causes} == {fault}
    assert main([str(folder / "base.log"), str(folder / "out.log"), "--graph", str(graph)]) == 1
    assert "no unit is stated of 5 taps" in capsys.readouterr().out


def test_a_draft_is_printed_without_a_file_and_says_what_it_lacks(folder, capsys):
    assert main(["draft-graph", str(folder / "base.log")]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["taps"]) == 6
    assert "no edge is measured" in err
    (folder / "other.log").write_text(heat("port"))
    assert main(["draft-graph", str(folder / "base.log"), str(folder / "other.log")]) == 3
    assert "logs of one program" in capsys.readouterr().err


def test_without_a_graph_causes_are_not_told_from_consequences(judge_texts, folder, capsys):
    report = judge_texts(heat(), heat("port", "flux"), Options(graph="none"))
    assert report.line.startswith("FAIL: first divergence flux step=1 (no graph); it is in no tap graph")
    assert "order of execution" in report.line
    assert main([str(folder / "base.log"), str(folder / "k.log"), "--graph", "none"]) == 1
    out = capsys.readouterr().out
    assert "Causes:" not in out
    assert "First difference of a tap that is in no graph:" in out


@pytest.mark.parametrize(
    ("taps", "named"),
    [
        ([{"name": "a", "inputs": "b"}], "a list of texts"), ([{"name": "a", "size": "1"}], "a whole number"),
        ([{"name": "a"}, {"name": "a"}], "twice"), ([{"name": "a", "inputs_before": ["b"]}], "no tap"),
        ([{"name": "a", "level": 3}], "levels are"), ([{"name": "a", "carried": []}], "a tap has a name"),
        ([{"name": 3}], "a tap has a name"), ([{"name": "a", "unit": None}], "a text"),
    ],
)  # fmt: skip
def test_a_graph_that_is_none_is_an_error(taps, named, tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({"taps": taps}))
    with pytest.raises(ValueError, match=named):
        load_graph(str(path), {})
