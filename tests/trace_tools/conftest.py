"""Small traces to work on, and one golden trace for each tap."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from trace_tools.judging.judge import Options, Report, judge
from trace_tools.reading.trace_file import TraceLog, read_stream

Judge = Callable[..., Report]

HEAD = "TRACE_C: schema nanobragg-trace 1\nTRACE_C: program demo 1\n"


def read_text(text: str, source: str = "x.log") -> TraceLog:
    return read_stream(io.BytesIO(text.encode()), source)


@pytest.fixture
def read() -> Callable[..., TraceLog]:
    """Parse the text of a trace."""
    return read_text


@pytest.fixture
def judge_texts() -> Judge:
    """Judge two trace texts."""

    def run(a: str, b: str, options: Options | None = None) -> Report:
        return judge(read_text(a, "a.log"), read_text(b, "b.log"), options or Options())

    return run


@pytest.fixture(scope="session")
def golden_text(shared_dir: Path) -> Callable[[str], str]:
    """Text of a golden trace by its name."""
    return lambda name: (shared_dir / "golden" / "traces" / f"{name}.trace").read_text()


@pytest.fixture
def small() -> str:
    """One pixel, one source, two phi steps at source level and above; not complete."""
    lines = [
        "Fdet_meters 0.001 | s=1 f=2 t=0 ss=0 sf=0",
        "stol_m_inv 1e9 | s=1 f=2 t=0 ss=0 sf=0 src=0",
        "hkl_frac 1.25 2 -3.5 | s=1 f=2 t=0 ss=0 sf=0 src=0 phi=0 mos=0",
        "hkl_frac 1.5 2.25 -3 | s=1 f=2 t=0 ss=0 sf=0 src=0 phi=1 mos=0",
        "I_pixel_final 12.5 | s=1 f=2",
    ]
    return HEAD + "".join(f"TRACE_C: {line}\n" for line in lines)
