"""SMV headers as other programs read them, and as our own -img reads them back, in both programs."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator import cli
from tests.fixtures.fake_beamline import header_of, seen

CRYSTAL = "-cell 40 50 60 90 90 90 -misset 10 20 30 -N 3 -oversample 1 -default_F 50 -nopgm -nonoise"
CAMERA = "-lambda 1.1 -distance 50 -pixel 0.5 -detpixels_f 24 -detpixels_s 30 -Xbeam 3 -Ybeam 8"
CONVENTIONS = ("-mosflm", "-adxv", "-denzo", "-xds", "-dials")
# where the direct beam is, mm along fast and slow
SPOTS = {
    "-mosflm": (8.25, 3.25),
    "-adxv": (3.0, 7.0),
    "-denzo": (8.0, 3.0),
    "-xds": (3.0, 8.0),
    "-dials": (3.0, 8.0),
}
Program = Callable[[Path, str], None]


@pytest.fixture(params=["reference", "simulator"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run one of the programs in a folder."""

    def reference(folder: Path, line: str) -> None:
        words = [request.getfixturevalue("c_binary"), *line.split()]
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60)

    def simulator(folder: Path, line: str) -> None:
        monkeypatch.chdir(folder)
        assert cli.main(line.split()) == 0

    return reference if request.param == "reference" else simulator


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_reader_sees_the_beam_where_it_is(program: Program, tmp_path: Path, convention: str) -> None:
    program(tmp_path, f"{CRYSTAL} {CAMERA} {convention} -adc 12.5 --parity-mode spec -intfile a.img")
    found = seen(tmp_path / "a.img")
    assert (found.fast_mm, found.slow_mm) == pytest.approx(SPOTS[convention], abs=1e-9)
    assert (found.distance_mm, found.wavelength_A, found.pedestal) == (50.0, 1.1, 12.5)


def test_the_noise_image_says_the_same(program: Program, tmp_path: Path) -> None:
    program(tmp_path, f"{CRYSTAL} {CAMERA} --parity-mode spec -noisefile n.img -intfile a.img")
    assert header_of(tmp_path / "n.img") == header_of(tmp_path / "a.img")


@pytest.mark.parametrize("more", ["", "-twotheta 10", "-pivot sample", "-ORGX 5 -ORGY 7"])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_header_read_back_gives_the_same_geometry(
    program: Program, tmp_path: Path, convention: str, more: str
) -> None:
    spec = "--parity-mode spec"
    program(tmp_path, f"{CRYSTAL} {CAMERA} {convention} {more} {spec} -intfile a.img")
    program(tmp_path, f"{CRYSTAL} {convention} -img a.img {spec} -intfile b.img")
    first, second = header_of(tmp_path / "a.img"), header_of(tmp_path / "b.img")
    assert first.keys() == second.keys()
    for key, value in first.items():
        numbers = [float(word) for word in value.split(",")] if value[0] in "-0123456789" else []
        again = [float(word) for word in second[key].split(",")] if numbers else []
        # six digits are written; lengths that are differences of others have an error of their own
        assert numbers == pytest.approx(again, rel=2e-5, abs=2e-4), key
        assert numbers or value == second[key], key


@pytest.mark.parametrize("written", CONVENTIONS)
@pytest.mark.parametrize("read", CONVENTIONS)
def test_a_beam_in_the_header_stays_where_it_is_in_any_convention(
    c_binary: Path, tmp_path: Path, written: str, read: str
) -> None:
    for line in (f"{CAMERA} {written} -intfile a.img", f"{read} -img a.img -intfile b.img"):
        words = [c_binary, *CRYSTAL.split(), "-parity_mode", "spec", *line.split()]
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    assert (
        math.dist(*((s.fast_mm, s.slow_mm) for s in map(seen, (tmp_path / "a.img", tmp_path / "b.img"))))
        < 1e-4
    )


def test_upstreams_header_is_kept_in_c_parity(program: Program, tmp_path: Path) -> None:
    program(tmp_path, f"{CRYSTAL} {CAMERA} --parity-mode c-parity -intfile a.img")
    header = header_of(tmp_path / "a.img")
    assert (header["BEAM_CENTER_X"], header["BEAM_CENTER_Y"]) == ("3", "8")
    assert "ADC_OFFSET" not in header


def test_a_beam_centre_alone_means_what_the_options_mean(program: Program, tmp_path: Path) -> None:
    text = "{\nHEADER_BYTES=512;\nSIZE1=4;\nSIZE2=4;\nPIXEL_SIZE=1;\nBEAM_CENTER_X=1;\nBEAM_CENTER_Y=2;\n}\f"
    (tmp_path / "in.img").write_bytes(text.encode().ljust(512) + bytes(32))
    program(tmp_path, f"{CRYSTAL} -img in.img -denzo --parity-mode spec -intfile a.img")
    found = seen(tmp_path / "a.img")
    assert (found.fast_mm, found.slow_mm) == (2.0, 1.0)
