"""The suite covers every option, every spelling and every quirk, and holds the recorded cases unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden_suite_generator.cases import (
    SuiteError,
    authoritative_args,
    case_hash,
    expand,
    load_cases,
    quirk_cases,
    select,
)
from golden_suite_generator.inputs.write import EXTRA_FILES, RECORDED_FILES
from simulator.command_line.option_table import OPTIONS
from simulator.quirks import SWITCHABLE

CASES = load_cases()
OF_THIS_PROJECT = "parity, precision and traces"
WITHOUT_IMAGE_EFFECT = {
    "Q-SEED-MISSET-DEFAULT": "without a seed c-parity takes the clock",
    "Q-PERPENDICULAR": "c-parity gives absurd distances; the spec case is detector-in-beam-plane",
    "Q-CELL-IMPOSSIBLE": "spec is an error; the case is cell-impossible-angles",
    "Q-CELL-MAT-HAND": "spec is an error; the case is mat-left-handed-and-cell",
    "Q-SEED-MODULUS": "spec is an error; the case is mosaic-seed-modulus",
    "Q-SINCG-INTEGER": "c-parity is rounding noise there; the spec case is one-pixel-on-lattice-points",
    "Q-SINC3-SMALL": "c-parity is rounding noise there",
    "Q-POLAR-UNITIZE": "last bit of a double",
    "Q-MAXI-POSITION": "printed only",
    "Q-SUMSQ-FLOAT": "printed only",
    "Q-SOLID-ANGLE-PRINT": "printed only",
    "Q-PRINTOUT-ANGLE": "printed only",
    "Q-PGM-NO-OFFSET": "needs negative pixels, which upstream leaves undefined",
}


REFUSED_HERE = {"roi-empty"}
"""Recorded with a blank image, which means nothing: both programs refuse the region."""


def test_recorded_cases_are_those_of_the_recording(shared_dir: Path) -> None:
    given = json.loads((shared_dir / "golden" / "cases.json").read_text())["cases"]
    recorded = {case.id: case for case in CASES if case.recorded}
    assert [case["id"] for case in given] == list(recorded)
    for row in given:
        case = recorded[row["id"]]
        assert case.args == tuple(row["args"]), row["id"]
        refused = row["id"] in REFUSED_HERE
        assert case.outputs == (() if refused else tuple(row["outputs"])), row["id"]
        assert case.status["c-parity"] == (9 if refused else row.get("rc", 0)), row["id"]
        assert [list(pixel) for pixel in case.trace_pixels] == row.get("trace_pixels", []), row["id"]
        assert case.style == ("default" if row.get("default_names") else row.get("flag_style", "file"))


def test_every_input_file_named_by_a_case_exists_or_is_missing_on_purpose() -> None:
    named = {name for case in CASES for name in case.input_names()}
    made = {f"inputs/{name}" for name in (*RECORDED_FILES, *EXTRA_FILES)}
    assert {name for name in named - made if "no_such" not in name} == set()


def test_every_extra_input_is_used() -> None:
    named = {name for case in CASES for name in case.input_names()}
    assert {f"inputs/{name}" for name in EXTRA_FILES} <= named


def test_every_spelling_of_every_upstream_option_stands_in_a_case() -> None:
    spellings = {word for option in OPTIONS if option.group != OF_THIS_PROJECT for word in option.spellings}
    assert len(spellings) > 150
    used = {word for case in CASES for word in (*case.args, *case.output_words())}
    assert spellings - used == set()


@pytest.mark.parametrize("quirk", sorted(SWITCHABLE))
def test_every_switchable_quirk_has_a_case_or_a_reason(quirk: str) -> None:
    assert (quirk in quirk_cases()) != (quirk in WITHOUT_IMAGE_EFFECT)


def test_own_cases_are_small() -> None:
    """The whole suite has to run in minutes: a row of our own renders 64 x 64 pixels at the most."""
    for case in CASES:
        words = dict(zip(case.args, case.args[1:], strict=False))
        if not case.recorded and "-roi" not in words and not {"-img", "-mask"} & set(words):
            assert int(words.get("-detpixels", words.get("-detpixels_x", "9999"))) <= 64, case.id


def test_labels_name_the_options_that_set_a_case_apart() -> None:
    by_id = {case.id: case for case in CASES}
    assert by_id["roty-mosflm"].label == "roty-mosflm[-detector_roty]"
    assert by_id["shape-round"].label == "shape-round[-round_xtal]"


def test_output_words_follow_the_style() -> None:
    by_id = {case.id: case for case in CASES}
    assert by_id["default-file-names"].output_words() == []
    assert by_id["file-option-synonyms"].output_words()[:2] == ["-floatimage", "floatimage.bin"]
    assert by_id["shape-gauss-phi"].output_words() == ["-floatfile", "floatimage.bin", "-nonoise", "-nopgm"]


def test_selection_by_glob_and_tag() -> None:
    assert {case.id for case in select(CASES, ["vector-d?"])} == {
        f"vector-d{number}" for number in range(1, 5)
    }
    assert all("mask" in case.tags for case in select(CASES, tags=["mask"]))
    assert select(CASES, ["no-such-case"]) == []


def test_unknown_base_name_is_an_error() -> None:
    with pytest.raises(SuiteError, match="not defined"):
        expand("$nothing -N 5", {})


def test_case_hash_depends_on_mode_and_on_input_contents(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.id == "mat-triclinic")
    (tmp_path / "inputs").mkdir()
    first = case_hash(case, "spec", tmp_path)
    assert case_hash(case, "c-parity", tmp_path) != first
    (tmp_path / "inputs" / "triclinic.mat").write_text("1 2 3")
    assert case_hash(case, "spec", tmp_path) != first


def test_authoritative_command_is_that_of_the_recording(shared_dir: Path, tmp_path: Path) -> None:
    recorded = json.loads((shared_dir / "golden" / "lysozyme" / "authoritative.json").read_text())["args"]
    words = authoritative_args(tmp_path)
    assert words == [word.replace("lysozyme", str(tmp_path)) for word in recorded]
