"""The generator gives the reference's numbers, bit for bit (spec 07)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.command_line.random_misset import angles_of, random_misset
from simulator.config import Crystal, Output, RunConfig
from simulator.output.poisson import deviates, ln_gamma, poisson
from simulator.physics.c_random import (
    Shuffle,
    Stream,
    cap_rotation,
    fl32,
    gaussian,
    mosaic_stream,
    noise_stream,
)
from simulator.quirks import Quirks
from simulator.units import deg_of_rad

UNIFORMS = {
    -1: (0.41599935293197632, 0.091964893043041229, 0.75641047954559326, 0.52970021963119507,
         0.93043649196624756, 0.38350206613540649, 0.65391898155212402, 0.066842235624790192,
         0.72266042232513428, 0.67114937305450439),
    -12345678: (0.76598930358886719, 0.023453664034605026, 0.58972662687301636, 0.53510159254074097,
                0.98223143815994263, 0.69301611185073853, 0.32814687490463257, 0.29564169049263,
                0.84991788864135742, 0.59226179122924805),
    -54321: (0.80021661520004272, 0.089477255940437317, 0.97400736808776855, 0.06006145104765892,
             0.14181959629058838, 0.011397611349821091, 0.56193250417709351, 0.39930468797683716,
             0.53195101022720337, 0.17593134939670563),
}  # fmt: skip
STATES = {-1: 937186357, -12345678: 1481110328, -54321: 652762815}
POISSON = """
-1 0.5 : 0 0 1 1 1 1 0 1 0 1 : 16
-1 3 : 1 5 6 2 2 3 2 2 3 5 : 41
-1 11.9 : 15 14 12 13 16 11 10 12 15 9 : 137
-1 12 : 7 10 10 13 10 9 11 7 10 5 : 43
-1 100 : 86 96 73 94 103 95 91 99 87 95 : 41
-1 1234.5 : 1186 1223 1139 1215 1246 1217 1283 1208 1244 1235 : 44
-1 99999 : 99569 99899 99147 99829 100102 99850 100437 99764 100085 99905 : 40
-1 1e6 : 997306 999464 1000328 999528 1001388 1000272 998457 999607 1000147 1001116 : 82
-1 1000001 : 999164.125 999828.75 1000188.12 1001616.44 999824.25 1000654.12 999454.625 1000195.12 \
1000926.69 1001205.31 : 10
-1 2.5e6 : 2498676.75 2499727.5 2500295.75 2502554.25 2499720.5 2501032.75 2499136 2500307 2501463.75 \
2501904.25 : 10
-54321 0.5 : 1 1 0 0 0 0 0 0 1 2 : 15
-54321 3 : 3 1 3 5 3 6 2 2 2 3 : 40
-54321 11.9 : 5 15 11 12 10 17 13 12 18 14 : 137
-54321 12 : 8 11 14 15 14 9 15 16 11 14 : 29
-54321 100 : 89 98 106 108 108 111 113 93 99 106 : 29
-54321 1234.5 : 1198 1230 1258 1167 1212 1224 1212 1233 1257 1267 : 33
-54321 99999 : 99674 99962 100212 99399 99803 99909 100421 99800 99987 100210 : 29
-54321 1e6 : 998974 999884 1000675 998104 999717 1000189 999875 1000578 999936 1001142 : 58
-54321 2.5e6 : 2496765.25 2501989.5 2497939.25 2500203.25 2498630.75 2500855 2500952.75 2500727.5 \
2500529.75 2501469 : 16
"""
LN_GAMMA = {1: 0, 2: -4.4408921e-16, 3: 0.693147182, 5.5: 3.95781398, 13: 19.987215, 13.5: 21.2600765,
            101: 363.73938, 1235.5: 7557.66943, 1000000: 12815505}  # fmt: skip
MOSAIC_SPREAD_RAD = 0.0087266462599716477
DOMAIN_1 = (0.99996592089784464, -0.0079751680914580177, 0.0021339486494309119, 0.0079761872189555976,
            0.99996807949662869, -0.0004694946988297568, -0.0021301362335746331, 0.00048649947281547405,
            0.99999761291609557)  # fmt: skip
SEED_1234 = (0.27144121856265235, -0.4968097370042735, -0.8243177482518298, 0.95612725672684662,
             0.041143727758036569, 0.29004803500483756, -0.11018318296916862, -0.86688365937068923,
             0.48618143455593366)  # fmt: skip
MISSET_DEG = {
    -1234: (-60.71462848581735, 6.3258753686917686, 74.150939187203903),
    -1: (4.6629571628284801, -11.844978845829704, 17.6225480239485),
    -54321: (-27.529714861379333, 53.373759381330373, 91.879164574859843),
}


@pytest.mark.parametrize("seed", UNIFORMS)
def test_uniforms_and_state(seed: int) -> None:
    stream = Stream(seed)
    assert tuple(stream.uniforms(10)) == UNIFORMS[seed]
    assert stream.state == STATES[seed]


def test_table_after_seeding() -> None:
    stream = Stream(-1)
    stream._restart()
    assert (stream.shared.table[31], stream.shared.table[0]) == (1458777923, 784558821)


def test_blocks_and_single_draws_agree() -> None:
    one, many = Stream(-99), Stream(-99)
    singles = [one.uniform() for _ in range(9000)]
    assert many.uniforms(5000) + many.uniforms(4000) == singles


@pytest.mark.parametrize(
    ("seed", "wanted"),
    [(-1, "-0.836853981 -0.172279969 0.187117606 1.61543977 -0.17677407 0.653144717"),
     (-54321, "-2.04576874 1.25824714 -1.30336118 0.128502727 -0.866036832 0.540705442")],
)  # fmt: skip
def test_gaussians(seed: int, wanted: str) -> None:
    stream = Stream(seed)
    values = [gaussian(stream.uniform, stream.shared) for _ in range(6)]
    assert " ".join(f"{value:.9g}" for value in values) == wanted


@pytest.mark.parametrize("x", LN_GAMMA)
def test_log_gamma(x: float) -> None:
    assert f"{ln_gamma(x):.9g}" == f"{LN_GAMMA[x]:.9g}"


@pytest.mark.parametrize("row", POISSON.strip().splitlines())
def test_poisson_deviates_and_how_many_uniforms_they_take(row: str) -> None:
    head, wanted, draws = (part.split() for part in row.split(":"))
    stream, taken = Stream(int(head[0])), []

    def draw() -> float:
        taken.append(stream.uniform())
        return taken[-1]

    values = deviates([fl32(float(head[1]))] * 10, draw, stream.shared)
    assert [f"{value:.9g}" for value in values] == wanted
    assert len(taken) == int(draws[0])


def test_poisson_of_mixed_means_in_one_stream() -> None:
    means = [0, 0.5, 3, fl32(11.9), 12, 100, 1234.5, 2.5e6, 0.5, 3e6]
    assert poisson(means, Stream(-7)) == [0, 0, 3, 15, 10, 75, 1284, 2500614.75, 2, 2995719]


def test_mosaic_domains_take_three_draws_each() -> None:
    stream = Stream(-12345678)
    cap_rotation(stream, MOSAIC_SPREAD_RAD)
    # sine and cosine of the C library may differ in their last digit between systems
    assert cap_rotation(stream, MOSAIC_SPREAD_RAD).matrix() == pytest.approx(DOMAIN_1, abs=2e-16)


def test_rotation_of_a_random_orientation() -> None:
    assert cap_rotation(Stream(-1234), 90.0).matrix() == pytest.approx(SEED_1234, abs=3e-16)


@pytest.mark.parametrize("seed", MISSET_DEG)
def test_random_orientation_in_degrees(seed: int) -> None:
    angles = [deg_of_rad(angle) for angle in random_misset(Stream(seed))]
    # a few units in the last place of 90 degrees
    assert angles == pytest.approx(MISSET_DEG[seed], abs=1e-13)


def test_gimbal_lock_angles() -> None:
    assert angles_of((0, 0.6, 0.8, 0, -0.8, 0.6, -1, 0, 0)) == (math.pi, math.pi / 2, math.atan2(0.6, 0.8))


def test_positive_internal_seed_alone_counts_as_seed_1() -> None:
    assert Stream(5).uniforms(5) == Stream(-1).uniforms(5)


def test_zero_seed_counts_as_seed_1() -> None:
    assert Stream(0).uniforms(5) == Stream(-1).uniforms(5)


def test_seed_of_the_modulus_gives_zero_and_then_seed_1() -> None:
    assert Stream(-2147483647).uniforms(6) == [0.0, *Stream(-1).uniforms(5)]


def test_positive_seed_continues_another_streams_table() -> None:
    shared = Shuffle()
    Stream(-3, shared).uniforms(3)
    before = shared.last >> 26
    expected = fl32(shared.table[before] / 2147483647)
    assert Stream(4, shared).uniform() == expected


def test_noise_stream_repeats_the_mosaic_draws_before_it() -> None:
    config = RunConfig(
        crystal=Crystal(mosaic_domains=3), output=Output(noise_seed=4), quirks=Quirks.c_parity()
    )
    shared = Shuffle()
    Stream(-12345678, shared).uniforms(9)
    assert noise_stream(config).uniforms(4) == Stream(4, shared).uniforms(4)
    assert noise_stream(config).uniforms(4) != Stream(-1).uniforms(4)


def test_mosaic_stream_repeats_the_random_orientation_before_it() -> None:
    crystal = Crystal(mosaic_seed=5, random_misset=True, misset_seed=-8)
    shared = Shuffle()
    Stream(-8, shared).uniforms(3)
    assert mosaic_stream(crystal, Quirks.c_parity()).uniforms(3) == Stream(5, shared).uniforms(3)
    assert mosaic_stream(crystal, Quirks.spec()).uniforms(3) == Stream(-1).uniforms(3)


def test_four_byte_power_is_the_c_librarys() -> None:
    """About 1 in 1000 double powers rounds to another 4-byte float, so this tells them apart."""
    ctypes = pytest.importorskip("ctypes")
    powf = ctypes.CDLL(None).powf
    powf.restype, powf.argtypes = ctypes.c_float, [ctypes.c_float, ctypes.c_float]
    third = np.float32(1.0 / 3.0)
    values = np.random.default_rng(1).random(20000).astype(np.float32)
    assert all(float(value**third) == powf(float(value), float(third)) for value in values)
