"""What runs of one process share is what each of them would make for itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from simulator import RunConfig, simulate
from simulator.io import hkl
from simulator.scene.scene import prepare
from tests.simulator.small_run import run

REFLECTIONS = "0 0 0 7\n0 0 1 8\n1 0 -1 9\n"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "few.hkl"
    path.write_text(REFLECTIONS)
    return path


def of_file(path: Path) -> RunConfig:
    return run(f"-hkl {path} -nointerpolate")


def test_runs_that_differ_in_the_crystal_share_detector_sources_and_table(listed: Path) -> None:
    config = of_file(listed)
    turned = replace(config, crystal=replace(config.crystal, misset_rad=(0.1, 0.2, 0.3)))
    one, other = prepare(config), prepare(turned)
    assert (one.geometry is other.geometry, one.table is other.table) == (True, True)
    assert one.sources is other.sources
    assert not torch.equal(one.lattice.direct_m, other.lattice.direct_m)


def test_a_moved_detector_is_placed_anew(listed: Path) -> None:
    config = of_file(listed)
    near = prepare(config).geometry
    moved = replace(config.detector, distance_m=2.0 * float(config.detector.distance_m))
    far = prepare(replace(config, detector=moved)).geometry
    assert float(far.distance_m) == pytest.approx(2.0 * float(near.distance_m))


def test_a_tensor_that_is_changed_in_place_counts(listed: Path) -> None:
    config = of_file(listed)
    distance_m = torch.tensor(float(config.detector.distance_m), dtype=torch.float64)
    config = replace(config, detector=replace(config.detector, distance_m=distance_m))
    before = float(prepare(config).geometry.distance_m)
    distance_m.mul_(2.0)
    assert float(prepare(config).geometry.distance_m) == pytest.approx(2.0 * before)


@pytest.mark.parametrize("value", [11.0, -0.0])
def test_structure_factors_that_are_changed_in_place_count(value: float, listed: Path) -> None:
    config = of_file(listed)
    factors = config.structure_factors
    factors.table[0, 0, 1] = 0.0
    before = prepare(config).table.values.clone()
    factors.table[0, 0, 1] = value
    after = prepare(config).table.values
    assert (before.view(torch.int64) != after.view(torch.int64)).any()


def test_a_set_up_in_inference_mode_leaves_nothing_that_gradients_meet(listed: Path) -> None:
    config = of_file(listed)
    with torch.inference_mode():
        prepare(config)
    fluence = torch.tensor(1e24, dtype=torch.float64, requires_grad=True)
    image = simulate(replace(config, beam=replace(config.beam, fluence_photons_per_m2=fluence)))
    image.sum().backward()
    assert fluence.grad is not None


def test_a_reflection_list_is_parsed_once_for_its_content(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hkl._kept_rows.cache_clear()
    parsed: list[int] = []
    once = hkl._fast_rows

    def counted(data: bytes) -> hkl.Rows | None:
        parsed.append(len(data))
        return once(data)

    monkeypatch.setattr(hkl, "_fast_rows", counted)
    first, second = (of_file(listed).structure_factors.table for _ in range(2))
    assert len(parsed) == 1
    first[0, 0, 0] += 1.0
    assert not np.array_equal(first, second)  # each run has its own
    listed.write_text(REFLECTIONS.replace("9", "6"))
    assert 6.0 in of_file(listed).structure_factors.table
    assert len(parsed) == 2
