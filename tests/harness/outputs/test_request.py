"""What --outputs and --noise ask for, and what the programs are told for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.outputs.compare import COMPARERS
from harness.outputs.request import (
    COMMON_SEED,
    FLOAT_NAME,
    ROWS,
    SWITCHES,
    output_request,
    stated_request,
    switched_off,
    with_outputs,
)
from harness.programs.arguments import PreparedArguments, prepare_arguments
from simulator.output.outputs import OUTPUTS, TRACE


def prepared(words: str, outputs: str = "all") -> PreparedArguments:
    args = words.split()
    return with_outputs(prepare_arguments(args, Path("/nowhere")), args, output_request(outputs, None))


def test_every_output_of_the_simulator_has_a_name_a_switch_and_a_comparer() -> None:
    assert list(ROWS.values()) == [row for row in OUTPUTS if row is not TRACE]
    assert SWITCHES.keys() == ROWS.keys() == COMPARERS.keys() | {FLOAT_NAME}


def test_lists_are_read_in_any_order() -> None:
    assert output_request("noise, smv", None).names == ("smv", "noise")
    assert output_request("all", None).every
    assert output_request("pgm,all", "statistics").names == tuple(ROWS)
    for empty in (output_request(None, None), output_request("float", None)):
        assert not empty.more
        assert not empty.facts()
    request = output_request("noise,pgm", "statistics")
    assert stated_request(request.facts()) == request


@pytest.mark.parametrize("text", ["", "int", "smv,", "smv;pgm", "trace", "SMV"])
def test_an_unknown_name_is_one_clear_error(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"no output has this name; give some of dump, float, smv, pgm, noise, all"
    ):
        output_request(text, None)


def test_noise_without_noise_images_is_refused() -> None:
    for outputs in (None, "smv"):
        with pytest.raises(UsageError, match="add --outputs noise"):
            output_request(outputs, "statistics")


@pytest.mark.parametrize(
    ("words", "off"),
    [
        ("-lambda 1", {"dump"}),
        ("-hkl a.hkl -nopgm", {"pgm"}),
        ("-nopgm -pgmscale 2 -nonoise -noiseimage a.img", {"dump"}),
        ("-noisefile a.img -nonoise -pgmimage b.pgm -nopgm", {"dump", "noise", "pgm"}),
    ],
)
def test_the_last_switch_decides(words: str, off: set[str]) -> None:
    assert switched_off(words.split()).keys() == off


def test_programs_are_told_to_write_what_is_compared_under_names_of_the_harness() -> None:
    asked = prepared("-noisefile far/away.img -seed 4 -dump mine.bin -hkl a.hkl")
    assert asked.output_words == ("-pgmfile", "image.pgm", "-noisefile", "noiseimage.img")
    assert asked.kept == ("mine.bin", "intimage.img", "image.pgm", "noiseimage.img")
    assert "-noisefile" not in asked.words
    assert any("-noisefile far/away.img was taken out" in note for note in asked.notes)
    off = prepared("-nonoise -lambda 1 -nopgm")
    assert off.output_words == ()
    assert "noiseimage.img" in off.kept


def test_a_seed_is_added_only_where_noise_is_compared_and_none_is_given() -> None:
    assert prepared("-lambda 1").words[-2:] == COMMON_SEED
    for words, outputs in (("-lambda 1 -seed 7", "all"), ("-lambda 1", "smv"), ("-lambda 1 -nonoise", "all")):
        assert prepared(words, outputs).words == tuple(words.split())


def test_without_outputs_nothing_is_changed() -> None:
    args = ["-lambda", "1"]
    plain = prepare_arguments(args, Path("/nowhere"))
    assert with_outputs(plain, args, output_request(None, None)) is plain


def test_an_output_named_and_switched_off_is_refused() -> None:
    with pytest.raises(UsageError, match="--outputs noise: a run writes no noise image with -nonoise"):
        prepared("-nonoise", "smv,noise")
