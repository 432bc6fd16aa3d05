"""The pytest plugin, in a pytest of its own."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from harness.described.for_tests import ParityFixture

ROOT = Path(__file__).parents[3]
PROGRAM = 'print(*[1.0, {value}], sep="\\n", file=open("field.txt", "w"))\n'
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py"
build = "{python} -S -E make.py"
[second]
run = "{python} -S -E {folder}/two.py"
[output.field]
file = "field.txt"
bound = { rel = 1e-9 }
"""
TESTS = """
import numpy as np
import pytest

from harness.described.for_tests import ParityFixture

@pytest.mark.parity(case="default")
def test_pair():
    pass

@pytest.mark.parity
def test_pair_again():
    pass

@pytest.mark.parity(case="none")
def test_unknown_case():
    pass

def test_arrays(parity):
    parity.require_arrays([1.0, 2.0], [1.0, 2.0 + 1e-12], rel=1e-10)

def test_arrays_apart(parity):
    parity.require_arrays([1.0, 2.0], [1.0, 2.1], rel=1e-10)

def test_arrays_of_nothing(parity):
    parity.require_arrays(np.zeros(0), np.zeros(0))

def test_shapes(parity):
    parity.require_arrays(np.ones(2), np.ones(3))

def test_traces(parity):
    parity.require_traces("a.log", "b.log")
"""
LOG = "TRACE_C: schema nanobragg-trace 1\nTRACE_C: program x 1\nTRACE_C: step 1.5 | s=0 f=0\n"


def run(folder, value, *words):
    (folder / "one.py").write_text(PROGRAM.replace("{value}", "2.0"))
    (folder / "two.py").write_text(PROGRAM.replace("{value}", value))
    (folder / "make.py").write_text('open("built", "a").write("x")')
    (folder / "parity.toml").write_text(TEXT)
    (folder / "test_it.py").write_text(TESTS)
    (folder / "a.log").write_text(LOG)
    (folder / "b.log").write_text(LOG.replace("1.5", "1.6"))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "harness.pytest_plugin",
        "-p",
        "no:cacheprovider",
        *words,
        ".",
    ]
    made = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return made.stdout


@pytest.mark.parametrize("words", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_marks_and_fixture_give_the_words_of_the_verdict(words, tmp_path):
    said = run(tmp_path, "2.0 + 1e-12", "--parity-bundle", "kept", *words)
    assert "5 failed, 3 passed" in said
    assert "case 'none' is none of the description" in said
    assert "FAIL: 1 of 2 elements are not within 'rel 1e-10', the first at [1]: 2.0 and 2.1" in said
    assert "NOT COMPARABLE: is empty" in said
    assert "shape 2" in said
    assert "step" in said
    assert "A: 1.5" in said
    assert len(list((tmp_path / "kept").rglob("metrics.json"))) == 2
    assert (tmp_path / "built").read_text() == "x"


def test_a_pair_that_fails_fails_its_test_with_the_first_element(tmp_path):
    said = run(tmp_path, "2.5", "-k", "test_pair")
    assert "2 failed" in said
    assert "the first at [1]: 2.0 and 2.5" in said


BOUND = '[trace.steps.bound]\nflux = {{ rel = {rel} }}\n"{other}" = {{ rel = 1 }}\n'


@pytest.mark.parametrize(
    ("rel", "other", "named"),
    [(1e-2, "rod", None), (1e-9, "rod", "FAIL: "), (1e-2, "none", "ERROR: bound 'none' fits no tap")],
)
def test_traces_are_held_to_the_bounds_of_a_description(rel, other, named, tmp_path):
    for name, flux in (("a", "1"), ("b", "1.001")):
        text = f"TAP_LOG: tap-log 1\nTAP_LOG: program {name} 1\nTRACE_C: flux {flux}\nTRACE_C: rod 3.5\n"
        (tmp_path / f"{name}.log").write_text(text)
    (tmp_path / "parity.toml").write_text(BOUND.format(rel=rel, other=other))
    parity = ParityFixture(tmp_path, tmp_path, "")
    with pytest.raises(pytest.fail.Exception, match=named) if named else nullcontext():
        parity.require_traces("a.log", "b.log", bounds="parity.toml")


def test_bounds_and_tolerances_together_are_an_error(tmp_path):
    with pytest.raises(pytest.fail.Exception, match="leave them out"):
        ParityFixture(tmp_path, tmp_path, "").require_traces("a.log", "b.log", bounds="x.toml", rtol=1.0)
