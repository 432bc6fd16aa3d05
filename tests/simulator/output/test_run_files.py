"""What nanoBragg does with its files: whole or not at all, whatever ends the run."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

import simulator.output.outputs
from simulator import cli
from system_io.command import Interrupted
from system_io.owner import host_tag

RUN = "-default_F 1 -cell 100 -detpixels 4 -pixel 1 -N 3 -oversample 1 -seed 1"
OUTPUTS = {"-floatfile": "floatimage.bin", "-intfile": "intimage.img", "-pgmfile": "image.pgm",
           "-noisefile": "noiseimage.img"}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(line: str = "") -> int:
    return cli.main([*RUN.split(), *line.split()])


@pytest.mark.parametrize("option", OUTPUTS)
def test_all_files_are_written_or_none(option: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in.hkl").write_text("0 0 0 5\n")
    (folder / "floatimage.bin").write_bytes(b"old")
    assert run(f"-hkl in.hkl {option} /dev/full -trace_file t.log -trace_level setup") == 9
    assert capsys.readouterr().err.splitlines()[-1].endswith("no space left on device; name another file")
    assert names(folder) == ["floatimage.bin", "in.hkl"]
    assert (folder / "floatimage.bin").read_bytes() == b"old"


@pytest.mark.parametrize("buffering", [1, -1])
def test_images_do_not_depend_on_the_console(
    buffering: int, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w", buffering=buffering) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run() == 9
        monkeypatch.undo()
    (error,) = (line for line in capsys.readouterr().err.splitlines() if "error" in line)
    assert "cannot write to standard output: no space left on device" in error
    assert names(folder) == sorted(OUTPUTS.values())


def test_a_reader_that_is_gone_does_not_cost_the_images(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert run() == 128 + signal.SIGPIPE
        monkeypatch.undo()
    assert names(folder) == sorted(OUTPUTS.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_nothing(number: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        assert any(".part." in name for name in names(folder))
        raise Interrupted(number)

    (folder / "in.hkl").write_text("0 0 0 5\n")
    monkeypatch.setattr(simulator.output.outputs, "integer_image", interrupted)
    assert run("-hkl in.hkl") == 128 + number
    assert names(folder) == ["in.hkl"]


@pytest.mark.parametrize("line", ["", "-floatfile none/f.bin"])
def test_what_a_killed_run_left_is_swept_at_the_next_start(line: str, folder: Path) -> None:
    for name in ("trace.log", "floatimage.bin"):
        (folder / f".{name}.part.{host_tag()}-{os.getpid()}-1.0").touch()
    run("-trace_file trace.log -trace_level setup")
    assert not [name for name in names(folder) if ".part." in name]


def test_a_dump_that_fails_while_it_is_written_is_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        yield b"half"
        raise OSError(28, "No space left on device")

    (folder / "in.hkl").write_text("0 0 0 5\n")
    monkeypatch.setattr(simulator.output.run, "dump_chunks", broken)
    assert run("-hkl in.hkl") == 0
    assert "warning: cannot write dump file 'Fdump.bin': no space left" in capsys.readouterr().err
    assert names(folder) == sorted(["in.hkl", *OUTPUTS.values()])


def test_a_text_that_ends_inside_a_line_is_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.hkl").write_bytes(b"0 0 0 5\n0 0 1 5")
    assert run("-hkl in.hkl") == 0
    assert "HKL file 'in.hkl' ends in the middle of a line (line 2)" in capsys.readouterr().err


def test_a_float_image_can_give_the_geometry(folder: Path) -> None:
    header = b"{\nHEADER_BYTES=512;\nTYPE=float;\nSIZE1=3;\nSIZE2=2;\nPIXEL_SIZE=1;\n}\f"
    (folder / "in.img").write_bytes(header.ljust(512) + bytes(24))
    assert cli.main(["-default_F", "1", "-cell", "100", "-N", "3", "-oversample", "1", "-img", "in.img"]) == 0
    assert (folder / "floatimage.bin").stat().st_size == 24
