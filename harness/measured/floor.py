"""Measures how far sound variants of a program move its outputs and taps, and makes bounds of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.described.built import Announce
from harness.described.description import ELEMENTS, DescribedCase, Description
from harness.described.judged import kept_field
from harness.errors import HarnessError
from harness.fields.compared import compare_fields, distances, require_comparable
from harness.fields.field import BLOCK, FieldArray
from harness.measured.tap_values import varied_taps
from harness.measured.variants import VariedRun, variant_runs
from trace_tools.bounds.floor_file import SCHEMA, measured_bound

BRIGHT = 1e-3
"""Elements above this part of the largest set the relative part of a bound, the others the absolute one."""


@dataclass
class _Need:
    """What all variants need for one output or tap so far."""

    rel: float = 0.0
    abs: float = 0.0
    unequal: int = 0
    compared: int = 0

    def bound(self, k: float) -> dict[str, Any]:
        """Return the bound that follows, as plain data."""
        return {
            "rel": k * self.rel, "abs": k * self.abs, "unequal": self.unequal, "compared": self.compared,
        }  # fmt: skip


NeedKey = tuple[str, str]
"""An output and no tap, or a trace and a tap of it."""
VariedPair = tuple[NeedKey, FieldArray, FieldArray]


@dataclass
class _Found:
    """What variants need of each output and each tap, and what of the traces was left out."""

    outputs: dict[NeedKey, _Need] = field(default_factory=lambda: defaultdict(_Need))
    taps: dict[NeedKey, _Need] = field(default_factory=lambda: defaultdict(_Need))
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def measured_pair_floor(
    description: Description, cases: Sequence[DescribedCase], k: float, say: Announce
) -> dict[str, Any]:
    """Return the floor of the outputs and of the taps of a description as plain data.

        |a - b| <= k (A + R max(|a|, |b|))

    R is the largest relative difference among elements above 1e-3 of the largest, and half a unit in the last
    place at least; A what the others need beyond that.

    Args:
        description: with variants of its programs.
        cases: on which they are run.
        k: factor from what was seen to the bound.
        say: is told what is run.

    Raises:
        HarnessError: there are no variants, or none held out; one fails; a held-out one is beyond the bound.
    """
    made = [one for one in description.variants if not one.held_out]
    held = [one for one in description.variants if one.held_out]
    if not made or not held:
        raise HarnessError(
            f"{description.path.name} has {len(made)} variants and {len(held)} held out; a floor needs "
            "one of each: add [variant.NAME] with what it changes, and held_out = true to one"
        )
    found = _Found()
    with variant_runs(description, cases, say) as run:
        for variant in made:
            for each in run(variant):
                _measure(description, each, found)
        facts = {
            "schema": SCHEMA, "k": k, "variants": [one.name for one in made],
            "held_out": [one.name for one in held], "cases": [case.name for case in cases],
            **_bounds(description, found, k),
        }  # fmt: skip
        for variant in held:
            for each in run(variant):
                _check(description, each, found, facts)
    return facts


def _measure(description: Description, run: VariedRun, found: _Found) -> None:
    for key, a, b in _outputs(description, run):
        _add(found.outputs[key], a, b, run.where)
    for key, a, b in _taps(description, run, found):
        _add(found.taps[key], a, b, run.where)


def _check(description: Description, run: VariedRun, found: _Found, facts: Mapping[str, Any]) -> None:
    """Hold what a variant that was held out gives against the bounds of the others."""
    for (name, _), a, b in _outputs(description, run):
        _hold(run, f"output {name}", facts["outputs"][name], a, b)
    for (name, tap), a, b in _taps(description, run, found):
        need = facts["traces"][name]["taps"].get(tap)
        if need is not None:
            _hold(run, f"tap {tap} of trace {name}", need, a, b)


def _bounds(description: Description, found: _Found, k: float) -> dict[str, Any]:
    traces = {
        trace.name: {
            "taps": {tap: need.bound(k) for (of, tap), need in found.taps.items() if of == trace.name},
            "left_out": found.left_out[trace.name],
        }
        for trace in description.traces
    }
    outputs = {name: need.bound(k) for (name, _), need in found.outputs.items()}
    return {"outputs": outputs, "traces": traces}


def _outputs(description: Description, run: VariedRun) -> Iterator[VariedPair]:
    """Yield each output of a variant beside that of the program as it is; images have bounds of their own."""
    for output in description.outputs_of(run.case.name):
        if output.metrics != ELEMENTS:
            continue
        folders = (run.plain, run.varied)
        a, b = (kept_field(output, run.variant.of, description, run.case, folder) for folder in folders)
        require_comparable(a, b)
        yield (output.name, ""), a, b


def _taps(description: Description, run: VariedRun, found: _Found) -> Iterator[VariedPair]:
    """Yield the values of each tap of a variant beside those of the program as it is."""
    for trace in description.traces_of(run.case.name):
        taps, branch = varied_taps(trace, run)
        if branch:
            found.left_out[trace.name].append(f"{run.where}: from {branch} on, where it takes another branch")
        for tap, (a, b) in taps.items():
            yield (trace.name, tap), a, b


def _add(need: _Need, a: FieldArray, b: FieldArray, where: str) -> None:
    """Add what one variant needs: first the relative part, then what is left.

    Raises:
        HarnessError: a number is none in the variant, or the other way round.
    """
    least = float(np.finfo(a.dtype).eps) / 2 if a.dtype.kind in "fc" else 0.0
    brightest = max((float(np.max(scale)) for _, scale in _blocks(a, b, where) if len(scale)), default=0.0)
    for absolute, scale in _blocks(a, b, where):
        bright = scale > BRIGHT * brightest
        if bright.any():
            need.rel = max(need.rel, least, float(np.max(absolute[bright] / scale[bright])))
        need.unequal += int(np.count_nonzero(absolute))
        need.compared += len(absolute)
    for absolute, scale in _blocks(a, b, where):
        if len(absolute):
            need.abs = max(need.abs, float(np.max(absolute - need.rel * scale)))


def _blocks(a: FieldArray, b: FieldArray, where: str) -> Iterator[tuple[Any, Any]]:
    """Yield |a - b| and max(|a|, |b|) of the elements that are numbers on both sides."""
    for start in range(0, a.size, BLOCK):
        pair = [side.block(start, start + BLOCK) for side in (a, b)]
        usable = [np.isfinite(side) for side in pair]
        if not np.array_equal(*usable):
            raise HarnessError(
                f"{where}: {b.source} has a number where {a.source} has none, or the other way round; "
                "such a variant is not sound: mend it, or take it out"
            )
        yield distances(pair[0][usable[0]], pair[1][usable[0]])


def _hold(run: VariedRun, what: str, need: Mapping[str, Any], a: FieldArray, b: FieldArray) -> None:
    figures = compare_fields(a, b, measured_bound(need))
    if figures.outside:
        raise HarnessError(
            f"variant {run.variant.name}, which was held out, moves {figures.outside} of {figures.compared} "
            f"elements of {what} beyond the bound that the others give; add variants, or a larger --k"
        )
