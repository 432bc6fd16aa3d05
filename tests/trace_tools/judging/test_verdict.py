"""What was set aside stands against PASS, whatever the reason it was set aside."""

import os
import re

import pytest

from tests.trace_tools.made import contract_log, older_log
from trace_tools.cli import main
from trace_tools.judging.judge import Options


def older(*lines, side="C"):
    return "".join(f"TRACE_{side}: {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "says"),
    [
        (["F_latt 12.5", "F_latt 7.5"], ["F_latt 12.5", "F_latt 9.5"], "FAIL", "F_latt n=2"),
        (["F_latt 12.5", "F_latt 7.5"], ["F_latt 12.5"], "NOT COMPARABLE", "F_latt n=2"),
        (
            ["F_cell 50", "F_latt 12,5"],
            ["F_cell 50", "F_latt 12,9"],
            "NOT COMPARABLE",
            "F_latt: value '12,5' cannot be read",
        ),
        (["F_cell 50", "F_latt 1e400"], ["F_cell 50", "F_latt 1e401"], "NOT COMPARABLE", "out of the range"),
        (
            ["F_cell 50", "k_frac 12,5"],
            ["F_cell 50", "k_frac 12,9"],
            "NOT COMPARABLE",
            "k_frac: value '12,5'",
        ),
        (["F_cell 50", "F_latt"], ["F_cell 50", "F_latt"], "NOT COMPARABLE", "F_latt: it has no value"),
        (["F_cell 50", "hkl_frac 1 2"], ["F_cell 50", "hkl_frac 1 2"], "NOT COMPARABLE", "its shape is 3"),
        (
            ["F_cell 50", "F_latt nan"],
            ["F_cell 50", "F_latt NaN"],
            "NOT COMPARABLE",
            "NaN on both sides in 1 record, the first: F_latt",
        ),
        (["F_cell 50", "foo nan 1"], ["F_cell 50", "foo nan 1"], "NOT COMPARABLE", "the first: foo"),
        (["F_cell 50", "F_latt nan"], ["F_cell 50", "F_latt 1"], "FAIL", "F_latt"),
        (["F_cell 50", "F_latt inf"], ["F_cell 50", "F_latt Infinity"], "PASS", "2 records"),
        (
            ["F_cell 50", "foo 1"],
            ["F_cell 50"],
            "NOT COMPARABLE",
            "1 of 2 records of a.log have no partner, the first: foo",
        ),
        (["F_cell 50"], ["F_cell 50", "foo 1"], "NOT COMPARABLE", "of b.log have no partner"),
        (
            ["F_cell 50", "distance_meters 5 deg"],
            ["F_cell 50", "distance_meters 5 deg"],
            "NOT COMPARABLE",
            "in 'deg'",
        ),
        (["Rx=[1 0 0; 0 1 -0; 0 0 1]"], ["Rx=[1 0 0; 0 1 0; 0 0 1]"], "PASS", "1 records"),
        (["note=beam 5 of 6"], ["note=beam 5 of 7"], "FAIL", "note beam # of #"),
        (["F_latt 1.25D+01"], ["F_latt 12.5"], "PASS", "1 records"),
    ],
)
def test_pair_of_older_logs(judge_texts, a, b, verdict, says):
    report = judge_texts(older(*a), older(*b, side="PY"))
    assert report.verdict == verdict
    assert says in report.line


@pytest.mark.parametrize(
    "line", ["cell V_cell = {} and V_star = {}", "cell V_cell:{} V_star:{}", "cell: V = {}, W = {}"]
)
def test_numbers_of_different_things_are_judged_by_their_own_size(judge_texts, line):
    a, b = older(line.format("1e+06", "1e-06")), older(line.format("1e+06", "1.01e-06"), side="PY")
    assert judge_texts(a, b).verdict == "FAIL"
    assert judge_texts(a, a.replace("TRACE_C", "TRACE_PY")).verdict == "PASS"


