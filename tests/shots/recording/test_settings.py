"""`[recording]` of a plan: what is stated is kept, what cannot be meant is refused in one line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from shots.recording.settings import Recording, recording_of
from system_io.errors import UserError

WHOLE = """
flicker = 0.02
calibration = 0.03
poisson = true
psf = "fiber"
psf_fwhm_um = 46
gain = 1.8
readout_noise = 3
adc = 40
hot = 0.001
dead = 0.002
mask_bad = true
saturation = 60000
bits = 16
detector_seed = 5
[[background]]
material = "air"
path_mm = 30
beam_um = 50
[[background]]
file = "own.stol"
path_mm = 0.1
beam_um = 50
density_g_per_cm3 = 1.2
molecular_weight = 100
"""


def test_an_empty_table_only_counts_photons() -> None:
    assert recording_of({}) == Recording()


def test_every_key_of_a_whole_table_is_kept(tmp_path: Path) -> None:
    found = recording_of(tomllib.loads(WHOLE), tmp_path)
    changed = [name for name, value in vars(Recording()).items() if getattr(found, name) != value]
    assert set(changed) == set(vars(found)) - {"poisson"}
    assert [layer.material for layer in found.background] == ["air", ""]
    assert found.background[1].file == tmp_path / "own.stol"
    assert hash(found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gian = 2", "did you mean 'gain'"),
        ("gain = 0", "above 0"),
        ("gain = nan", "above 0"),
        ("gain = true", "must be a number"),
        ("gain = '2'", "must be a number"),
        ("flicker = -0.1", "at least 0"),
        ("hot = 1.5", "at most 1"),
        ("hot = 0.6\ndead = 0.6", "at most 1"),
        ("bits = 12", "one of 16, 32"),
        ("bits = 16.0", "one of 16, 32"),
        ("poisson = 1", "true or false"),
        ("detector_seed = -1", "whole number from 0"),
        ("detector_seed = 1.5", "whole number"),
        ("psf = 'gauss'", "give both or neither"),
        ("psf_fwhm_um = 3", "give both or neither"),
        ("psf = 'round'\npsf_fwhm_um = 3", "one of none, gauss, fiber"),
        ("background = 3", "must be a list of tables"),
        ("background = ['air']", "must be a list of tables"),
        ("[[background]]\npath_mm = 1\nbeam_um = 1", "either material"),
        ("[[background]]\nmaterial = 'ether'\npath_mm = 1\nbeam_um = 1", "one of water, air, ice, plastic"),
        ("[[background]]\nmaterial = 'air'\nbeam_um = 1", "path_mm is missing"),
        ("[[background]]\nmaterial = 'air'\npath_mm = 1\nbeam_um = 1\nfile = 'x'", "not both"),
        ("[[background]]\nfile = 'x'\npath_mm = 1\nbeam_um = 1", "density_g_per_cm3 is missing"),
        ("[[background]]\nmaterial = 'air'\npath_mm = 1\nbeam_um = 1\nmolecular_weight = 2", "leave it out"),
        ("[[background]]\nmaterial = 'air'\npath_mm = 1\nbeam_um = 1\npath = 2", "did you mean 'path_mm'"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        recording_of(tomllib.loads(text))
