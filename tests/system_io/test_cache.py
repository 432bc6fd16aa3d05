"""Compiled code is kept where its user can write, and never where somebody else can."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from system_io import cache
from system_io.cache import NAME, cache_folder, has_home
from system_io.errors import UserError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a home and a temporary directory, of a user that no list knows."""
    for name in ("home", "tmp", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(cache, "_listed_home", lambda: "")
    return tmp_path


def named(place: Path, **names: str) -> dict[str, str]:
    return {key: str(place / value) if value else "" for key, value in names.items()}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"NB_CACHE": "mine", "HOME": "home"}, "mine"),
        ({"NB_CACHE": "", "XDG_CACHE_HOME": "other", "HOME": "home"}, f"other/{NAME}"),
        ({"XDG_CACHE_HOME": "not/yet", "HOME": "home"}, f"not/yet/{NAME}"),
        ({"XDG_CACHE_HOME": "", "HOME": "home"}, f"home/.cache/{NAME}"),
        ({"XDG_CACHE_HOME": "file", "HOME": "home"}, f"home/.cache/{NAME}"),
        ({"XDG_CACHE_HOME": "dangling", "HOME": "home"}, f"home/.cache/{NAME}"),
        ({}, f"tmp/{NAME}-{os.getuid()}"),
        ({"HOME": ""}, f"tmp/{NAME}-{os.getuid()}"),
        ({"HOME": "nowhere"}, f"tmp/{NAME}-{os.getuid()}"),
        ({"HOME": "file"}, f"tmp/{NAME}-{os.getuid()}"),
        ({"XDG_CACHE_HOME": "file/cache", "HOME": "dangling"}, f"tmp/{NAME}-{os.getuid()}"),
    ],
)
def test_first_place_that_can_be_written(names: dict[str, str], expected: str, place: Path) -> None:
    assert cache_folder(named(place, **names)) == place / expected


@pytest.mark.parametrize("names", [{"HOME": "home"}, {"XDG_CACHE_HOME": "other"}])
def test_a_place_that_may_not_be_written_is_passed_over(
    names: dict[str, str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cache_folder(named(place, **names)).parent == place / "tmp"
    assert not has_home(named(place, **names))


def test_a_relative_cache_of_the_user_is_not_taken(place: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": "cache", "HOME": "home"}).parent == place / "tmp"


def link(folder: Path) -> None:
    folder.symlink_to(folder.parents[1] / "other")


def opened(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


@pytest.mark.parametrize("prepared", [link, opened, Path.touch])
def test_a_temporary_folder_that_others_could_fill_is_refused(
    prepared: Callable[[Path], None], place: Path
) -> None:
    prepared(place / "tmp" / f"{NAME}-{os.getuid()}")
    with pytest.raises(UserError, match="set NB_CACHE"):
        cache_folder({})


def test_the_temporary_folder_is_its_users_alone(place: Path) -> None:
    assert cache_folder({}).stat().st_mode & 0o777 == 0o700
    assert cache_folder({}) == cache_folder({})
