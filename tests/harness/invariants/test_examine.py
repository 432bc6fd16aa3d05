"""Both programs keep all relations; quirks are named; what ignores its command line does not pass."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from harness.commands.nb_invariants import main
from harness.invariants.bases import BASES, built_in_bases
from harness.invariants.examine import Examination, examined, running, violated
from harness.invariants.judged import FOUND, HOLDING, Standing
from harness.invariants.relations.command_line import CommandLine
from harness.invariants.relations.relation import Sameness
from harness.invariants.relations.table import RELATION_BY_ID, RELATIONS
from harness.programs.programs import first_program, simulator_program

SOUND_TURN = "-osc 3 -phisteps 3 -quirk Q-PHI-CARRYOVER=off"
SMALL = (
    "-cell 60 70 80 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -pixel 2 -detpixels 8 -oversample 1"
)


@pytest.fixture(scope="module")
def reference():
    return first_program(None, {name: value for name, value in os.environ.items() if name != "NB_C_BIN"})


def outcomes_of(job):
    with running(job) as runs:
        return examined(job, runs)


@pytest.fixture(scope="module")
def of_reference(reference):
    return outcomes_of(Examination(reference))


@pytest.fixture(scope="module")
def of_reference_in_c_parity(reference):
    return outcomes_of(Examination(reference, mode="c-parity"))


def against(outcomes):
    return [
        (one.relation.id, one.base, one.reason)
        for one in outcomes
        if one.standing not in (*HOLDING, Standing.APART)
    ]


def test_reference_keeps_every_relation(of_reference):
    assert not against(of_reference)
    assert {one.relation.id for one in of_reference if one.standing in HOLDING} == RELATION_BY_ID.keys()


def test_simulator_keeps_every_relation():
    outcomes = outcomes_of(Examination(simulator_program()))
    assert not against(outcomes)
    assert {one.relation.id for one in outcomes if one.standing in HOLDING} == RELATION_BY_ID.keys()


def test_what_is_bit_for_bit_and_each_pixels_own_holds_bit_for_bit(of_reference):
    """The second is no demand, since rounding may differ; this tells what it is today."""
    strict = [one for one in of_reference if one.relation.sameness in (Sameness.BITS, Sameness.OWN)]
    assert {one.standing for one in strict} == {Standing.EXACT, Standing.APART}


def test_relations_name_bases_and_sections():
    for relation in RELATIONS:
        assert set(relation.on) <= BASES.keys(), relation.id
        assert relation.source[:2].isdigit(), relation.id
        assert (relation.bound > 0) == (relation.sameness is Sameness.STATED), relation.id


def test_every_violation_in_c_parity_is_named_after_its_quirk(of_reference_in_c_parity):
    found = [one for one in of_reference_in_c_parity if one.standing in FOUND]
    assert {one.standing for one in found} == {Standing.QUIRK}
    assert {one.relation.id for one in found} >= {"tiles", "mask", "phi-steps", "sources-add", "sensor"}


def test_tiles_find_the_carried_orientation_in_three_pixels(of_reference_in_c_parity):
    (tiles,) = [
        one for one in of_reference_in_c_parity if one.relation.id == "tiles" and one.standing in FOUND
    ]
    assert tiles.quirks == ("Q-PHI-CARRYOVER",)
    assert tiles.deviation.outside == 3


@pytest.mark.parametrize(
    ("relation", "words", "quirk"),
    [
        (
            "crystal-lengths",
            "-tophat_spots -fudge 60 -misset 12 25 33",
            "Q-GAUSS-WIDTH: the images say nothing",
        ),
        ("resolution-limit", "-xds -Xclose 5 -Ybeam 12", "Q-CENTRE-IGNORED: holds"),
        ("spectrum", "-water 0.1", "Q-WATER-STEPS: holds"),
    ],
)
def test_quirk_is_named_that_breaks_a_relation(reference, relation, words, quirk):
    """In spec mode the spots of the first are too small for any of these pixels: the images are blank."""
    rows = (RELATION_BY_ID[relation],)
    lines = {"c": CommandLine((*SMALL.split(), *words.split()))}
    (found,) = outcomes_of(Examination(reference, rows, lines, mode="c-parity"))
    assert found.standing is Standing.QUIRK
    assert found.reason.startswith(f"{quirk} with that off; ")


def test_violated_names_what_a_faulty_program_breaks(reference, tmp_path):
    faulty = tmp_path / "faulty"
    path = reference.words[0]
    faulty.write_text(f'#!/bin/sh\nexec {path} "$@" -default_F 50\n', encoding="ascii")
    faulty.chmod(0o755)
    program = replace(reference, words=(str(faulty),))
    relations = [RELATION_BY_ID[name] for name in ("polarization-linear", "structure-factors")]
    assert violated(program, relations) == ["structure-factors"]


def test_files_of_a_table_are_told_apart_by_content():
    line = CommandLine(("-hkl", "a"), {"a": b"1 0 0 5\n"})
    assert line.key != replace(line, files={"a": b"1 0 0 6\n"}).key
    assert line.giving_table("-hkl", [[1.0, 0.0, 0.0, 0.1]]).content("-hkl") == b"1 0 0 0.1\n"


def test_scaling_keeps_the_place_of_an_option():
    line = CommandLine(("-distance", "100", "-Xbeam", "3", "-cell", "9", "8", "7", "90", "90", "90"))
    scaled = line.scaling(2.0, "-distance").scaling(2.0, "-cell", count=3)
    assert scaled.words == (
        "-distance", "200.0", "-Xbeam", "3", "-cell", "18.0", "16.0", "14.0", "90.0", "90.0", "90.0",
    )  # fmt: skip


def test_built_in_bases_are_ready_to_run():
    assert all(line.used_files or "-hkl" not in line.words for line in built_in_bases().values())


STALE = """#!/bin/sh
case "$*" in *--version*) exit 9;; esac
printf '{\\nHEADER_BYTES=512;\\nSIZE1=8;\\nSIZE2=8;\\n}\\f' > intimage.img
head -c 640 /dev/zero | tr '\\0' ' ' >> intimage.img
cp %s floatimage.bin
"""


@pytest.fixture
def stale(tmp_path):
    """A program that gives one image whatever it is told."""
    np.random.default_rng(1).gamma(2.0, 5.0, (8, 8)).astype(np.float32).tofile(tmp_path / "old.bin")
    path = tmp_path / "stale"
    path.write_text(STALE % (tmp_path / "old.bin"), encoding="ascii")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("only", "status"),
    [
        ("structure-factors", 1),
        ("tiles", 1),
        ("laboratory-lengths", 2),
        ("repeated-run", 2),
        ("convention", 2),
    ],
)
def test_a_program_that_ignores_its_command_line_does_not_pass(stale, only, status, capsys):
    assert main(["--bin", stale, "--only", only, "--", *SMALL.split()]) == status
    assert "PASS" not in capsys.readouterr().out


def test_a_program_that_fails_is_an_error(tmp_path, capsys):
    path = tmp_path / "failing"
    path.write_text("#!/bin/sh\necho no licence >&2\nexit 4\n", encoding="ascii")
    path.chmod(0o755)
    assert main(["--bin", str(path), "--only", "fluence", "--", *SMALL.split()]) == 3
    assert "no licence" in capsys.readouterr().out


def test_nothing_that_applies_is_not_comparable(capsys):
    assert main(["--program", "reference", "--only", "water-adds", "--", *SMALL.split()]) == 2
    assert "no relation applies" in capsys.readouterr().out


def test_a_blank_image_says_nothing(capsys):
    assert main(["--program", "reference", "--only", "fluence", "--", *SMALL.split(), "-fluence", "0"]) == 2
    assert "0 everywhere" in capsys.readouterr().out


def test_violations_are_kept_with_what_shows_them_again(tmp_path, capsys):
    folder, junit = tmp_path / "proof", tmp_path / "ci.xml"
    words = ["--program", "reference", "--mode", "c-parity", "--only", "tiles", "--outdir", str(folder)]
    status = main([*words, "--junit", str(junit), "--json"])
    assert status == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((folder / "summary.json").read_text())
    assert summary["coverage"] == {"relations": 1, "tried": 1, "trials": 3}
    assert ElementTree.parse(junit).getroot()[0].get("failures") == "1"
    place = folder / "tiles" / "rotation"
    commands = [line for line in (place / "commands.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(commands) == 5
    subprocess.run(commands[1], shell=True, cwd=place, check=True, capture_output=True)
    assert (place / "floatimage.bin").read_bytes() == (place / "2.bin").read_bytes()
    assert "table.hkl" in shlex.split(commands[1])


def test_accepted_quirks_loosen_the_verdict(capsys):
    words = ["--program", "reference", "--mode", "c-parity", "--only", "tiles"]
    assert main([*words, "--accept-quirks"]) == 0
    assert "PASS (LOOSENED)" in capsys.readouterr().out
    assert main([*words, "--", *SMALL.split(), *SOUND_TURN.split()]) == 0


def test_a_missing_table_is_one_line_and_an_error(capsys):
    words = [
        "--program",
        "reference",
        "--only",
        "structure-factors",
        "--",
        *SMALL.split(),
        "-hkl",
        "none.hkl",
    ]
    assert main(words) == 3
    assert "none.hkl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ("exchanged-axes", "-xds -curved_det -ORGX 3 -ORGY 5"),
        ("resolution-limit", "-roi 1 6 2 7"),
        (
            "crossed-polarization",
            "-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 -1 0 -odet_vector 0 0 1",
        ),
    ],
)
def test_no_false_alarm_where_a_relation_has_its_limits(only, words, capsys):
    assert main(["--program", "reference", "--only", only, "--", *SMALL.split(), *words.split()]) in (0, 2)
    assert "FAIL" not in capsys.readouterr().out
