"""DIALS experiment lists: what is written is read back, hierarchies are followed, anything odd is named."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shots.geometry.dials_file import read_expt
from shots.geometry.in_words.dials import dials_text
from shots.geometry.read_detector import read_detector
from shots.geometry.reference_frames import frame_named, setup_in
from simulator.errors import InputError
from tests.shots.made_frames import SETUPS, made_setup

EXACT = 1e-15
"""Of metres and of components of unit vectors."""


def content() -> dict[str, Any]:
    """Return an experiment list of two panels as DIALS writes one."""
    found: dict[str, Any] = json.loads(dials_text(setup_in(made_setup(), frame_named("dials"))))
    return found


def written(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "models.expt"
    path.write_text(json.dumps(value))
    return path


def assert_same_panels(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for vector in ("origin_m", "fast", "slow"):
            assert np.abs(np.subtract(getattr(one, vector), getattr(other, vector))).max() < EXACT


@pytest.mark.parametrize("name", ["mosflm", "xds", "odd", "one"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    setup = setup_in(SETUPS[name], frame_named("dials"))
    (tmp_path / "models.expt").write_text(dials_text(setup))
    found, expected = read_expt(tmp_path / "models.expt"), setup_in(SETUPS[name], frame_named("mosflm"))
    assert_same_panels(found.panels, expected.panels)
    assert found.panels[0].name == expected.panels[0].name
    assert [panel.saturation for panel in found.panels] == [panel.saturation for panel in expected.panels]
    assert found.wavelength_m == pytest.approx(expected.wavelength_m, rel=1e-15)
    assert found.polarization_fraction == 0.95
    assert abs(np.dot(found.polarization_axis, expected.polarization_axis)) == pytest.approx(1.0)
    assert (found.phi_start_rad, found.phi_range_rad) == pytest.approx((0.25, 0.0125), rel=1e-14)
    assert np.allclose(found.beam, (1.0, 0.0, 0.0), rtol=0, atol=EXACT)


def test_panels_lie_where_the_hierarchy_takes_them(tmp_path: Path) -> None:
    """Two levels of turned and shifted groups against the panels placed by hand."""
    value = content()
    detector = value["detector"][0]
    turn = Rotation.from_euler("xyz", [10, -20, 30], degrees=True)
    inner = Rotation.from_euler("zx", [5, 40], degrees=True)
    whole = turn * inner
    shift, inner_shift = np.array([1.0, -2.0, 3.0]), np.array([-4.0, 0.5, 6.0])
    straight = copy.deepcopy(value)
    for panel in straight["detector"][0]["panels"]:
        panel["origin"] = (shift + turn.apply(inner_shift + inner.apply(panel["origin"]))).tolist()
        for axis in ("fast_axis", "slow_axis"):
            panel[axis] = whole.apply(panel[axis]).tolist()

    def group(rotation: Rotation, origin: np.ndarray, children: list[Any]) -> dict[str, Any]:
        matrix = rotation.as_matrix()
        axes = {"fast_axis": matrix[:, 0].tolist(), "slow_axis": matrix[:, 1].tolist()}
        return {"name": "", **axes, "origin": origin.tolist(), "children": children}

    detector["hierarchy"] = group(turn, shift, [group(inner, inner_shift, [{"panel": 1}, {"panel": 0}])])
    found = read_expt(written(tmp_path, value)).panels
    assert_same_panels(found, read_expt(written(tmp_path, straight)).panels)


def test_an_axis_is_turned_by_the_axes_that_carry_it(tmp_path: Path) -> None:
    value = content()
    axes = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    value["goniometer"] = [{"axes": axes, "angles": [11.0, 90.0, 0.0], "names": list("pko"), "scan_axis": 0}]
    turned = read_expt(written(tmp_path, value))
    value["goniometer"] = [{"rotation_axis": [0.0, 1.0, 0.0]}]
    plain = read_expt(written(tmp_path, value))
    assert_same_panels(turned.panels, plain.panels)
    value["goniometer"][0]["rotation_axis"] = axes[0]
    value["goniometer"][0]["setting_rotation"] = (
        Rotation.from_euler("z", 90, degrees=True).as_matrix().ravel().tolist()
    )
    assert_same_panels(read_expt(written(tmp_path, value)).panels, plain.panels)


def test_masks_and_sensors_come_along(tmp_path: Path) -> None:
    value = content()
    panel = value["detector"][0]["panels"][0]
    panel |= {"mask": [[0, 3, 2, 5]], "thickness": 0.45, "mu": 3.9, "gain": 2.0, "trusted_range": [-1.0, 9e4]}
    panel["px_mm_strategy"] = {"type": "ParallaxCorrectedPxMmStrategy"}
    found = read_detector(written(tmp_path, value))[0]
    assert found.bad == ((0, 3, 2, 5),)
    assert (found.thickness_m, found.attenuation_per_m) == pytest.approx((0.45e-3, 3900.0))
    assert (found.gain, found.saturation) == (2.0, 9e4)


def test_newer_scans_give_the_angle_of_every_image(tmp_path: Path) -> None:
    value = content()
    value["scan"] = [{"image_range": [1, 3], "properties": {"oscillation": [5.0, 5.5, 6.0]}}]
    found = read_expt(written(tmp_path, value))
    assert np.rad2deg((found.phi_start_rad, found.phi_range_rad)) == pytest.approx((5.0, 0.5))


def test_lattices_of_one_image_share_its_models(tmp_path: Path) -> None:
    value = content()
    value["experiment"] *= 3
    value["beam"] *= 2
    value["experiment"] = [{**each, "beam": n % 2} for n, each in enumerate(value["experiment"])]
    assert_same_panels(
        read_expt(written(tmp_path, value)).panels, read_expt(written(tmp_path, content())).panels
    )


OTHER_DETECTOR = replace(made_setup(), panels=made_setup().panels[:1])
ODD: dict[str, tuple[str, Any]] = {
    "several detectors": ("experiment", [{"beam": 0, "detector": 0}, {"beam": 0, "detector": 1}]),
    "no detector": ("experiment/0/detector", None),
    "has detector 7, of 1": ("experiment/0/detector", 7),
    "no experiment": ("experiment", []),
    "is no ExperimentList": ("__id__", "Reflections"),
    "is 'polychromatic'; a run needs a monochromatic one": ("beam/0/__id__", "polychromatic"),
    "probe is 'electron'": ("beam/0/probe", "electron"),
    "s0_at_scan_points changes from image to image": ("beam/0/s0_at_scan_points", [[0, 0, 1]]),
    "wavelength is 0 Angstrom": ("beam/0/wavelength", 0.0),
    "polarization_fraction is 1.5": ("beam/0/polarization_fraction", 1.5),
    "polarization_normal along the beam": ("beam/0/polarization_normal", [0, 0, 1]),
    "px_mm_strategy is 'OffsetParallaxCorrectedPxMmStrategy'": (
        "detector/0/panels/0/px_mm_strategy/type", "OffsetParallaxCorrectedPxMmStrategy"),
    "a run needs square ones": ("detector/0/panels/1/pixel_size", [0.1, 0.2]),
    "pedestal is 10": ("detector/0/panels/0/pedestal", 10.0),
    "gain is 0": ("detector/0/panels/0/gain", 0.0),
    "axes must stand at right angles": ("detector/0/panels/0/slow_axis", [0.6, 0.8, 0.0]),
    "panel 0 of 2 is in it twice": ("detector/0/hierarchy/children", [{"panel": 0}, {"panel": 0}]),
    "1 of 2 panels have a place": ("detector/0/hierarchy/children", [{"panel": 1}]),
    "3 axes, 1 angles": ("goniometer/0/axes", [[1, 0, 0]] * 3),
    "a mask in 'pixels.mask'": ("imageset", [{"mask": "pixels.mask"}]),
    "moved pixels in 'dx.pickle'": ("imageset", [{"dx": "dx.pickle"}]),
    "must be whole numbers": ("detector/0/panels/0/mask", [[0, 1, 2.5, 3]]),
    "rectangle has 3 numbers": ("detector/0/panels/0/mask", [[0, 1, 2]]),
}  # fmt: skip


def changed(value: Any, path: str, new: Any) -> Any:
    """Return a copy with another value at a path."""
    whole = copy.deepcopy(value)
    *way, last = path.split("/")
    place = whole
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[last] = new
    return whole


@pytest.mark.parametrize("told", ODD)
def test_models_that_are_no_flat_panels_are_named(tmp_path: Path, told: str) -> None:
    path, new = ODD[told]
    value = content()
    other = json.loads(dials_text(setup_in(OTHER_DETECTOR, frame_named("dials"))))["detector"]
    if told == "several detectors":
        value["detector"] += other
    if path.startswith("goniometer"):
        value["goniometer"][0]["angles"] = [0.0]
    with pytest.raises(InputError) as error:
        read_expt(written(tmp_path, changed(value, path, new)))
    assert told in str(error.value)


def paths_in(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value in a file."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from paths_in(inner, (*way, key))


JUNK = (None, "x", -1, math.nan, [], {}, [[1, 2]], True, 1e400)
TRIED = 3
"""Kinds of junk for each value, taken in turn."""


def test_no_damage_ends_in_another_error(tmp_path: Path) -> None:
    """Values replaced by junk: a set-up of finite numbers or one clear error."""
    value = content()
    refused = 0
    for number, way in enumerate(paths_in(value)):
        for junk in (JUNK[(TRIED * number + n) % len(JUNK)] for n in range(TRIED)):
            whole = copy.deepcopy(value)
            place = whole
            for key in way[:-1]:
                place = place[key]
            place[way[-1]] = junk
            try:
                setup = read_expt(written(tmp_path, whole))
            except InputError:
                refused += 1
                continue
            assert np.isfinite([panel.origin_m for panel in setup.panels]).all()
            assert math.isfinite(setup.wavelength_m)
    assert refused > 100


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100000, b'{"__id__": 3}'])
def test_what_is_no_experiment_list_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "models.expt").write_bytes(data)
    with pytest.raises(InputError, match=r"DIALS file '.*models\.expt'"):
        read_expt(tmp_path / "models.expt")
