"""What is known of shots, written beside their images; structure factors of another program's file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shots.geometry.read_detector import read_detector
from shots.making.run_shots import run_shots
from shots.making.verify_data_set import verified_data_set
from shots.plan.read_plan import read_plan
from system_io.errors import UserError
from system_io.tasks.engine import OneProcess

PLAN = """
schema = 1
shots = 2
seed = 3
command = "-N 4 -pixel 1 -detpixels 16 -oversample 1 -distance 40 -fluence 1e26"
[structure]
file = "model.pdb"
dmin_A = 3.0
[vary]
orientation = "uniform"
lattices = 2
[truth]
spots = true
labels = true
mtz = true
experiments = true
[output]
formats = ["npy-photons"]
"""
MODEL = """\
CRYST1   20.000   22.000   24.000  90.00  90.00  90.00 P 1           1
ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C
ATOM      2  O   ALA A   1       4.000   7.000   5.000  1.00 20.00           O
END
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("gemmi")
    folder = tmp_path_factory.mktemp("truth")
    (folder / "model.pdb").write_text(MODEL, encoding="ascii")
    (folder / "PLAN.toml").write_text(PLAN, encoding="utf-8")
    plan = read_plan(folder / "PLAN.toml")
    assert "-cell" in plan.command
    assert run_shots(plan, folder / "set", OneProcess()).complete
    return folder / "set"


def test_spots_and_labels_add_up_to_the_image(folder: Path) -> None:
    photons = np.load(folder / "npy-photons" / "shot_000001_photons.npy")
    truth = json.loads((folder / "truth" / "shot_000001.json").read_bytes())
    assert sum(truth["spots"]["photons"]) == pytest.approx(float(photons.sum(dtype=float)), rel=1e-5)
    assert len(truth["crystals"]) == 2
    labels = np.load(folder / "truth" / "shot_000001_labels.npz")
    assert labels["share"].shape == photons.shape
    assert set(np.unique(labels["lattice"][photons > 0])) <= {0, 1}


def test_the_files_of_all_shots_are_there_and_verified(folder: Path) -> None:
    import gemmi

    spots = gemmi.read_mtz_file(str(folder / "truth" / "spots.mtz"))
    assert {batch.number for batch in spots.batches} == {1, 2}
    assert gemmi.read_mtz_file(str(folder / "truth" / "truth.mtz")).nreflections > 100
    state = verified_data_set(folder)
    assert not state.faults
    assert state.files == 2 * 4 + 2


def test_experiments_of_a_shot_are_read_back(folder: Path) -> None:
    path = folder / "truth" / "shot_000001.expt"
    (panel,) = read_detector(path)
    assert (panel.fast_pixels, panel.slow_pixels, panel.pixel_size_m) == (16, 16, 0.001)
    assert np.linalg.norm(panel.origin_m) == pytest.approx(np.hypot(0.04, 0.008 * 2**0.5), rel=0.05)
    crystals = json.loads(path.read_bytes())["crystal"]
    truth = json.loads((folder / "truth" / "shot_000001.json").read_bytes())["crystals"]
    for crystal, known in zip(crystals, truth, strict=True):
        lengths = [float(np.linalg.norm(crystal[f"real_space_{name}"])) for name in "abc"]
        assert lengths == pytest.approx(known["cell"][:3], rel=1e-9)


def test_structure_factors_are_said_once(tmp_path: Path) -> None:
    (tmp_path / "model.pdb").write_text(MODEL, encoding="ascii")
    (tmp_path / "a.hkl").write_text("1 2 3 4\n", encoding="ascii")
    path = tmp_path / "PLAN.toml"
    path.write_text(PLAN.replace('"-N 4', '"-hkl a.hkl -N 4'), encoding="utf-8")
    with pytest.raises(UserError, match="leave one out"):
        read_plan(path)
    path.write_text(PLAN.replace("dmin_A = 3.0", "dmin = 3.0"), encoding="utf-8")
    with pytest.raises(UserError, match="did you mean 'dmin_A'"):
        read_plan(path)