@pytest.mark.parametrize(("last", "verdict"), [(20, "PASS"), (30, "FAIL")])
def test_pixels_of_one_log_are_told_apart(judge_texts, last, verdict):
    text = "".join(
        f"TRACE_CONFIG: tracing pixel (spixel={slow}, fpixel={slow + 1})\n{{0}} {value}\n"
        for slow, value in ((1, 10), (5, "{1}"))
    )
    report = judge_texts(text.format("TRACE_C: F_cell", 20), text.format("TRACE_PY: F_cell", last))
    assert report.verdict == verdict
    assert report.first is None or report.first.context.startswith("s=5 f=6")


@pytest.mark.parametrize(
    ("field", "contract"),
    [
        ("pix0_vector 0.1 0.2 0.3", "pix0_vector_meters 0.1 0.2 0.3"),
        ("distance_m=0.1", "distance_meters 0.1"),
        ("distance_mm=100", "distance_meters 0.1"),
        ("lambda_angstroms 0.9768", "lambda_meters 9.768e-11"),
        ("beam_vector 1 0 0", "beam_vec 1 0 0"),
        ("spindle_axis_normalized -1 0 0", "spindle_axis -1 0 0"),
        ("phi_deg 90", "phi_rad 1.5707963267948966"),
        ("distance_meters 100 mm", "distance_meters 0.1"),
        ("detector_convention=MOSFLM", "convention MOSFLM"),
    ],
)
def test_field_names_pair_with_taps_and_the_report_states_the_factor(judge_texts, field, contract):
    report = judge_texts(older(field), older(contract, side="PY"))
    assert report.verdict == "PASS"
    kept = report.comparison.a.conversions or report.comparison.a.words
    assert kept


def test_value_said_twice_under_two_names_is_one_record(judge_texts):
    twice = older(
        "lambda_meters 9.768e-11", "lambda_angstroms 0.9768", "pix0_vector 1 2 3", "pix0_vector_meters 1 2 3"
    )
    once = older("lambda_meters 9.768e-11", "pix0_vector_meters 1 2 3", side="PY")
    assert judge_texts(twice, once).verdict == "PASS"
    contradicting = twice.replace("pix0_vector 1 2 3", "pix0_vector 1 2 4")
    assert judge_texts(contradicting, once).verdict == "NOT COMPARABLE"


def test_half_a_unit_of_the_last_digit_belongs_to_the_bound_and_is_said(judge_texts):
    a = older("pix0_vector_meters -0.216475836204836 0.216343050492215 -0.230192414300537")
    b = older("pix0_vector_meters -0.21647583620483582 0.21634305049221492 -0.2301924143005375", side="PY")
    report = judge_texts(a, b)
    assert report.verdict == "PASS"
    assert (
        "1 of them within half a unit of the last printed digit (A prints 15 significant digits)"
        in report.line
    )
    assert judge_texts(a.replace("836 ", "838 "), b).verdict == "FAIL"


def test_version_one_with_fewer_digits_is_no_false_alarm(judge_texts):
    a = contract_log(1, "C")
    short = re.sub(r"(?<= )\d\.\d+", lambda found: f"{float(found[0]):.15g}", contract_log(1, "PY"))
    report = judge_texts(a, short)
    assert report.verdict == "PASS"
    assert "B prints 15 significant digits" in report.line


def test_few_digits_open_nothing(judge_texts):
    assert judge_texts(older("F_latt 12.5"), older("F_latt 12.52", side="PY")).verdict == "FAIL"


def test_log_without_its_schema_line_is_refused(tmp_path, capsys):
    whole, headless = tmp_path / "a.log", tmp_path / "b.log"
    whole.write_text(contract_log(1, "C"))
    for lost in (1, 2, 8):
        headless.write_text("".join(contract_log(1, "PY").splitlines(keepends=True)[lost:]))
        assert main([str(whole), str(headless)]) == 3
        assert "belongs to a trace of version 1" in capsys.readouterr().err


