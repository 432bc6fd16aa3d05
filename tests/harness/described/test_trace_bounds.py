"""Bounds of taps in a parity.toml: read, used, kept in the bundle, and errors that say what to write."""

import json

import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.pair import main as pair
from harness.described.read_description import read_description
from system_io.errors import UserError
from tests.harness.traced_pair import made, run


def test_bounds_of_taps_are_used_shown_kept_and_verified(tmp_path):
    path = made(
        tmp_path / "p", '[trace.steps.bound."flux"]\nrel = 1e-2\n[trace.steps.bound."I_*"]\nabs = 0.01'
    )
    status, metrics, bundle = run(path)
    assert status == 0, metrics["reasons"]
    note = next(row["note"] for row in metrics["figures"] if row["name"] == "trace steps")
    assert "the bounds of 2 taps are as written, none was measured" in note
    assert "no noise floor" in metrics["notes"][0]
    told = json.loads((bundle / "small/case.json").read_text())["parts"][1]["figures"]["report"]
    assert told["taps"]["flux"]["bound"] == "rel 0.01"
    assert told["bounds"]["decided"] == {"flux": 1, "I_*": 1}
    assert report(["verify", str(bundle)]) == 0
    assert report(["html", str(bundle), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert '<td>steps</td><td>I_sum</td><td class="number">3</td><td class="number">3</td>' in page
    assert '<td class="number">abs 0.01</td>' in page
    assert report(["replay", str(bundle), "--run-recorded"]) == 0
    kept = bundle / "parity.toml"
    kept.write_text(kept.read_text().replace("rel = 1e-2\n[", "rel = 1e-5\n["))
    assert report(["verify", str(bundle)]) == 1


@pytest.mark.parametrize(
    ("bound", "count", "status", "named"),
    [
        ('bound."*" = { rel = 1e-5 }', 5, 1, "as written"),
        ('bound."*" = { rel = 1e-2 }', 6, 1, "count i=0"),
        ('bound."*" = { rel = 1e-2 }\nbound."count" = { abs = 1 }', 6, 0, None),
        ('bound."*" = { rel = 1e-2 }\nbound."flux" = { rel = 1e-9 }', 5, 3, "put it first"),
        ('bound."*" = { rel = 1e-2 }\nbound."I_som" = { rel = 1e-9 }', 5, 3, "the nearest are I_sum"),
        ('bound."I_*" = { rel = 1e-2 }\nbound."cou*" = { abs = 1 }', 5, 1, "compared exactly"),
        ('bound = "measured"', 5, 1, "no floor is measured, 2 taps must be equal"),
    ],
)
def test_rows_decide_taps_or_say_why_not(bound, count, status, named, tmp_path):
    found, metrics, bundle = run(made(tmp_path / "p", bound, count=count))
    assert found == status, metrics["reasons"]
    assert named is None or named in json.dumps(metrics["reasons"])
    assert report(["verify", str(bundle)]) == 0


def test_a_row_of_a_case_that_did_not_run_is_no_error(tmp_path):
    path = made(tmp_path / "p", 'bound."*" = { rel = 1e-2 }\nbound."none" = { rel = 1e-2 }')
    assert run(path, "small")[0] == 0


@pytest.mark.parametrize(
    ("bound", "named"),
    [
        ("bound = { rel = 1e-9 }", 'write "*" ='), ("bound.x = { rle = 1e-9 }", "did you mean 'rel'"),
        ("bound.x = { rel = -1 }", "not negative"), ("bound.x = { rel = 1, combined = true }", "give both"),
        ('bound = "guessed"', "'measured'"), ('bound.x = "guess"', "'measured'"), ("bound = 3", "a table"),
        ("rtol = 1e-3\nbound.x = {}", "takes its place"),
        ("bound.x = { rel = 1 }\nbound.x = { abs = 1 }", "no TOML"),
    ],
)  # fmt: skip
def test_a_bound_that_is_none_is_an_error(bound, named, tmp_path):
    with pytest.raises(UserError) as error:
        read_description(made(tmp_path / "p", bound))
    assert named in str(error.value)


def test_a_failing_output_names_the_first_divergent_tap(tmp_path):
    _, metrics, _ = run(made(tmp_path / "a", 'bound."*" = { rel = 1e-5 }', out=1000), "small")
    assert "first divergent tap of trace steps: flux i=0 (one.py:1, two.py:1)" in metrics["reasons"][0]
    _, metrics, _ = run(made(tmp_path / "b", 'bound."*" = { rel = 1e-2 }', out=1000), "small")
    assert "all taps agree, so that it begins to differ behind the last of them" in metrics["reasons"][0]


def test_lines_that_are_set_aside_do_not_name_where_the_bundle_lay(tmp_path):
    path = made(tmp_path / "p", 'bound."*" = { rel = 1e-2 }')
    for name in ("one", "two"):
        program = tmp_path / "p" / f"{name}.py"
        program.write_text(program.read_text().replace("flux {(1", "flux {i},{(1"))
    status, metrics, bundle = run(path, "small")
    assert status == 2
    assert "first_trace_steps.log: 3 lines cannot be compared" in metrics["reasons"][0]
    moved = bundle.rename(tmp_path / "elsewhere")
    assert report(["verify", str(moved)]) == 0


VARIANTS = """
[variant.up]
values = { shift = "+1 ulp" }
[variant.down]
values = { shift = "-2 ulps" }
[variant.held]
values = { shift = "-1 ulp" }
held_out = true
"""


def test_a_floor_of_taps_is_measured_from_inputs_moved_by_their_last_digit(tmp_path, capsys):
    path = made(tmp_path / "p", 'bound = "measured"', size=1, tail=VARIANTS)
    two = tmp_path / "p" / "two.py"
    two.write_text(two.read_text().replace("(1 + i) *", "(1 + 2e-19 + i) *").replace("10 + i +", "i + 10 +"))
    assert pair(["floor", "--file", str(path)]) == 0
    assert "trace steps, tap flux: rel" in capsys.readouterr().out
    taps = json.loads((path.parent / "parity-floor.json").read_text())["traces"]["steps"]["taps"]
    assert set(taps) == {"flux", "I_sum"}
    assert 4 * 1e-16 <= taps["flux"]["rel"] <= 4 * 3e-16
    status, metrics, bundle = run(path)
    assert status == 0, metrics["reasons"]
    assert metrics["notes"] == [
        "bounds measured on 2 variants, 1 more held out, x 4",
        "the bounds are as written, no noise floor of this pair was measured",
    ]
    assert report(["verify", str(bundle)]) == 0
    assert pair(["check", str(path)]) == 0
    assert "traces steps (*: measured)" in capsys.readouterr().out
    assert pair(["floor", "--file", str(path)]) == 0, "a floor is measured anew in spite of the old one"


def test_a_floor_leaves_out_what_lies_behind_another_branch(tmp_path):
    path = made(tmp_path / "p", 'bound = "measured"', tail=VARIANTS)
    one = tmp_path / "p" / "one.py"
    one.write_text(one.read_text().replace("count {5}", "count {5 + (i > 1 and shift not in (1e-3, 2e-3))}"))
    assert pair(["floor", "--file", str(path)]) == 0
    trace = json.loads((path.parent / "parity-floor.json").read_text())["traces"]["steps"]
    assert "variant up, case small: from count i=2 on, where it takes another branch" in trace["left_out"]
    assert trace["taps"]["flux"]["compared"] == 2 * 2 * 3


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"+1 ulp"', '"+1 ulp", other = "+1 ulp"', "value other of case small is missing"),
        ("shift = 0.001", 'shift = "1e-3x"', "must be a number"),
        ('shift = "-1 ulp"', "shift = 0.1", "tap flux of trace steps beyond"),
        ('"t.log"', '"stdout"', "trace steps: "),
    ],
)
def test_a_floor_of_taps_that_cannot_be_measured_is_an_error(old, new, named, tmp_path, capsys):
    path = made(tmp_path / "p", "", tail=VARIANTS)
    one = tmp_path / "p" / "one.py"
    one.write_text(one.read_text().replace("1 + shift * 1, file=out", "1, file=out"))
    path.write_text(path.read_text().replace(old, new))
    assert pair(["floor", "--file", str(path)]) == 3
    assert named in capsys.readouterr().err
