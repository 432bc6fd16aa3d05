"""Input files for what the recorded cases leave out: exact header keys, weights, line ends, handedness."""

from __future__ import annotations

from golden_suite_generator.inputs.mixer import mixed
from golden_suite_generator.inputs.orientation import Cell, matrix_product, matrix_text, rotation
from golden_suite_generator.inputs.reflections import box, dump_bytes
from golden_suite_generator.inputs.smv import Camera, counts, sized, smv_bytes

MIRROR_X = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def left_handed_matrix(seed: int) -> str:
    """Return the matrix of a near-cubic cell behind a mirror, for 1 Angstrom."""
    return matrix_text(
        Cell(61.0, 60.0 + seed, 59.0), matrix_product(MIRROR_X, rotation(11.0, 23.0, 37.0)), 1.0
    )


def header_with_exact_keys(seed: int) -> bytes:
    """Return an image whose ORGX, DISTANCE, TWOTHETA are keys of their own, among keys that contain them."""
    camera: Camera = {
        "PIXEL_SIZE": 1.2,
        "CLOSE_DISTANCE": 93.0 + seed,
        "DISTANCE": 95.0 + seed,
        "SOURCE_DISTANCE": 9000.0,
        "WAVELENGTH": 1.02,
        "ORGX": 11.25,
        "ORGY": 13.5,
        "BEAM_CENTER_X": 13.2,
        "BEAM_CENTER_Y": 15.4,
        "PHI": 2.0,
        "OSC_RANGE": 1.0,
        "TWOTHETA": 7.0,
    }
    pixels = counts(24, 24, lambda s, f: mixed(seed, 43, s, f) % 900)
    return smv_bytes(sized(pixels, camera), pixels)


def header_of_mask_size(seed: int) -> bytes:
    """Return an image of the size of the masks; a later key contains DISTANCE, none is CLOSE_DISTANCE."""
    camera: Camera = {
        "PIXEL_SIZE": 0.48,
        "DISTANCE": 99.0 + seed,
        "SOURCE_DISTANCE": 120.0,
        "WAVELENGTH": 1.03,
        "BEAM_CENTER_X": 14.5,
        "BEAM_CENTER_Y": 16.25,
    }
    pixels = counts(64, 64, lambda s, f: mixed(seed, 44, s, f) % 900)
    return smv_bytes(sized(pixels, camera), pixels)


def header_with_adxv_centre(seed: int) -> bytes:
    """Return an image as spec mode heads it: BEAM_CENTER is in the ADXV convention, as ADXV_CENTER says."""
    camera: Camera = {
        "PIXEL_SIZE": 1.2,
        "DISTANCE": 101.0 + seed,
        "WAVELENGTH": 1.01,
        "BEAM_CENTER_X": 13.2,
        "BEAM_CENTER_Y": 17.4,
        "ADXV_CENTER_X": 13.2,
        "ADXV_CENTER_Y": 17.4,
    }
    pixels = counts(24, 24, lambda s, f: mixed(seed, 45, s, f) % 900)
    return smv_bytes(sized(pixels, camera), pixels)


def unlike_weights(seed: int) -> str:
    """Return four sources for a beam along +x: very unlike weights, slightly unlike wavelengths."""
    rows = ((0.0, 0.0, 3.0, 1.0), (0.25, 0.1, 0.5, 1.01), (-0.2, 0.15, 0.0, 0.99), (0.1, -0.3, 1.25, 1.005))
    tilt = 0.01 * (seed - 1)
    return "".join(f"-10 {y + tilt:.3f} {z:.3f} {weight:g} {scale:g}e-10\n" for y, z, weight, scale in rows)


def negative_weights(seed: int) -> str:
    """Return the four sources with one weight below zero."""
    first, rest = unlike_weights(seed).split("\n", 1)
    return f"{first}\n-10 0.05 0.05 -0.5 1e-10\n{rest}"


def sources_with_carriage_returns(seed: int) -> str:
    """Return three sources, lines ending in carriage return and newline, the last line in nothing."""
    return "\r\n".join(("-10 0.1 0.05 1 1.01e-10", "-10 -0.15 0.2", f"-10 {0.2 + 0.01 * seed:.2f} -0.1 2"))


def decimal_indices(seed: int) -> str:
    """Return a reflection list with indices written as decimals here and there, and blank lines."""
    lines = []
    for number, (h, k, l, F) in enumerate(box(4, 4, 4, seed + 110)):
        kind = number % 3
        words = (f"{h}.0 {k} {l}", f"{h} {k}.00 {l}e0", f"{h} {k} {l}")[kind]
        lines.append(f"{words} {F:.3f}\n" + ("\n" if number % 50 == 7 else ""))
    return "".join(lines)


def truncated_dump(seed: int) -> bytes:
    """Return a dump file that ends in the middle of a value."""
    return dump_bytes(seed)[:10001]
