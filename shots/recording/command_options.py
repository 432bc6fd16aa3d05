"""The options of nbp record: the words of spec 10, their ranges, and the size of a headerless image."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

from shots.recording.settings import PSF_SHAPES, Recording, recording_of
from simulator.io.smv import header_value, read_smv
from simulator.units import DEFAULT_FLUENCE_PER_M2, m_of_mm
from system_io.errors import UserError
from system_io.parser import CommandParser, UsageError
from system_io.shown import printable

NAME = "nbp record"
SPEC, C_PARITY = "spec", "c-parity"
DESCRIPTION = "Make a noisy image, as a detector reads it, of float images of photons."
EPILOG = """\
Each image is a file of 4-byte floats without a header, such as nanoBragg -floatfile writes. Its size comes
from -header, -detpixels, or -detsize and -pixel; without one it is the most nearly square one with whole
sides, the longer one fast. Written are the image without noise, its preview, and the image with noise. Files
that are there are not overwritten.

--parity-mode spec (the default): generators of their own for each kind of noise, a flicker for each image,
the same calibration in all, counts rounded and at least 0. --parity-mode c-parity: upstream's separate noise
program, deviate by deviate: its streams share their state, counts are cut off, the default seed is the time
of day. docs/recording.md tells more.

exit status: 0 written, 3 wrong usage or input, 130 interrupted
"""
EXAMPLES = (
    "nbp record floatimage.bin -detpixels 1024 -adc 10 -readout_noise 2 -seed 3",
    "nbp record --outdir noisy shot1.bin shot2.bin -header template.img -psf fiber -psf_fwhm 60",
    "nbp record floatimage.bin --parity-mode c-parity -seed 1",
)
NUMBERS: tuple[tuple[str, float, str], ...] = (
    ("fluence", DEFAULT_FLUENCE_PER_M2, "photons/m^2; multiplies by fluence r_e^2; the default by 1"),
    ("scale", 1.0, "multiplies the photons"),
    ("flicker", 0.0, "relative rms of the beam"),
    ("calibration", 0.03, "relative rms of the sensitivity of pixels"),
    ("gain", 1.0, "pixel units a photon"),
    ("readout_noise", 0.0, "rms in pixel units"),
    ("adc", 40.0, "offset in pixel units"),
    ("psf_fwhm", 46.0, "width of the point-spread function at half maximum, micrometres"),
    ("phi", 0.0, "for the header, degrees"),
    ("osc", 1.0, "for the header, degrees"),
    ("lambda", 1.0, "for the header, Angstrom"),
    ("distance", 100.0, "for the header, mm"),
)
AT_LEAST_0 = ("flicker", "calibration", "readout_noise", "fluence", "scale")
ABOVE_0 = ("gain", "psf_fwhm", "lambda", "distance")
MOST_SEED = 2147483646
DEFAULT_CALIBRATION_SEED = 123456789
HEADER_OWN = ("HEADER_BYTES", "DIM", "BYTE_ORDER", "TYPE", "SIZE1", "SIZE2")
"""Keys that the output states itself, whatever a template says."""


@dataclass(frozen=True)
class RecordFrame:
    """Size of the images and what their headers say.

    Attributes:
        fast: pixels.
        slow: pixels.
        pixel_m: size of a pixel.
        header: keys and values after those of size and type.
    """

    fast: int
    slow: int
    pixel_m: float
    header: tuple[tuple[str, str], ...]


def make_record_parser() -> CommandParser:
    """Return the parser of nbp record."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.add_argument("images", nargs="+", type=Path, metavar="FLOATIMAGE", help="4-byte floats, photons")
    parser.add_argument("--parity-mode", choices=(SPEC, C_PARITY), default=SPEC, help="default spec")
    parser.add_argument(
        "--outdir", type=Path, metavar="DIR", help="folder of NAME-int.img, NAME.pgm, NAME-noise.img"
    )
    for option, name in (("int", "intimage.img"), ("pgm", "image.pgm"), ("noise", "noiseimage.img")):
        parser.add_argument(f"-{option}file", type=Path, metavar="FILE", help=f"of one image; default {name}")
    for name, default, text in NUMBERS:
        parser.add_argument(
            f"-{name}", type=float, metavar="X", default=default, help=f"{text}; default {default:g}"
        )
    parser.add_argument("-psf", choices=PSF_SHAPES[1:], help="point-spread function; default none")
    parser.add_argument("-psf_radius", type=int, metavar="N", help="pixels; default 0, automatic")
    parser.add_argument("-bits", type=int, choices=(16, 32), default=16, help="of a noisy pixel; default 16")
    parser.add_argument(
        "-seed", type=int, metavar="N", help="of the noise; default 1, in c-parity the time of day"
    )
    parser.add_argument("-calib_seed", type=int, metavar="N", help="of the calibration; default 123456789")
    parser.add_argument(
        "-nonoise", action="store_true", help="write no noisy image; the other one is blurred"
    )
    parser.add_argument(
        "-header", type=Path, metavar="FILE", help="SMV image whose size and header are taken over"
    )
    for name, text in (
        ("detpixels", "both axes"),
        ("detpixels_x", "fast axis"),
        ("detpixels_y", "slow axis"),
    ):
        parser.add_argument(f"-{name}", type=int, metavar="N", help=f"pixels on the {text}")
    parser.add_argument("-detsize", type=float, metavar="MM", help="size of both axes")
    parser.add_argument("-pixel", type=float, metavar="MM", help="size of a pixel; default 0.1")
    for name in ("Xbeam", "Ybeam"):
        parser.add_argument(f"-{name}", type=float, metavar="MM", help="for the header; default the middle")
    return parser


