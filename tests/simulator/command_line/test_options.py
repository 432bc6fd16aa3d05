"""The command line is taken by exact names, and its mistakes are named (spec 01)."""

from __future__ import annotations

import pytest

from simulator.command_line.option_table import OPTIONS
from simulator.command_line.options import help_text, parse
from simulator.errors import InputError


def test_every_spelling_belongs_to_one_option() -> None:
    spellings = [word for option in OPTIONS for word in option.spellings]
    assert len(spellings) == len(set(spellings))


def test_alias_gives_the_canonical_name() -> None:
    assert parse(["-xtal_thickness", "2"]).number("-sample_x") == 2.0


def test_later_option_wins() -> None:
    assert parse(["-lambda", "1", "-wave", "2"]).number("-lambda") == 2.0


@pytest.mark.parametrize("word", ["-8.8e-05", "-5", "+3.", ".5", "1e3"])
def test_signed_numbers_are_values(word: str) -> None:
    assert parse(["-Xbeam", word]).number("-Xbeam") == float(word)


def test_cell_takes_up_to_six_numbers_and_stops_at_the_next_option() -> None:
    raw = parse(["-cell", "1", "2", "-N", "3"])
    assert raw.given[0].values == (1.0, 2.0)
    assert raw.integer("-N") == 3


def test_seventh_number_behind_cell_is_a_stray_word() -> None:
    with pytest.raises(InputError, match="stray word '7'"):
        parse(["-cell", "1", "2", "3", "4", "5", "6", "7"])


@pytest.mark.parametrize("word", ["random", "rand"])
def test_misset_takes_a_word_or_three_angles(word: str) -> None:
    assert parse(["-misset", word]).given[0].values == ("random",)
    assert parse(["-misset", "1", "-2", "3"]).vector("-misset") == (1.0, -2.0, 3.0)


def test_absorption_length_may_be_infinite() -> None:
    assert parse(["-detector_abs", "inf"]).given[0].values == ("inf",)


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("-dispstep", "-dispsteps"), ("-hdiv", "-hdivrange"), ("-vdiv", "-vdivrange"), ("-lamda", "-lambda")],
)
def test_unknown_option_names_the_nearest(typed: str, nearest: str) -> None:
    with pytest.raises(InputError, match=f"'{typed}'; nearest is {nearest} "):
        parse([typed, "1"])


@pytest.mark.parametrize(
    "args",
    [["-lambda"], ["-lambda", "-N"], ["-hkl", "-lambda"], ["-N", "5.7"], ["-roi", "1", "2", "3"],
     ["-pivot", "SAMPLE"], ["-lambda", "inf"], ["-N", "2147483648"], ["-lambda", "1_0"],
     ["-dtype", "float16"]],
)  # fmt: skip
def test_missing_or_wrong_value_names_the_option(args: list[str]) -> None:
    with pytest.raises(InputError, match=args[0]):
        parse(args)


def test_both_spellings_of_the_parity_options_are_one() -> None:
    raw = parse(["-parity_mode", "spec", "-quirk", "Q-OSC-ZERO=on", "--quirk", "Q-STEPS-ONE=on"])
    assert raw.text("--parity-mode") == "spec"
    assert [item.values[0] for item in raw.every("--quirk")] == ["Q-OSC-ZERO=on", "Q-STEPS-ONE=on"]


def test_help_names_every_option_with_unit_and_default() -> None:
    text = help_text()
    assert all(f"  {option.name}" in text for option in OPTIONS)
    assert "(mm; default 100)" in text
