"""What the C reference does with its files: whole or not at all, whatever ends the run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from system_io.owner import PART, host_tag, is_stale

BASE = "-cell 100 -lambda 1 -distance 100 -detpixels 4 -pixel 1 -N 3 -oversample 1 -default_F 100 -seed 1"
LONG = "-detpixels 4000 -pixel 0.01 -oversample 8 -trace_file trace.log -trace_level setup"
OUTPUTS = {"-floatfile": "floatimage.bin", "-intfile": "intimage.img", "-pgmfile": "image.pgm",
           "-noisefile": "noiseimage.img"}  # fmt: skip


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(binary: Path, folder: Path, line: str = "", **more: object) -> subprocess.CompletedProcess[str]:
    words = [str(binary), *BASE.split(), *line.split()]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **more)


@contextmanager
def started(binary: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a long run that has begun to write its trace."""
    words = [str(binary), *BASE.split(), *LONG.split()]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not names(folder) and process.poll() is None:
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("option", OUTPUTS)
def test_all_images_are_written_or_none(c_binary: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "floatimage.bin").write_bytes(b"old")
    result = run(c_binary, tmp_path, f"{option} /dev/full")
    assert result.returncode == 9
    assert result.stderr.splitlines()[-1].endswith("No space left on device; name another file")
    assert names(tmp_path) == ["floatimage.bin"]
    assert (tmp_path / "floatimage.bin").read_bytes() == b"old"


def test_an_image_beyond_the_limit_of_a_file_leaves_nothing(c_binary: Path, tmp_path: Path) -> None:
    words = ["sh", "-c", f"ulimit -f 8; exec {c_binary} {BASE} -detpixels 100 > /dev/null"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 9
    assert "File too large" in result.stderr.splitlines()[-1]
    assert names(tmp_path) == []


def test_images_do_not_depend_on_the_console(c_binary: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        words = [str(c_binary), *BASE.split()]
        result = subprocess.run(
            words, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 9
    (error,) = (line for line in result.stderr.splitlines() if "error" in line)
    assert "cannot write to standard output: No space left on device" in error
    assert names(tmp_path) == sorted(OUTPUTS.values())


def test_closed_streams_never_get_into_an_image(c_binary: Path, tmp_path: Path) -> None:
    words = ["sh", "-c", f"exec {c_binary} {BASE} <&- >&- 2>&-"]
    assert subprocess.run(words, cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "floatimage.bin").stat().st_size == 64
    assert (tmp_path / "image.pgm").read_bytes().startswith(b"P5")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing(c_binary: Path, tmp_path: Path, number: int) -> None:
    with started(c_binary, tmp_path) as process:
        process.send_signal(number)
        assert process.wait(20) == -number
    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_swept_by_the_next(c_binary: Path, tmp_path: Path) -> None:
    with started(c_binary, tmp_path) as process:
        (left,) = names(tmp_path)
        assert PART.search(left)
        assert not is_stale(left)
        process.kill()
        process.wait(20)
    assert is_stale(left)
    run(c_binary, tmp_path)
    assert names(tmp_path) == sorted(OUTPUTS.values())


def test_only_leftovers_of_the_dead_are_swept(c_binary: Path, tmp_path: Path) -> None:
    ours = f".a.part.{host_tag()}-{os.getpid()}-{'1' * 18}.0"
    alive = f".b.part.{host_tag()}-1-0.0"
    elsewhere = ".c.part.00000000-999999999-1.0"
    for name in (ours, alive.replace("-0.0", f"-{start_of_process(1)}.0"), elsewhere):
        (tmp_path / name).touch()
    run(c_binary, tmp_path)
    left = [name for name in names(tmp_path) if ".part." in name]
    assert left == sorted([alive.replace("-0.0", f"-{start_of_process(1)}.0"), elsewhere])


def start_of_process(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_bytes()
    return int(text.rpartition(b")")[2].split()[19])


def test_a_dangling_link_is_followed(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/real.bin")
    run(c_binary, tmp_path, "-floatfile link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real.bin").stat().st_size == 64


def test_an_existing_file_keeps_its_mode(c_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "f.bin").touch(0o640)
    run(c_binary, tmp_path, "-floatfile f.bin")
    assert (tmp_path / "f.bin").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("option", "content"),
    [("-hkl", b"0 0 0 1\n0 0 1 2"), ("-mat", b"0.01 0 0\n0 0.01 0\n0 0 0.01"), ("-sourcefile", b"\n-10 0 0"),
     ("-stol", b"1 2\r3 4")],
)  # fmt: skip
def test_a_text_that_ends_inside_a_line_is_warned_of(
    c_binary: Path, tmp_path: Path, option: str, content: bytes
) -> None:
    (tmp_path / "input").write_bytes(content)
    last = len(content.splitlines())
    result = run(c_binary, tmp_path, f"{option} input")
    assert f"'input' ends in the middle of a line (line {last}); see whether it is whole" in result.stderr
    (tmp_path / "input").write_bytes(content + b"\n")
    assert "middle" not in run(c_binary, tmp_path, f"{option} input").stderr


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_means_the_same(c_binary: Path, tmp_path: Path, end: bytes) -> None:
    (tmp_path / "sources").write_bytes(end.join([b"-10 0 0", b"-10 0.02 0", b""]))
    (tmp_path / "in.hkl").write_bytes(end.join([b"0 0 0 7", b"", b"0 1 0 5", b""]))
    printed = run(c_binary, tmp_path, "-hkl in.hkl -sourcefile sources").stdout
    assert ", 2 sources\n" in printed
    assert "  2 initialized hkls" in printed
