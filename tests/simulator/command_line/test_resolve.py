"""Options become a configuration in the units and the order of the specification (spec 01, 02)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.command_line.resolve import resolve_args
from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.units import DEFAULT_FLUENCE_PER_M2, R_E_SQR_M2

MINIMUM = ["-cell", "100", "-default_F", "1"]


def configured(options: str, mode: str = "c-parity") -> RunConfig:
    return resolve_args([*MINIMUM, *options.split(), "--parity-mode", mode]).config


def smv_file(path: Path, size: tuple[int, int] = (4, 4), **keys: object) -> Path:
    text = f"{{\nHEADER_BYTES=512;\nSIZE1={size[0]};\nSIZE2={size[1]};\n"
    text += "".join(f"{key}={value};\n" for key, value in keys.items()) + "}\f"
    path.write_bytes(text.encode().ljust(512) + np.ones(size[0] * size[1], np.uint16).tobytes())
    return path


def test_default_fluence_makes_the_cross_section_one() -> None:
    assert R_E_SQR_M2 * DEFAULT_FLUENCE_PER_M2 == 1.0


def test_units_of_the_authoritative_options() -> None:
    config = configured("-lambda 0.9768 -distance 231.27466 -pixel 0.172 -osc 0.1 -phisteps 10")
    assert config.beam.wavelength_m == 0.9768 / 1e10
    assert config.detector.distance_m == 231.27466 / 1000
    assert config.crystal.phi_rad.range == 0.1 / 57.295779513082323


def test_wavelength_of_an_energy() -> None:
    assert configured("-lambda 3 -energy 12398.42").beam.wavelength_m == 1e-10


def test_fluence_from_flux() -> None:
    assert configured("-flux 2e16 -exposure 0.3 -beamsize 0.0008").beam.fluence_photons_per_m2 == (
        2e16 * 0.3 / (0.0008 / 1000) / (0.0008 / 1000)
    )


@pytest.mark.parametrize("options", ["-flux 0", "-flux 1 -exposure 0", "-flux 1 -beamsize -1"])
def test_unused_flux_keeps_the_fluence_and_warns(options: str) -> None:
    resolved = resolve_args([*MINIMUM, *options.split()])
    assert resolved.config.beam.fluence_photons_per_m2 == DEFAULT_FLUENCE_PER_M2
    assert any("-flux" in warning for warning in resolved.warnings)


def test_detector_size_rounds_to_the_nearest_pixel_and_is_kept() -> None:
    detector = configured("-detsize 25.65 -pixel 0.1").detector
    assert (detector.fpixels, detector.fsize_m) == (256, 25.65 / 1000)


def test_pixel_count_overrides_the_size() -> None:
    detector = configured("-detsize 10 -detpixels 8 -pixel 0.4").detector
    assert (detector.fpixels, detector.fsize_m) == (8, 0.4 / 1000 * 8)


def test_roi_bounds_default_where_negative() -> None:
    assert configured("-detpixels 8 -roi -1 3 2 -1").detector.roi == (0, 3, 2, 8)


def test_thickness_before_infinite_absorption_is_lost_and_after_it_kept() -> None:
    before = configured("-detector_thick 450 -detector_abs inf").detector
    after = configured("-detector_abs inf -detector_thick 450").detector
    assert (before.thickness_m.range, after.thickness_m.range) == (0.0, 450e-6)
    assert after.attenuation_per_m == 0.0
    sane = configured("-detector_abs inf -detector_thick 450", "spec").detector
    assert sane.thickness_m.range == 0.0


def test_thickness_without_absorption_takes_its_inverse() -> None:
    assert configured("-detector_thick 450").detector.attenuation_per_m == 1.0 / (450 * 1e-6)


@pytest.mark.parametrize(
    ("options", "convention", "pivot"),
    [("", "MOSFLM", "BEAM"), ("-xds", "XDS", "SAMPLE"), ("-dials", "DIALS", "SAMPLE"),
     ("-xds -fdet_vector 1 0 0", "CUSTOM", "SAMPLE"), ("-fdet_vector 1 0 0 -adxv", "ADXV", "BEAM"),
     ("-pix0_vector_mm 1 2 3 -twotheta 5", "CUSTOM", "SAMPLE"), ("-twotheta 5", "MOSFLM", "BEAM"),
     ("-beam_vector 1 0 0 -ORGX 3 -distance 10", "CUSTOM", "BEAM"), ("-pivot sample", "MOSFLM", "BEAM")],
)  # fmt: skip
def test_convention_and_pivot(options: str, convention: str, pivot: str) -> None:
    detector = configured(options).detector
    assert (detector.convention, detector.pivot) == (convention, pivot)


@pytest.mark.parametrize(
    ("options", "pivot"),
    [
        ("-pivot sample", "SAMPLE"),
        ("-twotheta 5", "SAMPLE"),
        ("-twotheta 5 -pivot beam", "BEAM"),
        ("-xds", "SAMPLE"),
    ],
)
def test_pivot_options_count_in_spec_mode(options: str, pivot: str) -> None:
    assert configured(options, "spec").detector.pivot == pivot


@pytest.mark.parametrize(
    ("options", "Fbeam_mm", "Sbeam_mm"),
    [("", 0.5, 0.5), ("-Xbeam 0.45 -Ybeam 0.6", 0.65, 0.5), ("-denzo", 0.45, 0.45), ("-adxv", 0.45, 0.45),
     ("-xds", 0.4, 0.4), ("-beam_vector 1 0 0 -ORGX 2.5", 0.2, 0.4)],
)  # fmt: skip
def test_start_values_of_the_beam_centre(options: str, Fbeam_mm: float, Sbeam_mm: float) -> None:
    detector = configured(f"-detpixels 8 {options}").detector
    assert (detector.Fbeam_m, detector.Sbeam_m) == pytest.approx(
        (Fbeam_mm / 1000, Sbeam_mm / 1000), rel=1e-14
    )


def test_xds_takes_other_centres_in_spec_mode_only() -> None:
    assert configured("-xds -detpixels 8 -Xclose 0.1").detector.Fclose_m == pytest.approx(4e-4, rel=1e-14)
    assert configured("-xds -detpixels 8 -Xclose 0.1", "spec").detector.Fclose_m == 1e-4


def test_idle_centre_is_named_in_a_warning() -> None:
    resolved = resolve_args([*MINIMUM, "-xds", "-Xbeam", "3", "--parity-mode", "c-parity"])
    assert any("-Xbeam" in warning for warning in resolved.warnings)


def test_later_cell_keeps_what_it_does_not_say() -> None:
    crystal = configured("-cell 50 60 70 80 -cell 40").crystal
    assert crystal.cell_lengths_A == (40.0, 60.0, 70.0)
    assert crystal.cell_angles_rad[1] == math.pi / 2


def test_crystal_sizes_are_clipped_across_the_beam_only() -> None:
    assert configured("-xtalsize 0.15").crystal.size_m == (0.15 / 1000, 1e-4, 1e-4)
    assert configured("-xtalsize 0.15 -beamsize -1").crystal.size_m == (0.15 / 1000,) * 3


def test_seeds_change_sign_and_spec_mode_ignores_it() -> None:
    assert configured("-seed 5 -mosaic_seed -5").output.noise_seed == -5
    assert configured("-mosaic_seed -5").crystal.mosaic_seed == 5
    assert configured("-mosaic_seed -5", "spec").crystal.mosaic_seed == -5
    assert configured("-mosaic_seed 0", "spec").crystal.mosaic_seed == -1


def test_noise_seed_is_the_default_misset_seed_in_spec_mode() -> None:
    assert configured("-seed 7 -misset random", "spec").crystal.misset_seed == -7


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_phi_carryover_mode_beats_the_parity_mode_in_any_order(order: tuple[int, int]) -> None:
    words = [["--parity-mode", "c-parity"], ["--phi-carryover-mode", "spec"]]
    quirks = RunConfig.from_args([*MINIMUM, *words[order[0]], *words[order[1]]]).quirks
    assert "Q-PHI-CARRYOVER" not in quirks
    assert "Q-OSC-ZERO" in quirks


def test_last_of_the_switches_decides_about_noise_and_preview() -> None:
    output = configured("-nonoise -noisefile n.img -pgmfile p.pgm -nopgm").output
    assert (output.write_noise, output.write_pgm) == (True, False)


def test_header_sets_the_geometry_before_the_options(tmp_path: Path) -> None:
    image = smv_file(tmp_path / "s.img", (6, 5), PIXEL_SIZE=0.4, DISTANCE=88, PHI=1.5, BEAM_CENTER_Y=1.5)
    detector = configured(f"-img {image} -distance 95").detector
    assert (detector.fpixels, detector.spixels, detector.pixel_size_m) == (6, 5, 0.4 / 1000)
    assert (detector.distance_m, detector.Ybeam_m) == (0.095, 0.0015)


def test_header_keys_are_substrings_in_c_parity_only(tmp_path: Path) -> None:
    image = smv_file(tmp_path / "s.img", DISTANCE=70, SOURCE_DISTANCE=9000, XDS_ORGX=5.5)
    assert configured(f"-img {image}").detector.distance_m == 9.0
    assert configured(f"-img {image}", "spec").detector.distance_m == 0.07


def test_close_distance_of_a_header_yields_to_distance_in_spec_mode(tmp_path: Path) -> None:
    image = smv_file(tmp_path / "s.img", CLOSE_DISTANCE=87)
    assert configured(f"-img {image} -distance 300").detector.close_distance_m == 0.087
    assert math.isnan(configured(f"-img {image} -distance 300", "spec").detector.close_distance_m)


def test_two_theta_of_a_header_counts_in_spec_mode_without_moving_the_pivot(tmp_path: Path) -> None:
    image = smv_file(tmp_path / "s.img", TWOTHETA=5)
    assert configured(f"-img {image}").detector.twotheta_rad == 0.0
    sane = configured(f"-img {image}", "spec").detector
    assert (sane.twotheta_rad, sane.pivot) == (5 / 57.295779513082323, "BEAM")


def test_beam_centre_of_a_mask_is_flipped_in_c_parity_only(tmp_path: Path) -> None:
    mask = smv_file(tmp_path / "m.img", PIXEL_SIZE=1, BEAM_CENTER_Y=1)
    assert configured(f"-mask {mask}").detector.Ybeam_m == pytest.approx(0.003, rel=1e-14)
    assert configured(f"-mask {mask}", "spec").detector.Ybeam_m == 0.001


def test_image_values_replace_mask_values_in_any_order(tmp_path: Path) -> None:
    mask = smv_file(tmp_path / "m.img", DISTANCE=50, WAVELENGTH=2)
    image = smv_file(tmp_path / "i.img", DISTANCE=60)
    config = configured(f"-img {image} -mask {mask}")
    assert (config.detector.distance_m, config.beam.wavelength_m) == (0.06, 2e-10)


def test_stale_dump_is_read_in_c_parity_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Fdump.bin").write_bytes(b"0 0 0 0 0 0\n\f" + np.ones(8).tobytes())
    assert configured("").structure_factors.reflections == 1
    assert configured("", "spec").structure_factors.reflections == 0
    assert configured("-dump Fdump.bin", "spec").structure_factors.reflections == 1


def test_trace_block_lists_its_pixels_in_order() -> None:
    config = configured("-detpixels 8 -trace_pixel 5 1 -trace_roi 2 3 4 5 -trace_level phi")
    assert config.trace.pixels == ((2, 4), (2, 5), (3, 4), (3, 5), (5, 1))


@pytest.mark.parametrize(
    ("options", "reason"),
    [("-trace_pixel 8 0", "outside the 8"), ("-roi 0 3 0 3 -trace_pixel 4 0", "region of interest"),
     ("-beamsize 0 -flux 1", "-beamsize 0"),
     ("-detpixels -1", "-detpixels"), ("-detector_abs 1e-320", "-detector_abs")],
)  # fmt: skip
def test_impossible_requests_say_why(options: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        configured(f"-detpixels 8 {options}")


def test_missing_cuda_device_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no CUDA device"):
        configured("-device cuda")


def test_pivot_that_the_convention_overrules_is_named_in_a_warning() -> None:
    warned = resolve_args([*MINIMUM, "-pivot", "sample", "--parity-mode", "c-parity"]).warnings
    assert any(warning.startswith("-pivot sample") for warning in warned)
    assert resolve_args([*MINIMUM, "-pivot", "sample"]).warnings == ()
