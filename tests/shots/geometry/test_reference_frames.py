"""Frames of reference: proper rotations that agree with the conventions that the programs publish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shots.geometry.panel import Setup
from shots.geometry.reference_frames import (
    REFERENCE_FRAMES,
    ReferenceFrame,
    frame_named,
    laboratory_of,
    setup_in,
    turn_between,
    turned_vector,
)
from shots.geometry.setup_of import setup_of
from simulator import RunConfig
from simulator.errors import InputError

LINE = "-cell 60 60 40 90 90 90 -default_F 100 -detpixels_f 30 -detpixels_s 20 -distance 90"


def setup_by(options: str) -> Setup:
    return setup_of(RunConfig.from_args(f"{LINE} {options}".split()))


@pytest.mark.parametrize("start", REFERENCE_FRAMES)
@pytest.mark.parametrize("end", REFERENCE_FRAMES)
def test_a_turn_is_a_rotation_that_keeps_beam_and_spindle(start: str, end: str) -> None:
    turn = turn_between(REFERENCE_FRAMES[start], REFERENCE_FRAMES[end])
    assert np.array_equal(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == 1.0
    for vector in ("beam", "spindle"):
        assert turned_vector(turn, getattr(REFERENCE_FRAMES[start], vector)) == getattr(
            REFERENCE_FRAMES[end], vector
        )


def test_the_frames_are_those_that_the_programs_publish() -> None:
    """McStas and imgCIF differ by diag(-1, 1, -1); spec 02 section 5 step 10 gives the origin of DIALS."""
    nexus_to_dials = turn_between(frame_named("nexus"), frame_named("dials"))
    assert np.array_equal(nexus_to_dials, np.diag([-1.0, 1.0, -1.0]))
    assert turned_vector(turn_between(frame_named("mosflm"), frame_named("dials")), (1.0, 2.0, 3.0)) == (
        3.0,
        2.0,
        -1.0,
    )
    assert np.array_equal(turn_between(frame_named("xds"), frame_named("dials")), np.diag([1.0, -1.0, -1.0]))


@pytest.mark.parametrize("options", ["-mosflm", "-xds", "-adxv", "-denzo", "-twotheta 20 -detector_rotx 3"])
def test_the_origin_of_dials_is_that_of_the_simulator(options: str) -> None:
    """For the conventions with the spindle across the beam; the header of the image states the same."""
    from simulator.physics.detector import place

    config = RunConfig.from_args(f"{LINE} {options}".split())
    setup = setup_of(config)
    expected = place(config.detector, config.beam, config.quirks).dials_origin_mm.tolist()
    if setup.beam == (1.0, 0.0, 0.0):
        found = setup_in(setup, frame_named("dials")).panels[0].origin_m
        assert np.allclose(1000 * np.array(found), expected, rtol=0, atol=1e-12)


def test_what_is_measured_between_vectors_stays() -> None:
    setup = setup_by("-beam_vector 1 0.2 0.1 -spindle_axis 0.3 0.5 1 -polar_vector 0 1 0.2 -twotheta 11")
    moved = setup_in(setup, frame_named("nexus"))
    before, after = setup.panels[0], moved.panels[0]
    pairs = [
        (np.dot(setup.beam, before.origin_m), np.dot(moved.beam, after.origin_m)),
        (np.dot(setup.spindle, before.slow), np.dot(moved.spindle, after.slow)),
        (
            np.dot(np.cross(before.fast, before.slow), setup.beam),
            np.dot(np.cross(after.fast, after.slow), moved.beam),
        ),
    ]
    assert all(abs(a - b) < 1e-15 for a, b in pairs)
    assert np.allclose(moved.beam, (0.0, 0.0, 1.0), atol=1e-15)


def test_there_and_back_gives_the_same() -> None:
    lab = laboratory_of(setup_by("-beam_vector 1 0.2 0.1 -spindle_axis 0.3 0.5 1"))
    there, back = turn_between(lab, frame_named("poni")), turn_between(frame_named("poni"), lab)
    assert np.abs(back @ there - np.eye(3)).max() < 1e-15


def test_a_spindle_along_the_beam_is_replaced_by_the_polarization_axis() -> None:
    setup = replace(setup_by(""), spindle=(1.0, 0.0, 0.0))
    assert laboratory_of(setup) == ReferenceFrame(setup.beam, setup.polarization_axis)
    with pytest.raises(InputError, match="both lie along the beam"):
        laboratory_of(replace(setup, polarization_axis=(-1.0, 0.0, 0.0)))


def test_an_unknown_frame_is_named() -> None:
    with pytest.raises(InputError, match="frame 'dails': unknown; give one of mosflm, xds"):
        frame_named("dails")
