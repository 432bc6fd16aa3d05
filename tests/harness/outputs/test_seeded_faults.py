"""Faults of either program in what it writes beside the float image: every one is found, and where it is."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from harness.faults.table import FAULTS
from harness.outputs.sides import OutputSide
from harness.trials.c_objects import SoundObjects
from harness.verdict import State
from tests.harness.outputs.conftest import AUTO, WORDS, Bench, rows_of
from tests.harness.outputs.writer_faults import WRITER_FAULTS

BY_ID = {fault.id: fault for fault in (*FAULTS, *WRITER_FAULTS)}
Both = tuple[OutputSide, OutputSide]
C_FAULTS = {
    "c-integer-floor": {"smv pixels"},
    "c-integer-offset": {"smv pixels"},
    "c-integer-scale": {"smv pixels"},
    "c-count-limit": {"smv pixels", "noise pixels"},
    "c-header-key-lost": {"smv header", "noise header"},
    "c-header-distance-written": {"smv header", "noise header"},
    "c-pixel-bytes": {"smv pixels", "noise pixels"},
    "c-row-order": {"smv pixels", "noise pixels"},
    "c-noise-seed": {"noise pixels", "noise printed"},
    "c-noise-mean": {"noise pixels", "noise printed"},
    "c-preview-scale": {"pgm pixels"},
    "c-preview-limit": {"pgm pixels"},
    "c-mean-printed": {"smv printed"},
}
PY_FAULTS = {
    "py-integer-floor": {"smv pixels"},
    "py-integer-offset": {"smv pixels"},
    "py-integer-scale": {"smv pixels"},
    "py-integer-limit": {"smv pixels"},
    "py-count-limit": {"noise pixels"},
    "py-header-key-lost": {"smv header", "noise header"},
    "py-header-distance": {"smv header", "noise header"},
    "py-pixel-bytes": {"smv pixels", "noise pixels"},
    "py-row-order": {"smv pixels", "noise pixels"},
    "py-noise-seed": {"noise pixels", "noise printed"},
    "py-noise-mean": {"noise pixels", "noise printed"},
    "py-preview-scale": {"pgm pixels"},
    "py-preview-white": {"pgm pixels"},
    "py-max-place": {"smv printed"},
}
"""What each must make fail, and nothing else."""
AUTO_FAULTS = {
    "c-integer-target": {"smv pixels", "smv printed"},
    "c-rmsd": {"smv printed", "pgm pixels", "pgm printed", "pgm header"},
}
"""Those of a scale that a program chooses by itself."""


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> SoundObjects:
    return SoundObjects.made(tmp_path_factory.mktemp("objects") / "sound")


def failing(first: OutputSide, second: OutputSide) -> set[str]:
    assert np.array_equal(first.image, second.image)
    return {name for name, row in rows_of(first, second).items() if row.state is not State.HELD}


def test_sound_programs_agree_in_every_output(sound: Both, sound_auto: Both) -> None:
    for pair in (sound, sound_auto):
        rows = rows_of(*pair)
        assert {name.split()[0] for name in rows} == {"dump", "smv", "pgm", "noise"}
        assert all(row.state is State.HELD and row.unequal == 0 for row in rows.values())


@pytest.mark.parametrize("fault", C_FAULTS)
def test_fault_of_the_reference_is_found(
    fault: str, sound: Both, bench: Bench, objects: SoundObjects, tmp_path: Path
) -> None:
    program = objects.program(tmp_path / "faulty", BY_ID[fault].c)
    assert failing(bench.reference(fault, WORDS, program=program), sound[1]) == C_FAULTS[fault]


@pytest.mark.parametrize("fault", AUTO_FAULTS)
def test_fault_of_a_chosen_scale_is_found(
    fault: str, sound_auto: Both, bench: Bench, objects: SoundObjects, tmp_path: Path
) -> None:
    program = objects.program(tmp_path / "faulty", BY_ID[fault].c)
    assert failing(bench.reference(fault, AUTO, program=program), sound_auto[1]) == AUTO_FAULTS[fault]


@pytest.mark.parametrize("fault", PY_FAULTS)
def test_fault_of_the_simulator_is_found(
    fault: str, sound: Both, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seam in BY_ID[fault].py:
        *owners, name = seam.name.split(".")
        owner = reduce(getattr, owners, import_module(seam.module))
        monkeypatch.setattr(owner, name, seam.faulty(getattr(owner, name)))
    faulty = bench.simulator(fault)
    monkeypatch.undo()
    assert failing(sound[0], faulty) == PY_FAULTS[fault]


def test_reason_names_the_first_pixel_and_the_key_with_both_values(
    sound: Both, bench: Bench, objects: SoundObjects, tmp_path: Path
) -> None:
    pixels = bench.reference(
        "named", WORDS, program=objects.program(tmp_path / "offset", BY_ID["c-integer-offset"].c)
    )
    row = rows_of(pixels, sound[1])["smv pixels"]
    slow, fast = 0, 0
    counts = [int(side.read("smv").pixels[slow, fast]) for side in (pixels, sound[1])]
    assert f"[slow, fast] [{slow}, {fast}]: c {counts[0]}, py {counts[1]}" in row.text
    header = bench.reference(
        "key", WORDS, program=objects.program(tmp_path / "key", BY_ID["c-header-key-lost"].c)
    )
    assert "BEAMLINE c 'no such key', py 'fake;'" in rows_of(header, sound[1])["smv header"].text
