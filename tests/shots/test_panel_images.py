"""Several panels in one run: each the image of its own command line, bit for bit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from shots.geometry.panel import Panel, Setup
from shots.geometry.panel_words import with_panel
from shots.geometry.read_detector import setup_with
from shots.geometry.setup_of import setup_of
from shots.panel_images import panel_configs, panel_images
from simulator import RunConfig, simulate
from simulator.cli import main

LINE = (
    "-cell 60 60 40 90 90 90 -misset 10 20 30 -N 4 -lambda 1 -mosaic 0.4 -mosaic_domains 2 -osc 1 -phisteps 2"
    " -polar 0.9 -oversample 1 -nopgm -nonoise --compile off"
)
TILTED = (0.8, 0.0, -0.6)


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    rows = [
        f"{h} {k} {l} {100 + 10 * h + 3 * k - l}"
        for h in range(-9, 10)
        for k in range(-9, 10)
        for l in range(-9, 10)
    ]
    (tmp_path / "x.hkl").write_text("\n".join(rows))
    return (*LINE.split(), "-hkl", str(tmp_path / "x.hkl"), "-default_F", "2")


def two_panels(words: tuple[str, ...]) -> Setup:
    """Return a flat panel and a steep, left-handed one with a sensor that absorbs."""
    panels = (
        Panel("flat", 24, 20, 2e-3, (0.1, 0.02, -0.024), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        Panel("steep", 16, 24, 2e-3, (0.07, -0.02, 0.05), TILTED, (0.0, 1.0, 0.0), 4e-4, 3000.0),
    )
    return setup_with(setup_of(RunConfig.from_args(words)), panels)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_each_panel_is_the_run_of_its_command_line(
    words: tuple[str, ...], mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (*words, "--parity-mode", mode)
    setup = two_panels(asked)
    images = panel_images(asked, setup)
    for image, panel in zip(images, setup.panels, strict=True):
        line = with_panel(asked, panel, setup)
        file = tmp_path / "float.bin"
        assert (
            main(
                [
                    *line,
                    "-floatfile",
                    str(file),
                    "-intfile",
                    str(tmp_path / "i"),
                    "-dump",
                    str(tmp_path / "d"),
                ]
            )
            == 0
        )
        single = np.fromfile(file, np.float32).reshape(panel.slow_pixels, panel.fast_pixels)
        assert image.shape == single.shape
        assert image.max() > 0.0
        assert np.array_equal(image, single)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_each_panel_is_that_of_the_c_reference(
    words: tuple[str, ...], mode: str, tmp_path: Path, c_binary: Path
) -> None:
    asked = (*words, "--parity-mode", mode)
    setup = two_panels(asked)
    without = ("--compile", "off")
    for image, panel in zip(panel_images((*asked, "-dtype", "float64"), setup), setup.panels, strict=True):
        line = [word for word in with_panel(asked, panel, setup) if word not in without]
        file = tmp_path / f"{panel.name}.bin"
        done = subprocess.run(
            [c_binary, *line, "-floatfile", file], cwd=tmp_path, capture_output=True, check=True
        )
        assert b"no effect" not in done.stderr
        assert np.allclose(image.ravel(), np.fromfile(file, np.float32), rtol=4.8e-7, atol=0.0)


def test_the_table_is_shared_and_a_drawn_orientation_too(words: tuple[str, ...]) -> None:
    asked = (*words, "-misset", "random")
    first, second = panel_configs(asked, two_panels(words))
    assert second.structure_factors is first.structure_factors
    assert second.crystal is first.crystal
    assert np.array_equal(simulate(first), simulate(first))
    assert (second.detector.fpixels, second.detector.spixels) == (16, 24)
