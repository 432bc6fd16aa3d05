"""Bounds measured on variants of a program: made, held out, used, and refused where they cannot be."""

import json
import shutil
from pathlib import Path

import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.pair import main as pair
from harness.described.read_description import read_description
from system_io.errors import UserError

PROGRAM = """import sys
scale = 1 + float(sys.argv[1])
with open("field.txt", "w") as file:
    print(*[x * scale for x in (1.0, 1e-3, 2e-9)], 5e-14 * (scale - 1 > 0), sep="\\n", file=file)
"""
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py {shift}"
[second]
run = "{python} -S -E {folder}/one.py 4e-15 {case}"
[case.only]
values = { shift = 0 }
[output.field]
file = "field.txt"
bound = "measured"
[variant.up]
values = { shift = 2e-15 }
[variant.held]
values = { shift = HELD }
held_out = true
"""


def made(folder, held="4e-15", text=TEXT):
    (folder / "one.py").write_text(PROGRAM)
    (folder / "parity.toml").write_text(text.replace("HELD", held))
    return str(folder / "parity.toml")


def test_a_floor_is_measured_used_and_kept_in_the_bundle(tmp_path, capsys):
    path, reports = made(tmp_path), str(tmp_path / "reports")
    run = ["run", "--file", path, "--reports", reports, "--json"]
    assert pair(run) == 1
    assert pair(["floor", "--file", path]) == 0
    facts = json.loads((tmp_path / "parity-floor.json").read_text())
    need = facts["outputs"]["field"]
    assert need["rel"] == pytest.approx(4 * 2e-15, rel=0.2)
    assert need["abs"] == pytest.approx(4 * 5e-14, rel=0.1)
    assert (need["unequal"], need["compared"]) == (4, 4)
    capsys.readouterr()
    assert pair(run) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["notes"] == ["bounds measured on 1 variants, 1 more held out, x 4"]
    assert report(["verify", metrics["bundle"]]) == 0
    floor = Path(metrics["bundle"]) / "parity-floor.json"
    floor.write_text(floor.read_text().replace('"k": 4.0', '"k": 5.0'))
    assert report(["verify", metrics["bundle"]]) == 1


def test_a_variant_that_was_held_out_and_is_beyond_leaves_no_floor(tmp_path, capsys):
    assert pair(["floor", "--file", made(tmp_path, held="3e-13")]) == 3
    assert "variant held, which was held out" in capsys.readouterr().err
    assert not (tmp_path / "parity-floor.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("held_out = true", "", "0 held out"), ("[variant.up]\nvalues = { shift = 2e-15 }", "", "0 variants"),
        ("shift = 2e-15", 'shift = "x"', "needs programs that run"),
        ("values = { shift = 2e-15 }", "", "changes nothing"),
        ("values = { shift = 2e-15 }", "of = 'third'\nvalues = { shift = 2e-15 }", "third"),
        ('bound = "measured"', 'bound = "guessed"', "'measured'"),
    ],
)  # fmt: skip
def test_a_floor_that_cannot_be_measured_is_an_error(old, new, named, tmp_path, capsys):
    assert pair(["floor", "--file", made(tmp_path, text=TEXT.replace(old, new))]) == 3
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}', None])
def test_a_damaged_floor_is_refused(content, tmp_path):
    path = made(tmp_path)
    if content is None:
        (tmp_path / "parity-floor.json").mkdir()
    else:
        (tmp_path / "parity-floor.json").write_text(content)
    with pytest.raises(UserError):
        read_description(Path(path))


def test_variants_are_built_in_a_copy_of_the_folder(tmp_path):
    heat = tmp_path / "heat"
    shutil.copytree(Path(__file__).parents[3] / "examples" / "heat", heat)
    assert pair(["floor", "--file", str(heat / "parity.toml")]) == 0
    assert sorted(path.name for path in heat.iterdir()) == [
        "heat", "heat.c", "heat.py", "parity-floor.json", "parity.toml",
    ]  # fmt: skip
    assert pair(["run", "--file", str(heat / "parity.toml"), "--reports", str(tmp_path / "r"), "-q"]) == 0
