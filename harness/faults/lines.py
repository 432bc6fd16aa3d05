"""The command lines that faulty programs run: rows of the golden suite, and a few of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from golden_suite_generator.cases import OUTPUTS, Case, load_cases

SUITE_LINES: Mapping[str, tuple[str, ...]] = {
    "c-parity": (
        "cells-axis-later-wins", "phi-xds-spindle", "phi-carryover-sources-mosaic", "phi-carryover-dmin",
        "interpolate-oversample-phi", "interpolate-dmin", "interpolate-dump-margin",
        "sources-oversample-polar-omega", "div-round-4x3", "layers-all-flags", "layers-tilted-water",
        "custom-twotheta-off-axis", "close-distance-dials-tilted", "adxv-twotheta", "rectangle-roi-xds",
        "round-one-cell-axis", "gauss-fudge-phi-mosaic", "tophat-water", "curved-dials",
        "mat-misset", "mat-misset-random", "mat-triclinic-and-cell", "sample-x-y-z", "xtalsize-real-counts",
        "polar-negative-oblique-beam", "point-pixel-spec-area", "mask-and-img", "mask-geometry-roi",
        "hkl-decimal-indices", "dump-beats-default-f", "large-n",
        "header-overflow-mosflm", "noise-after-misset-and-mosaic", "noise-all-regimes", "adc-negative-noise",
        "scale-before-roi", "int-rounding-ties", "water-sampling", "beamsize-clips-xtalsize",
        "sourcefile-crlf", "energy", "vector-e18",
        "error-unknown-option", "error-pixel-zero", "error-mask-size", "error-matrix-missing",
        "error-dump-truncated", "error-hkl-text", "error-hkl-non-integer", "error-hkl-empty", "roi-empty",
    ),
    "spec": (
        "source-weights", "source-weights-water-dmin", "layers-all-flags", "layers-tilted-water",
        "adxv-twotheta", "denzo-twotheta", "pix0-vector-rotated", "custom-fast-and-slow-only",
        "header-exact-keys", "gauss-fudge-phi-mosaic", "curved-xds", "point-pixel-spec-area",
        "cells-axis-later-wins", "nopolar-oversample-polar", "interpolate-dump-margin", "div-step-and-count",
        "xtalsize-real-counts", "water-sampling", "adc-fraction", "round-near-lattice-points",
        "phi-step-and-count", "adc-negative-noise", "distance-and-close-distance",
        "header-exact-keys-distance", "dispersion-one-step",
    ),
}  # fmt: skip
"""Cases of the golden suite by the mode they run in; small ones that together use every formula."""

CRYSTAL = "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 5"
PLAIN = f"{CRYSTAL} -default_F 100 -oversample 1"
OWN_LINES: Mapping[str, str] = {
    "plain": PLAIN,
    "turning": f"{PLAIN} -osc 2 -phi 1 -phisteps 3",
    "reflections": f"{CRYSTAL} -hkl inputs/p1_full.hkl -nointerpolate -oversample 1",
    "domains": f"{PLAIN} -mosaic 2 -mosaic_domains 3",
    "sub-pixels": f"{CRYSTAL} -default_F 100 -oversample 2 -oversample_omega",
    "on-lattice-points": (
        "-cell 100 100 7.5 90 90 90 -lambda 1 -distance 80 -detpixels 1 -pixel 120 -Ybeam -60 -Xbeam 0"
        " -Na 1 -Nb 5 -Nc 5 -default_F 100 -oversample 1"
    ),
    "printed-pixel": f"{PLAIN} -printout -printout_pixel 3 4",
    "auto-sampled": f"{CRYSTAL} -default_F 100",
    "sampling-near-whole": (
        "-cell 166.6675 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 8 -pixel 0.4 -N 1"
        " -default_F 100"
    ),
    "two-sources-turning": (
        f"{PLAIN} -hdivrange 10 -hdivsteps 2 -osc 2 -phi 1 -phisteps 4 -mosaic 1 -mosaic_domains 2"
    ),
    "two-sources": f"{PLAIN} -hdivrange 10 -hdivsteps 2 -polar 0.8",
}
"""Command lines in c-parity mode."""
REFUSED_LINES: Mapping[str, str] = {
    "beyond-range": f"{PLAIN} -twotheta 1e9",
    "output-is-input": f"{CRYSTAL} -hkl few.hkl -floatfile ./few.hkl",
    "stray-word": f"{PLAIN} 7",
    "unknown-option": f"{PLAIN} -distanse 5",
    "axis-without-length": f"{PLAIN} -beam_vector 0 0 0",
    "hkl-is-a-folder": f"{CRYSTAL} -hkl inputs",
    "too-many-pixels": f"{PLAIN} -detpixels_x 100000 -detpixels_y 100000",
    "last-value-missing": f"{PLAIN} -phi",
    "flux-without-beam-size": f"{PLAIN} -flux 1e12 -exposure 1 -beamsize 0",
}
"""Command lines that must end with status 9, and leave nothing behind."""
LAID: Mapping[str, Mapping[str, str]] = {"output-is-input": {"few.hkl": "inputs/few.hkl"}}
REFUSED = 9


@dataclass(frozen=True)
class TrialLine:
    """A command line in a parity mode; `in_suite` tells whether golden figures of it are recorded."""

    id: str
    case: Case
    mode: str
    in_suite: bool

    @property
    def refused(self) -> bool:
        """Tell whether the programs must refuse it."""
        return self.case.status[self.mode] != 0


def _own(name: str, text: str, status: int) -> TrialLine:
    words = tuple(text.split())
    outputs = () if status else OUTPUTS[:2]
    case = Case(
        id=name, tags=(), args=words, own_options=(), outputs=outputs, modes=("c-parity",),
        status={"c-parity": status}, trace_pixels=(), style="default" if status else "file",
        files=LAID.get(name, {}), recorded=False, note="",
    )  # fmt: skip
    return TrialLine(name, case, "c-parity", in_suite=False)


def _all_lines() -> Iterator[TrialLine]:
    cases = {case.id: case for case in load_cases()}
    for mode, names in SUITE_LINES.items():
        for name in names:
            yield TrialLine(
                name if mode == "c-parity" else f"{name}:{mode}", cases[name], mode, in_suite=True
            )
    yield from (_own(name, text, 0) for name, text in OWN_LINES.items())
    yield from (_own(name, text, REFUSED) for name, text in REFUSED_LINES.items())


@lru_cache(maxsize=1)
def trial_lines() -> Mapping[str, TrialLine]:
    """Return all command lines by their ids; those of the golden suite in spec mode end in `:spec`."""
    return {line.id: line for line in _all_lines()}
