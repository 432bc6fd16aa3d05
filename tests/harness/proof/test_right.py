"""Who is right: rounding is proven, what no rounding gives is off, and the rest is not provable."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.proof.chain import OFF, WITHIN
from harness.proof.right import BOTH_OFF, EQUAL, NOT_PROVABLE, off_words, right_data, right_markdown

MODES = ("--parity-mode c-parity", "--parity-mode spec")
OPTIONS = ("", "-round_xtal", "-gauss_xtal -oversample_omega", "-oversample_polar -oversample_thick")


def nudged(text: str, tap: str, factor: float) -> str:
    """Return a trace in which the last number of every record of a tap is a little larger."""

    def larger(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]) * factor!r}{match[3]}"

    return re.sub(rf"(TRACE_PY: {tap} .*?)([^ ]+)((?: \|[^\n]*)?\n)", larger, text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", OPTIONS)
def test_the_simulator_is_inside_at_every_tap(proof_tools: Any, mode: str, options: str) -> None:
    traced, proven = proof_tools
    words = f"{mode} {options}"
    text = traced(words)
    right = proven(text, text, words)
    assert right.verdict == EQUAL, right.reason
    unknown = {row.tap: row.sides[0].reasons for row in right.rows if row.sides[0].unknown}
    assert set(unknown) <= {"mosaic_umat", "interpolate"}
    assert sum(row.sides[0].inside for row in right.rows) > 300


TAPS = (
    "pix0_vector_meters", "a_angstroms", "source_vec", "pixel_pos_meters", "omega_pixel_sr",
    "capture_fraction", "polar", "rot_b_angstroms", "hkl_frac", "F_latt_b", "I_running", "I_pixel_final",
)  # fmt: skip


def test_a_part_in_a_million_million_is_off_at_each_tap(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    for tap in TAPS:
        other = nudged(text, tap, 1.0 + 1e-12)
        assert other != text
        number = len(tap) % 2
        right = proven(*((other, text), (text, other))[number], MODES[1])
        assert right.verdict == off_words(("c", "py")[number]), (tap, right.reason)
        assert tap in right.off[number]


def test_the_chain_from_the_command_line_encloses_the_final_pixel(proof_tools: Any) -> None:
    traced, proven = proof_tools
    for mode in MODES:
        text = traced(mode)
        right = proven(text, nudged(text, "I_pixel_final", 1.0 + 1e-9), mode)
        sound, faulty = right.chains
        assert [pixel.word for pixel in (*sound, *faulty)] == [WITHIN] * 2 + [OFF] * 2
        assert all(pixel.width < 1e-10 for pixel in sound)
        assert all(pixel.true == pytest.approx(pixel.value, rel=1e-14) for pixel in sound)
        assert all(pixel.starts == ("mosaic_umat",) for pixel in sound)
        assert "from the command line alone" in right_markdown(right_data(right) or {})


def test_one_unit_in_the_last_place_is_proven_to_be_rounding(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    other = nudged(text, "stol_m_inv", 1.0 + 2.0**-52)
    right = proven(other, text, MODES[1])
    assert right.verdict == EQUAL
    assert any(row.differ for row in right.rows if row.tap == "stol_m_inv")


def test_programs_that_are_wrong_alike_are_both_off(proof_tools: Any) -> None:
    traced, proven = proof_tools
    other = nudged(traced(MODES[1]), "polar", 1.0 + 1e-9)
    assert proven(other, other, MODES[1]).verdict == BOTH_OFF


def test_what_has_no_formula_is_not_provable(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    right = proven(nudged(text, "mosaic_umat", 1.0 + 1e-15), text, MODES[1])
    assert right.verdict != EQUAL
    right = proven(text.replace("mosaic_umat 1 0 0", "mosaic_umat 1 0 1e-17"), text, MODES[1])
    assert (right.verdict, "mosaic_umat" in right.reason) == (NOT_PROVABLE, True)


def test_a_record_on_one_side_only_is_not_provable(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    shorter = "".join(line for line in text.splitlines(True) if "TRACE_PY: stol_m_inv" not in line)
    right = proven(shorter, text, MODES[1])
    assert (right.verdict, "one side only" in right.reason) == (NOT_PROVABLE, True)


def test_more_sources_than_the_options_give_are_off(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text, more = traced(MODES[1]), traced(f"{MODES[1]} -hdivsteps 3")
    right = proven(more, text, MODES[1])
    assert (right.verdict, right.off[0][0]) == (off_words("c"), "sources")


def test_few_digits_prove_nothing(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    short = re.sub(r"-?\d+\.\d+(?:e[-+]\d+)?", lambda found: f"{float(found[0]):.8g}", text)
    right = proven(short, short, MODES[1])
    assert (right.verdict, "digits" in right.reason) == (NOT_PROVABLE, True)


def test_the_page_names_what_is_off_and_what_rounding_allows(proof_tools: Any) -> None:
    traced, proven = proof_tools
    text = traced(MODES[1])
    right = proven(nudged(text, "polar", 1.0 + 1e-9), text, MODES[1])
    page = right_markdown(right_data(right) or {})
    assert "**c is off**: c: polar s=0 f=0" in page
    assert re.search(r"\| polar \| \d+ \| OFF \| inside \|", page)