def require_sound_options(options: argparse.Namespace) -> None:
    """Check ranges and options that contradict.

    Raises:
        UsageError: naming the option, its value and the rule.
    """
    for name in (*(row[0] for row in NUMBERS), "detsize", "pixel", "Xbeam", "Ybeam"):
        value = getattr(options, name)
        least = 0.0 if name in AT_LEAST_0 or name in ABOVE_0 or name in ("detsize", "pixel") else -math.inf
        open_end = name in (*ABOVE_0, "detsize", "pixel")
        if value is not None and not (
            math.isfinite(value) and (value > least or (value == least and not open_end))
        ):
            rule = "a number" + ("" if least < 0.0 else " above 0" if open_end else " of 0 or more")
            raise UsageError(f"-{name} {value:g}: must be {rule}; give such a one")
    for name, least, most in (
        ("seed", 1, MOST_SEED), ("calib_seed", 1, MOST_SEED), ("psf_radius", 0, 10**5),
        ("detpixels", 1, 10**5), ("detpixels_x", 1, 10**5), ("detpixels_y", 1, 10**5),
    ):  # fmt: skip
        value = getattr(options, name)
        if value is not None and not least <= value <= most:
            raise UsageError(f"-{name} {value}: must be from {least} to {most}; give such a number")
    if options.psf_radius is not None and (options.parity_mode != C_PARITY or options.psf is None):
        raise UsageError("-psf_radius is of --parity-mode c-parity with -psf; leave it out or give both")
    named = [
        f"-{kind}file" for kind in ("int", "pgm", "noise") if getattr(options, f"{kind}file") is not None
    ]
    if named and (options.outdir is not None or len(options.images) > 1):
        raise UsageError(f"{named[0]} names a file of one image, and --outdir those of all; give one of them")
    if options.nonoise and options.noisefile is not None:
        raise UsageError("-noisefile names an image that -nonoise leaves out; give one of them")
    if len(options.images) > 1 and options.outdir is None:
        raise UsageError(
            f"{len(options.images)} images need a folder for what is made of them; give --outdir DIR"
        )


def recording_settings(options: argparse.Namespace) -> Recording:
    """Return the options as settings of a recording."""
    table: dict[str, object] = {
        name: getattr(options, name)
        for name in ("flicker", "calibration", "gain", "readout_noise", "adc", "bits")
    }
    if options.psf is not None:
        table |= {"psf": options.psf, "psf_fwhm_um": options.psf_fwhm}
    table["detector_seed"] = DEFAULT_CALIBRATION_SEED if options.calib_seed is None else options.calib_seed
    return recording_of(table)


