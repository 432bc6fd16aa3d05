"""Sources and mosaic domains: examples of spec 04 sections 3 and 7, and the domains of spec 07."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import RunConfig
from simulator.errors import InputError
from simulator.scene.scene import Scene, prepare

BASE = "-cell 100 100 100 90 90 90 -default_F 1 -lambda 1"


def scene_of(options: str, mode: str = "c-parity") -> Scene:
    return prepare(RunConfig.from_args(f"{BASE} {options} -parity_mode {mode}".split()))


def test_grid_of_divergence_and_dispersion() -> None:
    options = "-hdivrange 2 -hdivsteps 2 -vdivrange 1 -vdivsteps 3 -dispersion 1 -dispsteps 2"
    sources = scene_of(options).sources
    assert len(sources.weight) == 12
    first = [-0.99999937500010672, 0.0004999999791666669, 0.00099999970833336517]
    third = [-0.99999950000004179, 0, 0.00099999983333334168]
    assert sources.direction[0].tolist() == pytest.approx(first, rel=1e-15)
    assert sources.direction[1].tolist() == sources.direction[0].tolist()
    assert sources.direction[2].tolist() == pytest.approx(third, rel=1e-15, abs=1e-20)
    assert sources.wavelength_m[:2].tolist() == [9.9500000000000005e-11, 1.0050000000000001e-10]
    assert sources.weight.tolist() == [1 / 12] * 12


@pytest.mark.parametrize(
    ("steps", "kept"),
    list(enumerate((4, 5, 12, 13, 24, 29, 44, 57, 76), start=2)),
)
def test_points_of_a_round_grid(steps: int, kept: int) -> None:
    grid = f"-hdivrange 3 -hdivsteps {steps} -vdivrange 3 -vdivsteps {steps}"
    assert len(scene_of(grid).sources.weight) == kept
    assert len(scene_of(f"{grid} -square_div").sources.weight) == steps * steps


def source_file(folder: Path, *weights: float) -> Path:
    path = folder / "sources.txt"
    path.write_text("".join(f"-10 {n} 0 {weight} 1e-10\n" for n, weight in enumerate(weights)))
    return path


def test_weights_count_in_spec_mode_only(tmp_path: Path) -> None:
    options = f"-sourcefile {source_file(tmp_path, 3, 1)}"
    spec, upstream = scene_of(options, "spec"), scene_of(options)
    assert spec.sources.relative_weight(spec.config.quirks).tolist() == [1.5, 0.5]
    assert upstream.sources.relative_weight(upstream.config.quirks).tolist() == [1, 1]


@pytest.mark.parametrize("weights", [(1, -1), (0, 0), (2, -0.5)])
def test_unusable_weights_are_an_error_in_spec_mode(tmp_path: Path, weights: tuple[float, ...]) -> None:
    options = f"-sourcefile {source_file(tmp_path, *weights)}"
    with pytest.raises(InputError, match="weights"):
        scene_of(options, "spec")
    assert len(scene_of(options).sources.weight) == 2


def test_mosaic_domains_of_the_default_seed() -> None:
    umats = scene_of("-mosaic 0.5 -mosaic_domains 3").umats
    second = [
        0.99996592089784464, -0.0079751680914580177, 0.0021339486494309119,
        0.0079761872189555976, 0.99996807949662869, -0.0004694946988297568,
        -0.0021301362335746331, 0.00048649947281547405, 0.99999761291609557,
    ]  # fmt: skip
    assert umats[0].flatten().tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert umats[1].flatten().tolist() == second


def test_automatic_oversampling_follows_the_crystal() -> None:
    # 3 * 1e-6 m / (1e-10 m * 0.1 m / 1e-4 m) = 30
    scene = scene_of("-N 100 -distance 100 -pixel 0.1 -detpixels 4")
    assert scene.oversample == scene.recommended_oversample == 30
    assert scene.steps == 900


@pytest.mark.parametrize(("mode", "expected"), [("c-parity", True), ("spec", False)])
def test_interpolation_is_chosen_from_typed_or_final_counts(
    tmp_path: Path, mode: str, expected: bool
) -> None:
    path = tmp_path / "two.hkl"
    path.write_text("0 0 0 1\n1 1 1 2\n")
    options = f"-hkl {path} -xtalsize 0.0001 -oversample 1"
    assert scene_of(options, mode).interpolate is expected
