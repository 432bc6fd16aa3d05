"""Shots for a network: the same with and without workers, and as they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from shots.making.frames_of import made_shot
from shots.making.series import Series
from shots.plan.read_plan import read_plan
from system_io.errors import UserError

PLAN = """
schema = 1
shots = 5
seed = 3
command = "-cell 30 30 40 90 90 90 -default_F 100 -N 4 -pixel 1 -detpixels 16 -oversample 1 -fluence 1e26"
[vary]
orientation = "uniform"
distance = {normal = [40, 1]}
[recording]
readout_noise = 1.0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "PLAN.toml").write_text(PLAN, encoding="utf-8")
    return tmp_path / "PLAN.toml"


def test_samples_are_the_shots_of_the_plan(path: Path) -> None:
    samples = list(Series(path))
    assert [sample["number"] for sample in samples] == list(range(5))
    for sample in samples:
        shot = made_shot(read_plan(path), sample["number"])
        assert (sample["photons"].numpy()[0] == shot.frames.photons[0]).all()
        assert (sample["counts"].numpy()[0] == shot.frames.counts[0]).all()
        assert sample["crystals"][0]["orientation"].tolist() == list(
            shot.planned.crystals[0].drawn["orientation"]
        )
    assert samples[0]["photons"].shape == (1, 16, 16)
    assert not list(path.parent.glob("*.bin"))


def test_a_loader_gives_the_same_with_and_without_workers(path: Path) -> None:
    series = Series(path)
    found = {}
    for workers in (0, 2):
        loader = DataLoader(series, None, num_workers=workers)
        found[workers] = {sample["number"]: sample["counts"] for sample in loader}
    assert found[0].keys() == found[2].keys() == set(range(5))
    assert all(torch.equal(counts, found[2][number]) for number, counts in found[0].items())


def test_batches_can_be_collated(path: Path) -> None:
    batch = next(iter(DataLoader(Series(path), batch_size=3)))
    assert batch["counts"].shape == (3, 1, 16, 16)
    assert batch["drawn"]["distance"].shape == (3, 1)


def test_shards_share_the_shots(path: Path) -> None:
    numbers = [sample["number"] for part in (1, 2) for sample in Series(path, shard=(part, 2))]
    assert sorted(numbers) == list(range(5))
    with pytest.raises(UserError, match="shard 3/2"):
        Series(path, shard=(3, 2))
    assert np.isfinite(Series(path).sample(4)["photons"].numpy()).all()