COPIES = {
    "copy": lambda text: text,
    "other line ends": lambda text: text.replace("\n", "\r\n"),
    "a line more": lambda text: text + "done\n",
    "numbers printed otherwise": lambda text: re.sub(r"(?<= )(\d\.\d+)", r"+\g<1>e0", text),
    "indented": lambda text: text.replace("TRACE_C: F", "  TRACE_C:  F"),
}


@pytest.mark.parametrize("make", ["path", "link", "hard link", *COPIES])
@pytest.mark.parametrize("log", [contract_log, older_log])
def test_log_compared_with_itself_is_no_comparison(tmp_path, capsys, make, log):
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    a.write_text(log(1, "C"))
    if make in COPIES:
        b.write_bytes(COPIES[make](a.read_text()).encode())
    elif make != "path":
        (os.link if make == "hard link" else os.symlink)(a, b)
    pair = [str(a), str(a if make == "path" else b)]
    assert main(pair) == 2
    assert "give the logs of two runs" in capsys.readouterr().out
    assert main([*pair, "--same-run"]) == 0


def test_partial_judges_what_both_hold_and_is_no_plain_pass(judge_texts):
    a, b = older("F_cell 50", "F_latt 1"), older("F_cell 50", side="PY")
    report = judge_texts(a, b, Options(partial=True))
    assert report.verdict == "PASS (LOOSENED)"
    assert "of 2 in A, 1 in B" in report.line
    assert judge_texts(a, older("F_cell 51", side="PY"), Options(partial=True)).verdict == "FAIL"


@pytest.mark.parametrize("taken", ["a.log", "b.log", "floor.json", "graph.json"])
def test_page_never_overwrites_an_input(tmp_path, capsys, monkeypatch, taken):
    monkeypatch.chdir(tmp_path)
    for name, side in (("a.log", "C"), ("b.log", "PY")):
        (tmp_path / name).write_text(older_log(1, side))
    for name in ("floor.json", "graph.json"):
        (tmp_path / name).write_text("{}")
    before = (tmp_path / taken).read_bytes()
    words = ["a.log", "b.log", "--floor", "floor.json", "--graph", "graph.json", "--markdown", f"./{taken}"]
    assert main(words) == 3
    assert (tmp_path / taken).read_bytes() == before
    assert "--markdown" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", ["pipe b.log", "a.log pipe", "a.log b.log --floor pipe", "a.log b.log --graph pipe"]
)
def test_pipe_as_an_input_is_refused_at_once(tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for name, side in (("a.log", "C"), ("b.log", "PY")):
        (tmp_path / name).write_text(older_log(1, side))
    assert main(words.split()) == 3
    assert "it is a named pipe" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--floor", "--graph"])
@pytest.mark.parametrize("content", [b"[" * 200_000, b"\xff\xfe", b"", b"{"])
def test_settings_that_are_no_json_are_refused(tmp_path, capsys, option, content):
    for name, side in (("a.log", "C"), ("b.log", "PY")):
        (tmp_path / name).write_text(older_log(1, side))
    (tmp_path / "x.json").write_bytes(content)
    assert main([str(tmp_path / "a.log"), str(tmp_path / "b.log"), option, str(tmp_path / "x.json")]) == 3
    assert "is not JSON" in capsys.readouterr().err


def test_verdict_covers_what_was_compared(judge_texts):
    a, b = contract_log(1, "C"), contract_log(1, "PY")
    set_up = "".join(line for line in b.splitlines(keepends=True) if "s=" not in line)
    assert "of 2 pixels" in judge_texts(a, b).line
    assert "no pixel was compared" in judge_texts(set_up.replace("PY:", "C:"), set_up).line


def test_last_line_without_newline_is_whole_unless_the_other_log_goes_on(judge_texts):
    a, b = older("F_cell 1", "F_latt 2"), older("F_cell 1", "F_latt 2", side="PY")
    assert judge_texts(a, b[:-1]).verdict == "PASS"
    longer = a + "TRACE_C: polar 1\n"
    report = judge_texts(longer, b[:-1])
    assert report.verdict == "ERROR"
    assert "breaks off in the middle of line 2" in report.line
