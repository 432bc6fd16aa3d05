"""What a refinement tells the user: a table, the options of the refined run, refine.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.refine import Outcome
from harness.refine_fit import SCALE
from harness.verdict import Word
from simulator import RunConfig
from simulator.units import deg_of_rad, mm_of_m

PART, TURN_DEG, SHIFT_PIXELS, SIGMAS = 1e-4, 1e-3, 1e-2, 5.0
"""Bounds on an error: of a length or distance, an angle, a beam centre; of all else in deviations."""
MOST_DECIMALS = 12
CENTRES = frozenset({"Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m"})
AXES: Mapping[str, tuple[tuple[str, float], tuple[str, float]]] = {
    "MOSFLM": (("Sbeam_m", 1.0), ("Fbeam_m", 1.0)),
    "DENZO": (("Sbeam_m", 1.0), ("Fbeam_m", 1.0)),
    "ADXV": (("Fbeam_m", 1.0), ("Sbeam_m", -1.0)),
    "CUSTOM": (("Fbeam_m", 1.0), ("Sbeam_m", 1.0)),
    "XDS": (("Fbeam_m", 1.0), ("Sbeam_m", 1.0)),
    "DIALS": (("Fbeam_m", 1.0), ("Sbeam_m", 1.0)),
}
"""Which coordinates -Xbeam and -Ybeam move, and in which sense."""


@dataclass(frozen=True)
class Row:
    """A variable: start, result, standard deviation; the truth and the bound on the error where there is one.

    All in `unit`: angles in degrees, positions in mm.
    """

    name: str
    unit: str
    start: float
    found: float
    sigma: float
    truth: float | None
    bound: float

    @property
    def good(self) -> bool:
        """Whether there is no truth, or the result is within the bound of it."""
        return self.truth is None or abs(self.found - self.truth) <= self.bound


def rows_of(outcome: Outcome, truth: Mapping[str, float]) -> list[Row]:
    """Return a row for each variable; the brightness is relative to the start."""
    pixel_mm = mm_of_m(outcome.start.detector.pixel_size_m)
    made = []
    for label, unit, *numbers in zip(
        outcome.labels, outcome.units, outcome.begun, outcome.numbers, outcome.sigmas, strict=True
    ):
        shown, factor = _shown(unit) if label != SCALE else ("of start", 1.0 / float(numbers[0]))
        start, found, sigma = (factor * float(number) for number in numbers)
        true = factor * truth[label] if label in truth else None
        bound = SIGMAS * sigma
        if label in CENTRES:
            bound = SHIFT_PIXELS * pixel_mm
        elif unit == "rad":
            bound = TURN_DEG
        elif unit in ("m", "A"):
            bound = PART * abs(found)
        made.append(Row(label, shown, start, found, sigma, true, bound))
    return made


def _shown(unit: str) -> tuple[str, float]:
    """Return the unit of the table, and the factor into it."""
    factors = {"rad": ("deg", deg_of_rad(1.0)), "m": ("mm", mm_of_m(1.0))}
    return factors.get(unit, (unit or "1", 1.0))


def verdict_of(rows: Sequence[Row]) -> Word:
    """Return PASS where all truths were found, FAIL where one was not, NOT COMPARABLE where there is none."""
    if all(row.truth is None for row in rows):
        return Word.NOT_COMPARABLE
    return Word.PASS if all(row.good for row in rows) else Word.FAIL


def table_of(rows: Sequence[Row], title: str) -> Table:
    """Return the table of variables for the terminal."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    known = any(row.truth is not None for row in rows)
    for name in ("variable", "start", "refined (s.d.)", *(("error", "") if known else ()), "unit"):
        table.add_column(name, justify="left" if name in ("variable", "unit", "") else "right", no_wrap=True)
    for row in rows:
        name = "brightness" if row.name == SCALE else row.name
        decimals = _decimals(row.sigma)
        last = round(row.sigma * 10**decimals) if decimals else math.ceil(row.sigma)
        words = [escape(name), f"{row.start:.{decimals}f}", f"{row.found:.{decimals}f}({last})"]
        if known:
            there = row.truth is not None
            words.append(f"{row.found - (row.truth or 0.0):+.1e}" if there else "")
            words.append(("PASS" if row.good else "FAIL") if there else "")
        table.add_row(*words, row.unit)
    return table


def _decimals(sigma: float) -> int:
    """Return after how many decimals two digits of a standard deviation end."""
    return min(MOST_DECIMALS, max(0, 1 - math.floor(math.log10(sigma)))) if 0.0 < sigma < math.inf else 6


def options_of(config: RunConfig) -> list[str]:
    """Return nanoBragg options that set cell, missetting, distance and beam centre of a refined run."""
    crystal, detector = config.crystal, config.detector
    words: list[str] = []
    if crystal.has_cell:
        angles = [deg_of_rad(angle) for angle in crystal.cell_angles_rad]
        words += ["-cell", *(f"{x:.10g}" for x in (*crystal.cell_lengths_A, *angles))]
    if crystal.has_misset:
        words += ["-misset", *(f"{deg_of_rad(angle):.10g}" for angle in crystal.misset_rad)]
    if math.isnan(detector.close_distance_m):
        words += ["-distance", f"{mm_of_m(detector.distance_m):.10g}"]
    else:
        words += ["-close_distance", f"{mm_of_m(detector.close_distance_m):.10g}"]
    return words


def centre_options(start: RunConfig, found: RunConfig) -> list[str]:
    """Return -Xbeam and -Ybeam of a refined run that turns about the beam, nothing for others."""
    detector = start.detector
    if detector.pivot != "BEAM" or math.isnan(detector.Xbeam_m) or math.isnan(detector.Ybeam_m):
        return []
    words = []
    for option, typed_m, (field, sense) in zip(
        ("-Xbeam", "-Ybeam"), (detector.Xbeam_m, detector.Ybeam_m), AXES[detector.convention], strict=True
    ):
        moved_m = getattr(found.detector, field) - getattr(detector, field)
        words += [option, f"{mm_of_m(typed_m + sense * moved_m):.10g}"]
    return words


def result_of(outcome: Outcome, rows: Sequence[Row], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what refine.json holds."""
    return {
        "verdict": verdict_of(rows).value,
        **facts,
        "chi_square": outcome.chi_square,
        "pixels": outcome.pixels,
        "images": outcome.evaluations,
        "options": [*options_of(outcome.found), *centre_options(outcome.start, outcome.found)],
        "variables": [
            {"name": row.name, "unit": row.unit, "start": row.start, "refined": row.found, "sd": row.sigma,
             "truth": row.truth, "bound": row.bound if row.truth is not None else None}
            for row in rows
        ],
        "steps": [
            {"stage": step.stage, "image": step.evaluation, "chi_square": step.chi_square,
             "values": dict(step.numbers)}
            for step in outcome.steps
        ],
    }  # fmt: skip
