"""What programs are told, and what is stated of it, are one thing."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from harness.bench.measure import BenchPlan
from harness.errors import ProgramError
from harness.programs.programs import DEVICES, DIALECTS, DTYPES, MODES, PARITY_DTYPE, Program


def program(kind: str) -> Program:
    return Program(kind, (kind,), {})


def value_behind(words: tuple[str, ...], option: str | None) -> str | None:
    return words[words.index(option) + 1] if option in words else None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("dtype", "device"), [*product((None, *DTYPES), (None, *DEVICES))])
def test_the_simulator_is_told_the_settings_that_are_stated(
    mode: str, dtype: str | None, device: str | None
) -> None:
    dialect, settings = DIALECTS["simulator"], program("simulator").settings(mode, dtype, device)
    assert settings.dtype == value_behind(settings.words, dialect.dtype_option) == (dtype or PARITY_DTYPE)
    assert settings.device == value_behind(settings.words, dialect.device_option) == device
    assert settings.mode == value_behind(settings.words, "--parity-mode") == mode


@pytest.mark.parametrize(
    ("kind", "dtype"), [("reference", "float64"), ("external", "float64"), ("file", "unknown")]
)
def test_a_program_without_a_choice_states_its_own_number_type(kind: str, dtype: str) -> None:
    settings = program(kind).settings("c-parity")
    assert settings.dtype == dtype
    assert dtype not in settings.words


@pytest.mark.parametrize(("asked", "name"), [(("mixed", None), "dtype"), ((None, "cuda"), "device")])
def test_a_setting_that_a_program_does_not_know_is_refused(
    asked: tuple[str | None, str | None], name: str
) -> None:
    with pytest.raises(ProgramError, match=f"has no {name} option; leave --{name} out"):
        program("reference").settings("spec", *asked)


def test_a_benchmark_states_the_number_type_that_it_tells(tmp_path: Path) -> None:
    plan = BenchPlan(program("simulator"), {}, tmp_path)
    assert plan.in_force.dtype == "float64"
    assert "float64" in plan.words()
