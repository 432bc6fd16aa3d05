"""The SMV header, byte by byte (spec 08)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.config import Crystal, Detector, RunConfig, Steps
from simulator.io.smv_header import FinalGeometry, overflows, smv_header
from simulator.quirks import PARITY_MODES, Quirks

FINAL = FinalGeometry(0.1, 0.1, 5e-4, 5e-4, 5.5, 5.5, (-0.5, 0.5, -100.0))
TEXT = """{
HEADER_BYTES=512;
DIM=2;
BYTE_ORDER=little_endian;
TYPE=unsigned_short;
SIZE1=8;
SIZE2=8;
PIXEL_SIZE=0.1;
DISTANCE=100;
WAVELENGTH=1;
BEAM_CENTER_X=0.45;
BEAM_CENTER_Y=0.45;
ADXV_CENTER_X=0.5;
ADXV_CENTER_Y=0.3;
MOSFLM_CENTER_X=0.45;
MOSFLM_CENTER_Y=0.45;
DENZO_X_BEAM=0.5;
DENZO_Y_BEAM=0.5;
DIALS_ORIGIN=-0.5,0.5,-100
XDS_ORGX=5.5;
XDS_ORGY=5.5;
CLOSE_DISTANCE=100;
PHI=0;
OSC_START=0;
OSC_RANGE=0;
TWOTHETA=0;
DETECTOR_SN=000;
BEAMLINE=fake;
}\f"""


def configured(mode: str, **detector: float) -> RunConfig:
    plain = {"pixel_size_m": 1e-4, "ssize_m": 8e-4, "Xbeam_m": 4.5e-4, "Ybeam_m": 4.5e-4}
    return RunConfig(
        detector=Detector(fpixels=8, spixels=8, **{**plain, **detector}), quirks=PARITY_MODES[mode]
    )


@pytest.fixture
def little_endian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "little")


@pytest.mark.usefixtures("little_endian")
def test_header_is_exact_and_filled_with_blanks() -> None:
    assert smv_header(configured("c-parity"), FINAL) == TEXT.encode().ljust(512)


@pytest.mark.usefixtures("little_endian")
def test_origin_has_a_semicolon_in_spec_mode() -> None:
    wanted = TEXT.replace("-100\n", "-100;\n")
    quirks = Quirks.c_parity().switched("Q-HEADER-SEMICOLON", on=False)
    config = replace(configured("spec"), quirks=quirks)
    assert smv_header(config, FINAL) == wanted.encode().ljust(512)


def test_beam_centre_and_offset_are_what_readers_expect_in_spec_mode() -> None:
    text = smv_header(configured("spec"), FINAL).decode()
    assert "\nBEAM_CENTER_X=0.5;\nBEAM_CENTER_Y=0.3;\n" in text
    assert "\nADC_OFFSET=40;\n" in text


@pytest.mark.parametrize(("value", "text"), [(1.234567e-4, "0.123457"), (1e6, "1e+09"), (5e-8, "5e-05")])
def test_numbers_have_six_digits(value: float, text: str) -> None:
    assert f"PIXEL_SIZE={text};" in smv_header(configured("spec", pixel_size_m=value), FINAL).decode()


def long_header(mode: str) -> bytes:
    config = configured(
        mode, pixel_size_m=1.2345678e-4, Xbeam_m=1.234567e-3, Ybeam_m=2.345678e-3, twotheta_rad=0.2187
    )
    phi = Steps(0.0215, 0.00215, 0.0, 1)
    config = RunConfig(detector=config.detector, crystal=Crystal(phi_rad=phi), quirks=config.quirks)
    final = FinalGeometry(
        0.12345678, 0.11987654, 6.17284e-4, 7.17284e-4, 123.4567, 98.76543, (99.22421, -16.35571, -6.746792)
    )
    return smv_header(config, final)


def test_long_header_is_neither_cut_nor_announced_in_c_parity() -> None:
    header = long_header("c-parity")
    assert header.endswith(b"}\f")
    assert len(header) > 512
    assert b"HEADER_BYTES=512;" in header
    assert overflows(header, Quirks.c_parity())


def test_long_header_grows_in_spec_mode() -> None:
    header = long_header("spec")
    assert len(header) == 1024
    assert b"HEADER_BYTES=1024;" in header
    assert not overflows(header, Quirks.spec())
