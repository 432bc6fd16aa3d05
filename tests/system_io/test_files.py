"""Files are read whole, written whole or not at all, and never written over what is read."""

import os
from pathlib import Path

import pytest

from system_io.errors import UserError
from system_io.files import read_regular, require_free_targets, unwritable, write_whole, written_together
from system_io.owner import host_tag, is_stale, owner_tag, part_prefix, sweep


def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match=r"named pipe.*give a file"):
        read_regular(tmp_path / "pipe", "log", "give a file")


@pytest.mark.parametrize("name", ["/dev/zero", ".", "missing", "nul\0"])
def test_what_is_no_file_is_refused_by_name(name: str) -> None:
    with pytest.raises(UserError, match="log"):
        read_regular(Path(name), "log", "give a file")


def alias(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "other"
    if kind == "same":
        return tmp_path / "in.hkl"
    if kind == "dots":
        return tmp_path / "folder" / ".." / "in.hkl"
    (path.symlink_to if kind == "link" else path.hardlink_to)(tmp_path / "in.hkl")
    return path


@pytest.mark.parametrize("kind", ["same", "dots", "link", "hard link"])
def test_no_output_names_an_input(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in.hkl").write_text("1 0 0 5\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"-floatfile.*-hkl"):
        require_free_targets([("-floatfile", alias(tmp_path, kind))], [("-hkl", tmp_path / "in.hkl")])


def test_no_output_names_another_output(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"-intfile.*-floatfile"):
        require_free_targets([("-floatfile", tmp_path / "x"), ("-intfile", tmp_path / "." / "x")], [])


def test_the_null_device_takes_any_number_of_outputs() -> None:
    require_free_targets([("-a", Path("/dev/null")), ("-b", Path("/dev/null"))], [("-c", Path("/dev/null"))])


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")

    def chunks():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"image '.*x': no space left on device"):
        write_whole(tmp_path / "x", chunks(), "image")
    assert (tmp_path / "x").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_several_files_get_their_names_together(tmp_path: Path) -> None:
    def write() -> None:
        with written_together() as files:
            files.add(tmp_path / "a", [b"1"], "first")
            files.add(tmp_path / "missing" / "b", [b"2"], "second")

    with pytest.raises(UserError, match="cannot write second"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "x").touch(0o640)
    write_whole(tmp_path / "x", [b"1"], "image")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_only_leftovers_of_the_dead_are_swept(tmp_path: Path) -> None:
    ours = tmp_path / f"{part_prefix('image.bin')}1"
    dead = tmp_path / f".image.bin.part.{host_tag()}-{os.getpid()}-1.1"
    elsewhere = tmp_path / ".image.bin.part.00000000-1-1.1"
    for path in (ours, dead, elsewhere):
        path.mkdir()
    assert sweep(tmp_path) == [dead]
    assert not is_stale(f".x.part.{owner_tag()}.y")


def test_a_file_that_fails_does_not_spoil_the_others(tmp_path: Path) -> None:
    def broken():
        yield b"half"
        raise OSError(28, "No space left on device")

    with written_together() as files:
        files.add(tmp_path / "a", [b"1"], "first")
        with pytest.raises(UserError, match="cannot write second"):
            files.add(tmp_path / "b", broken(), "second")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_name_that_cannot_be_given_says_which_files_are_whole(tmp_path: Path) -> None:
    def write() -> None:
        with written_together() as files:
            for name in ("a", "b", "c"):
                files.add(tmp_path / name, [b"1"], name)
            (tmp_path / "b" / "in the way").mkdir(parents=True)

    with pytest.raises(UserError, match=r"cannot write b '.*b': .*; whole are: '.*a'$"):
        write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "directory"),
        ("none/x", "no folder"),
        ("loop", "symbolic links"),
        ("x" * 300, "too long"),
        ("new", ""),
    ],
)
def test_unwritable_says_why(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert (reason in unwritable(tmp_path / name)) if reason else unwritable(tmp_path / name) == ""


def test_a_long_name_has_a_short_unfinished_one(tmp_path: Path) -> None:
    write_whole(tmp_path / ("\N{SNOWFLAKE}" * 80), [b"1"], "image")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_is_followed_and_kept(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", [b"x"], "output")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"
