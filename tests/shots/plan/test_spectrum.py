"""Spectra in plans: bins and weights that are read, what is refused, and the command lines that follow."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from shots.plan.check_plan import check_plan
from shots.plan.planned_shot import place_inputs, planned_shot
from shots.plan.read_plan import read_plan
from shots.plan.shot_plan import ShotPlan
from system_io.errors import UserError
from tests.shots.structure.made_files import made_model, write_model

BASE = "-cell 30 30 40 90 90 90 -default_F 100 -N 4 -pixel 1 -detpixels 8 -oversample 1"
GAUSSIAN = "centre_eV = 12000\nfwhm_eV = 60\ncount = 5"
MODEL = '[structure]\nfile = "model.pdb"\ndmin_A = 3\ndispersion = "spectrum"\n'


def plan_of(folder: Path, spectrum: str, command: str = BASE, more: str = "") -> ShotPlan:
    text = f'schema = 1\nshots = 3\nseed = 7\ncommand = "{command}"\n[spectrum]\n{spectrum}\n{more}\n'
    (folder / "PLAN.toml").write_text(text, encoding="utf-8")
    return read_plan(folder / "PLAN.toml")


def test_a_gaussian_has_shares_of_its_bins(tmp_path: Path) -> None:
    found = plan_of(tmp_path, GAUSSIAN).spectrum
    assert found is not None
    assert found.energies_eV == pytest.approx((11928, 11964, 12000, 12036, 12072))
    assert math.fsum(found.weights) == pytest.approx(1.0, abs=1e-15)
    assert found.weights == pytest.approx(found.weights[::-1])
    sigma = 60 / math.sqrt(8 * math.log(2))
    inner, whole = (math.erf(edge / sigma / math.sqrt(2)) for edge in (18, 90))
    assert found.weights[2] == pytest.approx(inner / whole)
    assert found.middle_eV == pytest.approx(12000)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("eV", "# energy weight\n12398.42 3\n\n6199.21, 1 # half\n99999 0\n"),
        ("A", "1.0;3\r\n2.0\t1\r\n"),
    ],
)
def test_a_file_gives_energies_or_wavelengths(tmp_path: Path, unit: str, text: str) -> None:
    (tmp_path / "s.txt").write_text(text, encoding="ascii", newline="")
    found = plan_of(tmp_path, f'file = "s.txt"\nunit = "{unit}"').spectrum
    assert found is not None
    assert found.energies_eV == (6199.21, 12398.42)
    assert found.weights == (0.25, 0.75)


@pytest.mark.parametrize(
    ("spectrum", "command", "more", "words"),
    [
        ("", BASE, "", "centre_eV is missing"),
        ("centre_eV = 0", BASE, "", "must be above 0"),
        ("centre_eV = 300", BASE, "", "must stay from 1000"),
        ("centre_eV = 12000\ncount = 3", BASE, "", "give both, or neither"),
        ("centre_eV = 12000\nfwhm_eV = 3", BASE, "", "give both, or neither"),
        ("centre_eV = 12000\nfwhm_eV = -1\ncount = 3", BASE, "", "0 or more"),
        ("centre_eV = 12000\nfwhm_eV = 3\ncount = 0", BASE, "", "bins from 1"),
        (f"{GAUSSIAN}\nwidth = 3", BASE, "", "no key of this table"),
        (f'{GAUSSIAN}\nas = "lines"', BASE, "", "give one of sources, runs"),
        (f"{GAUSSIAN}\nshift_eV = {{normal = [0, 1e6]}}", BASE, "", "reaches"),
        (f'{GAUSSIAN}\nfile = "s.txt"', BASE, "", "both say the spectrum"),
        ('file = "s.txt"', BASE, "", "unit is missing"),
        ('file = "s.txt"\nunit = "keV"', BASE, "", "give one of eV, A"),
        ('file = "none.txt"\nunit = "eV"', BASE, "", "none.txt"),
        ('file = "s.txt"\nunit = "eV"', BASE, "", "line 2 is '12001 -1'"),
        ('file = "zero.txt"\nunit = "eV"', BASE, "", "no row with a weight"),
        ('file = "twice.txt"\nunit = "eV"', BASE, "", "12000 eV twice"),
        (GAUSSIAN, f"{BASE} -lambda 1", "", "-lambda of the command"),
        (GAUSSIAN, f"{BASE} -energy 12000", "", "of the command"),
        (GAUSSIAN, f"{BASE} -dispersion 1 -dispsteps 3", "", "-dispersion of the command"),
        (GAUSSIAN, f"{BASE} -hdivrange 1 -hdivsteps 3", "", 'give as = "runs"'),
        (GAUSSIAN, f"{BASE} -parity_mode c-parity", "", "Q-SOURCE-WEIGHTS"),
        (GAUSSIAN, BASE, "[vary]\nlambda = 1", "shift_eV"),
        (GAUSSIAN, BASE, "[vary]\nhdivrange = 1", 'give as = "runs"'),
        (GAUSSIAN, "-N 4 -cell 9 9 9 90 90 90", MODEL.replace("spectrum", "yes"), "must be"),
        (GAUSSIAN, "-N 4", f"{MODEL}wavelength_A = 1", "leave one out"),
        (f'{GAUSSIAN}\nas = "sources"', "-N 4", MODEL, "one table of F"),
        (f"{GAUSSIAN}\nshift_eV = {{normal = [0, 1]}}", "-N 4", MODEL, "energy_step_eV"),
        (GAUSSIAN, "-N 4", f'{MODEL}tables = "guessed"', "cromer-liberman, chantler"),
        (GAUSSIAN, "-N 4", MODEL.replace("model.pdb", "data.mtz"), "no atoms"),
        (GAUSSIAN, "-N 4 -hkl s.txt", MODEL, "-hkl of the command"),
    ],
)
def test_a_spectrum_that_cannot_be_meant_is_refused(
    tmp_path: Path, spectrum: str, command: str, more: str, words: str
) -> None:
    (tmp_path / "s.txt").write_text("12000 1\n12001 -1\n", encoding="ascii")
    (tmp_path / "zero.txt").write_text("12000 0\n", encoding="ascii")
    (tmp_path / "twice.txt").write_text("12000 1\n12000 2\n", encoding="ascii")
    write_model(tmp_path / "model.pdb", made_model("P 21 21 21"))
    (tmp_path / "data.mtz").touch()
    with pytest.raises(UserError) as error:
        check_plan(plan_of(tmp_path, spectrum, command, more))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_factors_of_energies_without_a_spectrum_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "model.pdb", made_model("P 21 21 21"))
    text = f'schema = 1\nshots = 3\nseed = 7\ncommand = "-N 4"\n{MODEL}'
    (tmp_path / "PLAN.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"give \[spectrum\]"):
        read_plan(tmp_path / "PLAN.toml")


def test_sources_lie_along_the_beam_and_shift_from_shot_to_shot(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, f"{GAUSSIAN}\nshift_eV = {{uniform = [-20, 20]}}")
    shots = [planned_shot(plan, number) for number in range(3)]
    shifts = [shot.drawn["spectrum_shift_eV"][0] for shot in shots]
    assert len(set(shifts)) == 3
    for shot, shift in zip(shots, shifts, strict=True):
        place_inputs(plan, shot)
        (words,) = shot.crystals[0].runs
        rows = Path(words[words.index("-sourcefile") + 1]).read_text(encoding="ascii").splitlines()
        wavelengths = [float(row.split()[4]) for row in rows]
        assert wavelengths[2] * 1e10 == pytest.approx(12398.42 / (12000 + shift), rel=1e-12)
        assert float(words[words.index("-lambda") + 1]) == pytest.approx(wavelengths[2] * 1e10)
    assert len(list((tmp_path / "PLAN-sources").iterdir())) == 3
