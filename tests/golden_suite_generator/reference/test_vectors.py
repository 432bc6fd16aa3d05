"""The single functions of the C reference against numbers worked out by hand or recorded from upstream."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.programs.build import VARIANTS, find_compiler, reference_sources

PROBE = Path(__file__).resolve().parents[2] / "fixtures" / "reference_probe.c"
PI = math.pi
Ask = Callable[..., list[list[float]]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """A function that sends requests to the probe and returns the numbers of each answer."""
    binary = tmp_path_factory.mktemp("probe") / "probe"
    folder = reference_sources()
    units = [str(path) for path in folder.glob("*.c") if path.name != "main.c"]
    command = [*find_compiler(os.environ).words, "-std=c11", *VARIANTS["default"], f"-I{folder}"]
    subprocess.run([*command, "-o", str(binary), str(PROBE), *units, "-lm"], check=True)

    def send(*requests: str) -> list[list[float]]:
        text = "".join(f"{request}\n" for request in requests)
        answer = subprocess.run([binary], input=text, capture_output=True, text=True, check=True).stdout
        return [[float(word) for word in line.split()] for line in answer.splitlines()]

    return send


def request(*words: object) -> str:
    """One line for the probe; str() of a float keeps every bit."""
    return " ".join(str(word) for word in words)


GRATING = [
    (0.0, 5, 5.0, 0.0),
    (1e-09, 5, 5.0, 1e-14),
    (0.62831853071795862, 5, 2.0834935792808685e-16, 0.0),
    (0.94247779607693793, 5, -1.2360679774997896, 1e-14),
    (1.5707963267948966, 5, 1.0, 1e-14),
    (7.4455745890078102, 7, 1.0463512346355743, 1e-14),
    (3.1419068128551522, 10, -9.999983715163415, 1e-11),
    (3.1415926539039525, 20, -20.0, 1e-6),
]


@pytest.mark.parametrize(("x", "cells", "wanted", "tolerance"), GRATING)
def test_grating_function(ask: Ask, x: float, cells: int, wanted: float, tolerance: float) -> None:
    assert ask(request("grating", x, cells))[0][0] == pytest.approx(wanted, rel=tolerance, abs=1e-15)


SPHERE = [
    (0.0, 1.0, 1.0), (1e-09, 0.0, 1.0), (3e-08, 0.74014868308343784, 0.99999999999999989),
    (1e-06, 1.0001999228848035, 0.99999999999989997), (1e-03, 0.99999989988663884, 0.99999990000000361),
    (0.01, 0.99999000003569982, 0.99999000003571437), (0.1, 0.99900035707671786, 0.99900035707671786),
    (1.0, 0.90350603681927022, 0.90350603681927022), (PI, 0.30396355092701333, 0.30396355092701333),
    (5.0, -0.057053644847502472, -0.057053644847502472),
    (100.0, -0.00026021475860963446, -0.00026021475860963446),
]  # fmt: skip


@pytest.mark.parametrize(("x", "upstream", "series"), SPHERE)
def test_sphere_transform(ask: Ask, x: float, upstream: float, series: float) -> None:
    noise = 1e-15 / x**2 if 0 < x < 0.05 else 0.0  # the upstream form cancels near 0
    (as_upstream,), (sane,) = ask(request("sphere", x, 1), request("sphere", x, 0))
    assert as_upstream == pytest.approx(upstream, rel=1e-13, abs=noise)
    assert sane == pytest.approx(series, rel=1e-13)


SHAPES = [
    (0, 1.0, -81.560002468822503), (0, 0.7, -81.560002468822503),
    (1, 1.0, 68.153677698253446), (1, 0.7, 73.426528863587208),
    (2, 1.0, 115.41410803350102), (2, 0.7, 116.77116241545343), (3, 1.0, 120.0), (3, 0.7, 120.0),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "fudge", "wanted"), SHAPES)
def test_lattice_factor_of_each_shape(ask: Ask, shape: int, fudge: float, wanted: float) -> None:
    assert ask(request("lattice", shape, fudge))[0][0] == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("shape", [-1, 4])
def test_a_code_of_no_shape_ends_the_run(ask: Ask, shape: int) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        ask(request("lattice", shape, 1.0))
    assert error.value.returncode == 9
    assert f"crystal shape {shape} is none of the 4 that there are" in error.value.stderr


KAHN = [
    ("0 1 0 0 0.8 0.6 0 0 0 1", 0.82000000000000006), ("0 1 0 0 0.8 0 0.6 0 0 1", 0.82000000000000006),
    ("0.5 1 0 0 0.8 0.6 0 0 0 1", 0.91000000000000003), ("0.5 1 0 0 0.8 0 0.6 0 0 1", 0.73000000000000009),
    ("1 1 0 0 0.8 0.6 0 0 0 1", 1.0), ("1 1 0 0 0.8 0 0.6 0 0 1", 0.64000000000000012),
    ("1 1 0 0 0 0 1 0 0 1", 0.0), ("0.9 1 0 0 0.5 0.5 0.7071067811865476 0 0 1", 0.51249999999999996),
    ("0.99 2 0.1 -0.05 1.5 -0.7 0.9 0.1 0.2 3", 0.77991364520894513),
    ("-0.3 0 0 1 0.3 0.4 0.5 0 1 0", 0.77100000000000002), ("0.7 1 0 0 1 0 0 0 0 1", 1.0),
    ("0.7 0 0 1 0.3 0.4 0.5 0 0 1", 0.57499999999999996),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "wanted"), KAHN)
def test_polarization_factor(ask: Ask, arguments: str, wanted: float) -> None:
    assert ask(f"kahn {arguments}")[0][0] == pytest.approx(wanted, rel=1e-14, abs=1e-16)


CAPTURE = [
    ("0 112.5e-6 4000 1", 0.36237184837822667), ("1 112.5e-6 4000 1", 0.23105849188117422),
    ("4 112.5e-6 4000 1", 0.059899663659722199), ("4 112.5e-6 4000 0.8", 0.045344556666556388),
    ("1 5e-5 1e4 0.9", 0.24456043292952717), ("0 0 -1 1", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "wanted"), CAPTURE)
def test_capture_fraction(ask: Ask, arguments: str, wanted: float) -> None:
    assert ask(f"capture {arguments}")[0][0] == pytest.approx(wanted, rel=1e-14)


ROTATE = [
    ("1 2 3 0 0 1 0.5", (-0.081268515318033252, 2.2345906623849485, 3.0)),
    ("1 2 3 1 0 0 -1.25", (1.0, 3.4775985828572962, -0.95200215152536638)),
    ("0.3 -0.4 0.5 0.6 0 0.8 2", (0.65895022473848108, 0.11190088900931607, 0.23078733144613944)),
    ("0.3 -0.4 0.5 1 1 0 1", (0.53685641475120416, -0.68282618416439023, -0.31887853643145758)),
]


@pytest.mark.parametrize(("arguments", "wanted"), ROTATE)
def test_rotation_about_an_axis(ask: Ask, arguments: str, wanted: tuple[float, ...]) -> None:
    assert ask(f"rotate {arguments}")[0] == pytest.approx(wanted, rel=1e-14)


def test_nearest_index_takes_halves_down(ask: Ask) -> None:
    pairs = {"-2.5": -3, "-0.5": -1, "-0.49999999999999994": -1, "0.5": 0, "0.50000000000000011": 1, "1.5": 1,
             "2.5": 2, "1000000000.5": 1000000000, "-7.4999999999999991": -7}  # fmt: skip
    got = [answer[0] for answer in ask(*(f"nearest {x}" for x in pairs))]
    assert got == list(pairs.values())


TRICUBIC = [
    ("0.5 0.5 0.5", 13.125, 12.853271484375), ("0.25 0.75 0.1", 9.6728749999999994, 11.599250335693363),
    ("3.2 -1.4 5.9", 240.48700000000011, 22.966635391999997), ("2 3 4", 54.0, 15.0),
    ("-2.3 -0.01 1.999", 8.9815831990000046, 10.401163716282406),
]  # fmt: skip


@pytest.mark.parametrize(("hkl", "cubic", "rough"), TRICUBIC)
def test_tricubic_interpolation(ask: Ask, hkl: str, cubic: float, rough: float) -> None:
    (a,), (b,) = ask(f"tricubic 0 {hkl}", f"tricubic 1 {hkl}")
    assert (a, b) == pytest.approx((cubic, rough), rel=1e-12)


UNIFORM = {
    -1: ([0.41599935293197632, 0.091964893043041229, 0.75641047954559326], 937186357),
    -12345678: ([0.76598930358886719, 0.023453664034605026, 0.58972662687301636], 1481110328),
    -54321: ([0.80021661520004272, 0.089477255940437317, 0.97400736808776855], 652762815),
}


@pytest.mark.parametrize("seed", UNIFORM)
def test_uniform_sequence_is_exact(ask: Ask, seed: int) -> None:
    first, state = UNIFORM[seed]
    answers = [a[0] for a in ask(f"seed {seed}", *["uniform"] * 10, "state")]
    assert answers[1:4] == first
    assert answers[-1] == state


def test_seed_at_the_modulus_gives_zero_and_then_seed_one(ask: Ask) -> None:
    answers = [a[0] for a in ask("seed -2147483647", *["uniform"] * 4)]
    assert answers[1] == 0.0
    assert answers[2:] == UNIFORM[-1][0][:3]


def test_gaussian_sequence(ask: Ask) -> None:
    wanted = [-0.836853981, -0.172279969, 0.187117606, 1.61543977, -0.17677407, 0.653144717]
    answers = [a[0] for a in ask("seed -1", *["gaussian"] * 6)]
    assert answers[1:] == pytest.approx(wanted, rel=1e-8)  # recorded with nine digits


POISSON = [
    (-1, "0.5", "0 0 1 1 1 1 0 1 0 1"), (-1, "11.9", "15 14 12 13 16 11 10 12 15 9"),
    (-1, "12", "7 10 10 13 10 9 11 7 10 5"),
    (-1, "1234.5", "1186 1223 1139 1215 1246 1217 1283 1208 1244 1235"),
    (-1, "1e6", "997306 999464 1000328 999528 1001388 1000272 998457 999607 1000147 1001116"),
    (-1, "1000001", "999164.125 999828.75 1000188.12 1001616.44 999824.25 1000654.12 999454.625 1000195.12"
     " 1000926.69 1001205.31"),
    (-54321, "3", "3 1 3 5 3 6 2 2 2 3"), (-54321, "100", "89 98 106 108 108 111 113 93 99 106"),
    (-54321, "99999", "99674 99962 100212 99399 99803 99909 100421 99800 99987 100210"),
]  # fmt: skip


@pytest.mark.parametrize(("seed", "mean", "wanted"), POISSON)
def test_poisson_sequence(ask: Ask, seed: int, mean: str, wanted: str) -> None:
    answers = [a[0] for a in ask(f"seed {seed}", *[f"poisson {mean}"] * 10)]
    assert answers[1:] == pytest.approx([float(w) for w in wanted.split()], rel=1e-8)  # nine digits


def test_poisson_regimes_share_one_stream(ask: Ask) -> None:
    means = ["0", "0.5", "3", "11.9", "12", "100", "1234.5", "2.5e6", "0.5", "3e6"]
    answers = [a[0] for a in ask("seed -7", *[f"poisson {m}" for m in means])]
    assert answers[1:] == [0, 0, 3, 15, 10, 75, 1284, 2500614.75, 2, 2995719]


def test_mosaic_rotation_matrices(ask: Ask) -> None:
    answers = ask("seed -12345678", *["rotation 0.0087266462599716477"] * 3)
    wanted = [0.9999914359922164, 0.0028416441030047652, 0.0030088205358383916, -0.0028584857919053165,
              0.99998018943075295, 0.0056080125724695118, -0.0029928249535347059, -0.0056165652161582636,
              0.99997974839192127]  # fmt: skip
    assert answers[3] == pytest.approx(wanted, rel=1e-14)
