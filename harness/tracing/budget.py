"""The error budget of a traced pixel: how much of its difference each tap's own difference explains.

    I_c - I_py = sum over taps (dI/dtap) (local difference of the tap) + residual

The local difference is what a tap differs by beyond what came in: c - f(inputs of c) - (py - f(inputs of py))
with the simulator's production function f where it has one (`harness.tracing.isolate`); the plain difference
for what the kernel starts from, and for a record that is a cause; 0 for what only follows. To first order:
of large differences the residual holds the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.tracing.isolate import Isolator
from harness.tracing.sensitivity import Sensitivities, sensitivities
from simulator import RunConfig
from simulator.errors import InputError
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from trace_tools.arrays import Floats, Index
from trace_tools.judging.blame import RecordState
from trace_tools.judging.judge import Report
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.tap_points import TapLevel

FINAL_TAP = "I_pixel_final"
PARTS = {"F_latt_a", "F_latt_b", "F_latt_c", "hrad_sqr", "rad_star_sqr"}
"""What is inside F_latt, which is recomputed from the indices."""
STARTS = {"incident_vec", "lambda_meters", "Fdet_meters", "Sdet_meters", "Odet_meters"}
MOST_PIXELS = 16
MOST_RECORDS = 1 << 20
LARGE_RESIDUAL = 0.1
"""Fraction of the difference from which on the budget explains too little."""


@dataclass(frozen=True)
class BudgetItem:
    """One tap: records with a local difference, the largest |local|, its largest |slope|, its contribution.

    contribution in photons; None where the pixel's derivative to the tap does not exist.
    """

    tap: str
    records: int
    local: float
    sensitivity: float | None
    contribution: float | None


@dataclass(frozen=True)
class Budget:
    """The budget of one pixel (slow, fast), in photons; sides that agree have no items."""

    pixel: tuple[int, int]
    photons_c: float
    photons_py: float
    items: tuple[BudgetItem, ...]
    alone: tuple[str, ...] = ()
    """Taps with records on one side only, which a budget cannot hold."""

    @property
    def difference(self) -> float:
        """Return I_c - I_py."""
        return self.photons_c - self.photons_py

    @property
    def residual(self) -> float:
        """Return what no tap explains."""
        return self.difference - sum(item.contribution or 0.0 for item in self.items)

    def share(self, photons: float) -> float | None:
        """Return a part as a fraction of the difference, None without a difference."""
        return photons / self.difference if self.difference else None

    @property
    def remark(self) -> str:
        """Return in words how far the budget can be trusted."""
        left = self.share(self.residual)
        if left is None:
            return "the programs agree on this pixel"
        if abs(left) <= LARGE_RESIDUAL:
            return "first order explains the difference"
        if self.alone:
            return f"first order leaves {abs(left):.0%} unexplained: {self.alone[0]} is on one side only"
        unknown = [item.tap for item in self.items if item.contribution is None]
        cause = (
            f"no derivative to {', '.join(unknown)}"
            if unknown
            else "it arises between taps, or the differences are not small"
        )
        return f"first order leaves {abs(left):.0%} unexplained: {cause}"


def budgets(report: Report, words: Sequence[str], caller: Path) -> tuple[Budget, ...]:
    """Return the budgets of the traced pixels.

    Args:
        report: of two traces down to the mosaic level; A is side c, B is side py.
        words: the command line in the simulator's words.
        caller: directory that relative names in it refer to.

    Returns:
        One for each pixel with a final value on both sides; empty if the simulator refuses the words.
    """
    try:
        with chdir(caller):
            scene = prepare(RunConfig.from_args([*words, "-dtype", "float64"]))
    except InputError:
        return ()
    with torch.inference_mode():
        ledger = _Ledger(report, Isolator(report.comparison, set_up(scene)))
    found = []
    for pixel, c, py in ledger.finals()[:MOST_PIXELS]:
        slopes = sensitivities(scene, pixel).slopes if c != py else {}
        items = ledger.items(pixel, slopes) if slopes else ()
        found.append(Budget(pixel, c, py, tuple(items), ledger.alone(pixel)))
    return tuple(found)


class _Ledger:
    """The local differences of all taps."""

    def __init__(self, report: Report, isolator: Isolator) -> None:
        self.report = report
        self.isolator = isolator
        self.alignment = report.comparison.alignment
        names = [name for name in DEFAULT_GRAPH if name not in PARTS and DEFAULT_GRAPH[name].kind != "word"]
        self.locals = {name: self._local(name) for name in names}

    def finals(self) -> list[tuple[tuple[int, int], float, float]]:
        """Return each pixel with both final values."""
        entries = self._paired(FINAL_TAP)
        c, py = (self.isolator.values(side, entries, 1)[:, 0].tolist() for side in (0, 1))
        return [
            ((int(s), int(f)), one, other)
            for (s, f), one, other in zip(self._contexts(entries)[:, :2], c, py, strict=True)
        ]

    def alone(self, pixel: tuple[int, int]) -> tuple[str, ...]:
        """Return the taps with records of a pixel on one side only, in the order of the trace."""
        entries = np.flatnonzero(self.alignment.by == 0)
        entries = entries[(self._contexts(entries)[:, :2] == pixel).all(axis=1)]
        return tuple(dict.fromkeys(self.alignment.names[tap] for tap in self.alignment.tap[entries]))

    def items(self, pixel: tuple[int, int], slopes: Sensitivities) -> Iterator[BudgetItem]:
        """Yield the taps with a local difference that a pixel sees."""
        for name, (entries, local) in self.locals.items():
            contexts = self._contexts(entries)
            seen = ((contexts[:, :2] == pixel) | (contexts[:, :2] < 0)).all(axis=1)
            seen &= (local != 0.0).any(axis=1)
            keys = [(name, tuple(int(n) for n in row if n >= 0)) for row in contexts[seen]]
            there = [slopes.get(key) for key in keys]
            known = [(slope, own) for slope, own in zip(there, local[seen], strict=True) if slope is not None]
            if not known and (not keys or self._handed_on(name, entries[seen])):
                continue
            yield BudgetItem(
                name, int(seen.sum()), float(np.abs(local[seen]).max()),
                max((float(np.abs(slope).max()) for slope, _ in known), default=None),
                float(sum((slope * own).sum() for slope, own in known)) if known else None,
            )  # fmt: skip

    def _handed_on(self, name: str, entries: Index) -> bool:
        """Tell whether other taps hold the differences of one to which the pixel has no derivative.

        What the set-up starts from is in its results; elsewhere only a cause stands for itself.
        """
        causes = self.report.blame.state[entries] == RecordState.CAUSAL
        return DEFAULT_GRAPH[name].level in SETUP_LEVELS or not bool(causes.any())

    def _local(self, name: str) -> tuple[Index, Floats]:
        """Return the paired entries of a tap and their local differences [n, size]."""
        entries = self._paired(name)
        size = DEFAULT_GRAPH[name].size
        c, py = (self.isolator.values(side, entries, size) for side in (0, 1))
        start = name in STARTS or DEFAULT_GRAPH[name].level in SETUP_LEVELS
        cause = self.report.blame.state[entries] == RecordState.CAUSAL
        local = np.where((cause | start)[:, None], c - py, 0.0)
        found = self.isolator.recomputed(name, MOST_RECORDS) if name in self.isolator.rules else None
        if found is not None:
            where, outs, mades = found
            local[np.searchsorted(entries, where)] = (outs[0] - mades[0]) - (outs[1] - mades[1])
        return entries, np.where(np.isfinite(local), local, 0.0)

    def _paired(self, name: str) -> Index:
        entries = self.alignment.entries(name)
        return entries[self.alignment.by[entries] > 0]

    def _contexts(self, entries: Index) -> NDArray[np.int32]:
        return self.alignment.contexts[self.alignment.context[entries]]


SETUP_LEVELS = {TapLevel.setup, TapLevel.source_setup, TapLevel.phi_setup, TapLevel.mosaic_setup}


def budget_data(found: Sequence[Budget]) -> list[dict[str, Any]]:
    """Return budgets as plain data."""
    return [
        {
            "pixel_slow_fast": list(budget.pixel),
            "photons_c": budget.photons_c,
            "photons_py": budget.photons_py,
            "difference": budget.difference,
            "taps": [
                {**asdict(item), "share": budget.share(item.contribution or 0.0)} for item in budget.items
            ],
            "one_side_only": list(budget.alone),
            "residual": budget.residual,
            "residual_share": budget.share(budget.residual),
            "remark": budget.remark,
        }
        for budget in found
    ]


def budget_rows(budget: Budget) -> list[tuple[str, str, str, str]]:
    """Return tap, local difference, slope and share of a budget, the largest share first, residual last."""
    ordered = sorted(budget.items, key=lambda item: -abs(item.contribution or 0.0))
    shown = [
        item for item in ordered if item.contribution is None or _percent(budget, item.contribution) != "0 %"
    ]
    rows = [
        (
            item.tap, f"{item.local:.3g}", "-" if item.sensitivity is None else f"{item.sensitivity:.3g}",
            "unknown" if item.contribution is None else _percent(budget, item.contribution),
        )
        for item in shown
    ]  # fmt: skip
    return [*rows, ("residual", "", "", _percent(budget, budget.residual))]


def _percent(budget: Budget, photons: float) -> str:
    share = budget.share(photons)
    return "-" if share is None else f"{100.0 * share:.4g} %" if abs(share) >= 5e-7 else "0 %"


def budget_markdown(found: Sequence[Budget]) -> str:
    """Return the budgets as a section of a Markdown page."""
    lines = ["## Error budget", "", "Share of each tap's local difference in I_c - I_py, to first order.", ""]
    for budget in found:
        slow, fast = budget.pixel
        lines += [
            f"Pixel slow {slow} fast {fast}: I_c - I_py = {budget.difference:.6g}; {budget.remark}.",
            "",
        ]
        lines += ["| tap | largest local difference | largest slope | share |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in budget_rows(budget)]
        lines.append("")
    return "\n".join(lines)
