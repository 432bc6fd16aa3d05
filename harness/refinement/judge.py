"""The verdict on a refinement: found, or why its numbers must not be taken for the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.refinement.data import FloatArray, ObservedImage
from harness.refinement.report import VariableRow
from system_io.verdict_words import EXIT_STATUS, Word

REFINED = "REFINED"
"""The word for a fit that explains the image, where no truth is known."""
CORRELATED, UNEXPLAINED = 0.9, 0.15
"""Correlation that a refined run has at least with the image, share of its signal that it leaves at most."""
WORSE = 2.0**-10
"""By which a correlation has to fall so that the result is worse than the start."""
NOISE = 1.5
"""Mean square residual up to which what is left counts as noise."""


@dataclass(frozen=True)
class Fit:
    """How well images explain a measured one."""

    correlations: tuple[float, float]
    """Of the start and of the refined run, above the background."""
    unexplained: float
    """Share of the signal that the refined run leaves."""
    chi_square: float
    """Mean square residual."""


@dataclass(frozen=True)
class Judgement:
    """The verdict of a refinement."""

    word: str
    """PASS, REFINED, FAIL or NOT COMPARABLE."""
    reasons: Sequence[str]
    """For NOT COMPARABLE."""
    remarks: Sequence[str]
    """What else to know."""

    @property
    def exit_status(self) -> int:
        """Exit status of the word."""
        return 0 if self.word == REFINED else EXIT_STATUS[Word(self.word)]


def fit_of(
    observed: ObservedImage, images: tuple[FloatArray, FloatArray], background: FloatArray, chi_square: float
) -> Fit:
    """Return how well images fit.

    Args:
        images: of start and result over the background of `observed` and over the refined one.
        background: the refined one [slow, fast].
    """
    usable = observed.usable
    measured, found = observed.photons[usable], images[1][usable]
    under = background[usable]
    weight = 1.0 / np.maximum(found, under)
    left, signal = (float((weight * (measured - part) ** 2).sum()) for part in (found, under))
    noise = float(measured.size)
    unexplained = max(0.0, left - noise) / max(signal - noise, np.finfo(float).tiny)
    at_start = observed.background[usable]
    before = _correlation(measured - at_start, images[0][usable] - at_start)
    after = _correlation(measured - under, found - under)
    return Fit((before, after), min(1.0, unexplained), chi_square)


def _correlation(measured: FloatArray, modelled: FloatArray) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        found = float(np.corrcoef(measured, modelled)[0, 1])
    return found if np.isfinite(found) else 0.0


def judge_fit(rows: Sequence[VariableRow], fit: Fit, unseen: Sequence[str]) -> Judgement:
    """Return the verdict.

    Args:
        unseen: a sentence for each direction that the image cannot see.
    """
    reasons = [*unseen, *_misfit(fit), *_at_bounds(rows)]
    remarks = []
    if fit.chi_square > NOISE:
        remarks.append(
            f"the mean square residual {fit.chi_square:.4g} is more than noise (1): what is left comes from"
            " something that was not refined, e.g. structure factors, shape or mosaicity; deviations were"
            " widened by its root"
        )
    known = [row for row in rows if row.truth is not None]
    if any(not row.good for row in known if row.determined):
        return Judgement(Word.FAIL.value, reasons, remarks)
    if reasons:
        return Judgement(Word.NOT_COMPARABLE.value, reasons, remarks)
    return Judgement(Word.PASS.value if known else REFINED, reasons, remarks)


def _misfit(fit: Fit) -> list[str]:
    before, after = fit.correlations
    found = []
    if after < CORRELATED or fit.unexplained > UNEXPLAINED:
        found.append(
            f"the refined run does not explain the image: correlation {after:.4f},"
            f" {100.0 * fit.unexplained:.1f} % of the signal is left; start closer, check the command line"
            " (cell, shape, structure factors), or say with --start-cell, --start-misset and --start-centre"
            " how far off it may be"
        )
    if after < before - WORSE:
        found.append(f"the refined run is worse than the start: correlation {after:.4f} after {before:.4f}")
    return found


def _at_bounds(rows: Sequence[VariableRow]) -> list[str]:
    names = [row.name for row in rows if row.at_bound]
    if not names:
        return []
    return [
        f"{', '.join(names)} ended at the bound that follows from the stated start; if the start may be"
        " farther off, say so with --start-cell, --start-misset and --start-centre"
    ]
