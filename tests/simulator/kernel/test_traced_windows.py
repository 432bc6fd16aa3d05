"""Computing just the traced pixels: the same bits as in the whole run, whatever state the run carries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from simulator import RunConfig
from simulator.errors import InputError
from simulator.image import render
from simulator.kernel.traced_windows import WINDOW
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare

BASE = (
    "-cell 100 100 100 90 90 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 70 -pixel 0.4 -N 5"
    " -oversample 1 -parity_mode c-parity"
)
FIRST, LAST = (0, 0), (69, 69)
STATES = {
    "carryover": "-default_F 100 -osc 3 -phisteps 3",
    "first pixel rejected by dmin": "-default_F 100 -osc 3 -phisteps 3 -dmin 3",
    "interpolation switched off on the way": "-hkl {hkl} -interpolate -N 2 -pixel 0.1",
}


def config_of(options: str, hkl: Path, *pixels: tuple[int, int], elements: int = 4 * WINDOW) -> RunConfig:
    words = [f"-trace_pixel {slow} {fast}" for slow, fast in pixels]
    config = RunConfig.from_args(f"{BASE} {options.format(hkl=hkl)} {' '.join(words)}".split())
    return replace(config, compute=replace(config.compute, block_elements=elements))


@pytest.fixture
def hkl(tmp_path: Path) -> Path:
    span = range(-9, 10)
    path = tmp_path / "box.hkl"
    path.write_text(
        "".join(f"{h} {k} {l} {50 + h + 2 * k}\n" for h in span for k in span for l in range(-9, 4))
    )
    return path


@pytest.mark.parametrize("options", STATES.values(), ids=STATES.keys())
@pytest.mark.parametrize("elements", [1 << 18, 4 * WINDOW, 100])
def test_traced_pixels_have_the_bits_of_the_whole_run(options: str, elements: int, hkl: Path) -> None:
    config = config_of(options, hkl, FIRST, (33, 12), LAST, elements=elements)
    near = replace(config, trace=replace(config.trace, only=True))
    whole, part = render(prepare(config)), render(prepare(near))
    assert all(torch.equal(whole.image[pixel], part.image[pixel]) for pixel in config.trace.pixels)
    assert torch.equal(part.image, torch.where(part.executed, whole.image, 0.0))


def test_most_pixels_are_left_out(hkl: Path) -> None:
    config = config_of(STATES["carryover"], hkl, LAST)
    part = render(prepare(replace(config, trace=replace(config.trace, only=True))))
    assert 0 < int(part.executed.sum()) <= WINDOW


def test_interpolation_is_really_switched_off_on_the_way(hkl: Path) -> None:
    on = render(prepare(config_of(STATES["interpolation switched off on the way"], hkl))).image
    off = render(prepare(config_of("-hkl {hkl} -nointerpolate -N 2 -pixel 0.1", hkl))).image
    same = (on == off).flatten()
    assert not same[0]
    assert same[-1000:].all()


def test_traces_are_the_same_lines(hkl: Path) -> None:
    texts = []
    for only in (False, True):
        config = config_of(STATES["carryover"], hkl, FIRST, (20, 3))
        config = replace(config, trace=replace(config.trace, only=only))
        scene, recorder = prepare(config), recorder_of(config)
        render(scene, recorder)
        texts.append(trace_text(scene, recorder))
    assert texts[0] == texts[1]


def test_without_a_pixel_there_is_nothing_to_compute() -> None:
    with pytest.raises(InputError, match="-trace_only: there is no pixel"):
        RunConfig.from_args(f"{BASE} -default_F 1 -trace_only".split())
