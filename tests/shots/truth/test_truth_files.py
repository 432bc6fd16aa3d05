"""Crystals as the kernel has them, MTZ files that gemmi reads, and the truth of a shot as files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from shots.geometry.read_detector import read_detector
from shots.geometry.setup_of import setup_of
from shots.truth.crystal_truth import crystal_truth, kernel_F, listed_reflections
from shots.truth.shot_truth import ShotTruth, experiments_text, labels_npz, shot_truth, truth_text
from shots.truth.truth_mtz import spots_mtz, truth_mtz
from simulator import RunConfig, simulate
from simulator.config import StructureFactors
from simulator.errors import InputError
from simulator.scene.scene import prepare

LINE = (
    "-cell 60 70 40 90 100 90 -misset 10 20 30 -N 4 -lambda 1 -distance 100 -detpixels 16 -pixel 4"
    " -oversample 2 --compile off"
)


def run_by(folder: Path, rows: str = "", options: str = "") -> RunConfig:
    (folder / "x.hkl").write_text(rows or "1 2 3 100\n-1 -2 -3 90\n2 0 0 50\n-2 0 0 50\n0 0 5 7\n")
    return RunConfig.from_args(
        [*LINE.split(), "-hkl", str(folder / "x.hkl"), "-default_F", "1", *options.split()]
    )


def read_mtz(content: bytes, folder: Path):  # type: ignore[no-untyped-def]
    gemmi = pytest.importorskip("gemmi")
    (folder / "x.mtz").write_bytes(content)
    return gemmi.read_mtz_file(str(folder / "x.mtz"))


def test_a_crystal_is_that_of_the_kernel(tmp_path: Path) -> None:
    config = run_by(tmp_path, options="-fluence 1e20 -mosaic 0.3 -mosaic_domains 4")
    truth = crystal_truth(config)
    lattice = prepare(config).lattice
    assert np.array_equal(truth.A_per_A.T, lattice.reciprocal_A_inv.numpy())
    assert np.allclose(lattice.direct_A.numpy() @ truth.A_per_A, np.eye(3), atol=1e-14)
    assert np.allclose(truth.cell, (60, 70, 40, 90, 100, 90), rtol=1e-13)
    assert np.allclose(truth.U @ truth.U.T, np.eye(3), atol=1e-14)
    assert abs(np.linalg.det(truth.U) - 1) < 1e-14
    B = truth.U.T @ truth.A_per_A
    assert np.abs(np.tril(B, -1)).max() < 1e-16
    assert (truth.cells, truth.mosaic_domains, truth.fluence_photons_per_m2) == ((4, 4, 4), 4, 1e20)
    assert abs(truth.mosaic_spread_deg - 0.3) < 1e-15


def test_without_missetting_the_orientation_is_the_identity() -> None:
    config = RunConfig.from_args(["-cell", "60", "70", "40", "80", "100", "95", "-default_F", "1"])
    assert np.allclose(crystal_truth(config).U, np.eye(3), atol=1e-14)


def test_structure_factors_are_those_that_the_kernel_looks_up(tmp_path: Path) -> None:
    factors = run_by(tmp_path).structure_factors
    hkl = np.array([[1, 2, 3], [-1, -2, -3], [1, 2, 2], [90, 0, 0]], np.int32)
    assert kernel_F(hkl, factors).tolist() == [100.0, 90.0, 1.0, 1.0]
    assert sorted(map(tuple, listed_reflections(factors).tolist())) == [
        (-2, 0, 0), (-1, -2, -3), (0, 0, 5), (1, 2, 3), (2, 0, 0),
    ]  # fmt: skip
    assert len(listed_reflections(StructureFactors(default_F=3.0))) == 0


def test_the_truth_is_an_mtz_file_with_anomalous_columns(tmp_path: Path) -> None:
    config = run_by(tmp_path)
    mtz = read_mtz(truth_mtz(config.structure_factors, crystal_truth(config), 1.0), tmp_path)
    assert [(c.label, c.type) for c in mtz.columns] == [
        ("H", "H"), ("K", "H"), ("L", "H"), ("FMEAN", "F"), ("IMEAN", "J"),
        ("F(+)", "G"), ("F(-)", "G"), ("I(+)", "K"), ("I(-)", "K"),
    ]  # fmt: skip
    assert np.allclose(mtz.cell.parameters, (60, 70, 40, 90, 100, 90), rtol=1e-6)
    assert mtz.spacegroup.hm == "P 1"
    rows = {tuple(int(n) for n in row[:3]): row[3:] for row in mtz.array}
    plus = rows.get((1, 2, 3), rows.get((-1, -2, -3)))
    assert sorted(plus[2:4].tolist()) == [90.0, 100.0]
    assert plus[0] == 95.0
    assert plus[1] == (90**2 + 100**2) / 2
    alone = rows.get((0, 0, 5), rows.get((0, 0, -5)))
    assert alone[0] == 7.0
    assert np.isnan(alone[2:4]).sum() == 1


def test_symmetry_mates_are_merged_or_named(tmp_path: Path) -> None:
    rows = "1 2 3 10\n-1 2 -3 10\n1 -2 3 12\n-1 -2 -3 12\n0 4 0 5\n"
    config = run_by(tmp_path, rows)
    crystal = crystal_truth(config)
    mtz = read_mtz(truth_mtz(config.structure_factors, crystal, 1.0, "P 1 2 1"), tmp_path)
    assert mtz.nreflections == 2
    values = {tuple(int(n) for n in row[:3]): row for row in mtz.array}
    assert sorted(next(row for hkl, row in values.items() if hkl[0])[5:7].tolist()) == [10.0, 12.0]
    wrong = run_by(tmp_path, rows.replace("-1 2 -3 10", "-1 2 -3 11"))
    with pytest.raises(InputError, match=r"with F 1[01] .* are one reflection in space group P 1 2 1"):
        truth_mtz(wrong.structure_factors, crystal, 1.0, "P 1 2 1")
    with pytest.raises(InputError, match="space group 'P 7': unknown"):
        truth_mtz(wrong.structure_factors, crystal, 1.0, "P 7")
    with pytest.raises(InputError, match="no reflections are listed"):
        truth_mtz(StructureFactors(default_F=1.0), crystal, 1.0)


@pytest.fixture
def truth(tmp_path: Path) -> ShotTruth:
    configs = [run_by(tmp_path), run_by(tmp_path, options="-misset 50 0 0")]
    photons = sum(simulate(config).numpy() for config in configs)
    return shot_truth(4, [[[config] for config in configs]], [photons])


def test_spots_are_an_unmerged_mtz_file(tmp_path: Path, truth: ShotTruth) -> None:
    """The indices of the file, brought back by M/ISYM, are those of the spots."""
    factors = run_by(tmp_path).structure_factors
    mtz = read_mtz(spots_mtz({4: truth.spots}, factors, truth.crystals[0], 1.0, "P 1 2 1"), tmp_path)
    assert mtz.nreflections == len(truth.spots)
    assert [batch.number for batch in mtz.batches] == [5]
    assert mtz.switch_to_original_hkl()
    found = sorted((*map(int, row[:3]), int(row[10])) for row in mtz.array)
    expected = sorted(
        (*hkl, lattice)
        for hkl, lattice in zip(truth.spots.hkl.tolist(), truth.spots.lattice.tolist(), strict=True)
    )
    assert mtz.column_labels()[10] == "LATTICE"
    assert found == expected
    assert abs(mtz.column_with_label("I").array.sum() / truth.spots.photons.sum() - 1) < 1e-5


def test_the_truth_of_a_shot_is_written_the_same_each_time(truth: ShotTruth) -> None:
    whole = json.loads(truth_text(truth))
    assert whole["shot"] == 4
    assert [len(whole["crystals"]), len(whole["spots"]["hkl"])] == [2, len(truth.spots)]
    assert whole["crystals"][1]["U"] == truth.crystals[1].U.tolist()
    first, second = labels_npz(truth.labels[0]), labels_npz(truth.labels[0])
    assert first == second
    with np.load(io.BytesIO(first)) as arrays:
        assert np.array_equal(arrays["hkl"], truth.labels[0].hkl)


@pytest.mark.parametrize("convention", ["-mosflm", "-xds", "-adxv", "-dials"])
def test_crystals_are_experiments_of_dials(tmp_path: Path, convention: str) -> None:
    """The indices of spots follow from their places and the crystal of the file, as dxtbx has it."""
    options = f"{convention} -N 8 -oversample 1 -pixel 0.25 -detpixels 96 -phi 30 -osc 0 -misset 7 -31 12"
    config = run_by(tmp_path, options=f"{options} -default_F 100 -nopolar -point_pixel")
    truth, setup = shot_truth(0, [[[config]]], [simulate(config).numpy()]), setup_of(config)
    whole = json.loads(experiments_text(truth.crystals, setup))
    (panel,), (crystal,) = whole["detector"][0]["panels"], whole["crystal"]
    axis, phi = np.array(whole["goniometer"][0]["rotation_axis"]), np.deg2rad(30)
    cell = np.array([crystal[f"real_space_{name}"] for name in "abc"])
    turned = [
        row * np.cos(phi) + np.cross(axis, row) * np.sin(phi) + axis * (axis @ row) * (1 - np.cos(phi))
        for row in cell
    ]
    source, origin = np.array(whole["beam"][0]["direction"]), np.array(panel["origin"])
    for n in np.argsort(-truth.spots.photons)[:6]:
        across = truth.spots.fast[n] * 0.25 * np.array(panel["fast_axis"])
        place = origin + across + truth.spots.slow[n] * 0.25 * np.array(panel["slow_axis"])
        q_per_A = (place / np.linalg.norm(place) + source) / whole["beam"][0]["wavelength"]
        assert np.abs(np.array(turned) @ q_per_A - truth.spots.hkl[n]).max() < 1 / 8 + 0.12  # 1/N and a pixel
    assert whole["experiment"][0]["crystal"] == 0
    (tmp_path / "x.expt").write_text(experiments_text(truth.crystals, setup))
    assert [panel.name for panel in read_detector(tmp_path / "x.expt")] == ["panel"]


def test_images_that_do_not_fit_are_named(tmp_path: Path) -> None:
    config = run_by(tmp_path)
    with pytest.raises(InputError, match=r"an image of \(3, 4\) pixels for a panel of \(16, 16\)"):
        shot_truth(0, [[[config]]], [np.zeros((3, 4))])
    with pytest.raises(InputError, match="1 panels and 0 images"):
        shot_truth(0, [[[config]]], [])
