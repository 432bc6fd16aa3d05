"""Isolated and accumulated differences: which side computes a tap otherwise, and how far errors came."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.tracing.isolate import RULES, Isolated, isolate, isolation_data, isolation_markdown
from simulator import RunConfig
from simulator.image import render
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import TraceLog, read_stream

ARGS = (
    "-parity_mode c-parity -cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8"
    " -pixel 0.4 -N 5 -default_F 100 -oversample 2 -osc 2 -phi 1 -phisteps 2 -polar 0.9"
)
SHAPES = ("", "-round_xtal", "-gauss_xtal", "-tophat_spots", "-mosaic 1 -mosaic_domains 3")
Change = Callable[[str], str]


def text_of(options: str = "") -> str:
    config = RunConfig.from_args(f"{ARGS} {options} -trace_pixel 3 4 -trace_pixel 6 1".split())
    scene, recorder = prepare(config), recorder_of(config)
    render(scene, recorder)
    return trace_text(scene, recorder)


def read(text: str, name: str) -> TraceLog:
    return read_stream(io.BytesIO(text.encode()), name)


def isolated(first: str, second: str, options: str = "") -> dict[str, Isolated]:
    report = judge(read(first, "a"), read(second, "b"))
    return {part.tap: part for part in isolate(report.comparison, f"{ARGS} {options}".split(), Path.cwd())}


def scaled(text: str, tap: str, factor: float) -> str:
    """Multiply the first value of every record of a tap."""
    lines = []
    for line in text.splitlines():
        words = line.split(" ")
        if words[1] == tap:
            with contextlib.suppress(ValueError):
                words[2] = repr(float(words[2]) * factor)
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("options", SHAPES)
def test_production_functions_reproduce_the_trace_of_the_kernel(options: str) -> None:
    text = text_of(options)
    found = isolated(text, text, options)
    assert len(found) >= 11
    assert all(part.outside == () and part.accumulated == 0.0 for part in found.values()), found


def test_every_rule_is_used_by_one_of_the_shapes() -> None:
    used = {tap for options in SHAPES for tap in isolated(text_of(options), text_of(options), options)}
    assert used == {*RULES, "hkl_frac"}


@pytest.mark.parametrize("side", ["c", "py"])
def test_tap_that_one_side_computes_otherwise_is_laid_to_that_side(side: str) -> None:
    text = text_of()
    wrong = scaled(text, "R_distance_meters", 1.001)
    found = isolated(*((wrong, text) if side == "c" else (text, wrong)))
    assert found["R_distance_meters"].outside == (side,)
    assert found["R_distance_meters"].accumulated == pytest.approx(0.001, rel=0.01)


def test_tap_that_only_hands_on_an_error_is_not_laid_to_its_side() -> None:
    """A crystal turned by another angle: rotated cells differ, each being right for its own angle."""
    first = text_of()
    config = RunConfig.from_args(f"{ARGS} -trace_pixel 3 4 -trace_pixel 6 1".split())
    step = replace(config.crystal.phi_rad, first=config.crystal.phi_rad.first * 2.0)
    other = replace(config, crystal=replace(config.crystal, phi_rad=step))
    scene, recorder = prepare(other), recorder_of(other)
    render(scene, recorder)
    found = isolated(first, trace_text(scene, recorder))
    assert found["rot_b_angstroms"].accumulated > 1e-5
    assert found["hkl_frac"].accumulated > 1e-5
    assert all(part.outside == () for part in found.values())


def test_result_is_shown_and_kept(tmp_path: Path) -> None:
    text = text_of()
    found = isolated(scaled(text, "R_distance_meters", 2.0), text)
    assert "| R_distance_meters | 8 |" in isolation_markdown(list(found.values()))
    rows = {row["tap"]: row for row in isolation_data(list(found.values()))}
    assert rows["R_distance_meters"]["outside"] == ["c"]


def test_command_line_that_the_simulator_refuses_gives_nothing() -> None:
    text = text_of()
    report = judge(read(text, "a"), read(text, "b"))
    assert isolate(report.comparison, ["-no_such_option"], Path.cwd()) == ()
