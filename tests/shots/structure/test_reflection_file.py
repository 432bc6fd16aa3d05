"""Structure factors of reflection files: reflections as gemmi has them, errors that list what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shots.structure.reflection_file import read_reflections
from simulator.errors import InputError
from simulator.io.hkl import read_hkl
from tests.shots.structure.made_files import CELLS, gemmi, made_mtz, without, write_mtz
from tests.shots.structure.test_coordinate_file import by_index

Values = dict[tuple[int, ...], float]


def p1_of(mtz: Any, label: str) -> Values:
    """Return the values that gemmi expands to P1, with the Friedel mates that it leaves out."""
    mtz.expand_to_p1()
    values = np.asarray(mtz.column_with_label(label).array, float)
    found: Values = {}
    for hkl, F in zip(mtz.make_miller_array().tolist(), values.tolist(), strict=True):
        if not np.isnan(F):
            found[tuple(hkl)] = found[tuple(-i for i in hkl)] = F
    return found


@pytest.mark.parametrize("group", CELLS)
def test_reflections_are_those_that_gemmi_expands(tmp_path: Path, group: str) -> None:
    path = write_mtz(tmp_path / "data.mtz", made_mtz(group))
    assert by_index(read_reflections(path, "F")) == p1_of(gemmi.read_mtz_file(str(path)), "F")


@pytest.mark.parametrize("group", CELLS)
def test_anomalous_pairs_stay_apart_in_every_mate(tmp_path: Path, group: str) -> None:
    """F(h R) = F(+) and F(-h R) = F(-), for each rotation R; a missing mate is that of the other."""
    mtz = made_mtz(group)
    path = write_mtz(tmp_path / "data.mtz", mtz)
    found = by_index(read_reflections(path, "F(+)"))
    plus, minus = (np.asarray(mtz.column_with_label(f"F({sign})").array, float) for sign in "+-")
    for hkl, one, other in zip(mtz.make_miller_array().tolist(), plus, minus, strict=True):
        for op in mtz.spacegroup.operations().sym_ops:
            mate = tuple(op.apply_to_hkl(hkl))
            if np.isnan(one):
                assert mate not in found
            else:
                assert found[mate] == one
                assert found[tuple(-i for i in mate)] == (one if np.isnan(other) else other)


def test_the_simulator_reads_the_same_numbers(tmp_path: Path) -> None:
    path = write_mtz(tmp_path / "data.mtz", without(made_mtz("C 1 2 1"), "F(+)", "F(-)"))
    table = read_reflections(path)
    (tmp_path / "data.hkl").write_bytes(table.hkl_text())
    read, warnings = read_hkl(tmp_path / "data.hkl", 0.0)
    h, k, l = (table.hkl - np.array(read.hkl_min)).T
    assert not warnings
    assert read.reflections == len(table.F)
    assert np.array_equal(read.table[h, k, l], table.F)
    assert table.cell_words() == ("-cell", "14.0", "9.0", "8.0", "90.0", "110.0", "90.0")


def test_dmin_leaves_out_fine_reflections(tmp_path: Path) -> None:
    path = write_mtz(tmp_path / "data.mtz", made_mtz("P 31 2 1"))
    whole, coarse = (by_index(read_reflections(path, "F", dmin_A=d)) for d in (0.0, 3.5))
    cell = gemmi.UnitCell(*CELLS["P 31 2 1"])
    assert coarse == {hkl: F for hkl, F in whole.items() if cell.calculate_d(list(hkl)) >= 3.5}
    with pytest.raises(InputError, match="no reflection is left"):
        read_reflections(path, "F", dmin_A=100.0)


def test_an_intensity_is_taken_when_it_is_named(tmp_path: Path) -> None:
    path = write_mtz(tmp_path / "data.mtz", made_mtz("P 1 21 1"))
    table = read_reflections(path, "IMEAN")
    I = p1_of(gemmi.read_mtz_file(str(path)), "IMEAN")
    assert min(I.values()) < 0.0
    assert by_index(table) == {hkl: np.sqrt(max(value, 0.0)) for hkl, value in I.items()}
    assert "root of the intensity" in table.told[-1]


def test_the_only_amplitudes_need_no_label(tmp_path: Path) -> None:
    mtz = without(made_mtz("P 1"), "F(+)", "F(-)")
    table = read_reflections(write_mtz(tmp_path / "data.mtz", mtz))
    assert table.told[0].startswith("F: ")
    mtz = without(made_mtz("P 1"), "F", "F(-)")
    with pytest.raises(
        InputError, match=r"no column of amplitudes; choose one with --column: IMEAN \(intensity\)"
    ):
        read_reflections(write_mtz(tmp_path / "half.mtz", mtz))


def test_several_columns_are_listed(tmp_path: Path) -> None:
    path = write_mtz(tmp_path / "data.mtz", made_mtz("P 1"))
    with pytest.raises(InputError, match=r"2 columns to choose from; choose one with --column: F, F\(\+\)"):
        read_reflections(path)
    with pytest.raises(InputError, match=r"no column 'SIGF' of amplitudes.*F, F\(\+\), IMEAN \(intensity\)"):
        read_reflections(path, "SIGF")


def test_one_label_in_two_data_sets_is_told_apart(tmp_path: Path) -> None:
    mtz = made_mtz("P 1")
    mtz.add_dataset("peak")
    mtz.add_column("F", "F")
    data = np.array(mtz.array)
    data[:, -1] = 2.0 * data[:, 3]
    mtz.set_data(data)
    path = write_mtz(tmp_path / "data.mtz", mtz)
    with pytest.raises(InputError, match="choose one with --column: native/F, peak/F"):
        read_reflections(path, "F")
    native, peak = (by_index(read_reflections(path, f"{name}/F")) for name in ("native", "peak"))
    assert peak == {hkl: 2.0 * F for hkl, F in native.items()}


def damaged(tmp_path: Path, change: str) -> Path:
    mtz, path = without(made_mtz("P 21 21 21"), "F(+)", "F(-)"), tmp_path / "data.mtz"
    data = np.array(mtz.array)
    if change == "no amplitudes":
        mtz = without(mtz, "F", "IMEAN")
    elif change == "no cell":
        mtz.set_cell_for_all(gemmi.UnitCell())
    elif change == "contradiction":
        mtz.spacegroup = gemmi.SpaceGroup("P 6")
    elif change == "below 0":
        data[7, 3] = -5.0
    elif change == "infinite":
        data[7, 3] = np.inf
    elif change == "nothing":
        data[:, 3] = np.nan
    elif change == "mates":
        data[8, :3], data[8, 3] = data[7, :3] * [1, -1, -1], data[7, 3] + 40.0
    if change in ("below 0", "infinite", "nothing", "mates"):
        mtz.set_data(data)
    write_mtz(path, mtz)
    whole = path.read_bytes()
    foreign = {"cut": whole[: len(whole) // 2], "empty": b"", "text": b"h k l F\n1 2 3 4\n", "magic": b"MTZ "}
    path.write_bytes(foreign.get(change, whole))
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("no amplitudes", "no column of amplitudes; its columns are H, K, L, SIGF, PHI"),
        ("no cell", "has no unit cell"),
        ("contradiction", "contradicts space group P 6; mend one of them"),
        ("below 0", r"column F has amplitudes below 0 \(-5\)"),
        ("infinite", "column F has infinite values"),
        ("nothing", "no reflection is left"),
        ("mates", "and its symmetry mates have the values"),
        ("cut", "is no whole MTZ file"),
        ("empty", "is no whole MTZ file"),
        ("text", "is no whole MTZ file"),
        ("magic", "is no whole MTZ file"),
    ],
)
def test_what_gives_no_structure_factors_is_named(tmp_path: Path, change: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_reflections(damaged(tmp_path, change))


def test_data_that_are_not_merged_are_refused(tmp_path: Path) -> None:
    mtz = made_mtz("P 1")
    mtz.batches.append(gemmi.Mtz.Batch())
    with pytest.raises(InputError, match="is not merged"):
        read_reflections(write_mtz(tmp_path / "data.mtz", mtz))


def mmcif_of(mtz: Any, *names: str) -> str:
    converter = gemmi.MtzToCif()
    wanted = ("F F F_meas_au", "? F(+) G pdbx_F_plus", "? F(-) G pdbx_F_minus", "? IMEAN J intensity_meas")
    converter.spec_lines = ["H H index_h", "K H index_k", "L H index_l", *wanted]
    text = converter.write_cif_to_string(mtz)
    return "".join(text.replace("data_mtz", f"data_{name}", 1) for name in names)


def test_mmcif_gives_what_the_mtz_gives(tmp_path: Path) -> None:
    mtz = made_mtz("P 31 2 1")
    path = tmp_path / "data.cif"
    path.write_text(mmcif_of(mtz, "r1"))
    with pytest.raises(InputError, match="columns to choose from"):
        read_reflections(path)
    for label, of_mtz in (("FP", "F"), ("F(+)", "F(+)")):
        found = by_index(read_reflections(path, label))
        expected = by_index(read_reflections(write_mtz(tmp_path / "data.mtz", mtz), of_mtz))
        assert found.keys() == expected.keys()
        assert all(abs(F - expected[hkl]) <= 1e-4 * F for hkl, F in found.items())


def test_a_block_is_chosen_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "data.cif"
    path.write_text(mmcif_of(without(made_mtz("P 1"), "F(+)", "F(-)"), "one", "two"))
    with pytest.raises(InputError, match="2 blocks have reflections, one, two; choose one with --block"):
        read_reflections(path)
    with pytest.raises(InputError, match="no block 'three' with merged reflections; there are one, two"):
        read_reflections(path, block="three")
    assert len(read_reflections(path, block="two").F) > 0
    with pytest.raises(InputError, match="an MTZ file has no blocks"):
        read_reflections(write_mtz(tmp_path / "data.mtz", made_mtz("P 1")), block="two")
