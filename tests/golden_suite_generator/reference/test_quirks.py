"""Each switchable quirk of the C reference changes what it is said to change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fixtures import quirk_effects as effects


def observe(binary: Path, folder: Path, effect: object, *extra: str) -> object:
    folder.mkdir()
    for name, content in effect.files.items():
        (folder / name).write_bytes(content)
    command = [binary, *effect.line.split(), *extra]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode in {0, 9}, run.stderr
    return effect.look(effects.Outcome(run.returncode, run.stdout, folder))


@pytest.mark.parametrize("effect", effects.QUIRK_EFFECTS, ids=lambda effect: effect.quirk)
def test_quirk_has_its_effect(c_binary: Path, tmp_path: Path, effect: object) -> None:
    on = observe(c_binary, tmp_path / "on", effect)
    off = observe(c_binary, tmp_path / "off", effect, "-quirk", f"{effect.quirk}=off")
    assert on != off
    assert effect.on is None or effects.same(effect.on, on, effect.tolerance), f"on: {on}"
    assert effect.off is None or effects.same(effect.off, off, effect.tolerance), f"off: {off}"


def test_every_switchable_quirk_has_a_case(c_binary: Path) -> None:
    listed = subprocess.run([c_binary, "--list-quirks"], capture_output=True, text=True, check=True).stdout
    switchable = {line.split()[0] for line in listed.splitlines() if line.endswith("[switchable]")}
    assert {effect.quirk for effect in effects.QUIRK_EFFECTS} == switchable
    assert len(switchable) == 58


def test_spec_mode_is_all_quirks_off(c_binary: Path, tmp_path: Path) -> None:
    line = [*effects.BASE.split(), "-oversample", "2", "-oversample_omega", "-osc", "3", "-water", "2"]
    off = [word for effect in effects.QUIRK_EFFECTS for word in ("-quirk", f"{effect.quirk}=off")]
    images = []
    for words in (["-parity_mode", "spec"], off):
        subprocess.run([c_binary, *line, *words], cwd=tmp_path, check=True, capture_output=True)
        images.append((tmp_path / "float.bin").read_bytes())
    assert images[0] == images[1]


def test_a_quirk_switched_on_in_spec_mode_comes_back(c_binary: Path, tmp_path: Path) -> None:
    line = [
        *effects.BASE.split(),
        "-oversample",
        "1",
        "-phi",
        "0",
        "-phistep",
        "2",
        "-phisteps",
        "2",
        "-osc",
        "4",
    ]
    words = ["-quirk", "Q-PHI-CARRYOVER=on", "-parity_mode", "spec"]
    subprocess.run([c_binary, *line, *words], cwd=tmp_path, check=True, capture_output=True)
    value = effects.pixel(4, 2)(effects.Outcome(0, "", tmp_path))
    assert value == pytest.approx(18.7733002, rel=3e-7)  # one 4-byte float


@pytest.mark.parametrize("setting", ["Q-OMP=on", "Q-MAT-LAMBDA=on", "Q-CLI-SUBSTRING=off"])
def test_a_fixed_quirk_may_be_set_to_what_it_is(c_binary: Path, setting: str) -> None:
    subprocess.run([c_binary, "-quirk", setting, "--version"], check=True, capture_output=True)
