"""Detector geometry: worked examples E0 to E4 of spec 02 section 9, and what spec mode does otherwise."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from simulator import RunConfig
from simulator.errors import InputError
from simulator.physics.detector import Geometry, curved_position, flat_position, place
from simulator.physics.vectors import length

TURNED = (
    "-detpixels_f 10 -detpixels_s 12 -pixel 0.1 -distance 100 -detector_rotx 3 -detector_roty -5"
    " -detector_rotz 7"
)
CRYSTAL = "-cell 100 100 100 90 90 90 -default_F 1"
E1 = {
    "fast": (-0.091266478576015816, -0.044551088858134608, 0.99482944788033301),
    "slow": (-0.082492277117261467, -0.99522699826712546, -0.052136802128782231),
    "normal": (0.99240387650610407, -0.086824088833465152, 0.087155742747658166),
    "pix0_m": (0.10010056934963305, 0.00052657170689135023, -0.00062057074005782533),
    "Fclose_m": 0.0097766478576015812,
    "Sclose_m": 0.0087492277117261468,
    "close_distance_m": 0.099240387650610412,
    "distance_m": 0.10036759463974448,
    "Fbeam_m": 0.00061645093168710208,
    "Sbeam_m": 0.00046967628111137835,
    "orgx_pixels": 98.266478576015814,
    "orgy_pixels": 87.992277117261466,
}
E2 = {
    "fast": (0.98876921387645067, 0.10063189241299111, 0.1104928229321973),
    "slow": (-0.12622970501588374, 0.95814251618141999, 0.2569610481320857),
    "normal": (-0.080009394834286138, -0.26802265000353476, 0.96008455660078929),
    "pix0_m": (-0.0084034629337551171, -0.027097255444923089, 0.095354008105440841),
    "Fclose_m": 0.00049999999999999524,
    "Sclose_m": 0.00039999999999999411,
    "close_distance_m": 0.099482944788033337,
    "distance_m": 0.10000000000000003,
    "Fbeam_m": 0.011549282293219729,
    "Sbeam_m": 0.026096104813208575,
}
E3 = {
    "beam": (0.99980005998000709, 0.019996001199600141, 0),
    "vertical": (0.019996001199600141, -0.99980005998000709, 0),
    "fast": (-0.13974533887695914, 0.54433567877130362, 0.82714563958153586),
    "slow": (0.052978127112135336, -0.83003575261571372, 0.5551882270251739),
    "normal": (0.98876921387645067, 0.12140559376013015, 0.087155742747658166),
    "pix0_m": (0.099984844910685308, 0.0024173244431596229, -0.0006367754507920825),
    "Fclose_m": 0.013183286130541403,
    "Sclose_m": -0.0029370138759326533,
    "close_distance_m": 0.09909991457385256,
    "distance_m": 0.10000000000000001,
    "Fbeam_m": 0.00029999999999999938,
    "Sbeam_m": 0.00070000000000000032,
}
EXAMPLES = {
    "E0": (
        "-detpixels 8",
        {"pix0_m": (0.1, 0.0005, -0.0005), "orgx_pixels": 5.5, "dials_origin_mm": (-0.5, 0.5, -100)},
    ),
    "E1": (f"{TURNED} -Xbeam 0.45 -Ybeam 0.6 -twotheta 12", E1),
    "E2": (f"{TURNED} -xds -ORGX 5.5 -ORGY 4.5 -twotheta 12", E2),
    "E3": (
        f"{TURNED} -fdet_vector 0 0.6 0.8 -sdet_vector 0 -0.8 0.6 -beam_vector 1 0.02 0"
        " -polar_vector 0 0 3 -Xbeam 0.3 -Ybeam 0.7",
        E3,
    ),
    "E4": (
        f"{TURNED} -adxv",
        {
            "pix0_m": (-0.00062587237589237232, 0.000577136429512908, 0.099985953262872504),
            "close_distance_m": 0.099482944788033309,
        },
    ),
}


def geometry_of(options: str, mode: str = "c-parity") -> Geometry:
    config = RunConfig.from_args(f"{CRYSTAL} {options} -parity_mode {mode}".split())
    return place(config.detector, config.beam, config.quirks)


@pytest.mark.parametrize(("options", "expected"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_worked_examples(options: str, expected: dict[str, Any]) -> None:
    made = geometry_of(options)
    for name, value in expected.items():
        found = getattr(made, name).tolist()
        wanted = list(value) if isinstance(value, tuple) else value
        # the last digit depends on the sine of the mathematical library
        assert found == pytest.approx(wanted, rel=4e-16, abs=3e-17), name


def test_spec_mode_finds_the_true_beam_spot_of_a_swung_detector() -> None:
    made = geometry_of(f"{TURNED} -pivot beam -Xbeam 0.45 -Ybeam 0.6 -twotheta 12", "spec")
    assert float(made.Fbeam_m) == pytest.approx(0.00065, rel=1e-12)
    assert float(made.Sbeam_m) == pytest.approx(0.0005, rel=1e-12)
    assert float(made.distance_m) == pytest.approx(0.1, rel=1e-14)


def test_a_beam_in_the_detector_plane_is_an_error_in_spec_mode() -> None:
    options = "-beam_vector 0 0 1 -fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0"
    with pytest.raises(InputError, match="beam lies in the detector plane"):
        geometry_of(options, "spec")


def test_a_default_normal_across_the_beam_gives_absurd_distances_upstream() -> None:
    options = "-beam_vector 0 0 1 -fdet_vector 1 0 0 -sdet_vector 0 1 0"
    base = "-distance 100 -pixel 0.4 -detpixels 8"
    assert abs(float(geometry_of(f"{base} {options}").distance_m)) > 1e300
    assert float(geometry_of(f"{base} {options}", "spec").distance_m) == pytest.approx(0.1, rel=1e-15)


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
def test_a_curved_detector_is_a_sphere(mode: str) -> None:
    config = RunConfig.from_args(f"{CRYSTAL} -curved_det -distance 50 -parity_mode {mode}".split())
    made = place(config.detector, config.beam, config.quirks)
    F, S = torch.tensor([0.01, 0.09], dtype=torch.float64), torch.tensor([0.02, 0.05], dtype=torch.float64)
    flat = flat_position(made, F, S, torch.tensor(0.0))
    bent = curved_position(made, flat, F, S, config.quirks)
    assert length(bent).tolist() == pytest.approx([0.05, 0.05], rel=1e-15)


def test_a_curved_detector_moves_along_its_axes_in_spec_mode() -> None:
    config = RunConfig.from_args(f"{CRYSTAL} -curved_det -distance 50".split())
    made = place(config.detector, config.beam, config.quirks)
    F, S = made.Fbeam_m + 0.001, made.Sbeam_m + 0.0002
    bent = curved_position(made, flat_position(made, F, S, torch.tensor(0.0)), F, S, config.quirks)
    # fast is +z, slow is -y; the sagitta is below 1e-6 m
    assert [float(part) for part in bent] == pytest.approx([0.05, -0.0002, 0.001], abs=1.1e-5)
