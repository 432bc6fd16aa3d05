"""The verdict of a change contract on made images: held pixels bit for bit, declared ones free."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.contract.judge import judge_contract
from harness.contract.pixels import NO_EVIDENCE, ContractEvidence, can_judge, chosen_pixels, judged_pixels
from harness.contract.rules import asked_contract, mask_of_caller
from harness.images.compare import Region, compare_images
from system_io.verdict_words import Word

SHAPE = (12, 16)


def image():
    slow, fast = np.indices(SHAPE)
    return (1.0 + slow + 0.01 * fast).astype(np.float32)


def with_pixel(slow, fast, value=None):
    changed = image()
    changed[slow, fast] = np.nextafter(changed[slow, fast], np.float32(np.inf)) if value is None else value
    return changed


def judged(first, second, *texts, evidence=NO_EVIDENCE, roi=None, small_region=False):
    compared = compare_images(first, second, roi)
    assert can_judge(compared)
    contract = asked_contract(texts, mask_of_caller(Path()))
    return judge_contract(contract, compared, (first, second), evidence, small_region=small_region)


def test_a_declared_pixel_may_change_by_any_amount():
    result = judged(image(), with_pixel(3, 5, 900.0), "pixels:5,3")
    assert result.word is Word.PASS
    assert result.data["rules"][0]["text"] == "1 of 1 declared pixels differ"
    assert (result.data["held"], result.data["differ"]) == (191, 1)


def test_the_last_digit_of_a_pixel_beside_is_a_failure_with_its_place():
    changed = with_pixel(3, 5, 900.0)
    changed[3, 6] = np.nextafter(changed[3, 6], np.float32(0.0))
    result = judged(image(), changed, "pixels:5,3")
    assert result.word is Word.FAIL
    assert (
        "undeclared change in 1 of 192 pixels; the first, slow 3 fast 6: c 4.05" in result.findings[0].reason
    )
    assert result.criteria[0].measured == 1.0


def test_the_place_is_that_of_the_whole_image_in_a_region():
    result = judged(image(), with_pixel(7, 9), "pixels:0,0", roi=Region(4, 12, 5, 10))
    assert "slow 7 fast 9" in result.findings[0].reason


def test_what_nothing_changed_is_unused_and_no_failure():
    result = judged(image(), image(), "pixels:5,3")
    assert result.word is Word.PASS
    assert any("declared but unused" in finding.reason for finding in result.findings)


@pytest.mark.parametrize("texts", [("pixels:0-15,0-11",), ("pixels:0-7,0-11", "pixels:8-99,0-11")])
def test_a_declaration_of_the_whole_image_holds_nothing(texts):
    result = judged(image(), with_pixel(3, 5), *texts)
    assert result.word is Word.NOT_COMPARABLE
    assert "nothing was held" in result.findings[0].reason


def test_next_to_the_whole_image_holds_nothing_unless_that_is_asked_for():
    changed = with_pixel(3, 5)
    texts = ("pixels:0-15,1-11", "pixels:1-15,0")  # all but one pixel
    assert judged(image(), changed, *texts).word is Word.NOT_COMPARABLE
    assert judged(image(), changed, *texts, small_region=True).word is Word.PASS


def test_no_number_is_a_value_as_any_other():
    first, second = with_pixel(1, 1, np.nan), with_pixel(1, 1, np.nan)
    assert judged(first, second, "pixels:5,3").word is Word.PASS
    one_side = judged(image(), second, "pixels:1,1")
    assert one_side.word is Word.PASS
    assert any("no number on one side only" in finding.reason for finding in one_side.findings)
    assert judged(image(), second, "pixels:5,3").word is Word.FAIL


def test_images_without_contrast_or_of_two_shapes_are_not_judged():
    flat = np.zeros(SHAPE, np.float32)
    assert not can_judge(compare_images(flat, flat))
    assert can_judge(compare_images(flat, image()))
    assert not can_judge(compare_images(image(), image()[:, :8]))


def quirk_images(change):
    off = image()
    on = off.copy()
    on[2, 3:6] += np.float32(change)
    return on, off


def test_a_quirk_may_change_its_pixels_to_its_values():
    on, off = quirk_images(0.5)
    result = judged(on, off, "quirk:Q-PHI-CARRYOVER", evidence=ContractEvidence({"0": off, "1": on}))
    assert result.word is Word.PASS
    assert "c: Q-PHI-CARRYOVER=on, bit for bit; py: Q-PHI-CARRYOVER=off" in result.data["rules"][0]["text"]


@pytest.mark.parametrize(("pixel", "why"), [((2, 4), "not to this value"), ((8, 8), "fast 8: c")])
def test_a_quirk_declares_no_other_pixel_and_no_other_value(pixel, why):
    on, off = quirk_images(0.5)
    changed = off.copy()
    changed[pixel] = np.nextafter(changed[pixel], np.float32(np.inf))
    result = judged(on, changed, "quirk:Q-PHI-CARRYOVER", evidence=ContractEvidence({"0": off, "1": on}))
    assert result.word is Word.FAIL
    assert why in result.findings[0].reason


def test_a_fork_that_differs_from_the_reference_elsewhere_is_held_to_pixels_only():
    on, off = quirk_images(0.5)
    evidence = ContractEvidence({"0": off * np.float32(1.1), "1": on * np.float32(1.1)})
    result = judged(on, off, "quirk:Q-PHI-CARRYOVER", evidence=evidence)
    assert result.word is Word.PASS
    assert "values not held" in result.data["rules"][0]["text"]


def test_two_quirks_may_change_what_they_change_together():
    off = image()
    states = {"00": off}
    for code in ("01", "10", "11"):
        states[code] = off.copy()
    states["01"][2, 3], states["10"][2, 4], states["11"][2, 3:6] = 50.0, 60.0, 70.0
    quirks = ("quirk:Q-PHI-CARRYOVER", "quirk:Q-OSC-ZERO")
    assert judged(off, states["11"], *quirks, evidence=ContractEvidence(states)).word is Word.PASS
    mixed = states["11"].copy()
    mixed[2, 3] = 50.0
    assert judged(off, mixed, *quirks, evidence=ContractEvidence(states)).word is Word.FAIL


def test_a_run_that_gave_nothing_decides_nothing():
    result = judged(
        image(), with_pixel(3, 5), "quirk:Q-OSC-ZERO", evidence=ContractEvidence(troubles=("no image",))
    )
    assert (result.word, result.findings[0].reason) == (Word.NOT_COMPARABLE, "no image")


def test_the_first_the_worst_and_some_drawn_pixels_are_traced_and_equal_ones():
    changed = image() * np.float32(1.001)
    changed[9, 2], changed[11] = 500.0, image()[11]
    contract = asked_contract(["taps:phi_rad"], mask_of_caller(Path()))
    compared = compare_images(image(), changed)
    pixels = judged_pixels(contract, compared, SHAPE, NO_EVIDENCE)
    chosen = chosen_pixels(pixels, compared)
    assert chosen[:2] == [(0, 0), (9, 2)]
    assert (11, 15) in chosen
    assert chosen == chosen_pixels(pixels, compared)
