"""An image file that is not what the last tap says."""

import numpy as np
import pytest

from tests.trace_tools.conftest import HEAD, read_text
from trace_tools.judging.behind import behind_last_tap

LINES = "".join(
    f"TRACE_C: floatimage_accumulated {value} | s=1 f={fast}\n" for fast, value in ((2, 0.25), (0, 3.5))
)


def image(**changes):
    made = np.zeros((3, 4), np.float32)
    made[1, 2], made[1, 0] = 0.25, 3.5
    for place, value in changes.items():
        made[tuple(map(int, place[1:].split("_")))] = value
    return made


@pytest.fixture
def trace():
    return read_text(HEAD + LINES)


def test_image_as_traced_has_no_fault(trace):
    assert behind_last_tap(trace, image()) == ()
    assert behind_last_tap(trace, image(p0_0=9.0)) == ()


@pytest.mark.parametrize("value", [0.5, np.nextafter(np.float32(0.25), np.float32(1)), np.nan])
def test_changed_pixel_is_behind_the_last_tap(trace, value):
    (text,) = behind_last_tap(trace, image(p1_2=value))
    assert text.startswith(f"slow 1 fast 2: the image file holds {np.float32(value)}, the last tap says 0.25")
    assert text.endswith("the fault is behind the last tap")


def test_transposed_image_is_found_in_each_pixel(trace):
    assert len(behind_last_tap(trace, np.ascontiguousarray(image()[:, ::-1]))) == 2


def test_trace_that_ends_before_the_pixel_says_nothing():
    assert behind_last_tap(read_text(HEAD + "TRACE_C: I_pixel_final 1 | s=1 f=2\n"), image()) == ()
