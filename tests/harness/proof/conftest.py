"""A pixel traced by the simulator, and what the harness proves of two traces."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.proof.right import Right, who_is_right
from simulator import RunConfig
from simulator.image import render
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import read_stream

ARGS = (
    "-dtype float64 -cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4"
    " -N 5 -default_F 100 -oversample 2 -osc 2 -phi 0 -phisteps 2 -polar 0.9 -mosaic 1 -mosaic_domains 2"
    " -hdivrange 1 -hdivsteps 2 -water 10 -detector_rotx 3 -twotheta 5 -detector_abs 300 -detector_thick 100"
    " -detector_thicksteps 2"
)
Traced = Callable[[str], str]


def traced(options: str) -> str:
    """Return the trace of two pixels."""
    config = RunConfig.from_args(
        f"{ARGS} {options} -trace_schema 2 -trace_pixel 0 0 -trace_pixel 6 1".split()
    )
    scene, recorder = prepare(config), recorder_of(config)
    render(scene, recorder)
    return trace_text(scene, recorder)


def proven(first: str, second: str, words: str) -> Right:
    """Return the verdict on two traces of a command line."""
    a, b = (read_stream(io.BytesIO(text.encode()), name) for text, name in ((first, "a"), (second, "b")))
    return who_is_right(judge(a, b).comparison, f"{ARGS} {words}".split(), Path.cwd())


@pytest.fixture(scope="session")
def proof_tools() -> tuple[Traced, Callable[[str, str, str], Right]]:
    """Functions that trace a command line, and that prove."""
    return traced, proven
