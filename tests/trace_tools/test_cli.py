import json

import pytest

from trace_tools.cli import main
from trace_tools.tap_points import TAP_POINTS


@pytest.fixture
def files(tmp_path, golden_text):
    """A golden trace, and the same with one wrong value."""
    text = golden_text("mosaic-phi")
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_text(text)
    bad.write_text(text.replace("F_cell 31.309999999999999", "F_cell 31.5", 1))
    return str(good), str(bad)


@pytest.fixture
def twin(tmp_path, golden_text):
    """The golden trace as another program would write it."""
    path = tmp_path / "twin.txt"
    path.write_text(golden_text("mosaic-phi").replace("TRACE_C:", "TRACE_PY:"))
    return str(path)


def test_equal_traces_pass_and_say_what_they_cover(files, twin, capsys):
    assert main([files[0], twin]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith("PASS: 469 records agree (all of both logs, 85 of 101 taps: ")
    assert "of 3 pixels" in out


def test_divergence_fails_and_says_where(files, capsys):
    assert main(list(files)) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith("FAIL: first divergence F_cell s=0 f=0")
    assert "input hkl_rounded s=0 f=0" in out
    assert "--show 'F_cell s=0 f=0 t=0" in out


def test_command_of_a_finding_shows_it_again(files, capsys):
    assert main([*files, "--show", "F_cell s=0 f=0 t=0 ss=0 sf=0 src=0 phi=0 mos=0"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("F_cell s=0 f=0")
    assert "B: 31.5" in out


@pytest.mark.parametrize("wanted", ["F_cell s=0 f=0", "novelty", "", "F_cell x=1", "F_cell s"])
def test_unknown_record_is_one_line_of_error(files, capsys, wanted):
    assert main([*files, "--show", wanted]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_loosened_pass_says_so(files, capsys):
    assert main([*files, "--rtol", "0.1"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].startswith("PASS (LOOSENED): 469 records agree")
    assert "bounds given by hand: rtol 0.1, atol 0" in out


def test_zero_tolerance_finds_what_the_floor_allows(files, tmp_path, golden_text, capsys):
    near = tmp_path / "near.log"
    near.write_text(
        golden_text("mosaic-phi").replace("hkl_frac 5.8464174410535152", "hkl_frac 5.8464174410535161")
    )
    assert main([files[0], str(near)]) == 0
    assert main([files[0], str(near), "--rtol", "0"]) == 1


def test_json_metrics_name_the_first_divergence(files, twin, capsys):
    assert main([*files, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["first_divergence"]) == ("FAIL", "F_cell")
    assert found["causal_by_tap"] == {"F_cell": 1}
    assert found["taps"]["F_cell"]["outside"] == 1
    assert main([files[0], twin, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first_divergence"] is None


def test_metrics_hold_no_bare_nan_or_infinity(files, tmp_path, golden_text, capsys):
    bad = tmp_path / "nan.log"
    bad.write_text(golden_text("mosaic-phi").replace("F_cell 31.309999999999999", "F_cell nan", 1))
    assert main([files[0], str(bad), "--json"]) == 1
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["first_divergence_record"]["absolute"] == "inf"


def test_markdown_page_is_written(files, tmp_path, capsys):
    page = tmp_path / "diff.md"
    assert main([*files, "--markdown", str(page)]) == 1
    text = page.read_text()
    assert "**FAIL: first divergence F_cell" in text
    assert "| hkl_frac | 27 | 0 | 0 |" in text
    assert {path.name for path in tmp_path.iterdir()} == {"good.log", "bad.log", "diff.md"}


BROKEN = {
    "empty": (lambda text: "", 3, "is empty"),
    "no trace": (lambda text: "hello\n" * 1000, 3, "no trace record in 1000 lines"),
    "binary": (lambda text: "\x00\x01\x02" * 4000, 3, "no trace record"),
    "head alone": (lambda text: text[: text.index("TRACE_C: convention")], 3, "no trace record"),
    "cut": (lambda text: text[: len(text) * 2 // 3], 3, "breaks off in the middle of line"),
    "cut at a line": (lambda text: text[: text.rindex("TRACE_C: polar_applied")], 1, ""),
    "two programs": (lambda text: text + text.replace("TRACE_C", "TRACE_PY"), 3, "mixed"),
    "two runs": (lambda text: text + text, 3, "mixed"),
    "repeated": (lambda text: text + text.splitlines(keepends=True)[-1], 3, "repeated"),
    "other pixel": (lambda text: text.replace("s=26 f=1", "s=26 f=2"), 2, "different pixels"),
    "other schema": (lambda text: text.replace("trace 1", "trace 7"), 3, "unknown"),
    "gap": (lambda text: text.replace("TRACE_C: stol_m_inv", "stol_m_inv", 1), 1, ""),
}


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("fault", BROKEN)
def test_broken_log_never_passes(files, tmp_path, capsys, golden_text, fault, side):
    spoil, status, says = BROKEN[fault]
    broken = tmp_path / "broken.log"
    broken.write_text(spoil(golden_text("mosaic-phi")))
    pair = [files[0], files[0]]
    pair[side] = str(broken)
    assert main(pair) == status
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == (1 if says else 0)


def test_two_equally_broken_logs_do_not_pass(tmp_path, golden_text, capsys):
    broken, other = tmp_path / "broken.log", tmp_path / "other.log"
    for spoil, _, _ in BROKEN.values():
        text = spoil(golden_text("mosaic-phi"))
        broken.write_text(text)
        other.write_text("an ordinary line\n" * bool(text) + text)
        if "s=26 f=2" not in text:
            assert main([str(broken), str(other)]) == 3
    capsys.readouterr()


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["a"],
        ["missing-a", "missing-b"],
        ["GOOD", "GOOD", "--rtol", "x"],
        ["GOOD", "GOOD", "--rtol", "-1"],
        ["GOOD", "GOOD", "--atol", "nan"],
        ["GOOD", "GOOD", "--k", "inf"],
        ["GOOD", "GOOD", "--floor", "missing"],
        ["GOOD", "GOOD", "--graph", "missing"],
        ["GOOD", "GOOD", "--graph", "GOOD"],
        ["GOOD", "GOOD", "--markdown", "no/such/folder/x.md"],
        ["GOOD", "."],
        ["explain", "novelty"],
    ],
)
def test_wrong_use_is_one_line_and_status_three(files, capsys, argv):
    assert main([files[0] if word == "GOOD" else word for word in argv]) == 3
    err = capsys.readouterr().err
    assert err.startswith("trace-diff: error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("tap", TAP_POINTS, ids=lambda tap: tap.name)
def test_explain_states_definition_unit_formula_and_inputs(capsys, tap):
    assert main(["explain", tap.name]) == 0
    out = capsys.readouterr().out
    assert tap.formula in out
    assert all(name in out for name in tap.inputs)


def test_explain_lists_all_taps(capsys):
    assert main(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(TAP_POINTS)
