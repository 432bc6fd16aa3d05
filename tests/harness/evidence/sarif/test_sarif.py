"""SARIF of a bundle: valid by the rules of 2.1.0, one result for each failure, at the lines of the taps."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.commands.nb_report import main as report
from harness.evidence.kinds import KINDS
from harness.evidence.sarif.findings import RECORDS
from harness.evidence.sarif.tap_places import own_place, source_root, told_place
from tests.harness.traced_pair import made, run
from trace_tools.tap_points import TAP_POINTS

WIDE = 'bound."*" = { rel = 1e-2 }'
LEVELS = {"none", "note", "warning", "error"}


def checked(log):
    """Check a log against the rules of SARIF 2.1.0 that concern it; returns its one run."""
    assert (log["version"], set(log)) == ("2.1.0", {"$schema", "version", "runs"})
    (found,) = log["runs"]
    driver = found["tool"]["driver"]
    assert driver["name"]
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(set(identifiers)) == len(identifiers)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert all(isinstance(one["executionSuccessful"], bool) for one in found["invocations"])
    for result in found["results"]:
        assert result["message"]["text"]
        assert result["level"] in LEVELS
        assert identifiers[result["ruleIndex"]] == result["ruleId"]
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
        places = [*result.get("locations", ()), *result.get("relatedLocations", ())]
        numbers = [place["id"] for place in result.get("relatedLocations", ())]
        assert len(set(numbers)) == len(numbers)
        for place in places:
            physical = place["physicalLocation"]
            assert physical["region"]["startLine"] >= 1
            file = physical["artifactLocation"]
            assert file["uri"].startswith("file:///") != ("uriBaseId" in file)
            assert file.get("uriBaseId", "SRCROOT") in found["originalUriBaseIds"]
            assert not unquote(file["uri"]).startswith(("/", "../"))
    return found


def sarif(bundle, target, status):
    assert report(["summary", str(bundle), "--sarif", str(target)]) == status
    return checked(json.loads(target.read_text()))


def test_each_failure_is_a_result_at_the_line_of_its_tap_on_both_sides(tmp_path):
    status, _, bundle = run(made(tmp_path / "a b", 'bound."*" = { rel = 1e-5 }', out=1000), "small")
    assert status == 1
    found = sarif(bundle, tmp_path / "x.sarif", 1)
    assert [result["ruleId"] for result in found["results"]] == ["output x", "trace steps"]
    assert {result["level"] for result in found["results"]} == {"error"}
    for result in found["results"]:
        assert "flux i=0 (no graph): 1.0009999999999999 and 1.0015" in result["message"]["text"]
        assert "ULP" in result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"] == {
            "artifactLocation": {"uri": "two.py", "uriBaseId": "SRCROOT"}, "region": {"startLine": 1},
        }  # fmt: skip
        files = [one["physicalLocation"]["artifactLocation"]["uri"] for one in result["relatedLocations"]]
        assert files == ["one.py", "two.py"]


@pytest.mark.parametrize(
    ("bound", "change", "status", "rules", "level"),
    [
        (WIDE, None, 0, [], ""),
        (WIDE, ("flux {(1", "flux {i},{(1"), 2, ["trace steps"], "warning"),
        (WIDE, ("with open", "raise SystemExit(4)\nwith open"), 3, ["verdict"], "error"),
        (WIDE + "\nbound.none = {}", None, 3, ["verdict"], "error"),
    ],
)
def test_the_level_follows_the_verdict(bound, change, status, rules, level, tmp_path):
    path = made(tmp_path / "p", bound)
    if change:
        for name in ("one.py", "two.py"):
            program = path.parent / name
            program.write_text(program.read_text().replace(*change))
    found, _, bundle = run(path)
    assert found == status
    log = sarif(bundle, tmp_path / "x.sarif", status)
    assert list(dict.fromkeys(result["ruleId"] for result in log["results"])) == rules
    assert {result["level"] for result in log["results"]} == ({level} if rules else set())
    assert log["invocations"][0] == {"executionSuccessful": status != 3, "exitCode": status}


def test_a_bundle_that_was_changed_has_that_as_its_only_result(tmp_path, capsys):
    _, _, bundle = run(made(tmp_path / "p", 'bound."*" = { rel = 1e-5 }'), "small")
    (bundle / "small" / "case.json").write_text("{}")
    found = sarif(bundle, tmp_path / "x.sarif", 1)
    assert [result["ruleId"] for result in found["results"]] == ["verdict"]
    assert "NOT VERIFIED" in found["results"][0]["message"]["text"]
    assert report(["summary", str(bundle), "--sarif", str(tmp_path / "x.sarif")]) == 3
    assert "exists" in capsys.readouterr().err


def test_every_kind_of_bundle_says_where_its_first_divergences_stand():
    assert {kind.word for kind in KINDS} == set(RECORDS)


def test_taps_of_our_own_programs_have_places_in_their_sources():
    root = Path(__file__).resolve().parents[4]
    for program in ("reference", "simulator"):
        found = {tap.name: own_place(tap.name, program) for tap in TAP_POINTS}
        known = {name: place for name, place in found.items() if place}
        assert len(known) >= 0.75 * len(TAP_POINTS)
        for name, place in known.items():
            assert name in (root / place.uri).read_text().splitlines()[place.line - 1]
    assert own_place("F_latt", "external") is None


@pytest.mark.parametrize(
    ("place", "uri", "line"),
    [
        ("heat.c:42", "src/heat.c", 42), ("../a b.c:1, heat.c:3", "a%20b.c", 1),
        ("/else/x.py:7", "file:///else/x.py", 7), ("heat.c", None, 0), ("heat.c:0", None, 0), ("", None, 0),
    ],
)  # fmt: skip
def test_places_are_relative_to_the_root_of_the_sources(place, uri, line):
    found = told_place(place, Path("/p/src"), Path("/p"), "x")
    assert (None if found is None else (found.uri, found.line)) == (None if uri is None else (uri, line))


def test_the_root_is_the_repository_if_there_is_one(tmp_path):
    folder = tmp_path / "repository" / "heat"
    folder.mkdir(parents=True)
    assert source_root(folder / "parity.toml") == folder
    (tmp_path / "repository" / ".git").mkdir()
    assert source_root(folder / "parity.toml") == tmp_path / "repository"
