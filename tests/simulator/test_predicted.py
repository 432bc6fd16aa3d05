"""The map of predicted reflections, against the taps of the kernel itself."""

from __future__ import annotations

import numpy as np
import pytest

from simulator import RunConfig, simulate
from simulator.predicted import NOT_COMPUTED, predicted_reflections

CELL = (
    "-cell 50 60 70 90 90 90 -default_F 1 -misset 12 25 33 -lambda 1 -distance 100 -pixel 0.5 "
    "-detpixels 32 -N 5"
)


def run(*more, words=CELL):
    return RunConfig.from_args([*words.split(), "-oversample", "1", *more])


def test_pixels_belong_to_the_reflection_whose_factor_they_show(tmp_path):
    indices, shared = predicted_reflections(run())
    assert not shared.any()
    values, counts = np.unique(indices.reshape(3, -1), axis=1, return_counts=True)
    h, k, l = values[:, counts.argmax()].tolist()
    table = tmp_path / "one.hkl"
    table.write_text(f"{h} {k} {l} 100\n", encoding="ascii")
    words = CELL.replace("-default_F 1", f"-hkl {table}")
    image = simulate(run("-nointerpolate", words=words)).numpy()
    assert np.array_equal(image > 0.0, (indices == np.array([h, k, l])[:, None, None]).all(0) & (image > 0.0))
    assert (image > 0.0).sum() > 0.9 * counts.max()


def test_pixels_outside_the_region_have_none():
    indices, _ = predicted_reflections(run("-roi", "3", "10", "5", "20"))
    inside = indices[0] != NOT_COMPUTED
    assert inside.sum() == 8 * 16
    assert inside[5:21, 3:11].all()


def test_rotation_makes_pixels_shared_and_its_sign_does_not_matter():
    still = predicted_reflections(run("-phi", "2", "-osc", "0"))[0]
    indices, shared = predicted_reflections(run("-phi", "2", "-osc", "3", "-phisteps", "30"))
    assert 0 < shared.sum() < shared.size
    assert np.array_equal(indices[:, ~shared], still[:, ~shared])


@pytest.mark.parametrize("more", [("-mosaic_spread", "1", "-mosaic_domains", "20"), ("-oversample", "3")])
def test_spread_and_sub_pixels_leave_the_map_as_it_is(more):
    assert np.array_equal(predicted_reflections(run(*more))[0], predicted_reflections(run())[0])


def test_of_many_sources_the_middle_one_counts():
    words = ("-dispersion", "1", "-dispsteps", "3")
    assert np.array_equal(predicted_reflections(run(*words))[0], predicted_reflections(run())[0])
