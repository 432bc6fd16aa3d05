"""The check of both sides before a comparison."""

import json
from pathlib import Path

import pytest

from harness.commands.nb_compare import main
from harness.pairs.pair import PairJob
from harness.pairs.sides import check_sides, differences
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import program_at, simulator_program
from harness.programs.run import run_program


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


BASE = "-cell 79 79 38 90 90 90 -default_F 10 -N 3 -lambda 1 -distance 100 -detpixels 16"


@pytest.mark.parametrize(
    ("words", "computed", "dtype"),
    [
        ([], "operation by operation, float64", "float64"),
        (["--dtype", "auto", "--parity-mode", "spec"], "operation by operation, mixed", "mixed"),
        (["--dtype", "float32"], "operation by operation, float32", "float32"),
    ],
)
def test_results_state_how_the_simulator_says_it_computed(words, computed, dtype, tmp_path, c_binary, capsys):
    out = tmp_path / "out"
    main(["--c-bin", str(c_binary), "--outdir", str(out), "--json", *words, "--", *BASE.split()])
    summary = json.loads(capsys.readouterr().out)
    assert summary["settings"]["computed"] == {"c": None, "py": computed}
    assert "--reproducible" in summary["runs"]["py"]["command"]
    sides = json.loads((out / "env.json").read_text(encoding="utf-8"))["sides"]
    assert sides["py"]["dtype"] == dtype
    assert any(line.startswith("dtype") for line in sides["differences"]) == (dtype != "float64")


@pytest.mark.parametrize("name", ["simulator.py", "numpy.py", "torch.py"])
def test_a_file_of_the_run_is_not_taken_for_a_module(name, tmp_path):
    (tmp_path / name).write_text("raise SystemExit('a file of the user was run')\n", encoding="ascii")
    arguments = PreparedArguments(tuple(BASE.split()), ((tmp_path / name, name),))
    run = run_program(simulator_program(), (), arguments, tmp_path / "run", 900.0)
    assert run.failure is None
