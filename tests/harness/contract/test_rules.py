"""Rules of a change contract: what each kind names, and how a wrong one is refused."""

from __future__ import annotations

import numpy as np
import pytest

from harness.contract.rules import FORMS, asked_contract, below, mask_of_caller, unequal_bits
from harness.errors import UsageError


def contract(tmp_path, *texts):
    return asked_contract(texts, mask_of_caller(tmp_path))


@pytest.mark.parametrize(
    ("what", "pixels"),
    [
        ("3,1", {(1, 3)}),
        ("2-3,1", {(1, 2), (1, 3)}),
        ("0,0-1+4,3", {(0, 0), (1, 0), (3, 4)}),
        ("4-9,3-9", {(3, 4)}),
    ],
)
def test_pixels_are_named_fast_first_and_cut_to_the_image(tmp_path, what, pixels):
    (rule,) = contract(tmp_path, f"pixels:{what}").pixels
    assert {(int(s), int(f)) for s, f in np.argwhere(rule.allowed((4, 5)))} == pixels


def test_a_mask_file_names_its_pixels_that_are_not_zero(tmp_path):
    mask = np.zeros((4, 5))
    mask[2, 1] = 1
    np.save(tmp_path / "mask.npy", mask)
    (rule,) = contract(tmp_path, "pixels:mask.npy").pixels
    assert np.array_equal(rule.allowed((4, 5)), mask != 0)
    with pytest.raises(UsageError, match="the mask has 4 x 5 pixels, the image 5 x 4"):
        rule.allowed((5, 4))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pixel:1,2", FORMS),
        ("taps", FORMS),
        ("pixels:", "names no pixels"),
        ("pixels:1", "names no pixels"),
        ("pixels:-1,2", "names no pixels"),
        ("pixels:1,2 ", "names no pixels"),
        ("pixels:3-2,1", "ends before it begins"),
        ("pixels:gone.npy", "gone.npy"),
        ("taps:omega", "did you mean oversample_omega, omega_pixel_sr"),
        ("quirk:Q-PHI", "did you mean Q-PHI-CARRYOVER"),
        ("quirk:", "no quirk that can be switched"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_remedy(tmp_path, text, said):
    with pytest.raises(UsageError) as error:
        contract(tmp_path, text)
    assert said in str(error.value)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_mask_is_refused(tmp_path, content):
    (tmp_path / "mask.npy").write_bytes(content)
    with pytest.raises(UsageError, match=r"numpy\.save"):
        contract(tmp_path, "pixels:mask.npy")


def test_pixels_outside_the_image_are_refused(tmp_path):
    (rule,) = contract(tmp_path, "pixels:9,0").pixels
    with pytest.raises(UsageError, match="names no pixel of the image, which has 4 x 5"):
        rule.allowed((4, 5))


def test_what_is_computed_from_a_tap_or_printed_by_its_word_is_below_it():
    assert {"phi_rad", "rot_a_angstroms", "F_latt", "floatimage_accumulated"} <= below(["phi_rad"])
    assert not {"omega_pixel_sr", "lambda_meters", "phisteps"} & below(["phi_rad"])
    assert "rot_a_angstroms" in below(["phisteps"])


def test_bits_tell_zeros_and_numbers_that_are_none_apart():
    one = np.array([[0.0, np.nan, 1.0, np.nan]], np.float32)
    other = np.array([[-0.0, np.nan, 1.0, 1.0]], np.float32)
    assert unequal_bits(one, other).tolist() == [[True, False, False, True]]
