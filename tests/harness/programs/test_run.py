"""Running: command lines made portable, processes measured, images read with their shape."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UsageError
from harness.images.pictures import PictureFrame, draw_difference, draw_image
from harness.programs.arguments import (
    OUTPUT_OPTIONS,
    QUIRK_OPTIONS,
    REFUSED,
    REMEDIES,
    TRACE_OPTIONS,
    detector_shape,
    prepare_arguments,
    spelled,
)
from harness.programs.run import read_float_image, smv_shape
from harness.programs.side_words import SIMULATOR_OPTIONS
from simulator.command_line.option_table import OPTIONS
from system_io.children import execute


def run_python(code, folder, timeout_s=600.0):
    return execute([sys.executable, "-c", code], folder, os.environ, timeout_s)[0]


def test_names_of_inputs_become_absolute_whether_or_not_they_are_there(tmp_path):
    (tmp_path / "x.hkl").write_text("", encoding="ascii")
    prepared = prepare_arguments(["-hkl", "x.hkl", "-mat", "missing.mat", "-cell", "-1"], tmp_path)
    assert prepared.words == (
        "-hkl",
        str(tmp_path / "x.hkl"),
        "-mat",
        str(tmp_path / "missing.mat"),
        "-cell",
        "-1",
    )
    assert prepared.inputs == (tmp_path / "x.hkl",)


def test_outputs_are_taken_out_with_a_note(tmp_path):
    prepared = prepare_arguments(["-intimage", "a.img", "-noisefile", "b.img", "-N", "5"], tmp_path)
    assert prepared.words == ("-N", "5")
    assert len(prepared.notes) == 2


def test_dump_to_read_is_copied_and_dump_to_write_stays_in_the_run(tmp_path):
    (tmp_path / "F.bin").write_bytes(b"dump")
    read = prepare_arguments(["-dump", "F.bin"], tmp_path)
    assert (read.words, read.copies) == (("-dump", "F.bin"), ((tmp_path / "F.bin", "F.bin"),))
    written = prepare_arguments(["-hkl", "x.hkl", "-dump", str(tmp_path / "F.bin")], tmp_path)
    assert (written.words[-1], written.copies) == ("F.bin", ())


def treated(word: str, kinds: Sequence[str], folder: Path) -> tuple[str, ...]:
    """What becomes of an option: the words of the run, notes and a refusal, with `*` for the option."""
    try:
        prepared = prepare_arguments([word, *("7" for _ in kinds)], folder)
    except UsageError as error:
        return (str(error).replace(f"'{word}'", "*"),)
    return tuple(re.sub(rf"^{word}\b", "*", text) for text in (*prepared.words, *prepared.notes))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_spelling_of_an_option_is_treated_alike(option, tmp_path):
    ways = {treated(word, option.kinds, tmp_path) for word in option.spellings}
    assert len(ways) == 1, ways
    way = next(iter(ways))[0]
    if option.name in REMEDIES:
        assert way == f"option * cannot stand in the compared command line; {REMEDIES[option.name]}"
    else:
        assert way == "*" or way.startswith("* 7 was taken out")


def test_an_option_of_one_program_is_refused_or_told_to_that_program_only():
    """A new option of the last group stands in one of these tables."""
    shared = (
        TRACE_OPTIONS
        | OUTPUT_OPTIONS
        | QUIRK_OPTIONS
        | spelled("-trace_level", "-trace_schema", "-trace_only")
    )
    known = shared | SIMULATOR_OPTIONS | REFUSED.keys()
    words = {word for row in OPTIONS if row.group == OPTIONS[-1].group for word in row.spellings}
    assert not words - known


def test_shape_from_options_takes_the_last():
    assert detector_shape(["-detpixels", "8", "-detpixels_x", "9"]) == (8, 9)
    assert detector_shape(["-detpixels_x", "9"]) is None


def test_wall_time_and_exit_status_are_measured(tmp_path):
    outcome = run_python("import time, sys; time.sleep(0.3); sys.exit(5)", tmp_path)
    assert outcome.exit_status == 5
    assert outcome.wall_s >= 0.3


def test_peak_memory_is_the_childs_own(tmp_path):
    small = run_python("import time; time.sleep(0.5)", tmp_path).peak_bytes
    large = run_python("x = b'x' * (400 << 20); import time; time.sleep(0.5)", tmp_path).peak_bytes
    # this process, full of numpy and scipy, is larger than a bare interpreter
    assert small < 60 << 20
    assert 400 << 20 < large < 500 << 20


def test_signal_is_named(tmp_path):
    outcome = run_python("import os; os.abort()", tmp_path)
    assert (outcome.exit_status, outcome.signal_name) == (None, "SIGABRT")


def test_time_out_ends_the_run(tmp_path):
    outcome = run_python("import time; time.sleep(600)", tmp_path, timeout_s=0.3)
    assert (outcome.timed_out, outcome.signal_name) == (True, "SIGKILL")


def test_program_that_cannot_start_is_an_outcome(tmp_path):
    path = tmp_path / "not-a-program"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    assert execute([str(path)], tmp_path, os.environ, 5.0)[0].failure.startswith("did not start (")


def test_flood_of_output_does_not_block(tmp_path):
    outcome = run_python("import sys; sys.stdout.write('x' * 5_000_000)", tmp_path)
    assert outcome.exit_status == 0


def test_shape_comes_from_the_smv_header_before_the_options(tmp_path):
    np.arange(6, dtype=np.float32).tofile(tmp_path / "floatimage.bin")
    (tmp_path / "intimage.img").write_bytes(b"{\nHEADER_BYTES=512;\nSIZE1=3;\nSIZE2=2;\n}\f")
    image, source, failure = read_float_image(tmp_path, ["-detpixels", "6"])
    assert (image.tolist(), source, failure) == ([[0, 1, 2], [3, 4, 5]], "SMV header", None)


def test_file_that_is_not_smv_has_no_shape(tmp_path):
    (tmp_path / "x.img").write_bytes(b"P5\nSIZE1=3;SIZE2=2;")
    assert smv_shape(tmp_path / "x.img") is None
    assert smv_shape(tmp_path / "missing.img") is None


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan, np.inf, -3.0])
def test_pictures_are_drawn_of_any_image(tmp_path, value):
    image = np.full((30, 20), 0.5, dtype=np.float32)
    image[3, 4] = value
    draw_image(tmp_path / "c.png", image, "title", PictureFrame((0, 0), "whole"), float(value))
    draw_difference(tmp_path / "diff.png", image, image[::-1], PictureFrame((0, 0), "whole"))
    assert all(Path(tmp_path / name).read_bytes()[:4] == b"\x89PNG" for name in ("c.png", "diff.png"))


def test_single_bright_pixel_survives_the_reduction_of_a_large_picture():
    from harness.images.pictures import _block_extreme

    image = np.zeros((2527, 2463))
    image[1234, 777] = -5.0
    cells, block = _block_extreme(image)
    assert (block, cells[1234 // 3, 777 // 3], np.count_nonzero(cells)) == (3, -5.0, 1)
