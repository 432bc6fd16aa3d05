"""Each switchable quirk of the simulator changes what it is said to change; cases as for the C reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import cli
from simulator.quirks import SWITCHABLE
from tests.fixtures import quirk_effects as effects


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
