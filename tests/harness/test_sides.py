"""The check of both sides before a comparison."""

from pathlib import Path

from harness.pair import PairJob
from harness.programs import program_at, simulator_program
from harness.sides import check_sides, differences


def test_reference_and_simulator_know_the_same_quirks(c_binary):
    reference = program_at(str(c_binary), "--c-bin")
    facts = check_sides(PairJob(reference, simulator_program(), (), Path.cwd(), dtype="float64"))
    assert facts["differences"] == []
    assert "Q-PHI-CARRYOVER" in facts["c"]["quirks"]
    assert facts["c"]["version"] == facts["py"]["version"]


def test_other_number_type_version_and_quirks_are_stated():
    first = {"version": "0.1.0", "parity_mode": "spec", "dtype": "float64", "quirks": ["Q-A", "Q-B"]}
    second = {"version": "0.2.0", "parity_mode": "spec", "dtype": "mixed", "quirks": ["Q-A"]}
    assert differences(first, second) == [
        "version: 0.1.0 and 0.2.0",
        "dtype: float64 and mixed",
        "quirks that only one side knows: Q-B",
    ]


def test_external_program_has_no_known_quirks(fake, c_binary):
    external, reference = program_at(fake("good"), "--c-bin"), program_at(str(c_binary), "--c-bin")
    facts = check_sides(PairJob(external, reference, (), Path.cwd()))
    assert facts["c"]["quirks"] is None
    assert not any("quirks" in line for line in facts["differences"])
