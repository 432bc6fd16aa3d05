"""What depends on the order of the run: phi carry-over, interpolation switch, running product, blocks.

The expectations are scalar loops over the recorded taps of all pixels, written from spec 05 and 06.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import RunConfig
from simulator.image import render
from simulator.kernel.taps import Recorder, TapRecord
from simulator.physics.phi import orientation_steps
from simulator.quirks import Quirks
from simulator.scene.scene import prepare

BASE = (
    "-cell 40 45 50 90 90 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels_f 4 -detpixels_s 3 -pixel 8"
    " -parity_mode c-parity"
)
SIZE = 9
"""Half width of the table of structure factors."""


@pytest.fixture(scope="module")
def hkl_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hkl") / "box.hkl"
    span = range(-SIZE, SIZE + 1)
    lines = (f"{h} {k} {l} {60 + 3 * h - 2 * k + l}\n" for h in span for k in span for l in span)
    path.write_text("".join(lines))
    return path


def config_of(options: str, elements: int = 1 << 15) -> RunConfig:
    config = RunConfig.from_args(f"-dtype float64 {BASE} {options}".split())
    return replace(config, compute=replace(config.compute, block_elements=elements))


def recorded(config: RunConfig) -> tuple[torch.Tensor, list[TapRecord]]:
    pixels = [(s, f) for s in range(config.detector.spixels) for f in range(config.detector.fpixels)]
    recorder = Recorder(pixels)
    return render(prepare(config), recorder).image, recorder.records()


def pixels_of(records: list[TapRecord]) -> Iterator[tuple[tuple[int, int], list[TapRecord]]]:
    for pixel, group in groupby(records, key=lambda record: record.context[:2]):
        yield (pixel[0], pixel[1]), list(group)


PHI = "-phi {start} -osc {width} -phisteps {steps}"


@settings(max_examples=40, deadline=None)
@given(
    start=st.sampled_from([0, -1, -2, 3]),
    step=st.sampled_from([0, 1, 2]),
    steps=st.integers(1, 4),
    dmin=st.sampled_from([0, 0.9, 1.5]),
    oversample=st.integers(1, 2),
    elements=st.sampled_from([1, 7, 1 << 15]),
)
def test_a_zero_step_keeps_the_orientation_before_it(
    start: int, step: int, steps: int, dmin: float, oversample: int, elements: int
) -> None:
    phi = PHI.format(start=start, width=step * steps, steps=steps)
    options = f"-default_F 10 -N 3 {phi} -dmin {dmin} -oversample {oversample} -dispersion 2 -dispsteps 2"
    config = config_of(options, elements)
    angles = config.crystal.phi_rad.values()
    scene = prepare(config)
    now = scene.lattice.direct_A[0].tolist()
    own = {}
    for j, angle in enumerate(angles):
        plain = replace(
            config.crystal, phi_rad=replace(config.crystal.phi_rad, first=angle, step=0.0, count=1)
        )
        one = prepare(replace(config, crystal=plain)).orientations(first_block=True)
        own[j] = [float(part) * 1e10 for part in one.rotated[0]]
    _, records = recorded(config)
    for record in records:
        if record.name == "rot_a_angstroms":
            j = record.context[6]
            now = own[j] if angles[j] != 0.0 else now
            assert list(record.values) == pytest.approx(now, rel=1e-14)


@given(st.lists(st.sampled_from([0.0, 0.1, -0.2]), min_size=1, max_size=6))
def test_spec_mode_shows_each_step_its_own_orientation(angles: list[float]) -> None:
    own = list(range(len(angles)))
    assert orientation_steps(angles, first_block=False, quirks=Quirks.spec()) == own
    first = orientation_steps(angles, first_block=True, quirks=Quirks.c_parity())
    assert first[0] == 0


WAYS = [
    "",
    "-osc 4 -phi 0",
    "-dispersion 4 -dispsteps 2",
    "-mosaic 3 -mosaic_domains 3",
    "-tophat_spots -fudge 60 -osc 9 -phi 1 -phisteps 3",
    "-tophat_spots -fudge 200 -dispersion 4 -dispsteps 2",
]
"""Sampling within a pixel; most evaluations of the top-hat crystals are short-cut."""


@settings(max_examples=50, deadline=None)
@given(
    pixel=st.sampled_from([6, 7, 8, 12]),
    oversample=st.integers(1, 3),
    beam=st.sampled_from(["", "-Xbeam 3 -Ybeam 3", "-Xbeam 0 -Ybeam 0"]),
    extra=st.sampled_from(WAYS),
    dmin=st.sampled_from([0, 1.5]),
    elements=st.sampled_from([1, 5, 1 << 15]),
)
def test_interpolation_ends_with_the_first_index_out_of_range(
    hkl_file: Path, pixel: int, oversample: int, beam: str, extra: str, dmin: float, elements: int
) -> None:
    options = f"-interpolate -N 2 -pixel {pixel} -oversample {oversample} -dmin {dmin} {beam} {extra}"
    _, records = recorded(config_of(f"-hkl {hkl_file} {options}", elements))
    going = True
    inside, previous = True, ""
    for record in records:
        if record.name == "hkl_frac":
            inside = all(2 - SIZE <= index <= SIZE - 2 for index in record.values)
        if record.name == "F_latt":
            going = going and (inside or record.values[0] == 0.0)
        assert record.name != "tricubic_F" or going
        if record.name == "F_cell":
            assert (previous == "tricubic_F") == going
        previous = record.name


FLAGS = ["-oversample_thick", "-oversample_polar", "-oversample_omega"]


@settings(max_examples=40, deadline=None)
@given(
    flags=st.lists(st.sampled_from(FLAGS), unique=True),
    shape=st.sampled_from(["-N 3", "-N 3 -tophat_spots -fudge 0.05"]),
    sampling=st.sampled_from(
        ["-oversample 2", "-oversample 1 -osc 3 -phi 1", "-oversample 2 -dispersion 2 -dmin 1.1"]
    ),
    sensor=st.sampled_from(["", "-detector_thick 400 -detector_abs 300 -detector_thicksteps 3"]),
    water=st.sampled_from([0, 7]),
    running=st.booleans(),
    elements=st.sampled_from([1, 6, 1 << 15]),
)
def test_sum_of_a_pixel_is_that_of_a_scalar_loop(
    flags: list[str], shape: str, sampling: str, sensor: str, water: int, running: bool, elements: int
) -> None:
    options = (
        f"-default_F 10 {shape} {' '.join(flags)} {sampling} {sensor} -water {water} -fluence 1e24 -polar 0.4"
    )
    quirk = "" if running else "-quirk Q-OVERSAMPLE-RUNNING-PRODUCT=off"
    config = config_of(f"{options} {quirk}", elements)
    _, records = recorded(config)
    start = float(prepare(config).I_bg)
    names = {"capture_fraction": FLAGS[0], "polar": FLAGS[1], "omega_pixel_sr": FLAGS[2]}
    for _, mine in pixels_of(records):
        I, factor = start, {}
        for record in mine:
            if record.name in names:
                factor[record.name] = record.values[0] if names[record.name] in flags else 1.0
            if record.name == "I_contribution":
                w = factor["capture_fraction"] * factor["polar"] * factor["omega_pixel_sr"]
                I = (I + record.values[0]) * w if running else I + record.values[0] * w
            if record.name == "I_running":
                assert record.values[0] == pytest.approx(I, rel=1e-13)
            if record.name == "I_before_scaling":
                # products of many small factors may underflow in another place
                assert record.values[0] == pytest.approx(I, rel=1e-12, abs=1e-300)


MIXED = (
    "-N 3 -oversample 2 -phi 0 -osc 3 -phisteps 3 -mosaic 2 -mosaic_domains 3 -dispersion 2 -dispsteps 2"
    " -oversample_polar -oversample_omega -polar 0.5 -detector_thick 400 -detector_abs 300"
)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("elements", [1, 2, 3, 17, 100, 1000, 1 << 20])
def test_block_size_changes_nothing_beyond_rounding(hkl_file: Path, mode: str, elements: int) -> None:
    options = f"-hkl {hkl_file} -interpolate {MIXED} -parity_mode {mode}"
    usual, other = (render(prepare(config_of(options, size))).image for size in (1 << 15, elements))
    # 216 terms a pixel, each rounded to 1e-16, in another order
    assert torch.allclose(usual, other, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    "options", [f"-default_F 10 {MIXED}", "-hkl {hkl} -interpolate -N 2 -pixel 16 -oversample 2"]
)
@pytest.mark.parametrize("precision", ["float64", "mixed", "float32"])
def test_recording_changes_no_bit(hkl_file: Path, options: str, precision: str) -> None:
    config = config_of(f"{options.format(hkl=hkl_file)} -dtype {precision}", 64)
    watched, _ = recorded(config)
    assert torch.equal(watched, render(prepare(config)).image)
