"""Each switchable quirk of the simulator changes what it is said to change; cases as for the C reference."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from simulator import cli
from simulator.quirks import SWITCHABLE

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def load(name: str) -> ModuleType:
    """Import a module of the fixtures folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"fixtures_{name}", FIXTURES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


effects = load("quirk_effects")


@pytest.mark.parametrize("effect", effects.QUIRK_EFFECTS, ids=lambda effect: effect.quirk)
def test_quirk_has_its_effect(
    effect: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []
    for state in ("on", "off"):
        folder = tmp_path / state
        folder.mkdir()
        for name, content in effect.files.items():
            (folder / name).write_bytes(content)
        monkeypatch.chdir(folder)
        words = ["--parity-mode", "c-parity", "--quirk", f"{effect.quirk}={state}"]
        status = cli.main([*effect.line.split(), *words])
        seen.append(effect.look(effects.Outcome(status, capsys.readouterr().out, folder)))
    on, off = seen
    assert on != off
    assert effect.on is None or effects.same(effect.on, on, effect.tolerance), f"on: {on}"
    assert effect.off is None or effects.same(effect.off, off, effect.tolerance), f"off: {off}"


def test_every_switchable_quirk_has_a_case() -> None:
    assert {effect.quirk for effect in effects.QUIRK_EFFECTS} == SWITCHABLE
