"""Shots of a spectrum: sources of one run, or the sum of one run a bin with its own structure factors."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from shots.making.frames_of import MadeShot, made_shot
from shots.making.run_shots import run_shots
from shots.plan.read_plan import read_plan
from shots.plan.shot_plan import ShotPlan
from shots.truth.shot_truth import shot_truth
from simulator.cli import main as nanobragg
from system_io.tasks.engine import OneProcess
from tests.shots.making.test_run_shots import hashes_of
from tests.shots.structure.made_files import made_model, write_model

EDGE_EV = 12658.0
"""Of selenium."""
COMMAND = (
    "-N 5 -misset 10 20 30 -pixel 2 -detpixels 16 -distance 20 -oversample 1 -fluence 1e27 -hdivrange 5"
    " -hdivsteps 2"
)
HEAD = "schema = 1\nshots = 2\nseed = 5\n"
MODEL = '[structure]\nfile = "model.pdb"\ndmin_A = 1.5\n'
THREE = "[spectrum]\nfile = 's.txt'\nunit = 'eV'\n"


def plan_of(folder: Path, text: str, name: str = "PLAN.toml") -> ShotPlan:
    if not (folder / "model.pdb").exists():
        write_model(folder / "model.pdb", made_model("P 21 21 21"))
        (folder / "s.txt").write_text(f"{EDGE_EV - 60} 1\n{EDGE_EV} 2\n{EDGE_EV + 60} 1\n", encoding="ascii")
    (folder / name).write_text(f"{HEAD}{text}", encoding="utf-8")
    return read_plan(folder / name)


def run_alone(words: tuple[str, ...], folder: Path) -> np.ndarray:
    """Return the float image of a command line run by itself."""
    out = ["-floatfile", str(folder / "f.bin"), "-nonoise", "-nopgm", "-intfile", str(folder / "i.img")]
    with chdir(folder):  # where it leaves its dump of structure factors
        assert nanobragg([*words, *out]) == 0
    return np.fromfile(folder / "f.bin", np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spectra")


@pytest.fixture(scope="module")
def separate(folder: Path) -> tuple[ShotPlan, MadeShot]:
    text = f'command = "{COMMAND}"\n{MODEL}dispersion = "spectrum"\n{THREE}[truth]\nspots = true\n'
    plan = plan_of(folder, text)
    return plan, made_shot(plan, 0)


def test_a_shot_is_the_sum_of_its_command_lines(separate: tuple[ShotPlan, MadeShot], folder: Path) -> None:
    _, shot = separate
    lines = shot.frames.command_lines
    fluences = [float(words[words.index("-fluence") + 1]) for words in lines]
    assert fluences == [0.25e27, 0.5e27, 0.25e27]
    assert len({words[words.index("-hkl") + 1] for words in lines}) == 3
    images = [run_alone(words, folder) for words in lines]
    assert ((images[0] + images[1] + images[2]) == shot.frames.photons[0].ravel()).all()
    assert all(image.max() > 0.0 for image in images)
    assert len({image.tobytes() for image in images}) == 3


def test_reflections_share_the_photons_of_all_energies(separate: tuple[ShotPlan, MadeShot]) -> None:
    _, shot = separate
    by_panel = list(zip(*shot.configs, strict=True))
    truth = shot_truth(0, by_panel, shot.frames.photons)
    assert truth.spots.photons.sum() == pytest.approx(shot.frames.photons[0].sum(dtype=np.float64), rel=1e-5)
    assert truth.crystals[0].fluence_photons_per_m2 == 1e27


def test_one_energy_is_a_plain_shot_bit_for_bit(folder: Path) -> None:
    wavelength = repr(12398.42 / EDGE_EV)
    plain = plan_of(
        folder, f'command = "{COMMAND} -lambda {wavelength}"\n{MODEL}wavelength_A = {wavelength}\n', "A.toml"
    )
    one = plan_of(
        folder,
        f'command = "{COMMAND}"\n{MODEL}dispersion = "spectrum"\n[spectrum]\ncentre_eV = {EDGE_EV}\n',
        "B.toml",
    )
    photons = [made_shot(plan, 0).frames.photons[0] for plan in (plain, one)]
    assert photons[0].max() > 0.0
    assert (photons[0] == photons[1]).all()


def test_sources_and_runs_of_one_table_agree(folder: Path) -> None:
    """Weights over their sum are the same in both; sums of the kernel and of single precision differ."""
    command = COMMAND.replace(" -hdivrange 5 -hdivsteps 2", "")
    text = f'command = "{command}"\n{MODEL}{THREE}'
    sources = made_shot(plan_of(folder, text, "S.toml"), 0).frames
    runs = made_shot(plan_of(folder, f'{text}as = "runs"\n', "R.toml"), 0).frames
    assert len(sources.command_lines) == 1
    assert len(runs.command_lines) == 3
    assert runs.photons[0] == pytest.approx(sources.photons[0], rel=1e-6)


def test_shifted_energies_are_rounded_to_the_step(folder: Path) -> None:
    text = f'command = "{COMMAND}"\n{MODEL}dispersion = "spectrum"\nenergy_step_eV = 10\n{THREE}'
    plan = plan_of(folder, f"{text}shift_eV = {{uniform = [-30, 30]}}\n", "T.toml")
    shot = made_shot(plan, 1)
    names = [words[words.index("-hkl") + 1] for words in shot.frames.command_lines]
    shift = shot.planned.spectrum_shift_eV
    wanted = [f"{round((EDGE_EV + more + shift) / 10) * 10}eV.hkl" for more in (-60, 0, 60)]
    assert [name.rpartition("-")[2] for name in names] == wanted


def test_shards_and_a_second_run_give_the_same_files(
    separate: tuple[ShotPlan, MadeShot], tmp_path: Path
) -> None:
    plan, _ = separate
    assert run_shots(plan, tmp_path / "whole", OneProcess()).complete
    assert not run_shots(plan, tmp_path / "set", OneProcess(), (2, 2)).complete
    for made in plan.folder.glob("model.pdb-*.hkl"):
        made.unlink()
    done = run_shots(plan, tmp_path / "set", OneProcess(), resume=True)
    assert (done.made, done.complete) == (1, True)
    assert hashes_of(tmp_path / "set") == hashes_of(tmp_path / "whole")
