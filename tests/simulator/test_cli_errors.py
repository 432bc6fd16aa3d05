"""Wrong input to nanoBragg: one clear line on standard error, exit status 9, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import cli
from tests.fixtures import malformed

RUN = "-default_F 1 -cell 100 -detpixels 4 -pixel 1 -N 3 -oversample 1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", malformed.MALFORMED, ids=lambda case: case.id)
def test_malformed_input_is_refused(case: object, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    malformed.make_files(folder, case.files)
    status = cli.main(list(case.argv))
    assert malformed.refusal_problems(case, status, capsys.readouterr().err, folder) == []


@pytest.mark.parametrize(
    ("extra", "word"),
    [("-detpixels 2000000000", "detector"), ("-pixel 1e-323", "-pixel"), ("-energy 1e-320", "-energy"),
     ("-phisteps 2000000000", "-phisteps"), ("-mosaic 1 -mosaic_domains 2000000000", "-mosaic_domains"),
     ("-hdivrange 1 -hdivsteps 9999 -vdivrange 1 -vdivsteps 9999", "sources"),
     ("-flux 1e300 -beamsize 1e-200", "-flux"), ("-detsize 1e300 -detpixels 0", "-detsize"),
     ("-hkl /dev/zero", "device"), ("-dtype float128", "-dtype"), ("-intfile .", "directory")],
)  # fmt: skip
def test_absurd_request_is_refused(
    extra: str, word: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN.split(), *extra.split()]) == 9
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert word in message
    assert list(folder.iterdir()) == []


def test_a_write_protected_dump_is_kept_with_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.hkl").write_text("0 0 0 100\n", encoding="utf-8")
    dump = folder / "kept.dump"
    dump.write_bytes(b"precious")
    dump.chmod(0o444)
    assert cli.main([*RUN.split(), "-hkl", "in.hkl", "-dump", "kept.dump"]) == 0
    assert "kept.dump" in capsys.readouterr().err
    assert dump.read_bytes() == b"precious"


def test_warnings_are_held_back_when_the_run_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN.split(), "-density", "1", "-floatfile", "none/f.bin"]) == 9
    assert capsys.readouterr().err.startswith("nanoBragg: error: cannot write float image 'none/f.bin'")


def test_interruption_ends_with_130_and_no_half_written_file(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import simulator.output.run

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulator.output.run, "render", interrupted)
    assert cli.main(RUN.split()) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "nanoBragg: error: interrupted"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't allocate memory: you tried")])
def test_exhausted_memory_is_one_line(
    error: Exception, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import simulator.output.run

    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(simulator.output.run, "render", exhausted)
    assert cli.main([*RUN.split(), "-oversample", "100"]) == 9
    assert capsys.readouterr().err.startswith("nanoBragg: error: out of memory")
