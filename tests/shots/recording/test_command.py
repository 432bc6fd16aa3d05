"""nbp record: images in, images out, both parity modes, and every wrong use in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shots.recording.command import main
from shots.recording.noisify import UpstreamNoise, noisified
from simulator.io.smv import read_smv

PHOTONS = np.linspace(0.0, 200.0, 12 * 8, dtype=np.float32).reshape(8, 12)
Output = pytest.CaptureFixture[str]


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "float.bin"
    path.write_bytes(PHOTONS.tobytes())
    return path


def pixels(name: str) -> np.ndarray:
    return read_smv(Path(name), "-img", exact=True).pixels


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_an_image_gives_three_files_of_its_size(image: Path, capsys: Output) -> None:
    assert run(image, "-adc", 10, "-calibration", 0) == 0
    np.testing.assert_array_equal(pixels("intimage.img"), np.floor(PHOTONS + 10.5))
    assert Path("image.pgm").read_bytes().startswith(b"P5\n12 8\n")
    noise = pixels("noiseimage.img").astype(float) - 10.0
    assert abs(noise.sum() / PHOTONS.sum() - 1.0) < 5.0 / PHOTONS.sum() ** 0.5
    assert "12 x 8 pixels" in capsys.readouterr().out


def test_a_seed_gives_the_same_image_again_and_another_one_does_not(image: Path) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        assert run(image, "--outdir", name, "-seed", seed, "-flicker", 0.1, "-readout_noise", 1) == 0
    first, again, other = (Path(name, "float-noise.img").read_bytes() for name in "abc")
    assert first == again != other


def test_in_c_parity_the_noise_is_that_of_upstream(image: Path) -> None:
    assert run(image, "--parity-mode", "c-parity", "-seed", 3, "-flicker", 0.02, "-readout_noise", 1.5) == 0
    wanted = noisified(PHOTONS, UpstreamNoise(0.02, 0.03, 1.0, 1.5, 40.0, seed=-3)).counts
    np.testing.assert_array_equal(pixels("noiseimage.img"), wanted)
    np.testing.assert_array_equal(pixels("intimage.img"), np.trunc(PHOTONS + 40.0))


def test_in_c_parity_the_seed_is_the_time_of_day_and_said(image: Path, capsys: Output) -> None:
    assert run(image, "--parity-mode", "c-parity") == 0
    seed = capsys.readouterr().out.split("seed ")[1].strip()
    assert run(image, "--parity-mode", "c-parity", "-seed", seed, "--outdir", "again") == 0
    assert Path("noiseimage.img").read_bytes() == Path("again/float-noise.img").read_bytes()


def test_several_images_have_one_calibration_and_noises_of_their_own(image: Path) -> None:
    other = image.with_name("other.bin")
    other.write_bytes(image.read_bytes())
    assert run(image, other, "--outdir", "out") == 0
    one, two = (Path("out", f"{name}-noise.img").read_bytes() for name in ("float", "other"))
    assert one != two
    assert Path("out/float-int.img").read_bytes() == Path("out/other-int.img").read_bytes()


@pytest.mark.parametrize("mode", ["spec", "c-parity"])
def test_without_noise_the_image_is_blurred(image: Path, mode: str) -> None:
    words = ["--parity-mode", mode, "-nonoise", "-psf", "gauss", "-psf_fwhm", 150, "-adc", 0]
    assert run(image, *words) == 0
    assert not Path("noiseimage.img").exists()
    sharp, blurred = PHOTONS, pixels("intimage.img")
    assert blurred[4, 6] == pytest.approx(sharp[4, 6], abs=1.5)
    assert blurred[7, 11] < 0.7 * sharp[7, 11]


def test_fluence_and_scale_multiply_photons(image: Path) -> None:
    assert (
        run(image, "-fluence", 125932015286227086360700780544.0 * 2, "-scale", 3, "-nonoise", "-adc", 0) == 0
    )
    np.testing.assert_allclose(pixels("intimage.img"), np.floor(PHOTONS * 6.0 + 0.5), atol=1)


def test_32_bits_hold_bright_pixels(image: Path) -> None:
    assert run(image, "-scale", 1e5, "-bits", 32, "-calibration", 0) == 0
    data = Path("noiseimage.img").read_bytes()
    assert b"TYPE=long;" in data[:512]
    counts = np.frombuffer(data[512:], np.int32).reshape(8, 12)
    np.testing.assert_allclose(counts[1:], PHOTONS[1:] * 1e5 + 40, rtol=5e-3)


def test_a_template_gives_size_pixel_and_header(image: Path) -> None:
    assert run(image, "-detpixels_x", 12, "-pixel", 0.2, "-distance", 77, "-Xbeam", 1.5) == 0
    assert run(image, "-header", "intimage.img", "--outdir", "copied") == 0
    header = read_smv(Path("copied/float-noise.img"), "-img", exact=True).header
    assert {"DISTANCE=77;", "BEAM_CENTER_X=1.5;", "PIXEL_SIZE=0.2;", "SIZE1=12;"} <= set(header.split("\n"))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-detpixels", "10"], "does not fill 10 x 10"),
        (["-gain", "0"], "-gain 0"),
        (["-flicker", "-1"], "-flicker -1"),
        (["-adc", "nan"], "-adc nan"),
        (["-seed", "0"], "-seed 0"),
        (["-bits", "8"], "invalid choice"),
        (["-psf", "round"], "invalid choice"),
        (["-psf_radius", "3"], "-psf_radius"),
        (["-noisefile", "a.img", "--outdir", "b"], "give one of them"),
        (["-noisefile", "a.img", "-nonoise"], "give one of them"),
        (["-noisefile", "float.bin"], "float.bin"),
        (["-noisefile", "a.img", "-intfile", "a.img"], "a.img"),
        (["-noisefile", "none/a.img"], "there is no folder"),
        (["-header", "none.img"], "no such file"),
        (["-detsize", "3", "-detpixels", "4"], "both tell the size"),
        (["float.bin"], "--outdir"),
        (["-gian", "2"], "unrecognized"),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(
    image: Path, words: list[str], problem: str, capsys: Output
) -> None:
    assert run(image, *words) == 3
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert [path.name for path in image.parent.iterdir()] == ["float.bin"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "0 bytes"),
        (b"12345", "5 bytes"),
        (np.array([1, np.nan], np.float32).tobytes(), "nan at place 1"),
    ],
)
def test_a_file_that_holds_no_photons_is_named(
    image: Path, data: bytes, problem: str, capsys: Output
) -> None:
    image.write_bytes(data)
    assert run(image) == 3
    assert problem in capsys.readouterr().err


def test_files_that_are_there_are_kept(image: Path, capsys: Output) -> None:
    Path("noiseimage.img").write_text("mine")
    assert run(image) == 3
    assert "exists" in capsys.readouterr().err
    assert Path("noiseimage.img").read_text() == "mine"
    assert not Path("intimage.img").exists()
