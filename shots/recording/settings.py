"""What is recorded and how: the `[recording]` of a plan, checked whole before anything is computed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from shots.recording.materials import MATERIALS
from system_io.errors import UserError
from system_io.shown import printable

INFINITE = math.inf
LIKENESS = 0.5
"""Of a key to a known one, to be suggested."""
LARGEST_SEED = 2**64 - 1
PSF_SHAPES = ("none", "gauss", "fiber")
BITS = (16, 32)
PLACE = "[recording]"


@dataclass(frozen=True)
class BackgroundLayer:
    """Matter in the beam that scatters without reflections.

    Attributes:
        material: a key of `MATERIALS`, or empty with a file.
        file: two columns, sin(theta)/lambda in 1/Angstrom and electrons a molecule; the empty path for none.
        path_mm: length of the beam's way through it.
        beam_um: edge of the square cross-section of the beam.
        density_g_per_cm3: 0 for that of the material.
        molecular_weight: of a molecule of the file, in g/mol; 0 for that of the material.
    """

    material: str = ""
    file: Path = Path()
    path_mm: float = 0.0
    beam_um: float = 0.0
    density_g_per_cm3: float = 0.0
    molecular_weight: float = 0.0


@dataclass(frozen=True)
class Recording:
    """What a detector adds to photons; by default it only counts them, with their Poisson noise.

    Attributes:
        background: layers of matter in the beam.
        flicker: relative rms of the beam from shot to shot.
        calibration: relative rms of the sensitivity of pixels, the same in all shots.
        poisson: whether photons are counted with their noise; else the expected photons go on.
        psf: shape of the point-spread function, a word of `PSF_SHAPES`.
        psf_fwhm_um: its full width at half maximum.
        gain: multiplies that of each panel, in counts a photon.
        readout_noise: rms in counts.
        adc: offset in counts.
        hot: share of the pixels that always read the largest count.
        dead: share of the pixels that see no photons.
        mask_bad: whether hot and dead pixels read -1, as masked ones do.
        saturation: largest count, besides that of the panel and of the bits.
        bits: of a count, 16 or 32.
        detector_seed: of calibration, hot and dead pixels.
    """

    background: tuple[BackgroundLayer, ...] = ()
    flicker: float = 0.0
    calibration: float = 0.0
    poisson: bool = True
    psf: str = "none"
    psf_fwhm_um: float = 0.0
    gain: float = 1.0
    readout_noise: float = 0.0
    adc: float = 0.0
    hot: float = 0.0
    dead: float = 0.0
    mask_bad: bool = False
    saturation: float = INFINITE
    bits: int = 32
    detector_seed: int = 0


@dataclass(frozen=True)
class ValueRange:
    """A number from `least` to `most`; the least itself only where it is `included`."""

    least: float = 0.0
    most: float = INFINITE
    included: bool = True

    def refusal(self, value: float) -> str:
        """Return the rule that a value breaks, empty for none."""
        if math.isfinite(value) and (
            self.least < value <= self.most or (self.included and value == self.least)
        ):
            return ""
        lower = f"{'at least' if self.included else 'above'} {self.least:g}"
        return f"must be a number {lower}" + ("" if self.most == INFINITE else f" and at most {self.most:g}")


POSITIVE, SHARE = ValueRange(included=False), ValueRange(0.0, 1.0)
NUMBERS: Mapping[str, ValueRange] = {
    "flicker": SHARE, "calibration": SHARE, "psf_fwhm_um": ValueRange(), "gain": POSITIVE,
    "readout_noise": ValueRange(), "adc": ValueRange(-(2.0**31)), "hot": SHARE, "dead": SHARE,
    "saturation": POSITIVE,
    "path_mm": POSITIVE, "beam_um": POSITIVE, "density_g_per_cm3": POSITIVE, "molecular_weight": POSITIVE,
}  # fmt: skip
CHOICES: Mapping[str, tuple[Any, ...]] = {"psf": PSF_SHAPES, "bits": BITS, "material": tuple(MATERIALS)}
SWITCHES = ("poisson", "mask_bad")
SEEDS = ("detector_seed",)
LISTS = ("background",)
PATHS = ("file",)


def recording_of(table: Mapping[str, object], folder: Path = Path()) -> Recording:
    """Return the settings that a table `[recording]` of a plan states.

    Args:
        table: of a TOML file; what it does not state keeps the value of `Recording`.
        folder: of the plan, from which files are named.

    Raises:
        UserError: for an unknown key, a value of another kind or outside its range, and keys that contradict.
    """
    _require_known(table, [field.name for field in fields(Recording)], PLACE)
    found = {key: _checked(key, value, PLACE) for key, value in table.items() if key not in LISTS}
    recording = Recording(**found, background=_layers(table.get("background", []), folder))
    if (recording.psf == "none") != (recording.psf_fwhm_um == 0.0):
        raise UserError(
            f"{PLACE}.psf is '{recording.psf}' and psf_fwhm_um {recording.psf_fwhm_um:g}: a point-spread"
            " function needs a shape and a width above 0; give both or neither"
        )
    if recording.hot + recording.dead > 1.0:
        raise UserError(
            f"{PLACE}: hot and dead pixels are {recording.hot + recording.dead:g} of all; give at most 1"
        )
    return recording


def _layers(value: object, folder: Path) -> tuple[BackgroundLayer, ...]:
    if not isinstance(value, list) or not all(isinstance(layer, Mapping) for layer in value):
        raise UserError(
            f"{PLACE}.background is {value!r:.60}, must be a list of tables; write [[recording.background]]"
        )
    return tuple(_layer(layer, f"[[recording.background]] {n}", folder) for n, layer in enumerate(value, 1))


def _layer(table: Mapping[str, object], place: str, folder: Path) -> BackgroundLayer:
    _require_known(table, [field.name for field in fields(BackgroundLayer)], place)
    found = {key: _checked(key, value, place) for key, value in table.items()}
    if ("material" in found) == ("file" in found):
        raise UserError(
            f"{place}: give either material (one of {', '.join(MATERIALS)}) or file, not both or none"
        )
    needed = ["path_mm", "beam_um"] + (["density_g_per_cm3", "molecular_weight"] if "file" in found else [])
    for key in needed:
        if key not in found:
            raise UserError(f"{place}.{key} is missing; give a number above 0")
    if "material" in found and "molecular_weight" in found:
        raise UserError(f"{place}.molecular_weight is that of the material; leave it out, or give a file")
    if "file" in found:
        found["file"] = (folder / found["file"]).resolve()
    return BackgroundLayer(**found)


def _require_known(table: Mapping[str, object], known: list[str], place: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, LIKENESS)
            remedy = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            raise UserError(f"{place}.{printable(key)} is no key of this table; {remedy}")


def _checked(key: str, value: object, place: str) -> Any:
    """Return a value of the kind and in the range of its key."""
    why = _refusal(key, value)
    if why:
        raise UserError(f"{place}.{key} is {printable(repr(value)):.60}, {why}; give such a one")
    return _made(key, value)


def _refusal(key: str, value: object) -> str:
    """Return the rule that a value breaks, empty for none."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key in NUMBERS:
        return NUMBERS[key].refusal(float(value)) if number else "must be a number"  # type: ignore[arg-type]
    if key in CHOICES:
        known = CHOICES[key]
        return (
            ""
            if type(value) is type(known[0]) and value in known
            else f"must be one of {', '.join(map(str, known))}"
        )
    if key in SWITCHES:
        return "" if isinstance(value, bool) else "must be true or false"
    if key in PATHS:
        return "" if isinstance(value, (str, Path)) and str(value) else "must be the name of a file"
    assert key in SEEDS  # what is left
    whole = number and isinstance(value, int) and 0 <= value <= LARGEST_SEED
    return "" if whole else f"must be a whole number from 0 to {LARGEST_SEED}"


def _made(key: str, value: Any) -> Any:
    if key in NUMBERS:
        return float(value)
    return Path(value) if key in PATHS else value
