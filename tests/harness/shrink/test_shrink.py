"""A seeded fault made small, from a command line and from a bundle; resumption; what is not shrunk."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from golden_suite_generator.cases import ROW_KEYS
from golden_suite_generator.inputs.reflections import box, hkl_text
from harness.commands.nb_compare import main as compare
from harness.commands.search.nb_shrink import main
from harness.commands.trace_harness import main as trace
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.recorded.rerun import Chosen
from harness.shrink.items import items_of
from harness.shrink.request import bundle_case, pair_look

LINE = (
    "-hkl list.hkl -cell 60.5 71.3 80.2 88 95 91 -misset 10.3 20.7 30.9 -lambda 0.9768 -distance 97.3"
    " -pixel 0.41 -detpixels 12 -Na 5 -Nb 6 -default_F 87.5 -oversample 1 -phi 1.3 -osc 2.7 -phisteps 3"
    " -twotheta 7 -detector_rotx 3 -polar 0.9"
)
WORDS = LINE.split()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list of reflections and the path of a C reference without polarization."""
    folder = tmp_path_factory.mktemp("shrink")
    (folder / "list.hkl").write_text(hkl_text(box(2, 2, 2, 1)))
    (folder / "bin").write_text(str(make_faulty(BY_ID["polarization-dropped"], "c", folder / "made").path))
    return folder


@pytest.fixture(scope="module")
def shrunk(place: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert main(["--c-bin", (place / "bin").read_text(), "--outdir", "small", "--", *WORDS]) == 0
    return place / "small"


def test_a_fault_comes_down_to_few_options_and_one_pixel(shrunk: Path) -> None:
    data = json.loads((shrunk / "shrink.json").read_text())
    assert (data["came"], data["cause"], data["finished"]) == ("images differ", "polar", True)
    assert data["options_first"] == 17
    assert data["options"] <= 4
    assert "-detpixels 1" in " ".join(data["smallest"])
    assert not data["files"]
    assert data["kept results"]["runs"] > data["kept results"]["kept"]


def test_the_commands_do_as_they_say(shrunk: Path, place: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = json.loads((shrunk / "shrink.json").read_text())
    assert data["passing"] is not None
    from harness.fuzz.bench import open_bench
    from harness.programs.programs import program_at, second_program
    from harness.shrink.request import typed_case
    from harness.shrink.trial import Trials

    programs = program_at((place / "bin").read_text(), "--c-bin"), second_program(None)
    with open_bench(*programs) as bench, (tmp_path / "trials").open("wb") as journal:
        trials = Trials(bench, journal, {})
        assert trials.try_out(typed_case(data["smallest"], tmp_path, "c-parity")).cause == "polar"
        assert trials.try_out(typed_case(data["passing"], tmp_path, "c-parity")).passes


def test_the_row_is_one_of_the_suite(shrunk: Path) -> None:
    (row,) = tomllib.loads(f"rows = [\n{(shrunk / 'case.toml').read_text()}]")["rows"]
    assert set(row) <= ROW_KEYS
    assert row["args"].split() == json.loads((shrunk / "shrink.json").read_text())["smallest"]
    assert "polar" in row["id"]


def test_a_resumed_run_makes_no_trial_again(shrunk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (shrunk / "trials.jsonl").read_bytes()
    assert main(["--resume", str(shrunk), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == 0
    assert (shrunk / "trials.jsonl").read_bytes() == before


def test_a_bundle_must_verify_and_none_of_it_runs(place: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(place)
    faulty = (place / "bin").read_text()
    words = [*WORDS[:9], "-default_F", "9", "-detpixels", "8", "-pixel", "0.4"]
    assert compare(["--c-bin", faulty, "--outdir", "bundle", "-q", "--", *words]) == 1
    assert main(["bundle", "--outdir", str(tmp_path / "none")]) == 3
    assert "--c-bin" in capsys.readouterr().err
    found = bundle_case(place / "bundle", None, Chosen(place / "bundle", faulty))
    assert [item.name for item in items_of(found.case.words)] == [item.name for item in items_of(words)]
    assert list(found.case.files.values()) == [(place / "list.hkl").read_bytes()]
    (place / "bundle" / "c_float.bin").write_bytes(b"\0" * 256)
    assert main(["bundle", "--c-bin", faulty, "--outdir", str(tmp_path / "other")]) == 3
    assert "does not verify" in capsys.readouterr().err


def test_traced_pixels_come_down_with_the_same_cause(place: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(place)
    faulty = (place / "bin").read_text()
    words = ["--c-bin", faulty, "--outdir", str(tmp_path / "traced"), "-q", "--no-observer-check"]
    assert trace([*words, "--pixel", "5", "7", "--", *WORDS[:9], "-detpixels", "12", "-lambda", "1.1"]) == 1
    small = tmp_path / "small"
    assert main([str(tmp_path / "traced"), "--c-bin", faulty, "--outdir", str(small)]) == 0
    data = json.loads((small / "shrink.json").read_text())
    assert (data["came"], data["cause"], data["pixel"]) == ("traces differ", "polar", [0, 0])
    assert data["options"] <= 3
    fails, passes = [line for line in (small / "commands.txt").read_text().splitlines() if line[0] != "#"]
    monkeypatch.chdir(small)
    for line, status in ((fails, 1), (passes, 0)):
        own = [*line.split()[1:4], "--c-bin", faulty, "-q", *line.split()[4:]]
        assert trace([*own[:5], "--outdir", str(tmp_path / str(status)), *own[5:]]) == status
    assert main(["--resume", str(small), "--json"]) == 0


def test_a_pair_whose_traces_alone_fail_is_made_small_by_its_traces() -> None:
    record = {"tap": "polar", "context": "s=3 f=4 t=0"}
    summary = {
        "criteria": [{"state": "held"}],
        "traces": {"verdict": "FAIL", "first_divergence_record": record},
    }
    assert pair_look(summary) == (3, 4)
    assert pair_look({**summary, "criteria": [{"state": "failed"}]}) is None
    assert pair_look({**summary, "traces": {**summary["traces"], "first_divergence_record": None}}) == (0, 0)
    assert pair_look({**summary, "traces": None}) is None


def test_programs_that_agree_have_nothing_to_shrink(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--outdir", "small", "--", "-cell", "60", "-default_F", "9", "-detpixels", "4"]) == 2
    assert "nothing to make smaller" in capsys.readouterr().out
