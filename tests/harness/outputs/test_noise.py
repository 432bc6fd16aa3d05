"""Noise images as samples of float images: sound ones pass at the stated rate, faulty ones are found."""

from __future__ import annotations

import numpy as np
import pytest

from harness.outputs.noise_power import FAULTS, interval, numpy_deviates, rates, spotted_mean
from harness.outputs.noise_test import FALSE_ALARM, NoiseSample, noise_test
from harness.outputs.request import OutputRequest
from harness.outputs.sides import OutputSide
from harness.verdict import State
from system_io.verdict_words import Word
from tests.harness.outputs.conftest import WORDS, Bench, fresh, rows_of, with_file

Both = tuple[OutputSide, OutputSide]
STATISTICS = OutputRequest(("noise",), "statistics")
CERTAIN = (
    "photons 1 % too many",
    "no noise",
    "noise of half the variance",
    "rows in reverse",
    "rows one down",
)
PART = "noise statistics"


def test_faults_are_found_and_sound_images_are_not() -> None:
    """A million photons; each of these faults was found in every one of 600 trials."""
    found = {rate.what: rate for rate in rates(numpy_deviates, range(6), spotted_mean(), CERTAIN)}
    assert found.pop("sound").found == 0
    assert set(found) == set(CERTAIN) <= set(FAULTS)
    assert all(rate.found == rate.tried for rate in found.values())


def test_false_alarms_are_as_rare_as_stated() -> None:
    """At a rate of 0.2, where 300 small images tell: at most 0.2, and not so rare that nothing is found."""
    mean = spotted_mean(16, 1e4)
    (sound,) = rates(numpy_deviates, range(300), mean, (), 0.2)
    assert interval(sound.found, sound.tried)[0] <= 0.2
    assert sound.found >= 10


@pytest.mark.parametrize("photons", [0.0, 3.0])
def test_photons_where_none_are_expected_are_beyond_chance(photons: float) -> None:
    mean = np.full((8, 8), 5.0)
    mean[2, 3] = 0.0
    counts = numpy_deviates(mean, 5)
    counts[2, 3] = photons
    assert bool(noise_test([NoiseSample("c", counts, mean)]).beyond) == (photons > 0.0)


def test_two_images_are_held_against_each_other() -> None:
    """Neither is beyond chance by itself, both together are."""
    mean = np.full((1, 1), 1e6)
    samples = [NoiseSample(name, mean + shift, mean) for name, shift in (("c", 3000.0), ("py", -3000.0))]
    assert not noise_test(samples[:1]).beyond
    assert [one.what.split(",")[0] for one in noise_test(samples).beyond] == ["c against py"]


def test_other_seeds_agree_as_samples_and_not_pixel_by_pixel(sound: Both, bench: Bench) -> None:
    other = bench.reference("other-seed", WORDS.replace("-seed 3", "-seed 11"))
    assert rows_of(other, sound[1])["noise pixels"].state is State.FAILED
    row = rows_of(other, sound[1], STATISTICS)[PART]
    assert (row.state, row.text) == (State.HELD, "")


def noise_of(side: OutputSide, image: np.ndarray) -> OutputSide:
    """Return a side whose noise image was drawn by another generator around other means."""
    drawn = np.minimum(np.random.default_rng(1).poisson(image.astype(np.float64)) + 40.0, 65535.0)
    return with_file(side, "noise", side.files["noise"][:512] + drawn.astype("<u2").tobytes())


def test_another_generator_passes_and_a_hundredth_more_photons_fail(sound: Both) -> None:
    assert rows_of(sound[0], noise_of(sound[1], sound[1].image), STATISTICS)[PART].state is State.HELD
    row = rows_of(sound[0], noise_of(sound[1], 1.01 * sound[1].image), STATISTICS)[PART]
    assert (row.state, row.word) == (State.FAILED, Word.FAIL)
    assert f"beyond chance at a false-alarm rate of {FALSE_ALARM:g}: py against its float image" in row.text


def test_offset_left_out_is_found(sound: Both) -> None:
    data = sound[1].files["noise"]
    lower = np.maximum(np.frombuffer(data, "<u2", offset=512).astype(np.int64) - 40, 0).astype("<u2")
    row = rows_of(sound[0], with_file(sound[1], "noise", data[:512] + lower.tobytes()), STATISTICS)[PART]
    assert row.state is State.FAILED


def test_pixels_that_must_be_at_the_limit_are_held_to_it(sound: Both) -> None:
    bright = np.argwhere(sound[1].image > 80000.0)
    assert len(bright)
    data = bytearray(sound[1].files["noise"])
    data[512 + 2 * int(bright[0] @ [24, 1])] ^= 1
    row = rows_of(sound[0], with_file(sound[1], "noise", bytes(data)), STATISTICS)[PART]
    assert "1 pixels of py are not at the limit" in row.text


def test_dark_images_are_no_pass(sound: Both) -> None:
    dark = [fresh(noise_of(side, 0.0 * side.image), image=0.0 * side.image) for side in sound]
    row = rows_of(dark[0], dark[1], STATISTICS)[PART]
    assert (row.state, row.word) == (State.NOT_COMPARED, Word.NOT_COMPARABLE)