def record_frame(options: argparse.Namespace, values: int) -> RecordFrame:
    """Return the size of an image of so many values, and its header.

    Raises:
        UserError: for a size that they do not fill, or a template that cannot be read.
    """
    pixel_mm = 0.1 if options.pixel is None else options.pixel
    if options.header is not None:
        given = [
            name for name in ("detpixels", "detpixels_x", "detpixels_y", "detsize") if getattr(options, name)
        ]
        if given:
            raise UsageError(f"-{given[0]} and -header both tell the size; give one of them")
        template = read_smv(options.header, "-header", exact=True, pixels_used=False)
        fast, slow, header = template.fpixels, template.spixels, _copied(template.header)
        stated_mm = header_value(template.header, ("PIXEL_SIZE",), exact=True)
        if options.pixel is None and stated_mm is not None and 0.0 < stated_mm < math.inf:
            pixel_mm = stated_mm
        return _checked_frame(RecordFrame(fast, slow, m_of_mm(pixel_mm), header), values)
    fast, slow = _size(options, values, pixel_mm)
    middle = (fast * pixel_mm / 2.0, slow * pixel_mm / 2.0)
    beam = [m if at is None else at for at, m in zip((options.Xbeam, options.Ybeam), middle, strict=True)]
    stated = {
        "PIXEL_SIZE": pixel_mm, "DISTANCE": options.distance, "WAVELENGTH": getattr(options, "lambda"),
        "BEAM_CENTER_X": beam[0], "BEAM_CENTER_Y": beam[1], "PHI": options.phi, "OSC_START": options.phi,
        "OSC_RANGE": options.osc, "ADC_OFFSET": options.adc,
    }  # fmt: skip
    header = tuple((key, f"{value:g}") for key, value in stated.items())
    return _checked_frame(RecordFrame(fast, slow, m_of_mm(pixel_mm), header), values)


def _copied(header: str) -> tuple[tuple[str, str], ...]:
    """Return the keys and values of a template, without those that every image states itself."""
    pairs = re.findall(r"(?:^|[;\n])\s*([A-Za-z0-9_]+)\s*=([^;\n]*)", header)
    return tuple((key, value.strip()) for key, value in pairs if key not in HEADER_OWN)


def _size(options: argparse.Namespace, values: int, pixel_mm: float) -> tuple[int, int]:
    """Return the pixels along fast and slow that the options tell, or that suit the number of values."""
    if options.detsize is not None and options.detpixels is not None:
        raise UsageError("-detsize and -detpixels both tell the size; give one of them")
    both = options.detpixels or (round(options.detsize / pixel_mm) if options.detsize else None)
    fast, slow = (options.detpixels_x or both, options.detpixels_y or both)
    if fast is None and slow is None:
        shorter = next(side for side in range(math.isqrt(values), 0, -1) if values % side == 0)
        return values // shorter, shorter
    if fast is None or slow is None:
        known = fast or slow or 1
        other = max(1, values // known)
        return (other, known) if fast is None else (known, other)
    return fast, slow


def _checked_frame(frame: RecordFrame, values: int) -> RecordFrame:
    if frame.fast * frame.slow != values:
        raise UserError(
            f"image of {values} values does not fill {frame.fast} x {frame.slow} pixels;"
            " give its size, fast x slow, by -detpixels_x and -detpixels_y"
        )
    return frame


def header_text_of(frame: RecordFrame, bits: int, byte_order: str) -> bytes:
    """Return the header of an SMV image, filled up with blanks to a multiple of 512 bytes."""
    kind = "unsigned_short" if bits == 16 else "long"
    own = [("DIM", "2"), ("BYTE_ORDER", f"{byte_order}_endian"), ("TYPE", kind)]
    own += [("SIZE1", str(frame.fast)), ("SIZE2", str(frame.slow))]
    lines = "".join(f"{printable(key)}={printable(value)};\n" for key, value in (*own, *frame.header))
    size = 512 * math.ceil((len(lines) + 32) / 512)
    return f"{{\nHEADER_BYTES={size};\n{lines}}}\f".encode("latin-1", "replace").ljust(size)
