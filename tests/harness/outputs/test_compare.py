"""Outputs that differ, are missing or broken; and differences that float images and quirks account for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.images.compare import Region
from harness.outputs.derive import derived_output
from harness.outputs.request import OutputRequest, output_request
from harness.outputs.rows import coverage_finding, failed, held, not_asked, not_compared
from harness.outputs.sides import OutputSide
from harness.verdict import State
from system_io.verdict_words import Word
from tests.harness.outputs.conftest import ALL, SIDE_PIXELS, fresh, rows_of, with_file

Both = tuple[OutputSide, OutputSide]
SMV_HEADER = 512


def made_of(side: OutputSide, image: np.ndarray) -> OutputSide:
    """Return a side whose float image is another one and whose outputs follow from it."""
    assert side.config is not None
    made = {name: derived_output(name, image, side.config) for name in ("smv", "pgm", "noise")}
    files = {name: side.files[name][: SMV_HEADER * (name != "pgm")] + one.data for name, one in made.items()}
    printed = "\n".join(line for one in made.values() for line in one.lines)
    return fresh(side, image=image, files={**side.files, **files}, printed=printed)


def one_step_up(image: np.ndarray) -> np.ndarray:
    return np.nextafter(image, np.float32(np.inf))


def stepped(sound: Both) -> OutputSide:
    """Return the second side with every pixel one step of a 4-byte float brighter."""
    return made_of(sound[1], one_step_up(sound[1].image))


def test_differences_that_float_images_give_are_accounted_for(sound: Both) -> None:
    """A step of 6e-8 of 60,000 counts takes one count in 300 over a border, and noise its own way."""
    rows = rows_of(sound[0], stepped(sound))
    assert all(row.state is State.HELD for row in rows.values()), rows
    assert rows["noise pixels"].unequal
    assert "own float image" in rows["noise pixels"].text


def test_scale_of_a_preview_is_accounted_for_by_its_own_float_image(sound_auto: Both) -> None:
    """It follows from the spread of the pixels, and stands in the header."""
    brighter = made_of(sound_auto[1], np.float32(1.01) * sound_auto[1].image)
    row = rows_of(sound_auto[0], brighter)["pgm header"]
    assert (row.state, row.unequal, row.apart) == (State.HELD, 1, 0)
    assert row.text.endswith("(as its own float image gives it)")


@pytest.mark.parametrize("output", ["smv", "pgm", "noise"])
def test_one_count_is_found_among_differences_that_are_accounted_for(sound: Both, output: str) -> None:
    other = stepped(sound)
    data = bytearray(other.files[output])
    data[-200] ^= 1
    row = rows_of(sound[0], with_file(other, output, bytes(data)))[f"{output} pixels"]
    assert (row.state, row.apart, row.word) == (State.FAILED, 1, Word.FAIL)


def test_nothing_accounts_for_a_difference_of_equal_float_images(sound: Both) -> None:
    data = bytearray(sound[1].files["smv"])
    data[SMV_HEADER + 2 * (24 * 3 + 5)] ^= 1
    first, second = (
        int(np.frombuffer(file, "<u2", offset=SMV_HEADER)[24 * 3 + 5])
        for file in (sound[0].files["smv"], data)
    )
    row = rows_of(sound[0], with_file(sound[1], "smv", bytes(data)))["smv pixels"]
    assert (row.apart, row.unequal) == (1, 1)
    assert f"[3, 5]: c {first}, py {second}" in row.text


def test_only_the_compared_region_counts(sound: Both) -> None:
    data = bytearray(sound[1].files["smv"])
    data[SMV_HEADER + 2 * (24 * 3 + 5)] ^= 1
    changed = with_file(sound[1], "smv", bytes(data))
    assert rows_of(sound[0], changed, region=Region(6, 20, 0, 20))["smv pixels"].state is State.HELD
    row = rows_of(sound[0], changed, region=Region(5, 20, 2, 20))["smv pixels"]
    assert "[slow, fast] [3, 5]" in row.text


BROKEN = {
    "cut": lambda data: data[:-100],
    "longer": lambda data: data + b"\0\0",
    "empty": lambda data: b"",
    "another format": lambda data: b"x" * len(data),
}


@pytest.mark.parametrize("output", ["smv", "pgm", "noise", "dump"])
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("both", [False, True])
def test_a_broken_file_is_an_error_and_never_a_pass(sound: Both, output: str, how: str, both: bool) -> None:
    sides = [with_file(side, output, BROKEN[how](side.files[output])) for side in sound]
    rows = rows_of(sides[0] if both else sound[0], sides[1])
    found = [row for name, row in rows.items() if name.startswith(output) and row.word is Word.ERROR]
    assert found
    assert all(row.state is State.NOT_COMPARED and "py" in row.text for row in found)


@pytest.mark.parametrize("output", ["smv", "pgm", "noise", "dump"])
def test_a_missing_file_is_an_error(sound: Both, output: str) -> None:
    lacking = fresh(sound[1], files={name: data for name, data in sound[1].files.items() if name != output})
    row = rows_of(sound[0], lacking)[f"{output} file"]
    assert (row.state, row.word) == (State.NOT_COMPARED, Word.ERROR)
    assert row.text.startswith("py wrote no ")


def test_an_output_that_is_switched_off_is_said_and_one_that_is_there_all_the_same_fails(sound: Both) -> None:
    off = {"pgm": "-nopgm"}
    row = rows_of(*sound, off=off)["pgm file"]
    assert (row.state, row.text) == (State.FAILED, "c and py wrote it in spite of -nopgm")
    sides = [
        fresh(side, files={name: side.files[name] for name in ("smv", "noise", "dump")}) for side in sound
    ]
    rows = rows_of(sides[0], sides[1], off=off)
    assert (rows["pgm file"].state, rows["pgm file"].word) == (State.NOT_ASKED, Word.PASS)
    said = coverage_finding(ALL, list(rows.values())).reason
    assert said == "outputs compared: dump, float, smv, noise; pgm not asked for (-nopgm)"


def test_outputs_that_are_not_asked_for_are_named(sound: Both) -> None:
    request = output_request("smv", None)
    rows = rows_of(*sound, request)
    assert {row.output for row in rows.values()} == {"smv"}
    said = coverage_finding(request, list(rows.values())).reason
    assert said.endswith("float, smv; not among --outputs: dump, pgm, noise")


def test_images_of_other_sizes_are_not_compared(sound: Both) -> None:
    half = SIDE_PIXELS // 2
    lower = fresh(sound[1], image=sound[1].image[:half])
    data = sound[1].files["smv"][: SMV_HEADER + 2 * half * SIDE_PIXELS]
    row = rows_of(sound[0], with_file(lower, "smv", data), output_request("smv", None))["smv pixels"]
    assert (row.state, row.word) == (State.NOT_COMPARED, Word.NOT_COMPARABLE)
    assert row.text == "the images have 24 x 24 and 12 x 24 pixels"


def test_rows_are_criteria_with_a_bound_only_where_something_was_compared() -> None:
    found = [row.criterion() for row in (
        held("smv", "pixels", 3), failed("smv", "pixels", 3, 2, "text"), not_asked("smv", "-noimg"),
        not_compared("smv", "pixels", "text"),
    )]  # fmt: skip
    assert [(one.measured, one.bound) for one in found] == [
        (0.0, "<= 0"), (2.0, "<= 0"), (None, "-"), (None, "-"),
    ]  # fmt: skip
    assert [one.strict_held for one in found] == [True, False, False, False]


HEADERS = {
    "value": (b"\nDISTANCE=100;", b"\nDISTANCE=101;", "DISTANCE c '100;', py '101;'"),
    "unit": (b"WAVELENGTH=1;", b"WAVELENGTH=0.1;", "WAVELENGTH c '1;', py '0.1;'"),
    "key": (b"PHI=0;", b"PHY=0;", "PHI c '0;', py 'no such key'"),
    "twice": (b"DIM=2;\n", b"DIM=2;\nDIM=2;\n", "DIM, 2. time c 'no such key', py '2;'"),
    "order": (b"PHI=0;\nOSC_START=0;", b"OSC_START=0;\nPHI=0;", "order of the keys c 'PHI', py 'OSC_START'"),
    "no semicolon": (b"DIM=2;", b"DIM=2", "DIM c '2;', py '2'"),
    "size told": (b"HEADER_BYTES=512;", b"HEADER_BYTES=1024;", "HEADER_BYTES c '512;', py '1024;'"),
    "byte order told": (
        b"=little_endian;",
        b"=big_endian;",
        "BYTE_ORDER c 'little_endian;', py 'big_endian;'",
    ),
    "padding": (b"}\f  ", b"}\f x", "bytes behind the header c 'no such key', py"),
}


@pytest.mark.parametrize("how", HEADERS)
def test_a_header_that_differs_names_the_key_and_both_texts(sound: Both, how: str) -> None:
    old, new, text = HEADERS[how]
    data = sound[1].files["smv"]
    assert data[:SMV_HEADER].count(old) == 1
    head = data[:SMV_HEADER].replace(old, new).ljust(SMV_HEADER)[:SMV_HEADER]
    row = rows_of(sound[0], with_file(sound[1], "smv", head + data[SMV_HEADER:]))["smv header"]
    assert row.state is State.FAILED
    assert text in row.text


def test_a_header_entry_of_a_quirk_of_one_program_is_named_and_no_other(sound: Both) -> None:
    words = ("--quirk", "Q-HEADER-SEMICOLON=off")
    assert sound[1].config is not None
    quirks = sound[1].config.quirks.switched("Q-HEADER-SEMICOLON", False)
    config = replace(sound[1].config, quirks=quirks)
    found = sound[1].files["smv"]
    start = found.index(b"DIALS_ORIGIN")
    end = found.index(b"\n", start)
    data = (
        found[:end]
        + b";"
        + found[end:SMV_HEADER].rstrip(b" ").ljust(SMV_HEADER - end - 1)
        + found[SMV_HEADER:]
    )
    switched = fresh(with_file(sound[1], "smv", data), told=lambda: config)
    row = rows_of(sound[0], switched)["smv header"]
    assert (row.state, row.unequal, row.apart) == (State.HELD, 1, 0), words
    assert "(Q-HEADER-SEMICOLON is on in one program only)" in row.text
    other = with_file(switched, "smv", data.replace(b"PHI=0;", b"PHI=1;"))
    assert rows_of(sound[0], other)["smv header"].apart == 1


def test_lines_that_differ_are_found_and_missing_ones_too(sound: Both) -> None:
    other = sound[1].printed.replace("rms= ", "rms= 1")
    row = rows_of(sound[0], fresh(sound[1], printed=other))["smv printed"]
    assert row.state is State.FAILED
    assert row.text.startswith("c 'mean= ")
    row = rows_of(sound[0], fresh(sound[1], printed=""))["noise printed"]
    assert (row.state, row.apart) == (State.FAILED, 1)
    silent = fresh(sound[1], printed="", prints=False)
    row = rows_of(sound[0], silent)["smv printed"]
    assert (row.state, row.word) == (State.NOT_COMPARED, Word.NOT_COMPARABLE)


def test_a_dump_that_differs_names_reflection_and_values(sound: Both) -> None:
    data = sound[1].files["dump"]
    place = data.index(np.float64(70.5).tobytes())
    changed = data[:place] + np.float64(70.75).tobytes() + data[place + 8 :]
    row = rows_of(sound[0], with_file(sound[1], "dump", changed))["dump file"]
    assert (row.state, row.apart) == (State.FAILED, 1)
    assert "first hkl [1, 0, 0]: c 70.5, py 70.75" in row.text
    longer = data.replace(b"0 2 ", b"-1 1 ", 1)
    assert "index limits" in rows_of(sound[0], with_file(sound[1], "dump", longer))["dump file"].text


def test_without_a_readable_command_line_nothing_is_accounted_for(sound: Both) -> None:
    from harness.errors import UsageError

    def unreadable() -> object:
        raise UsageError("no")

    other = fresh(stepped(sound), told=unreadable)
    assert rows_of(sound[0], other)["noise pixels"].state is State.FAILED
    statistics = OutputRequest(("noise",), "statistics")
    assert rows_of(sound[0], other, statistics)["noise statistics"].word is Word.NOT_COMPARABLE
