"""Small traces to work on, and traces of the C reference in which each tap occurs."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from golden_suite_generator.cases import load_cases
from golden_suite_generator.inputs.write import write_case_inputs
from trace_tools.judging.judge import Options, Report, judge
from trace_tools.reading.trace_file import TraceLog, read_stream

Judge = Callable[..., Report]

HEAD = "TRACE_C: schema nanobragg-trace 2\nTRACE_C: program demo 1\n"


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


def traced_by(binary: Path, words: list[str], folder: Path) -> str:
    """Text of the trace that a program writes."""
    command = [binary, *words, "-nonoise", "-nopgm", "-noprogress", "-trace_file", "t.log"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return (folder / "t.log").read_text()


@pytest.fixture(scope="session")
def golden_text(c_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Text of the trace of a case of the golden suite, as upstream printed it, by its name."""
    cases = {case.id: case for case in load_cases()}
    inputs, made = tmp_path_factory.mktemp("inputs"), dict[str, str]()
    write_case_inputs(inputs / "inputs")

    def text(name: str) -> str:
        if name not in made:
            case = cases[name]
            pixels = [
                word for slow, fast in case.trace_pixels for word in ("-trace_pixel", str(slow), str(fast))
            ]
            made[name] = traced_by(c_binary, [*case.words(inputs), *pixels], tmp_path_factory.mktemp("run"))
        return made[name]

    return text


CRYSTAL = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 4 -pixel 0.4 -N 5"
    " -default_F 100 -trace_schema 2 -trace_pixel 0 0 -trace_pixel 3 2"
)
COMMANDS = {
    "mosaic-phi": "-oversample 1 -mosaic 1 -mosaic_domains 2 -osc 2 -phi 1 -phisteps 2",
    "water": "-parity_mode spec -oversample 1 -water 10 -hdivrange 5 -hdivsteps 2 -vdivrange 0 -twotheta 5",
    "interpolated": "-oversample 1 -hkl table.hkl -interpolate",
    "round": "-oversample 1 -round_xtal",
    "gauss": "-oversample 1 -gauss_xtal",
    "zero-in-the-middle": "-oversample 1 -phi -1 -osc 3 -phisteps 3",
    "oversample-2": "-oversample 2",
}
"""What the traces of the C reference are made with, beside `CRYSTAL`."""


@pytest.fixture(scope="session")
def reference_text(c_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Text of a trace of the C reference by its name in `COMMANDS`."""
    folder, made = tmp_path_factory.mktemp("traces"), dict[str, str]()
    span = range(-9, 10)
    rows = (f"{h} {k} {m} {50 + h + 2 * k + 3 * m}\n" for h in span for k in span for m in span)
    (folder / "table.hkl").write_text("".join(rows))

    def text(name: str) -> str:
        if name not in made:
            made[name] = traced_by(c_binary, [*CRYSTAL.split(), *COMMANDS[name].split()], folder)
        return made[name]

    return text


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
