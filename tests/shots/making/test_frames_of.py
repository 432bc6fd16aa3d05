"""The images of a shot are those of its command lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbp.commands import BY_WORD
from nbp.entry import run_row
from shots.making.frames_of import made_shot
from shots.plan.read_plan import read_plan
from simulator.cli import main as nanobragg
from system_io.shell import shell_words

HEAD = "schema = 1\nshots = 3\nseed = 5\n"
DETECTOR = """
schema = "nbp-detector/1"
frame = "mosflm"
[all]
pixels = [12, 10]
pixel_size_mm = 1.0
fast = [0, 0, 1]
slow = [0, -1, 0]
[[panel]]
name = "left"
origin_mm = [50, 5, -13]
[[panel]]
name = "right"
origin_mm = [52, 5, 1]
"""
BASE = "-cell 30 30 40 90 90 90 -default_F 100 -N 4 -lambda 1 -oversample 1"
ONE = f"""{HEAD}
command = "{BASE} -mosaic 1 -pixel 1 -detpixels 12 -parity_mode c-parity"
[vary]
orientation = "uniform"
lattices = {{list = [1, 2, 2]}}
scale = {{log_normal = [1, 0.3]}}
Xbeam = {{uniform = [5, 7]}}
[vary.cell]
lengths = {{normal = [1, 0.01]}}
"""
TWO = f"""{HEAD}
command = "{BASE}"
[detector]
file = "detector.toml"
[vary]
orientation = {{within_deg = 10}}
detector_shift_mm = [{{normal = [0, 1]}}, 0, 0]
"""


@pytest.mark.parametrize(("text", "panels"), [(ONE, 1), (TWO, 2)])
def test_photons_are_those_of_the_command_lines_that_show_prints(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    panels: int,
) -> None:
    (tmp_path / "PLAN.toml").write_text(text, encoding="utf-8")
    (tmp_path / "detector.toml").write_text(DETECTOR, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run_row(BY_WORD["shots"], ["show", "PLAN.toml", "1"]) == 0
    lines = [shell_words(line)[1:] for line in capsys.readouterr().out.splitlines()]
    made = made_shot(read_plan(Path("PLAN.toml")), 1)
    images = []
    for words in lines:
        assert nanobragg([*words, "-floatfile", "one.bin", "-nonoise", "-nopgm", "-intfile", "one.img"]) == 0
        images.append(np.fromfile("one.bin", np.float32))
    for place, photons in enumerate(made.frames.photons):
        total = images[place]
        for more in images[place + panels :: panels]:
            total = total + more
        assert total.max() > 0.0
        assert (total == photons.ravel()).all()
    assert [list(words) for words in made.frames.command_lines] == lines
    assert len(made.frames.setup.panels) == panels


def test_what_does_not_measure_reads_minus_one(tmp_path: Path) -> None:
    masked = DETECTOR.replace('name = "left"', 'name = "left"\nmask = "mask.npy"')
    mask = np.ones((10, 12), bool)
    mask[2, 3] = False
    np.save(tmp_path / "mask.npy", mask)
    (tmp_path / "detector.toml").write_text(masked, encoding="utf-8")
    (tmp_path / "PLAN.toml").write_text(TWO.replace(BASE, f"{BASE} -roi 0 11 1 9"), encoding="utf-8")
    left, right = made_shot(read_plan(tmp_path / "PLAN.toml"), 0).frames.counts
    mask[0] = False
    assert ((left == -1) == ~mask).all()
    assert (right[0] == -1).all()
    assert (right[1:] >= 0).all()


def test_counts_without_a_recording_are_the_rounded_photons(tmp_path: Path) -> None:
    (tmp_path / "PLAN.toml").write_text(ONE, encoding="utf-8")
    frames = made_shot(read_plan(tmp_path / "PLAN.toml"), 0).frames
    assert (frames.counts[0] == np.rint(frames.photons[0])).all()


def test_panels_state_gain_and_largest_count_of_the_recording(tmp_path: Path) -> None:
    recording = "[recording]\npoisson = false\ngain = 2.5\nsaturation = 300\n"
    (tmp_path / "PLAN.toml").write_text(ONE.replace("[vary]", f"{recording}[vary]", 1), encoding="utf-8")
    frames = made_shot(read_plan(tmp_path / "PLAN.toml"), 0).frames
    (panel,) = frames.setup.panels
    assert (panel.gain, panel.saturation) == (2.5, 300.0)
    assert frames.counts[0].max() == 300
