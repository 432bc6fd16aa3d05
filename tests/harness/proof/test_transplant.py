"""Transplants: the seeded tap takes the difference away, both in the one and in the other trace."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from harness.proof.page import cause_markdown, transplant_lines, transplant_markdown
from harness.proof.pixel_site import SimulatorSite
from harness.proof.transplant import FINAL, Transplants, transplant_data, transplants
from simulator import RunConfig
from simulator.scene.scene import prepare
from tests.harness.proof.conftest import ARGS
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import read_stream

CHANGES: dict[str, set[str]] = {
    "-misset 10 20.5 30": {"a_angstroms", "b_angstroms", "c_angstroms"},
    "-lambda 1.001": {"lambda_meters", "source_lambda_meters"},
    "-distance 101": {"pix0_vector_meters", "close_distance_meters"},
    "-phi 0.1": {"phi_rad"},
    "-mosaic 1.2": {"mosaic_umat"},
    "-polar 0.3": {"polar"},
    "-fluence 1e20": {"fluence_photons_per_m2"},
    "-default_F 90": {"F_cell"},
    "-detector_abs 200": {"capture_fraction"},
    "-spindle_axis 0.1 0 1": {"spindle_axis", "fdet_vec"},
}


def moved(first: str, second: str, words: str, *asked: str) -> tuple[Transplants, ...]:
    a, b = (read_stream(io.BytesIO(text.encode()), name) for text, name in ((first, "a"), (second, "b")))
    return transplants(judge(a, b).comparison, f"{ARGS} {words}".split(), Path.cwd(), asked)


@pytest.mark.parametrize("mode", ["--parity-mode c-parity", "--parity-mode spec"])
def test_a_pixel_without_exchange_is_the_traced_one(proof_tools: Any, mode: str) -> None:
    traced, _ = proof_tools
    trace = read_stream(io.BytesIO(traced(mode).encode()), "a")
    finals = {tuple(n for _, n in r.context): r.values[0] for r in trace.records() if r.tap == FINAL}
    scene = prepare(RunConfig.from_args(f"{ARGS} {mode}".split()))
    for (slow, fast), photons in finals.items():
        assert SimulatorSite(scene, (slow, fast)).final({}) == pytest.approx(photons, rel=1e-14)


@pytest.mark.parametrize("change", CHANGES)
def test_the_changed_taps_are_named_both_ways(proof_tools: Any, change: str) -> None:
    traced, _ = proof_tools
    mode = "--parity-mode spec"
    sound, other = traced(mode), traced(f"{mode} {change}")
    for pair, direction in (((other, sound), "c into py"), ((sound, other), "py into c")):
        for found in moved(*pair, mode):
            if found.direction != direction:
                assert not found.taps
                continue
            assert CHANGES[change] & set(found.named), found
            last = next(item for item in found.taps if item.tap == found.named[-1])
            assert last.together == pytest.approx(1.0, abs=0.01)


def test_a_tap_that_has_no_part_in_it_takes_nothing_away(proof_tools: Any) -> None:
    traced, _ = proof_tools
    mode = "--parity-mode spec"
    found = moved(traced(f"{mode} -polar 0.3"), traced(mode), mode, "hkl_frac", "polar")
    for one in found[::2]:
        alone = {item.tap: item.alone for item in one.taps}
        assert alone == {"hkl_frac": pytest.approx(0.0, abs=1e-9), "polar": pytest.approx(1.0, abs=1e-9)}


def test_a_simulator_that_stands_for_neither_side_takes_nothing(proof_tools: Any) -> None:
    traced, _ = proof_tools
    mode = "--parity-mode spec"
    found = moved(traced(f"{mode} -polar 0.3"), traced(f"{mode} -polar 0.5"), mode)
    assert [one.taps for one in found] == [()] * 4
    lines = transplant_lines(transplant_data(found))
    assert all("nothing was put in: the simulator here gives another value" in line for line in lines)


def test_programs_that_agree_leave_nothing_to_put_in(proof_tools: Any) -> None:
    traced, _ = proof_tools
    text = traced("--parity-mode spec")
    assert moved(text, text, "--parity-mode spec") == ()
    assert "the programs agree on each traced pixel" in transplant_lines([])[0]
    assert "Nothing to put in" in transplant_markdown([], [])


def test_the_page_shows_shares_beside_those_of_first_order(proof_tools: Any) -> None:
    traced, _ = proof_tools
    mode = "--parity-mode spec"
    stated = transplant_data(moved(traced(f"{mode} -polar 0.3"), traced(mode), mode))
    budgets = [{"pixel_slow_fast": [0, 0], "taps": [{"tap": "polar", "contribution": 1.0, "share": 0.5}]}]
    page = transplant_markdown(stated, budgets)
    assert "c into py: polar takes 100.0000% away" in page
    assert "| polar | 100.0000% | 100.0000% | 50.0000% | not linear: a flip, or large differences |" in page
    right = {"verdict": "c is off", "reason": "polar"}
    assert cause_markdown(right, stated, ("FAIL",))[0] == "# The cause"
    assert cause_markdown(None, stated, ("FAIL",)) == []
