"""Cases follow from their number, need no file that is not there, and cover what the option table has."""

from __future__ import annotations

from random import Random

import pytest

from harness.fuzz.case import NOT_TOLD, FuzzCase, told_words
from harness.fuzz.coverage import NAMES, Choice, FuzzCoverage
from harness.fuzz.draw import drawn_case
from harness.fuzz.input_files import MAKERS, SUFFIXES
from harness.fuzz.outcome import Came
from harness.programs.arguments import INPUT_OPTIONS
from harness.programs.programs import Program
from simulator.command_line.option_table import BY_SPELLING, OPTIONS
from simulator.command_line.options import parse

SIMULATOR = Program("simulator", (), {})
REFERENCE = Program("reference", (), {})


@pytest.mark.parametrize("name", [option.name for option in OPTIONS])
def test_every_option_can_be_drawn(name: str) -> None:
    case = drawn_case((name,), 3, "spec")
    assert name in case.options
    named = [item for item in parse(case.words).given if BY_SPELLING[item.name].kinds == ("file",)]
    read = {str(item.values[0]) for item in named if item.name in INPUT_OPTIONS | {"-dump"}}
    assert read == set(case.files)


def test_every_option_that_reads_a_file_has_makers() -> None:
    reading = {BY_SPELLING[word].name for word in INPUT_OPTIONS} | {"-dump"}
    assert reading == set(MAKERS) == set(SUFFIXES)


def test_a_number_gives_the_same_case_again() -> None:
    names = ("-hkl", "-misset", "-roi", "-mask")
    assert drawn_case(names, 5, "spec") == drawn_case(names, 5, "spec")
    assert drawn_case(names, 5, "spec") != drawn_case(names, 6, "spec")


def test_random_numbers_have_a_stated_seed() -> None:
    case = drawn_case(("-misset", "-mosaic"), 1, "spec")
    assert {"-seed", "-misset_seed"} <= set(case.options)


def test_the_reference_is_told_what_it_knows(c_binary, tmp_path) -> None:
    """Every option of the table is in its help, or is listed as one that it is not told."""
    from pathlib import Path

    from system_io.children import execute

    _, out, _ = execute([str(c_binary), "--help"], Path(tmp_path), {}, 60.0)
    known = set(out.decode().replace("(", " ").replace(",", " ").split())
    unknown = {option.name for option in OPTIONS if not known & set(option.spellings)}
    assert unknown <= {BY_SPELLING[word].name for word in NOT_TOLD["reference"]} | {"--phi-carryover-mode"}


def test_each_side_is_told_its_own_words() -> None:
    case = FuzzCase(("-dtype", "mixed", "--phi-carryover-mode", "spec", "-N", "3"), {}, "spec")
    assert told_words(REFERENCE, case) == [
        "-parity_mode",
        "spec",
        "-N",
        "3",
        "--quirk",
        "Q-PHI-CARRYOVER=off",
    ]
    assert told_words(SIMULATOR, case)[-6:] == list(case.words)


def test_pairs_that_were_not_covered_come_first() -> None:
    coverage, random = FuzzCoverage(), Random(1)
    for _ in range(60):
        choice = coverage.choose(random)
        coverage.record(choice.names, Came.AGREED, choice)
    covered, possible = coverage.pair_counts()
    assert covered > 0.5 * possible
    assert possible == len(NAMES) * (len(NAMES) - 1) // 2


def test_a_refused_pair_counts_only_when_it_is_alone() -> None:
    coverage, pair = FuzzCoverage(), ("-N", "-Na")
    for _ in range(9):
        coverage.record((*pair, "-Nb"), Came.REFUSED, Choice((*pair, "-Nb")))
    assert not coverage.refused_pairs()
    for _ in range(3):
        coverage.record((*pair, "-cell"), Came.REFUSED, Choice(pair, alone=True))
    assert coverage.refused_pairs() == [pair]
    assert all(not set(pair) <= set(coverage.choose(Random(n)).names) for n in range(20))


def test_shards_aim_at_different_pairs() -> None:
    aims = [{FuzzCoverage().choose(Random(n), (part, 2)).names[:2] for n in range(9)} for part in (0, 1)]
    assert not aims[0] & aims[1]
