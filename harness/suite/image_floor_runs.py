"""Measures how far rounding alone moves a pixel of an image, in parts of its own value, in each arithmetic.

The images of other builds of the C reference and of the simulator are compared with those of the plain build.
Every fourth image is held out: the bounds do not come from it, and must hold on it.
"""

from __future__ import annotations

import math
import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from golden_suite_generator.cases import Case
from harness.images.metrics import FAINTEST_OF_MAX, own_scale
from harness.programs.build import Build, build_reference
from harness.suite.figures import CaseImage
from harness.suite.floor_runs import BASE_BUILD, HELD_OUT_BUILD, HELD_OUT_EVERY, MEASURED_BUILDS
from harness.suite.rendered import rendered_case
from harness.suite.runner import reference_program, run_case
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE

STEPS_IN_FLOAT64 = 4
"""Steps of a 4-byte float that count as rounding of a double-precision program."""
FLOAT32_STEP = float(np.finfo(np.float32).eps)
HEADROOM = 1.2
"""Bound of single precision over the largest measured difference."""
TIES: Mapping[str, str] = {
    "xtalsize-real-counts": "with fused multiply-add another number of cells: a branch, not rounding",
}
"""Cases whose images are left out where another build takes another branch, with the reason."""


@dataclass(frozen=True)
class Moved:
    """How far one image lies from that of the plain build: a case in a mode, and what made the image."""

    case: str
    mode: str
    arithmetic: str
    maker: str
    worst: float
    unequal_fraction: float
    held_out: bool


def moved_images(cases: Sequence[Case], inputs: Path) -> Iterator[Moved]:
    """Yield how far each build of the reference and each arithmetic of the simulator moves each image."""
    base = reference_program(build_reference(BASE_BUILD))
    builds = {name: reference_program(build) for name, build in _builds().items()}
    variant, flags = HELD_OUT_BUILD
    held_out = {"held out": reference_program(build_reference(variant, extra_flags=flags))}
    for number, (case, mode) in enumerate(_images(cases)):
        of_fourth = number % HELD_OUT_EVERY == 0
        expected = run_case(base, case, mode, inputs).outputs.images["float"]
        for name, program in {**builds, **held_out}.items():
            if case.id not in TIES:
                image = run_case(program, case, mode, inputs).outputs.images["float"]
                apart = of_fourth or name in held_out
                yield _moved((case.id, mode), DOUBLE, f"C {name}", (expected, image), apart)
        for arithmetic in ARITHMETICS:
            words = ["--parity-mode", mode, "-dtype", arithmetic, "-noprogress", *case.words(inputs)]
            image = rendered_case(case, words, inputs).image
            yield _moved((case.id, mode), arithmetic, "simulator", (expected, image), of_fourth)


def _builds() -> Mapping[str, Build]:
    return {name: build_reference(name, extra_flags=flags) for name, flags in MEASURED_BUILDS.items()}


def _images(cases: Iterable[Case]) -> Iterator[tuple[Case, str]]:
    for case in cases:
        for mode in case.modes:
            if "float" in case.outputs and not case.status[mode]:
                yield case, mode


def _moved(
    name: tuple[str, str], arithmetic: str, maker: str, images: tuple[CaseImage, CaseImage], held_out: bool
) -> Moved:
    a, b = (image.astype(np.float64) for image in images)
    own = own_scale(a, b, (0, 0), 0.0, 0.0)
    return Moved(*name, arithmetic, maker, own.worst, own.unequal_fraction, held_out)


def floor_data(found: Iterable[Moved]) -> dict[str, Any]:
    """Return the floor as the content of `harness/images/data/image_floor.json`."""
    rows: dict[str, list[Moved]] = defaultdict(list)
    for row in found:
        rows[row.arithmetic].append(row)
    base = build_reference(BASE_BUILD)
    return {
        "faintest_of_max": FAINTEST_OF_MAX,
        "arithmetics": {name: _floor_row(name, rows[name]) for name in ARITHMETICS},
        "provenance": {
            "images": {name: len(rows[name]) for name in ARITHMETICS},
            "compiler": base.provenance["compiler"]["version"],
            "builds": [BASE_BUILD, *MEASURED_BUILDS],
            "held_out_build": list(HELD_OUT_BUILD),
            "held_out_images": f"every {HELD_OUT_EVERY}th",
            "left_out": dict(TIES),
            "torch": _torch_version(),
            "machine": platform.machine(),
        },
    }


def _floor_row(arithmetic: str, rows: Sequence[Moved]) -> dict[str, Any]:
    measured = max((row.worst for row in rows if not row.held_out), default=0.0)
    held_out = max((row.worst for row in rows if row.held_out), default=0.0)
    exact = arithmetic == DOUBLE
    bound = STEPS_IN_FLOAT64 * FLOAT32_STEP if exact else _two_digits(HEADROOM * measured)
    return {"bound": bound, "measured": measured, "held_out": held_out, "bits": exact}


def _two_digits(value: float) -> float:
    """Return a number rounded up to two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit) * unit:.1e}")


def _torch_version() -> str:
    import torch

    return torch.__version__
