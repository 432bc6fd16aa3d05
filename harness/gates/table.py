"""The five gates as data: what each measures, its published bound and ours. The strict bound decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.gates import figures
from harness.gates.figures import Measure, Setting, in_region, relative_of
from harness.images.judgement import Rules
from harness.pairs.part import PairPart
from harness.verdict import State
from system_io.verdict_words import EXIT_STATUS, Word

Published = float | None | Mapping[str, float]


@dataclass(frozen=True)
class Check:
    """One quantity of a gate; a published bound may differ between parity modes or not exist."""

    name: str
    measure: Measure
    published: Published
    strict: float
    since: Rules = Rules.CORRELATION
    """Rules of the oldest results that have it."""

    def published_in(self, mode: str) -> float | None:
        """Return the published bound in a parity mode."""
        return self.published[mode] if isinstance(self.published, Mapping) else self.published


@dataclass(frozen=True)
class Gate:
    """A gate of the acceptance plan."""

    id: str
    title: str
    checks: tuple[Check, ...]

    def checks_by(self, rules: Rules) -> list[Check]:
        """Return the checks of results that were judged by some rules."""
        return [check for check in self.checks if check.since <= rules]


PHI_ZERO: Mapping[str, float] = {"spec": 1e-6, "c-parity": 5e-5}
GATES: tuple[Gate, ...] = (
    Gate("VG-1", "rotation at phi = 0", (
        Check("|delta k_frac| at phi step 0", figures.phi_zero_k, PHI_ZERO, 1e-12),
        Check("|delta b_y| at phi step 0 (A)", figures.phi_zero_b_y, PHI_ZERO, 1e-12),
    )),
    Gate("VG-2", "structure factor, lattice factor and intensity at the traced pixels", (
        Check("relative difference of F_cell", relative_of("F_cell"), 1e-6, 1e-10),
        Check("relative difference of F_latt", relative_of("F_latt"), 1e-6, 1e-10),
        Check("relative difference of I_before_scaling", relative_of("I_before_scaling"), 1e-6, 1e-10),
        Check("divergence of the traces", figures.divergences, 0.0, 0.0),
    )),
    Gate("VG-3", "correlation on the region of the plan", (
        Check("1 - correlation", in_region("roi", figures.shortfall), 5e-4, 1e-9),
    )),
    Gate("VG-4", "sums and peaks on the region of the plan and around the brightest reflection", (
        Check("|sum ratio - 1|, region", in_region("roi", figures.sum_ratio), 0.01, 1e-6),
        Check("mean peak distance (px), region", in_region("roi", figures.peak_distance), 1.0, 0.01),
        Check("unmatched peaks, region", in_region("roi", figures.lonely_peaks), 0.0, 0.0),
        Check("|sum ratio - 1|, brightest", in_region("bright", figures.sum_ratio), 0.01, 1e-6),
        Check("mean peak distance (px), brightest", in_region("bright", figures.peak_distance), 1.0, 0.01),
        Check("unmatched peaks, brightest", in_region("bright", figures.lonely_peaks), 0.0, 0.0),
    )),
    Gate("VG-5", "the whole image", (
        Check("pixels outside", in_region("whole", figures.pixels_outside), None, 0.0, Rules.REFLECTIONS),
        Check("reflections outside", figures.reflections_outside, None, 0.0, Rules.REFLECTIONS),
        Check("1 - correlation", in_region("whole", figures.shortfall), 5e-4, 1e-9),
        Check("|sum ratio - 1|", in_region("whole", figures.sum_ratio), 0.01, 1e-6),
        Check("max |diff| / max", in_region("whole", figures.largest_difference), None, 1e-6),
        Check("mean peak distance (px)", in_region("whole", figures.peak_distance), 1.0, 0.01),
        Check("unmatched peaks", in_region("whole", figures.lonely_peaks), 0.0, 0.0),
    )),
)  # fmt: skip
GRADIENTS_GATE = "GRADIENTS"
GRADIENTS_NOTE = "autograd in float64 on the CPU, whatever --dtype and --device say"
BY_ID: Mapping[str, Gate] = {gate.id: gate for gate in GATES}


def measure_gate(gate: Gate, parts: list[PairPart], setting: Setting) -> list[dict[str, Any]]:
    """Measure all quantities of a gate on each compared pair."""
    return [
        figures.figure(
            check.name, part, check.measure(part, setting), check.published_in(part.mode), check.strict
        )
        for part in parts
        if not part.failed
        for check in gate.checks_by(part.rules)
    ]


def gate_verdict(parts: list[PairPart], measured: list[dict[str, Any]]) -> tuple[Word, list[str]]:
    """Return the verdict on a gate and the reasons for anything but PASS."""
    failures = [reason for part in parts if part.failed for reason in part.summary["reasons"]]
    if failures or not measured:
        return Word.ERROR, failures or ["nothing was run"]
    for state, word in (
        (State.FAILED, Word.FAIL),
        (State.NOT_COMPARED, Word.NOT_COMPARABLE),
    ):
        reasons = [_reason(row) for row in measured if row["state"] == state.value]
        if reasons:
            return word, reasons
    return Word.PASS, []


def _reason(row: Mapping[str, Any]) -> str:
    value = "not compared" if row["measured"] is None else f"{row['measured']:.4g}"
    within = "; within the published bound" if row["published_held"] else ""
    return f"{row['part']}: {row['name']}: {row['note'] or value}, strict bound {row['strict']:g}{within}"


def judged_gate(gate: Gate, parts: list[PairPart], setting: Setting) -> dict[str, Any]:
    """Return verdict, figures and divergence of a gate as the keys of metrics.json."""
    measured = measure_gate(gate, parts, setting)
    word, reasons = gate_verdict(parts, measured)
    traces = [part.summary["traces"] for part in parts if part.summary["traces"] is not None]
    first = [traced["first_divergence"] for traced in traces if traced["first_divergence"] is not None]
    taps = [tap for traced in traces for tap in traced.get("causal_by_tap", {})]
    return {
        "verdict": word.value,
        "exit_status": EXIT_STATUS[word],
        "reasons": reasons,
        "figures": measured,
        "first_divergence": first[0] if first else None,
        "causal_taps": list(dict.fromkeys(taps)),
    }
