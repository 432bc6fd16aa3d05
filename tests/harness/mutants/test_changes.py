"""Small changes of sources: what is changed, what is left alone, and that a seed always draws the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from harness.faults.c_seams import definitions, put_into
from harness.faults.fault import DRAWN
from harness.mutants.c_changes import changed_blocks
from harness.mutants.drawn import drawn_faults
from harness.mutants.python_changes import changed_texts
from harness.programs.build import reference_sources

C_TEXT = """\
static double half(double x, int n)
{
    double y = x + 1.5; /* not x < 1.5 */
    if (n < 2) {
        return y;
    }
    return y / 2.0;
}
"""
PY_TEXT = """\
def half(x: int | None, n: int = 2) -> float:
    if not n:
        raise ValueError(n + 1)
    return x * 0.5 if n <= 2 else max(x, 1)
"""


def test_c_changes_are_of_operators_numbers_values_and_conditions() -> None:
    (found,) = definitions("half", C_TEXT)
    whats = {change.what for change in changed_blocks(found)}
    assert whats == {
        "'<' is '<='", "'+' is '-'", "'/' is '*'", "1.5 is 1e-5 larger", "2.0 is 1e-5 larger",
        "'double y = x + 1.5' 1e-5 larger", "'double y = x + 1.5' through a 4-byte float",
        "'return y' 1e-5 larger", "'return y' through a 4-byte float", "'return y / 2.0' 1e-5 larger",
        "'return y / 2.0' through a 4-byte float", "'if (n < 2)' turned round",
    }  # fmt: skip


def test_a_c_change_is_at_its_line_and_nowhere_else() -> None:
    (found,) = definitions("half", C_TEXT)
    (less,) = [change for change in changed_blocks(found) if change.what == "'<' is '<='"]
    assert less.line == 3
    assert less.block == found.block.replace("(n < 2)", "(n <= 2)")


def test_python_changes_leave_annotations_and_errors_alone() -> None:
    changes = changed_texts(PY_TEXT)
    assert {change.what for change in changes} == {
        "2 is 3", "condition is false", "without not", "operator is Div", "0.5 is 1.5", "comparison is Lt",
        "max is min", "1 is 2",
    }  # fmt: skip
    assert all(ast.dump(ast.parse(change.text)) != ast.dump(ast.parse(PY_TEXT)) for change in changes)
    larger = {change.what for change in changed_texts(PY_TEXT, larger=True)}
    assert larger - {change.what for change in changes} == {"Mult is 1e-5 larger"}


def test_a_seed_draws_the_same_whatever_the_number() -> None:
    few, more = drawn_faults(4, 5), drawn_faults(7, 5)
    names = [fault.id for fault in more]
    assert names == [f"{DRAWN}c-5-{n}" for n in (1, 2, 3, 4)] + [f"{DRAWN}py-5-{n}" for n in (1, 2, 3)]
    assert {fault.what for fault in few} < {fault.what for fault in more}
    assert {fault.what for fault in drawn_faults(7, 6)} != {fault.what for fault in more}


def test_drawn_changes_of_the_reference_fit_its_sources(tmp_path: Path) -> None:
    for fault in drawn_faults(20, 2)[:10]:
        for path in reference_sources().glob("*.[ch]"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (touched,) = put_into(tmp_path, fault.c)
        assert touched.read_bytes() != (reference_sources() / touched.name).read_bytes()


@pytest.mark.parametrize("change", ["constant", "none"])
def test_a_drawn_text_takes_the_place_of_a_module(change: str) -> None:
    text = {"constant": "LIMIT = 2\\n", "none": ""}[change]
    program = (
        "from harness.faults.python_seams import PyText, put\n"
        f"put([PyText('simulator.units', '{text}')] if {bool(text)} else [])\n"
        "import simulator.units as units\n"
        "print(getattr(units, 'LIMIT', 'sound'))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ("2" if text else "sound")
