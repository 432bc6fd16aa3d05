"""Sound programs raise no alarm, a faulty one does, and the counts are published whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden_suite_generator.cases import load_cases, select
from harness.alarms.image_alarms import image_tallies
from harness.alarms.page import alarms_page
from harness.alarms.published import publish_section, section_of
from harness.alarms.sound_builds import SOUND_BUILDS, SoundBuild, sound_builds
from harness.alarms.tally import AlarmOutcome, Tally
from harness.alarms.trace_alarms import trace_tallies
from harness.commands.floor import main
from harness.errors import HarnessError
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID
from harness.programs.build import Build
from harness.suite.floor_runs import TraceCase
from harness.suite.generate import case_inputs
from trace_tools.judging.arithmetic import ARITHMETICS

FEW = ("vector-e1", "error-pixel-zero")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def inputs() -> Iterator[Path]:
    with case_inputs() as folder:
        yield folder


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    faulty = make_faulty(BY_ID["obliquity-dropped"], "c", tmp_path_factory.mktemp("faulty") / "c")
    sound = sound_builds({"O0": SOUND_BUILDS["O0"]})[0]["O0"]
    return {"O0": sound, "faulty": Build(faulty.path, sound.provenance)}


def test_images_of_sound_programs_agree_and_those_of_a_faulty_one_raise_alarms(inputs, builds) -> None:
    tallies = image_tallies(select(load_cases(), FEW), builds, inputs)
    found = {tally.maker: tally for tally in tallies}
    modes = found["O0"].compared
    assert found["O0"].counts == {AlarmOutcome.EQUAL: modes, AlarmOutcome.REFUSED: modes}
    assert len(found["faulty"].alarms) == found["faulty"].compared == modes
    simulated = [tally for tally in tallies if tally.maker == "simulator"]
    assert {tally.arithmetic for tally in simulated} == set(ARITHMETICS)
    assert all(tally.compared == modes and not tally.alarms for tally in simulated)


def test_traces_of_sound_programs_agree_and_those_of_a_faulty_one_raise_alarms(inputs, builds) -> None:
    (case,) = select(load_cases(), ("vector-e1",))
    traced = TraceCase(case.id, tuple(case.words(inputs)), case.trace_pixels or ((5, 5),), case)
    tallies = trace_tallies([traced], builds, inputs)
    assert [tally.maker for tally in tallies if tally.alarms] == ["faulty"]
    assert all(tally.compared == len(case.modes) for tally in tallies)


def test_a_build_that_cannot_be_made_is_left_out_by_name() -> None:
    made, missing = sound_builds({"none": SoundBuild((), ("no-such-cc",)), "O1": SOUND_BUILDS["O1"]})
    assert list(made) == ["O1"]
    assert "no-such-cc" in missing["none"]


def test_the_next_compiler_is_taken_where_one_does_not_work() -> None:
    made, missing = sound_builds({"32 bits": SoundBuild(("-O1",), ("no-such-cc", "cc"))})
    assert list(made) == ["32 bits"]
    assert not missing


def _section() -> dict[str, object]:
    tally = Tally("images", "O0", "float64")
    tally.add(AlarmOutcome.EQUAL, "a")
    tally.add(AlarmOutcome.ALARM, "b spec", "pixels outside")
    made = sound_builds({"O0": SOUND_BUILDS["O0"]})[0]
    return section_of([tally], 2, made, {"clang": "no C compiler"})


def test_a_section_joins_the_others_of_the_file(tmp_path: Path) -> None:
    data, page = tmp_path / "a.json", tmp_path / "a.md"
    publish_section("images", _section(), data, page)
    publish_section("traces", _section(), data, page)
    assert list(json.loads(data.read_text())) == ["schema", "images", "traces"]
    text = page.read_text()
    assert text.count("1 false alarm.") == 2
    assert "- false alarm: b spec: pixels outside" in text
    assert "- not made on this machine: clang" in text


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"schema": 2}'])
def test_another_file_is_not_overwritten(text: str, tmp_path: Path) -> None:
    data = tmp_path / "mine.json"
    data.write_text(text)
    with pytest.raises(HarnessError, match="remove it"):
        publish_section("images", _section(), data, None)
    assert data.read_text() == text


def test_options_of_a_check_ask_for_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--json", str(tmp_path / "a.json")]) == 3
    assert "add --check" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--images"]])
def test_nothing_compared_is_no_pass(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", *words, "--cases", "no-such-case"]) == 3
    assert "no-such-case" in capsys.readouterr().err


def test_the_published_page_is_made_of_the_published_counts_and_tells_of_no_alarm() -> None:
    sections = json.loads((ROOT / "docs" / "false_alarms.json").read_text())
    del sections["schema"]
    assert (ROOT / "docs" / "false_alarms.md").read_text() == alarms_page(sections)
    for name, least in (("images", 9000), ("traces", 2000)):
        found = sections[name]
        assert set(found["builds"]) <= SOUND_BUILDS.keys()
        assert len(found["builds"]) >= 9
        assert not any(row["alarms"] for row in found["rows"])
        assert sum(row["compared"] for row in found["rows"]) > least
