"""In torch a number over a tensor is the number times a rounded reciprocal: other last digits than C has."""

from __future__ import annotations

import math

import pytest
import torch

from simulator import RunConfig, simulate
from simulator.scene.scene import prepare

BASE = (
    "-cell 54.3 60 70 90 90 90 -misset 31 -12 8 -default_F 15 -lambda 1 -distance 60 -pixel 0.5 -detpixels 6 "
    "-compile off"
)
LINES = (
    "-N 5 -oversample 2 -osc 1 -phisteps 2 -mosaic 1 -mosaic_domains 2 -dmin 1.5",
    "-sample_size 0.000042 -round_xtal -oversample 0 -water 0.1",
    "-N 5 -gauss_xtal -curved_det -twotheta 20 -detector_rotx 3",
    "-N 5 -tophat_spots -hdivrange 5 -hdivsteps 3 -dispersion 1 -dispsteps 3 -detector_abs 100 "
    "-detector_thick 0.3",
    "-N 5 -interpolate -oversample_thick -detector_abs 100 -detector_thick 0.3 -detector_thicksteps 3",
    "-sample_thickness 0.0001 -nopolar -point_pixel -pivot sample -close_distance 50 -beamsize 0.00005",
)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("line", LINES)
def test_no_number_is_divided_by_a_tensor(line: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = torch.Tensor.__rtruediv__
    divided = []

    def seen(self: torch.Tensor, number: float) -> torch.Tensor:
        divided.append(number)
        return sound(self, number)

    monkeypatch.setattr(torch.Tensor, "__rtruediv__", seen)
    simulate(RunConfig.from_args(["--parity-mode", mode, *BASE.split(), *line.split()]))
    assert all(math.frexp(number)[0] == 0.5 for number in divided)  # powers of two are exact


def test_cells_of_a_size_are_counted_as_c_counts_them() -> None:
    words = f"{BASE} -sample_size 0.000042"
    scene = prepare(RunConfig.from_args(["--parity-mode", "spec", *words.split()]))
    assert tuple(scene.lattice.cells) == (8, 7, 7)
