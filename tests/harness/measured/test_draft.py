"""The tap graph of a described program, drafted from runs with one value of a case moved at a time."""

import json

import pytest

from harness.commands.own.pair import main as pair

PROGRAM = """import sys
k, t0, n = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
with open("t.log", "w") as log:
    print("TAP_LOG: tap-log 1\\nTAP_LOG: program one 1", file=log)
    for i in range(n):
        print(f"TRACE_C: flux {k * t0!r} | i={i}", file=log)
        t0 -= k * t0
        print(f"TRACE_C: T {t0!r} | i={i}", file=log)
"""
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py {k} {t0} {n}"
[second]
run = "{python} -S -E {folder}/one.py {k} {t0} {n} {case}"
[case.small]
values = { k = 0.25, t0 = "1e0", n = 3 }
[trace.steps]
file = "t.log"
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "one.py").write_text(PROGRAM)
    (tmp_path / "parity.toml").write_text(TEXT)
    return tmp_path / "parity.toml"


def test_values_with_a_point_are_moved_and_edges_proposed(path, capsys):
    graph = path.parent / "graph.json"
    words = ["draft-graph", "small", "--file", str(path), "--to", str(graph)]
    assert pair(words) == 0
    told = capsys.readouterr().err
    assert "value n = 3 is no number with a decimal point" in told
    assert "2 taps, 1 edges, 2 units to fill in" in told
    content = json.loads(graph.read_text())
    assert [run["moved"] for run in content["draft"]["runs"]] == ["k", "t0"]
    assert [tap["inputs"] for tap in content["taps"]] == [[], ["flux"]]
    assert content["draft"]["open"] == [
        "flux may use T of an earlier turn: in each run something else explains that it moves",
    ]
    assert pair(words) == 3
    assert "already" in capsys.readouterr().err
    path.write_text(TEXT + 'graph = "graph.json"\n')
    assert pair(["check", str(path)]) == 0


@pytest.mark.parametrize(
    ("old", "new", "words", "named"),
    [
        ('k = 0.25, t0 = "1e0", n = 3', "k = 1, t0 = 2, n = 3", (), "no value with a decimal point"),
        ("k = 0.25", "k = 0.25", ("--move", "2"), "between 0 and 1"),
        ("k = 0.25", "k = 0.25", ("--trace", "none"), "there are steps"),
        ("k = 0.25", "k = 0.25", ("large",), "small"),
        ('"t.log"', '"stdout"', (), "is empty"),
        ("[trace.steps]", "[trace.more]\nfile = 't.log'\n[trace.steps]", (), "choose one with --trace"),
    ],
)
def test_what_cannot_be_drafted_is_an_error(old, new, words, named, path, capsys):
    path.write_text(TEXT.replace(old, new))
    assert pair(["draft-graph", *words, "--file", str(path)]) == 3
    assert named in capsys.readouterr().err
