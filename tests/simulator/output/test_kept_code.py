"""`--cache` shows, empties and fills the cache of compiled code, and simulates nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from simulator import cli
from simulator.engine.library_cache import Making, library_folder
from tests.simulator.compilers import explode, with_compiler

BASE = "-cell 40 40 40 90 90 90 -default_F 1 -lambda 1 -distance 100 -detpixels 8 -N 5 -nonoise -nopgm"
WORDS = BASE.split()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_cache_is_listed_and_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--cache", "list"]) == 0
    assert capsys.readouterr().out == f"0 compiled stages, 0 of use here, 0.0 MiB, in {library_folder()}\n"
    library_folder().mkdir(parents=True)
    (library_folder() / f"{'a' * 32}.so").write_text("no stage")
    assert cli.main(["--cache", "list"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("aaaaaaaaaaaa  made 20")
    assert first.endswith("BROKEN")
    assert last.startswith("1 compiled stages, 0 of use here")
    assert cli.main(["--cache", "clear"]) == 0
    assert capsys.readouterr().out == f"1 compiled stages removed from {library_folder()}\n"
    assert list(library_folder().iterdir()) == []


def test_warm_compiles_and_writes_no_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[str] = []

    def make(stages: Sequence[Making], _wanted: Callable[[], bool]) -> NoReturn:
        asked.extend(stage.facts.stage for stage in stages)
        explode()

    with_compiler(make, monkeypatch)
    assert cli.main([*WORDS, "--cache", "warm", "-floatfile", "a.bin"]) == 9
    assert "the compiler is not there" in capsys.readouterr().err
    assert asked == ["pixels"]
    asked.clear()
    assert cli.main([*WORDS, "-oversample", "2", "--cache", "warm", "-floatfile", "a.bin"]) == 9
    assert sorted(set(asked)) == ["add", "finish", "rays"]
    assert list(tmp_path.iterdir()) == []


def test_warm_is_refused_where_nothing_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    for words, reason in (
        ("--compile off", "--compile off and --reproducible use no compiled code"),
        ("-oversample 2 -oversample_omega --parity-mode c-parity", "Q-OVERSAMPLE-RUNNING-PRODUCT"),
    ):
        assert cli.main([*WORDS, *words.split(), "--cache", "warm"]) == 9
        assert reason in capsys.readouterr().err


def test_unknown_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--cache", "empty"]) == 9
    assert "--cache 'empty'" in capsys.readouterr().err
