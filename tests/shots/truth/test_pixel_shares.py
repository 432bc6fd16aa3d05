"""Photons shared out among reflections: they sum up to the image, and are those of the traces."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shots.truth.pixel_labels import NO_INDEX, NO_LATTICE, label_pixels
from shots.truth.pixel_shares import PixelShares, hkl_key, hkl_of, pixel_shares
from shots.truth.spot_list import spot_list
from simulator import RunConfig, simulate
from simulator.config import Beam
from simulator.image import render
from simulator.kernel.taps import Recorder
from simulator.scene.scene import prepare

LINE = (
    "-cell 60 60 40 90 90 90 -misset 10 20 30 -N 4 -lambda 1 -distance 100 -detpixels 16 -pixel 4"
    " -oversample 2 -default_F 10 -dtype float64 --compile off"
)
OPTIONS = {
    "plain": "",
    "domains": "-mosaic 1 -mosaic_domains 3 -osc 2 -phisteps 3",
    "running": "-oversample_omega -oversample_polar -osc 2 -phisteps 3 -polar 0.5",
    "sources": "-dispersion 5 -dispsteps 3 -dmin 3 -hdivrange 3 -hdivsteps 2",
    "interpolated": "-interpolate -N 2",
    "sensor": "-detector_thick 300 -detector_abs 200 -oversample 1",
    "region": "-round_xtal -roi 3 12 2 10",
}


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    span = range(-12, 13)
    rows = (f"{h} {k} {l} {50 + abs(7 * h + 3 * k - l) % 90}" for h in span for k in span for l in span)
    (tmp_path / "x.hkl").write_text("\n".join(rows))
    return (*LINE.split(), "-hkl", str(tmp_path / "x.hkl"))


def run_of(words: tuple[str, ...], options: str, mode: str = "spec") -> RunConfig:
    return RunConfig.from_args([*words, *options.split(), "--parity-mode", mode])


def image_of_shares(shares: PixelShares) -> np.ndarray:
    return np.bincount(shares.places, shares.photons, shares.shape[0] * shares.shape[1]).reshape(shares.shape)


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_shares_sum_up_to_the_image(words: tuple[str, ...], options: str, mode: str) -> None:
    config = run_of(words, options, mode)
    image = simulate(config).numpy()
    found = image_of_shares(pixel_shares(config))
    assert np.abs(found - image).max() <= 4e-16 * image.max()


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_water_belongs_to_no_reflection(words: tuple[str, ...], mode: str) -> None:
    wet = run_of(words, "-water 0.3", mode)
    dry = replace(wet, beam=replace(wet.beam, water_size_m=Beam().water_size_m))
    image = simulate(dry).numpy()
    found = image_of_shares(pixel_shares(wet))
    assert np.abs(found - image).max() <= 1e-13 * simulate(wet).numpy().max()


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_chosen_pixels_have_the_shares_of_the_whole_run(words: tuple[str, ...], mode: str) -> None:
    """Also where the first pixel of a run sees another orientation (Q-PHI-CARRYOVER)."""
    config = run_of(words, OPTIONS["domains"], mode)
    whole = pixel_shares(config)
    wanted = np.zeros(whole.shape, bool)
    wanted.ravel()[5::37] = True
    some, kept = pixel_shares(config, wanted), wanted.ravel()[whole.places]
    assert np.array_equal(some.places, whole.places[kept])
    assert np.array_equal(some.keys, whole.keys[kept])
    assert np.array_equal(some.photons, whole.photons[kept])
    assert len(pixel_shares(config, np.zeros(whole.shape, bool)).places) == 0


@pytest.mark.parametrize("mode", ["c-parity", "spec"])
def test_labels_are_what_the_traces_of_drawn_pixels_say(words: tuple[str, ...], mode: str) -> None:
    """Each term of the trace, added up by the indices that the trace has rounded."""
    config = run_of(words, OPTIONS["domains"], mode)
    pixels = [(int(n) // 16, int(n) % 16) for n in np.random.default_rng(5).choice(256, 8, replace=False)]
    recorder = Recorder(pixels)
    image = render(prepare(config), recorder).image.numpy()
    sums: dict[tuple[int, int], dict[tuple[int, ...], float]] = {p: defaultdict(float) for p in pixels}
    rounded = {r.context: r.values for r in recorder.records() if r.name == "hkl_rounded"}
    for record in recorder.records():
        if record.name == "I_contribution":
            hkl = tuple(int(value) for value in rounded[record.context])
            sums[record.context[0], record.context[1]][hkl] += float(record.values[0])
    labels = label_pixels([pixel_shares(config)], image)
    for (slow, fast), found in sums.items():
        strongest = max(found, key=lambda hkl: found[hkl])
        assert tuple(labels.hkl[:, slow, fast].tolist()) == strongest
        share = found[strongest] / sum(found.values())
        assert abs(labels.share[slow, fast] - share) < 1e-6
        assert labels.lattice[slow, fast] == 0


def test_the_stronger_of_two_lattices_names_a_pixel(words: tuple[str, ...]) -> None:
    configs = [run_of(words, ""), run_of(words, "-misset 70 -20 5 -fluence 5e29")]
    images = [simulate(config).numpy() for config in configs]
    shares = [pixel_shares(config) for config in configs]
    labels = label_pixels(shares, images[0] + images[1])
    single = [label_pixels([one], image) for one, image in zip(shares, images, strict=True)]
    most = np.stack([one.share * image for one, image in zip(single, images, strict=True)])
    assert np.array_equal(labels.lattice, most.argmax(0))
    assert np.allclose(labels.share, most.max(0) / (images[0] + images[1]), rtol=1e-6)
    assert 0 < labels.lattice.sum() < labels.lattice.size


def test_pixels_that_were_not_looked_at_have_no_label(words: tuple[str, ...]) -> None:
    config = run_of(words, OPTIONS["region"])
    image = simulate(config).numpy()
    labels = label_pixels([pixel_shares(config, image > image.max() / 10)], image)
    dark = image <= image.max() / 10
    assert (labels.hkl[:, dark] == NO_INDEX).all()
    assert (labels.lattice[dark] == NO_LATTICE).all()
    assert (labels.share[dark] == 0).all()
    assert (labels.share[~dark] > 0).all()


def test_spots_have_all_photons_and_lie_where_these_fell(words: tuple[str, ...]) -> None:
    config = run_of(words, "-N 12 -cell 40 40 40 90 90 90")
    image = simulate(config).numpy()
    spots = spot_list([[pixel_shares(config)]])
    assert abs(spots.photons.sum() - image.sum()) < 1e-12 * image.sum()
    slow, fast = np.unravel_index(image.argmax(), image.shape)
    brightest = spots.photons.argmax()
    assert abs(spots.fast[brightest] - 0.5 - fast) < 1.5
    assert abs(spots.slow[brightest] - 0.5 - slow) < 1.5
    few = spot_list([[pixel_shares(config)]], float(spots.photons.max()) / 2)
    assert 0 < len(few) < len(spots)
    assert (few.photons >= spots.photons.max() / 2).all()


def test_keys_hold_all_indices() -> None:
    hkl = np.array([[0, 0, 0], [-1, 2, -3], [1000, -1000, 999], [-(2**20), 2**20 - 1, 0]], np.int32)
    assert np.array_equal(hkl_of(hkl_key(hkl)), hkl)
    assert len(np.unique(hkl_key(hkl))) == 4
