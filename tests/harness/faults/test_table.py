"""The tables of faults: enough of them, in every source file, each fit to its seam and its command line."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path

import pytest

from harness.commands.faults import main
from harness.faults.c_seams import put_into
from harness.faults.fault import BOTH
from harness.faults.lines import trial_lines
from harness.faults.seed import make_faulty
from harness.faults.table import BY_ID, FAULTS
from harness.programs.build import reference_sources
from harness.trials.places import fault_places
from trace_tools.tap_points import TAP_POINTS

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("physics", "physics/lattice", "kernel", "scene", "output")
WITHOUT_FAULT = {
    "simulator.kernel.joined": "machine code alone takes it; what it joins has faults",
    "simulator.kernel.small_blocks": "plays a run for an engine; no value of an image",
    "simulator.kernel.nearest_reflection": "finds the reflection of a pixel, for figures of the harness",
    "simulator.kernel.traced_windows": "restricts a run to traced pixels, which no line asks for",
    "simulator.output.kept_code": "lists compiled code that is kept; no value of an image",
    "simulator.output.watchers": "hands values on to several who watch",
    "simulator.output.progress": "prints how far a run is",
    "simulator.physics.lattice.bound": "acts with --epsilon only",
    "simulator.physics.lattice.crystal_shape": "what all shapes have; the formula of each is seeded",
    "simulator.scene.skippable": "acts with --epsilon only",
}
"""Modules that no fault is seeded in by their name, and why."""


def test_there_are_many_single_faults_and_enough_shared_ones() -> None:
    assert len(BY_ID) == len(FAULTS)
    assert sum(side != BOTH for fault in FAULTS for side in fault.sides) >= 120
    assert sum(BOTH in fault.sides for fault in FAULTS) >= 10


def test_every_file_of_the_reference_has_a_fault() -> None:
    files = {path.name for path in reference_sources().glob("*.c")}
    assert files <= {place for fault in FAULTS for place in fault_places(fault, BOTH)}


def test_every_module_of_the_physics_has_a_fault() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ROOMS
        for path in (ROOT / "simulator" / room).glob("[a-z]*.py")
    }
    faulty = {seam.module for fault in FAULTS for seam in fault.py}
    assert modules - faulty - WITHOUT_FAULT.keys() == set()
    assert modules >= WITHOUT_FAULT.keys()
    assert not WITHOUT_FAULT.keys() & faulty


def test_every_fault_fits_the_sources(tmp_path: Path) -> None:
    for fault in FAULTS:
        if fault.c:
            sources = tmp_path / fault.id
            shutil.copytree(reference_sources(), sources)
            assert put_into(sources, fault.c)
        for seam in fault.py:
            owner = import_module(seam.module)
            for name in seam.name.split("."):
                owner = getattr(owner, name)


def test_every_fault_names_a_command_line_and_taps_that_exist() -> None:
    names = {tap.name for tap in TAP_POINTS}
    for fault in FAULTS:
        assert fault.line in trial_lines(), fault.id
        assert set(fault.taps) <= names, fault.id


@pytest.mark.parametrize("side", ["c", "py"])
def test_a_faulty_program_is_made(side: str, tmp_path: Path) -> None:
    made = make_faulty(BY_ID["electron-radius"], side, tmp_path / "program")
    assert made.path.is_file()


def test_command_lists_faults_and_refuses_unknown_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(FAULTS)
    for words in (
        ["make", "no-such-fault", "--outdir", str(tmp_path / "x")],
        ["make", "c-polar-1e-5", "--side", "py", "--outdir", str(tmp_path / "x")],
        ["run", "--ids", "no-such-fault"],
        ["run", "--share", "3/2"],
        ["run", "--workers", "0"],
        ["run", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
        ["run", "c-polar-1e-5"],
    ):
        assert main(words) == 3
        assert capsys.readouterr().err.count("\n") == 1
