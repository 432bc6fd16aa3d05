"""A pair that differs in one reflection: found by name, kept in the bundle, and derived again by verify."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from harness.commands import nb_compare
from harness.commands import nb_report as report_cli
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.pairs.part import PairPart
from harness.pairs.predicted import NO_MEMORY, UNLOADED, predicted
from harness.store.ci import junit
from harness.store.names import REFLECTIONS, RELATIVE_PICTURE, SUMMARY
from system_io.verdict_words import Word
from tests.harness.forging import data, raw, removed, reseal

WORDS = (
    "-misset 12 25 33 -lambda 1 -distance 100 -pixel 1 -detpixels 32 -N 5 -oversample 1 -osc 0.2 -phisteps 4"
)
ORIENTATION = "0.02 0 0\n0 0.0166 0\n0 0 0.0143\n"
WORDS_WITH_CELL = f"-cell 50 60 70 90 90 90 {WORDS}".split()
WEAK = (1, 2, 1)


def table(path, weak_F):
    """Write 15^3 reflections of F = 100, one of them of another F."""
    rows = [(h, k, l) for h in range(-7, 8) for k in range(-7, 8) for l in range(-7, 8)]
    lines = [f"{h} {k} {l} {weak_F if (h, k, l) == WEAK else 100}\n" for h, k, l in rows]
    path.write_text("".join(lines), encoding="ascii")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, c_binary):
    """A C reference against itself with another table of structure factors, in which one F is 0."""
    home = tmp_path_factory.mktemp("reflection")
    table(home / "all.hkl", 1e-3)
    table(home / "less.hkl", 0)
    (home / "A.mat").write_text(ORIENTATION, encoding="ascii")
    other = home / "other"
    change = (
        f'for w in "$@"; do case "$w" in *all.hkl) w="{home}/less.hkl";; esac; set -- "$@" "$w"; shift; done'
    )
    other.write_text(f'#!/bin/sh\n{change}\nexec "{c_binary}" "$@"\n', encoding="utf-8")
    other.chmod(0o755)
    own = ["-q", "--c-bin", str(c_binary), "--py-bin", str(other), "--outdir", str(home / "pair")]
    words = ["-mat", str(home / "A.mat"), "-hkl", str(home / "all.hkl"), *WORDS.split()]
    assert nb_compare.main([*own, "--", *words]) == 1
    return home


@pytest.fixture
def pair(folder, tmp_path):
    """A copy of the bundle that may be forged."""
    return shutil.copytree(folder / "pair", tmp_path / "pair")


def summary_of(pair):
    return json.loads((pair / SUMMARY).read_text(encoding="utf-8"))


def test_the_verdict_and_the_table_name_the_reflection(pair):
    found = summary_of(pair)
    assert found["reflections"]["outside"] == found["reflections"]["missing_second"] == 1
    assert found["reflections"]["worst_hkl"] == list(WEAK)
    assert any("reflections outside: 1 of" in reason and "1 2 1" in reason for reason in found["reasons"])
    first = (pair / REFLECTIONS).read_text(encoding="utf-8").splitlines()[1]
    assert first.startswith("1,2,1,")
    assert first.endswith(",1,1,second")
    assert (pair / RELATIVE_PICTURE).is_file()


def test_old_figures_would_not_have_found_it(pair):
    held = {row["name"]: row["state"] for row in summary_of(pair)["criteria"]}
    assert held["max |diff| / max"] == held["sum difference / sum |first|"] == "held"


def test_verify_derives_the_reflections_again(pair):
    check = verify_bundle(pair)
    assert (check.word, check.faults, check.underived) == (Word.PASS, (), ())


@pytest.mark.parametrize(
    "forge",
    [
        raw(REFLECTIONS, lambda text: text.replace(b",1,1,second", b",1,0,", 1)),
        removed(REFLECTIONS),
        data(SUMMARY, lambda content: content["reflections"].update(outside=0)),
        data(SUMMARY, lambda content: content["reflections"].update(worst_hkl=[0, 0, 1])),
        data(SUMMARY, lambda content: content.update(reflections=None)),
        data(SUMMARY, lambda content: content["coverage"]["images"].update(reflections=999)),
        data(SUMMARY, lambda content: content["coverage"]["options"].update(told=999)),
    ],
)
def test_forged_reflections_and_coverage_are_found(pair, forge):
    forge(pair)
    reseal(pair)
    assert verify_bundle(pair).word is Word.FAIL


def test_verify_says_plainly_where_an_input_is_gone(folder, pair, capsys):
    name = folder / "A.mat"
    name.rename(folder / "gone")
    try:
        assert report_cli.main(["verify", str(pair)]) == 0
        assert "not derived again: input" in capsys.readouterr().out
        raw(REFLECTIONS, lambda text: text.replace(b",1,1,second", b",1,0,", 1))(pair)
        reseal(pair)
        assert verify_bundle(pair).word is Word.FAIL
    finally:
        (folder / "gone").rename(name)


def test_coverage_is_in_junit(pair):
    text = junit([load_metrics(pair)])
    assert 'name="coverage"' in text
    assert "all 1024 pixels" in text
    assert "reflections" in text


def test_structure_factors_are_not_read_again(folder, pair):
    moved = folder / "all.hkl"
    moved.rename(folder / "hidden")
    try:
        assert PairPart.load(pair).prediction.reflections is not None
    finally:
        (folder / "hidden").rename(moved)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_no_prediction(error, monkeypatch):
    def without_memory(config):
        raise error

    monkeypatch.setattr("simulator.predicted.predicted_reflections", without_memory)
    assert predicted(WORDS_WITH_CELL, "spec").why_not == NO_MEMORY


def test_a_simulator_that_cannot_be_loaded_predicts_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "simulator.predicted", None)
    assert UNLOADED in predicted(WORDS_WITH_CELL, "spec").why_not


def test_a_fault_of_the_prediction_is_not_taken_for_memory(monkeypatch):
    def faulty(config):
        raise RuntimeError("sizes do not match")

    monkeypatch.setattr("simulator.predicted.predicted_reflections", faulty)
    with pytest.raises(RuntimeError, match="sizes"):
        predicted(WORDS_WITH_CELL, "spec")
