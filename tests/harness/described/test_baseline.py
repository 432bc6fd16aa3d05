"""Known verdicts: what is newly red decides, what changes is written down with its reason."""

import json
from pathlib import Path

import pytest

from harness.commands.own.pair import main as pair
from harness.described.baseline import WHOLE, flips

PASS, FAIL = ({"word": word, "causal_taps": []} for word in ("PASS", "FAIL"))
CAUSED = {"word": "FAIL", "causal_taps": ["p"]}


def entries(**words):
    return {name.replace("_", ": "): word for name, word in words.items()}


@pytest.mark.parametrize(
    ("before", "now", "red", "green", "known", "status"),
    [
        (entries(a_x=PASS), entries(a_x=PASS), 0, 0, 0, 0),
        (entries(a_x=PASS), entries(a_x=FAIL), 1, 0, 0, 1),
        (entries(a_x=FAIL), entries(a_x=FAIL), 0, 0, 1, 0),
        (entries(a_x=FAIL), entries(a_x=PASS), 0, 1, 0, 0),
        (entries(a_x=FAIL, a_y=PASS), entries(a_x=PASS, a_y=FAIL), 1, 1, 0, 1),
        (entries(), entries(a_x=FAIL), 1, 0, 0, 1),
        (entries(a_x=PASS, a_y=PASS), entries(a_x=PASS), 1, 0, 0, 2),
        (entries(a_x=PASS, b_x=FAIL), entries(a_x=PASS), 0, 0, 0, 0),
        (entries(a_x=CAUSED), entries(a_x={**CAUSED, "causal_taps": ["q"]}), 1, 0, 0, 1),
    ],
)  # fmt: skip
def test_what_got_worse_decides(before, now, red, green, known, status):
    found = flips({"entries": before}, now)
    assert (len(found.newly_red), len(found.newly_green), len(found.known_red)) == (red, green, known)
    assert found.exit_status == status


PROGRAM = 'print(*[1.0, {value}], sep="\\n", file=open("field.txt", "w"))\n'
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py"
[second]
run = "{python} -S -E {folder}/two.py"
[output.field]
file = "field.txt"
"""


def test_a_known_failure_passes_until_it_changes(tmp_path: Path, capsys):
    path, known = tmp_path / "parity.toml", tmp_path / "known.json"
    path.write_text(TEXT)

    def run(value, *words):
        (tmp_path / "one.py").write_text(PROGRAM.replace("{value}", "2.0"))
        (tmp_path / "two.py").write_text(PROGRAM.replace("{value}", value))
        return pair(
            [
                "run",
                "--file",
                str(path),
                "--reports",
                str(tmp_path / "r"),
                "-q",
                "--baseline",
                str(known),
                *words,
            ]
        )

    assert run("3.0") == 3
    assert "--update-baseline" in capsys.readouterr().err
    assert run("3.0", "--update-baseline", " ") == 3
    assert run("3.0", "--update-baseline", "the port lacks the second term") == 0
    content = json.loads(known.read_text())
    assert content["entries"]["default: output field"]["word"] == "FAIL"
    assert content["changes"][0]["reason"] == "the port lacks the second term"
    assert run("3.0") == 0
    assert "known red: default: output field (FAIL)" in capsys.readouterr().out
    assert run("2.0 + 0") == 0
    assert "newly green" in capsys.readouterr().out
    assert run("2.0") == 2
    assert f"newly red: {WHOLE}" in capsys.readouterr().out
    assert run("2.0 + 0", "--update-baseline", "mended") == 0
    assert [len(json.loads(known.read_text())["changes"])] == [2]
    assert run("3.0") == 1
    known.write_text("{}")
    assert run("2.0 + 0") == 3
    assert pair(["run", "--file", str(path), "--update-baseline", "x"]) == 3
