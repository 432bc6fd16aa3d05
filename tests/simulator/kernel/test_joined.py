"""One stage for all of a pixel: the same bits as stages one by one, and only where that is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator import RunConfig
from simulator.engine.stage import Call
from simulator.kernel.blocks import Block
from simulator.kernel.joined import joined_photons
from simulator.kernel.kernel import photons
from simulator.kernel.stages import Stages
from simulator.kernel.taps import NEVER
from simulator.physics.arithmetic import arithmetic, in_loops, in_one_loop, quick_ratios
from simulator.physics.vectors import divided, vec
from simulator.scene.instrument import Instrument
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up

BASE = "-cell 50 60 70 80 90 100 -N 4 -lambda 1 -distance 100 -detpixels 16 -pixel 1 -default_F 20"
SOURCES = "-hdivrange 1 -hdivsteps 3 -dispersion 2 -dispsteps 2"


class Listed:
    """Runs calls operation by operation and keeps the names of their stages; see `Engine`."""

    compiled, parallel, elements, pixels = True, False, 1 << 62, 1 << 62

    def __init__(self) -> None:
        self.names: list[str] = []

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        self.names.append(call.stage.name)
        return call.result()


@pytest.fixture(autouse=True)
def _plain() -> Iterator[None]:
    with torch.inference_mode():
        yield


def block_of(options: str, pixels: int = 24, dtype: str = "mixed") -> tuple[Instrument, Block]:
    words = f"{BASE} -oversample 1 {options} -dtype {dtype}".split()
    ins = set_up(prepare(RunConfig.from_args(words)))
    index = torch.arange(pixels)
    limit = NEVER if ins.plan.interpolate else 0
    return ins, Block(slow=index % 7, fast=index % 11 + 2, interpolated=limit)


def both(ins: Instrument, block: Block) -> tuple[list[str], bool]:
    """Return the stages that ran, and whether photons and solid angles are those of stages one by one."""
    engine = Listed()
    found = joined_photons(Stages(ins, engine), block)
    expected = photons(Stages(ins, Listed()), block)
    pairs = ((found.pixels, expected.pixels), (found.omega_sum_sr, expected.omega_sum_sr))
    return engine.names, all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("dtype", ["float64", "mixed", "float32"])
@pytest.mark.parametrize(
    "options",
    [
        "",
        "-osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 4",
        f"{SOURCES} -polar 0.7 -oversample_polar",
        f"{SOURCES} -osc 2 -phisteps 3 --parity-mode c-parity",
        "-water 100 -detector_abs 300 -detector_thick 0.2 -detector_thicksteps 1 -point_pixel",
        "-curved_det -gauss_xtal -nopolar -oversample_omega",
    ],
)
def test_photons_have_the_bits_of_stages_one_by_one(options: str, dtype: str) -> None:
    assert both(*block_of(options, dtype=dtype)) == (["pixels"], True)


@pytest.mark.parametrize(
    "options", ["-oversample 2", "-detector_abs 300 -detector_thick 1 -detector_thicksteps 2"]
)
def test_several_rays_of_a_pixel_take_stages_one_by_one(options: str) -> None:
    names, same = both(*block_of(options))
    assert same
    assert "pixels" not in names


def test_a_resolution_limit_is_decided_by_operations_that_are_not_fused() -> None:
    names, same = both(*block_of("-dmin 3"))
    assert (names, same) == (["rays", "add", "finish"], True)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
def test_interpolation_takes_stages_one_by_one(mode: str, tmp_path: Path) -> None:
    (tmp_path / "few.hkl").write_text("".join(f"{h} {k} 0 9\n" for h in range(5) for k in range(5)))
    ins, block = block_of(f"-hkl {tmp_path / 'few.hkl'} -interpolate --parity-mode {mode}")
    assert both(ins, block)[0] == ["rays", "add", "finish"]
    assert both(ins, replace(block, interpolated=0)) == (["pixels"], True)


@pytest.mark.parametrize(("sources", "stages"), [("", {"pixels"}), (SOURCES, {"rays", "add", "finish"})])
def test_a_first_pixel_alone_sees_the_orientations_of_its_visit(sources: str, stages: set[str]) -> None:
    options = f"{sources} -osc 5 -phisteps 3 -phi 1 --parity-mode c-parity --quirk Q-PHI-CARRYOVER=on"
    ins, block = block_of(options, pixels=1)
    names, same = both(ins, replace(block, first_visit=0))
    assert same
    assert set(names) == stages


def test_only_code_of_a_compiler_multiplies_by_reciprocals() -> None:
    v, by = vec((1.0, 2.0, 5.0)), torch.tensor(49.0, dtype=torch.float64)
    exact = torch.stack(divided(v, by))
    with quick_ratios():
        assert torch.equal(torch.stack(divided(v, by)), exact)
    with in_one_loop(), quick_ratios():
        quick = torch.stack(divided(v, by))
    assert not torch.equal(quick, exact)
    assert torch.allclose(quick, exact, rtol=2.0**-51, atol=0.0)
    with in_loops():
        assert torch.equal(torch.stack(divided(v, by)), exact)
    assert not arithmetic().loops
