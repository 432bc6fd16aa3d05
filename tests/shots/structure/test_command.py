"""`nbp structure`: kinds of files, options that suit them, one line for what is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from shots.structure.command import main
from simulator import RunConfig
from tests.shots.structure.made_files import made_model, made_mtz, without, write_model, write_mtz
from tests.shots.structure.test_reflection_file import mmcif_of


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a file of each kind."""
    monkeypatch.chdir(tmp_path)
    plain = without(made_mtz("C 1 2 1"), "F(+)", "F(-)")
    write_mtz(tmp_path / "data.mtz", plain)
    (tmp_path / "data.cif").write_text(mmcif_of(plain, "one"))
    for name in ("model.pdb", "model.cif"):
        write_model(tmp_path / name, made_model("C 1 2 1"))
    (tmp_path / "model.pdb.gz").write_bytes(gzip.compress((tmp_path / "model.pdb").read_bytes()))
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "data.mtz",
        "data.cif",
        "data.mtz --column native/F --dmin 3",
        "data.mtz --column IMEAN",
        "model.pdb --dmin 3",
        "model.pdb.gz --dmin 3 --method fft",
        "model.cif --dmin 3 --wavelength 0.9795 --solvent 0.35 46",
    ],
)
def test_the_words_that_are_printed_make_a_run(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "-o", "out.hkl"]) == 0
    told = capsys.readouterr().out.splitlines()
    line = told[-1].removeprefix("words of a run: ").split()
    config = RunConfig.from_args([*line, "-N", "2", "-lambda", "1", "-distance", "100"])
    assert config.structure_factors.reflections == len(Path("out.hkl").read_text().splitlines())
    assert config.crystal.cell_lengths_A == (14.0, 9.0, 8.0)


def test_json_has_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data.mtz", "-o", "out.hkl", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["cell"] == [14.0, 9.0, 8.0, 90.0, 110.0, 90.0]
    assert facts["reflections"] == len(Path("out.hkl").read_text().splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("none.mtz", "cannot open reflection file 'none.mtz': no such file"),
        ("none.cif", "cannot open structure file 'none.cif': no such file"),
        (".", "unknown ending ''; give .mtz, .pdb, .ent, .cif or .mmcif"),
        ("data.txt", "unknown ending '.txt'"),
        ("model.pdb", "how far is not said; give --dmin A above 0"),
        ("model.pdb --dmin 2 --column F", "has coordinates, for which --column has no meaning"),
        ("data.mtz --wavelength 1", "has reflections, for which --wavelength has no meaning"),
        ("data.mtz --solvent 0 0", "for which --solvent has no meaning"),
        ("data.mtz --method fft", "for which --method has no meaning"),
        ("data.mtz --dmin 0", "--dmin 0: must be above 0 Angstrom"),
        ("data.mtz --dmin nan", "'nan' is not finite"),
        ("data.mtz --dmin two", "invalid number value: 'two'"),
        ("core.cif", "has neither _refln.index_h nor _atom_site.id"),
        ("both.cif", "has both reflections and coordinates"),
        ("broken.cif", "is no CIF"),
        ("model.pdb --dmin 2 --solvent 0.35", "expected 2 arguments"),
    ],
)
def test_what_cannot_be_meant_is_one_line(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("core.cif").write_text(
        "data_x\n_cell_length_a 5.0\nloop_\n_atom_site_label\n_atom_site_fract_x\nNa 0\n"
    )
    Path("both.cif").write_text(Path("data.cif").read_text() + Path("model.cif").read_text())
    Path("broken.cif").write_text("data_x\nloop_\n_refln.index_h\n_refln.index_k\n1 2 3\n")
    assert main([*words.split(), "-o", "out.hkl"]) == 3
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not Path("out.hkl").exists()


DAMAGE = {
    "data.mtz": (b"COLUMN " + b"F".ljust(31) + b"F", b"COLUMN " + b"F".ljust(31) + b"\x9d"),
    "model.pdb": (b"  N   MSE", b"  \xd3   MSE"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_that_shows_late_is_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names and types that are no text: gemmi raises when they are looked at."""
    old, new = DAMAGE[name]
    before = Path(name).read_bytes()
    assert old in before
    Path(name).write_bytes(before.replace(old, new).replace(b"           N  ", b"           X  "))
    assert main([name, "-o", "out.hkl", *(["--dmin", "3"] if name == "model.pdb" else [])]) == 3
    error = capsys.readouterr().err
    assert f"'{name}': is damaged" in error
    assert error.count("\n") == 1


def test_an_input_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("data.mtz").read_bytes()
    assert main(["data.mtz", "-o", "./data.mtz"]) == 3
    assert "is read as FILE, too" in capsys.readouterr().err
    assert Path("data.mtz").read_bytes() == before
    assert main(["data.mtz", "-o", "nowhere/out.hkl"]) == 3
    assert "there is no folder 'nowhere'" in capsys.readouterr().err


def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gemmi", None)
    assert main(["data.mtz", "-o", "out.hkl"]) == 3
    assert "pip install nanobragg-parity[formats]" in capsys.readouterr().err
