"""The tables of tiny runs: a row for every quirk and option, and answers that both programs give."""

from __future__ import annotations

import subprocess

import pytest

from harness.probing.answers import answer, data_of, version
from harness.probing.looks import Left, equal_bits, looked, near
from harness.probing.make_answers import made_answers
from harness.probing.option_rows import INDIRECT, OPTION_ROWS, WITHOUT_EFFECT
from harness.probing.questions import PARITY, TableQuestion, questions, states_of
from harness.probing.quirk_rows import QUIRK_ROWS
from simulator.command_line.option_table import OPTIONS
from simulator.quirks import SWITCHABLE

OURS_ALONE = "parity, precision and traces"


def test_every_switchable_quirk_has_a_row():
    assert {quirk for row in QUIRK_ROWS for quirk in row.tells} == SWITCHABLE


def test_every_option_of_upstream_is_told_or_listed():
    names = {option.name for option in OPTIONS if option.group != OURS_ALONE}
    assert {row.option for row in OPTION_ROWS} | {*WITHOUT_EFFECT, *INDIRECT} == names


@pytest.mark.parametrize("row", QUIRK_ROWS, ids=lambda row: row.tells[0])
def test_the_states_of_a_quirk_have_answers_that_rounding_does_not_confuse(row):
    if row.otherwise:
        return
    seen = {}
    for state in states_of(row):
        if all(state[quirk] == "on" for quirk in row.beside):
            seen[state[row.tells[0]]] = answer(TableQuestion(row.run, row.look, PARITY, state))
    assert not equal_bits(seen["on"], seen["off"])
    if row.tells != ("Q-POLAR-UNITIZE",):  # it changes rounding alone: other builds are not told apart
        assert not near(seen["on"], seen["off"])


def test_the_recorded_answers_are_those_of_the_simulator():
    asked = list(questions())
    assert made_answers(asked) == {question.key: data_of(answer(question)) for question in asked}


def test_the_recorded_answers_are_those_of_the_c_reference(c_binary, tmp_path):
    wrong = []
    for number, question in enumerate(questions()):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in question.run.files.items():
            (folder / name).write_bytes(content)
        command = [c_binary, *question.words, *question.run.words]
        ran = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        left = Left.of(folder, "refused" if ran.returncode else None, ran.stdout, ran.stderr)
        if not near(looked(left, question.look), answer(question)):
            wrong.append((question.look, question.quirks, " ".join(question.run.words)))
    assert wrong == []


def test_a_change_of_an_answer_is_another_version():
    assert len(version()) == 16
