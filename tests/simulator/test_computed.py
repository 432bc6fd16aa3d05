"""The same command line gives the same bits whatever the cache holds, or says how it was computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator import Computed, RunConfig, cli, simulate, simulate_with_facts
from simulator.config import Compute
from simulator.engine import compiled
from simulator.engine.library_cache import Making, put_library, whole_library
from simulator.engine.stage import Call
from simulator.errors import InputError
from simulator.image import render
from simulator.scene.scene import prepare

BASE = "-cell 79 79 38 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -detpixels 16 -nopgm"
LINES = {
    "plain": "",
    "noise": "-noisefile noise.img -seed 3",
    "mixed": "-nonoise -dtype mixed",
    "single": "-nonoise -dtype float32",
    "steps": "-nonoise -osc 1 -phisteps 3 -mosaic 1 -mosaic_domains 4 -hdivrange 2 -hdivsteps 2",
    "parity": "-nonoise --parity-mode c-parity -oversample 2",
}
CODE_ERROR = 1.0 + 2.0**-20
"""What the stand-in for compiled code makes of a pixel."""


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A compiler that takes no time, whose code is off in the last bits, and a cache of its own."""

    def make(stages: Sequence[Making], _wanted: Callable[[], bool]) -> tuple[str, ...]:
        for stage in stages:
            put_library(stage.facts, b"")
        return ()

    def run(self: compiled.Compiled, call: Call, pixels: int) -> Any:
        result = call.result()
        if call.stage.name == "pixels":
            photons, omega_sr = result
            return photons * CODE_ERROR, omega_sr
        return result * CODE_ERROR if call.stage.name == "finish" else result

    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "ROADS", {"cpu": compiled.Road(make, whole_library, beside=True)})
    monkeypatch.setattr(compiled.Compiled, "run", run)
    monkeypatch.chdir(tmp_path)


def printed(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[bytes, str]:
    """The float image of a command line, and what it says about how it was computed."""
    assert cli.main([*BASE.split(), *words.split()]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("computed: "))
    return Path("floatimage.bin").read_bytes(), line


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("line", LINES)
def test_a_filled_cache_changes_nothing_with_the_switch_and_is_stated_without(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = LINES[line]
    empty, same = printed(words, capsys), printed(f"{words} --reproducible", capsys)
    printed(f"{words} --compile on", capsys)
    filled = printed(words, capsys)
    assert printed(f"{words} --reproducible", capsys) == same
    assert empty[1].startswith("computed: operation by operation, ")
    assert filled == (filled[0], empty[1].replace("operation by operation", "compiled"))
    assert filled[0] != empty[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "operation by operation, float64"),
        ("-nonoise", "operation by operation, mixed"),
        ("-nonoise --accuracy 0", "operation by operation, float64"),
        ("-nonoise --reproducible", "operation by operation, float64"),
        ("--reproducible --compile auto", "operation by operation, float64"),
        ("--reproducible -dtype float32", "operation by operation, float32"),
        ("-nonoise --reproducible -dtype auto", "operation by operation, mixed"),
    ],
)
def test_what_was_left_open_is_stated_as_it_was_decided(
    words: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert printed(words, capsys)[1] == f"computed: {says}"


@pytest.mark.usefixtures("compiler")
def test_the_python_interface_says_it_too() -> None:
    config = RunConfig.from_args(f"{BASE} -nonoise".split())
    image, how = simulate_with_facts(config)
    assert torch.equal(image, simulate(config))
    assert how == Computed(compiled=False, precision="mixed")
    _, how = simulate_with_facts(replace(config, compute=Compute(compile="on", precision="float64")))
    assert how == Computed(compiled=True, precision="float64")


def test_an_image_with_a_gradient_says_how_that_is_computed() -> None:
    config = RunConfig.from_args(f"{BASE} -nonoise --reproducible".split())
    distance_m = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    config = replace(config, detector=replace(config.detector, distance_m=distance_m))
    how = render(prepare(config)).how
    assert how == Computed(False, "float64", slopes_compiled=False)
    assert str(how) == "operation by operation, float64, gradient operation by operation"


def test_the_switch_and_compiled_code_exclude_each_other() -> None:
    with pytest.raises(InputError, match="--compile on with --reproducible: "):
        RunConfig.from_args([*BASE.split(), "--reproducible", "--compile", "on"])


@pytest.mark.parametrize("line", [*LINES, "sparse"])
def test_the_number_of_threads_changes_no_bit(line: str) -> None:
    words = LINES.get(line, "-nonoise -N 20 -osc 0.1 -phisteps 10 --epsilon 1e-4")
    config = RunConfig.from_args(f"{BASE} {words} -detpixels 200 --reproducible".split())
    before = torch.get_num_threads()
    images = []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            images.append(simulate(config))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(image, images[0]) for image in images)
