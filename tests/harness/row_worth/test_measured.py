"""What a case adds is measured by runs: branches reached, taps moved, quirks and faults shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_suite_generator.cases import Case, load_cases
from harness.row_worth.killed import first_of_quirks, first_to_show, sound_hashes
from harness.row_worth.option_classes import option_classes
from harness.row_worth.reached import CountingReference
from harness.row_worth.row_runs import suite_rows, traced_values
from harness.row_worth.worth import additions
from harness.suite.generate import case_inputs


def case(name: str) -> Case:
    return next(one for one in load_cases() if one.id == name)


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with case_inputs() as folder:
        yield folder


def test_a_round_crystal_reaches_the_formula_of_a_sphere(tmp_path: Path, inputs: Path) -> None:
    counting = CountingReference(tmp_path / "counting")
    square, ball = (counting.branches(suite_rows(case(name)), inputs) for name in ("vector-e1", "vector-e11"))
    added = {branch.place for branch in ball.reached - square.reached}
    assert "shape_round.c sphere_transform" in added
    assert "shape_square.c square_lattice_factor" not in added
    assert square.every == ball.every > square.reached


def test_the_first_case_that_a_quirk_changes_shows_it(c_binary: Path, inputs: Path) -> None:
    rows = [row for name in ("vector-e1", "vector-e15", "vector-e16") for row in suite_rows(case(name))]
    sound = sound_hashes(c_binary, rows, inputs, 1)
    assert [row for row, _ in sound] == rows
    found = dict(first_of_quirks(["Q-POINT-PIXEL-AREA", "Q-OSC-ZERO"], c_binary, sound, inputs, 1))
    assert found["Q-POINT-PIXEL-AREA"] == suite_rows(case("vector-e15"))[0]
    assert found["Q-OSC-ZERO"] is None
    assert first_to_show(c_binary, sound, inputs) is None


def test_another_exit_status_shows_a_fault(c_binary: Path, inputs: Path, tmp_path: Path) -> None:
    sound = sound_hashes(c_binary, suite_rows(case("vector-e1")), inputs, 1)
    false = Path(shutil.which("false") or "/bin/false")
    assert first_to_show(false, sound, inputs) == sound[0][0]


def test_taps_of_a_turned_crystal_are_moved(c_binary: Path, inputs: Path) -> None:
    still, turned = (
        traced_values(c_binary, suite_rows(case(name))[0], inputs) for name in ("vector-e1", "vector-e9")
    )
    moved = {name for name, lines in turned.items() if still.get(name) != lines}
    assert {"phi_rad", "rot_a_angstroms"} <= moved
    assert "a_angstroms" not in moved
    assert traced_values(c_binary, suite_rows(case("error-unknown-option"))[0], inputs) == {}


def test_options_are_told_by_the_signs_of_their_values() -> None:
    line = "-hkl inputs/a.hkl -misset 1 -2 0 -xds -phi 3 -phi -1 -detector_abs inf"
    assert option_classes(line.split()) == {
        "-hkl inputs/a.hkl", "-misset positive negative zero", "-xds", "-phi positive", "-phi negative",
        "-phi again", "-detector_abs inf", "no cell", "no wavelength", "no distance", "no pixel size",
        "no detector size",
    }  # fmt: skip


def test_what_a_name_before_has_is_no_addition() -> None:
    found = [("first", frozenset("ab")), ("second", frozenset("bc")), ("third", frozenset("ac"))]
    assert list(additions(found)) == [("first", {"a", "b"}), ("second", {"c"}), ("third", set())]
