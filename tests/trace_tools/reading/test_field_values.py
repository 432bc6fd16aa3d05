import math

import pytest

from trace_tools.reading.field_names import ALIASES, UNITS, unit_factor
from trace_tools.reading.field_values import read_values
from trace_tools.reading.numerals import NumeralError, PrintedDigits, read_number
from trace_tools.tap_points import TAP_ID


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", 12.5),
        ("+12.5", 12.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.25e+01", 12.5),
        ("1.25D+01", 12.5),
        ("1.25d1", 12.5),
        ("0.125Q+02", 12.5),
        ("0.5-100", 5e-101),
        ("0x1.9p+3", 12.5),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("+INF", math.inf),
        ("1.#INF", math.inf),
        ("-1.#INF00", -math.inf),
        ("0e400", 0.0),
    ],
)
def test_numbers_of_all_languages_are_read(text, value):
    assert read_number(text) == value


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "NAN", "nan(0x8)", "-nan(ind)", "1.#QNAN", "-1.#IND"])
def test_not_a_number_is_read_however_it_is_spelled(text):
    assert math.isnan(read_number(text))


@pytest.mark.parametrize(
    "text", ["1e400", "-1D999", "1e-400", "9" * 400, "12,5", "1e", "", "0x10", "1_0", "***", "x"]
)
def test_what_no_double_is_is_refused(text):
    with pytest.raises(NumeralError):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "size", "values"),
    [
        ("0.1 0.2 -0.3", 3, (0.1, 0.2, -0.3)),
        ("[0.1, 0.2, -0.3]", 3, (0.1, 0.2, -0.3)),
        ("(0.1,0.2,-0.3)", 3, (0.1, 0.2, -0.3)),
        ("1,2,3", 3, (1, 2, 3)),
        ("(79,64)", None, (79, 64)),
        ("x:0.1 y:0.2 z:-0.3", 3, (0.1, 0.2, -0.3)),
        ("z=3, y=2, x=1", 3, (1, 2, 3)),
        ("h:1 k:2 l:3", 3, (1, 2, 3)),
        ("[1 0 0; 0 1 -0; 0 0 1]", 9, (1, 0, 0, 0, 1, -0.0, 0, 0, 1)),
        ("[[1. 2.]\t[3. 4.]]", None, (1, 2, 3, 4)),
        ("tensor([1., 2., 3.], dtype=torch.float64, device='cuda:0')", 3, (1, 2, 3)),
        ("tensor(1.5, dtype=torch.float64, grad_fn=<MulBackward0>)", 1, (1.5,)),
        ("np.float64(12.5)", 1, (12.5,)),
        ("array([1., 2., 3.])", 3, (1, 2, 3)),
        ("12.5;", 1, (12.5,)),
        ("True", 1, (1,)),
        ("−12.5", 1, (-12.5,)),
    ],
)
def test_vectors_are_read_as_they_are_printed(text, size, values):
    assert read_values(text, size).values == values


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0.1 m", "m"),
        ("0.1 [m]", "m"),
        ("[0.1, 0.2, 0.3] mm", "mm"),
        ("100mm", "mm"),
        ("0.97 1/A", "1/A"),
        ("5 °", "°"),
        ("0.97 A^-1", "A^-1"),
        ("nan m", "m"),
        ("0.1", ""),
        ("1.5 Å", "Å"),
        ("2 (rad)", "rad"),
    ],
)
def test_unit_behind_numbers_is_told_apart(text, unit):
    assert read_values(text).unit == unit


@pytest.mark.parametrize(
    ("text", "size", "says"),
    [
        ("12,5", 1, "'12,5' cannot be read: a decimal comma"),
        ("12,5", None, "decimal comma"),
        ("0,1 0,2 0,3", 3, "decimal comma"),
        ("1,25e+01", 1, "decimal comma"),
        ("1 2", 3, "2 values where its shape is 3"),
        ("1e400", 1, "out of the range"),
        ("[[1 0 0]", 9, "brackets do not close"),
        ("12.5 (phi=0)", 1, "2 values"),
        ("1e", 1, "not a number"),
        ("5 furlongs", 1, "'furlongs' cannot be read"),
        ("", 1, "no value"),
    ],
)
def test_what_cannot_be_read_says_why(text, size, says):
    assert says in read_values(text, size).problem


def test_every_alias_means_a_tap_and_no_tap_is_an_alias():
    assert all(meaning.tap in TAP_ID for meaning in ALIASES.values())
    assert not ALIASES.keys() & TAP_ID.keys()


@pytest.mark.parametrize(
    ("name", "tap", "factor"),
    [
        ("pix0_vector", "pix0_vector_meters", 1),
        ("distance_m", "distance_meters", 1),
        ("Fbeam_m", "Fbeam_meters", 1),
        ("Sbeam_m", "Sbeam_meters", 1),
        ("Fclose_m", "Fclose_meters", 1),
        ("Sclose_m", "Sclose_meters", 1),
        ("close_distance_m", "close_distance_meters", 1),
        ("spindle_axis_normalized", "spindle_axis", 1),
        ("beam_vector", "beam_vec", 1),
        ("lambda_angstroms", "lambda_meters", 1e-10),
        ("phi_deg", "phi_rad", math.pi / 180),
        ("distance_mm", "distance_meters", 1e-3),
        ("rot_a_nm", "rot_a_angstroms", 10),
        ("misset_deg", "misset_rad", math.pi / 180),
    ],
)
def test_names_of_the_field_are_known_with_their_factor(name, tap, factor):
    assert (ALIASES[name].tap, ALIASES[name].factor) == (tap, factor)


def test_unit_of_another_quantity_has_no_factor():
    assert unit_factor("mm", "distance_meters") == 1e-3
    assert unit_factor("m", "a_angstroms") == pytest.approx(1e10, rel=1e-15)
    assert unit_factor("deg", "distance_meters") is None
    assert unit_factor("m", "F_latt") is None
    assert all(factor > 0 for _, factor in UNITS.values())


def digits_of(*texts):
    digits = PrintedDigits()
    for text in texts:
        digits.note(text)
    return digits


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["0.1", "-0.216475836204836"], "15 significant digits"),
        (["12.345678"], "8 significant digits"),
        (["1.250000", "0.000118"], "6 decimals"),
        (["1.2500000000e+01"], "11 significant digits"),
        (["12.5", "1", "3"], ""),
        (["0.21647583620483582", "1.50"], ""),
        (["1.250000", "0.216475836204836"], "15 significant digits"),
    ],
)
def test_precision_of_a_log_is_that_of_its_longest_number(texts, says):
    assert digits_of(*texts).describe() == says
