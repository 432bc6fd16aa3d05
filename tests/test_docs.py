"""The documentation runs: code blocks of the tutorial, and tables that are made from the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from nbp.commands import BY_NAME, BY_WORD
from nbp.entry import run_row
from simulator.fit.parameters import PARAMETERS

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks_of(name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))


def run_command(line: str) -> int:
    """Run a console script of the project in this process."""
    program, *words = shlex.split(line.replace("\\\n", " "))
    if program == "nbp":
        return run_row(BY_WORD[words[0]], words[1:])
    return run_row(BY_NAME[program], words)


def test_tutorial_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, c_binary: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = blocks_of("tutorial.md")
    assert [kind for kind, _ in blocks].count("sh") == 2
    for kind, text in blocks:
        if kind == "sh":
            assert run_command(text) == 0, text
        else:
            exec(compile(text, "tutorial.md", "exec"), names)


def test_a_data_set_is_made_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = blocks_of("shots.md")
    assert [kind for kind, _ in blocks] == ["python", "sh", "sh", "sh", "sh", "python"]
    for kind, text in blocks:
        if kind == "sh":
            assert run_command(text) == 0, text
        else:
            exec(compile(text, "shots.md", "exec"), names)
    assert (tmp_path / "set" / "smv" / "shot_000003.img").is_file()


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # of torch.func.jvp itself
def test_the_examples_of_gradients_run() -> None:
    names: dict[str, Any] = {}
    blocks = blocks_of("gradients.md")
    assert [kind for kind, _ in blocks] == ["python"]
    exec(compile(blocks[0][1], "gradients.md", "exec"), names)
    assert names["slopes"].shape == (256, 2)
    assert names["some"].shape == (2, 2)
    assert names["change"].shape == (16, 16)
    step = 0.1 / 1024.0
    assert torch.allclose(names["change"].flatten() * step, names["slopes"][:, 0], rtol=1e-4)


def test_differentiable_inputs_are_documented_with_unit_and_bounds() -> None:
    text = (ROOT / "docs" / "gradients.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    expected = [
        f"| `{row.name}` | {row.unit or '1'} | [{row.lower:.4g}, {row.upper:.4g}] | {row.help} |"
        for row in PARAMETERS.values()
    ]
    assert rows == expected
