"""What a refinement tells the user: a table, the options of the refined run, refine.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.refinement.fit import SCALE
from harness.refinement.refine import Refined
from simulator.units import A_of_m, deg_of_rad, mm_of_m

PART, TURN_DEG, SHIFT_PIXELS, SIGMAS = 1e-4, 1e-3, 1e-2, 5.0
"""Bounds on an error: of a length or distance, an angle, a beam centre; of all else in deviations."""
AT_END = 2.0**-6
"""Part of the way between two bounds within which a value counts as at one of them."""
MOST_DECIMALS = 12
CENTRES = frozenset({"Fbeam_m", "Sbeam_m", "Fclose_m", "Sclose_m"})


@dataclass(frozen=True)
class VariableRow:
    """A variable: start, result, standard deviation; the truth and the bound on the error where there is one.

    All in `unit`: angles in degrees, positions in mm. The deviation is infinite where the image does not
    determine the variable.
    """

    name: str
    unit: str
    start: float
    found: float
    sigma: float
    truth: float | None
    bound: float
    at_bound: bool = False
    """Whether it ended where the stated start lets it go no farther."""

    @property
    def determined(self) -> bool:
        """Whether the image determines the variable."""
        return math.isfinite(self.sigma)

    @property
    def good(self) -> bool:
        """Whether there is no truth, or the result is within the bound of it."""
        return self.truth is None or abs(self.found - self.truth) <= self.bound


def rows_of(outcome: Refined, truth: Mapping[str, float]) -> list[VariableRow]:
    """Return a row for each variable; the brightness is relative to the start."""
    pixel_mm = mm_of_m(outcome.start.detector.pixel_size_m)
    made = []
    sigmas = outcome.certainty.deviations
    places = zip(outcome.ends.tolist(), outcome.numbers, strict=True)
    at_bound = [_at_end(float(number), low, high) for (low, high), number in places]
    for label, unit, stuck, *numbers in zip(
        outcome.labels, outcome.units, at_bound, outcome.begun, outcome.numbers, sigmas, strict=True
    ):
        shown, factor = _shown(label, unit) if label != SCALE else ("of start", 1.0 / float(numbers[0]))
        start, found, sigma = (factor * float(number) for number in numbers)
        true = factor * truth[label] if label in truth else None
        bound = SIGMAS * sigma
        if label in CENTRES:
            bound = SHIFT_PIXELS * pixel_mm
        elif unit == "rad":
            bound = TURN_DEG
        elif unit in ("m", "A"):
            bound = PART * abs(found)
        made.append(VariableRow(label, shown, start, found, sigma, true, bound, stuck))
    return made


def _at_end(number: float, low: float, high: float) -> bool:
    """Return whether a value has come to one of its bounds, where both are finite."""
    near = AT_END * (high - low)
    return math.isfinite(near) and not low + near < number < high - near


def _shown(label: str, unit: str) -> tuple[str, float]:
    """Return the unit of the table, and the factor into it."""
    if "wavelength" in label:
        return "A", A_of_m(1.0)
    factors = {"rad": ("deg", deg_of_rad(1.0)), "m": ("mm", mm_of_m(1.0))}
    return factors.get(unit, (unit or "1", 1.0))


def table_of(rows: Sequence[VariableRow], title: str) -> Table:
    """Return the table of variables for the terminal."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    known = any(row.truth is not None for row in rows)
    for name in ("variable", "start", "refined (s.d.)", *(("error", "") if known else ()), "unit"):
        table.add_column(name, justify="left" if name in ("variable", "unit", "") else "right", no_wrap=True)
    for row in rows:
        name = "brightness" if row.name == SCALE else row.name
        decimals = _decimals(row.sigma)
        words = [
            escape(name),
            f"{row.start:.{decimals}f}",
            f"{row.found:.{decimals}f}({_last_digits(row, decimals)})",
        ]
        if known:
            words += _against_truth(row)
        table.add_row(*words, row.unit)
    return table


def _last_digits(row: VariableRow, decimals: int) -> str:
    """Return a standard deviation in units of the last digit shown."""
    if not row.determined:
        return "not determined"
    return str(round(row.sigma * 10**decimals) if decimals else math.ceil(row.sigma))


def _against_truth(row: VariableRow) -> list[str]:
    """Return the error and the verdict on it, nothing where no truth is known."""
    if row.truth is None:
        return ["", ""]
    word = ("PASS" if row.good else "FAIL") if row.determined else "NOT COMPARABLE"
    return [f"{row.found - row.truth:+.1e}", word]


def _decimals(sigma: float) -> int:
    """Return after how many decimals two digits of a standard deviation end."""
    return min(MOST_DECIMALS, max(0, 1 - math.floor(math.log10(sigma)))) if 0.0 < sigma < math.inf else 6


def result_of(outcome: Refined, rows: Sequence[VariableRow], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what refine.json holds."""
    correlations = [
        [round(part, 6) if math.isfinite(part) else None for part in row]
        for row in outcome.certainty.correlations.tolist()
    ]
    return {
        **facts,
        "chi_square": outcome.chi_square,
        "pixels": outcome.pixels,
        "images": outcome.evaluations,
        "variables": [
            {"name": row.name, "unit": row.unit, "start": row.start, "refined": row.found,
             "sd": row.sigma if row.determined else None, "determined": row.determined,
             "at_bound": row.at_bound, "truth": row.truth,
             "bound": row.bound if row.truth is not None and row.determined else None}
            for row in rows
        ],
        "correlations": correlations,
        "steps": [
            {"stage": step.stage, "image": step.evaluation, "chi_square": step.chi_square,
             "values": dict(step.numbers)}
            for step in outcome.steps
        ],
    }  # fmt: skip
