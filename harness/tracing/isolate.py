"""Each tap recomputed from the traced inputs of one side with the simulator's production functions.

*Accumulated* is the difference of both sides as the traces have them; *isolated* is the difference between
the production function of one side's inputs and that side's value. A tap with a large accumulated and small
isolated differences only hands on what came in; the side with a large isolated one computes it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulator import RunConfig
from simulator.errors import InputError
from simulator.kernel.miller_indices import miller_indices
from simulator.physics.polarization import kahn_factor
from simulator.physics.solid_angle import solid_angle_sr
from simulator.physics.structure_factors import nearest_F
from simulator.physics.vectors import Vec, apply, length, rot_axis, scale, stack, turn, unit, vec
from simulator.scene.instrument import Instrument
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up
from simulator.units import ANGSTROM_PER_M
from trace_tools.arrays import Floats, Index
from trace_tools.judging.arithmetic import SIGNS_OPEN
from trace_tools.judging.diff import Comparison, measure
from trace_tools.judging.lookup import DEFAULT_GRAPH, NONE, input_entries
from trace_tools.judging.noise_floor import FALLBACK_BOUND
from trace_tools.tap_points import CONTEXT_KEYS

TapValues = Mapping[str, Tensor]
MOST_RECORDS = 2000
_FIRST_SUBPIXEL = ("t", "ss", "sf")


@dataclass(frozen=True)
class Isolated:
    """Both measures of one tap: the largest difference over operand scale; `bound` is for the isolated ones.

    `records` counts what was recomputed.
    """

    tap: str
    records: int
    accumulated: float
    isolated_c: float
    isolated_py: float
    bound: float

    @property
    def outside(self) -> tuple[str, ...]:
        """Return the sides that compute this tap otherwise than the production function."""
        sides = (("c", self.isolated_c), ("py", self.isolated_py))
        return tuple(side for side, value in sides if not value <= self.bound)


@dataclass(frozen=True)
class TapRule:
    """How a tap is recomputed: its input taps, the function of their values [n, size], and where it holds.

    `first`: loop counters that must be 0, since the value is cached. `nonzero`, `absent`: a tap whose value
    must not be 0, and a tap that must not be printed.
    """

    inputs: tuple[str, ...]
    function: Callable[[Instrument, TapValues], Tensor]
    first: tuple[str, ...] = ()
    nonzero: str = ""
    absent: str = ""


def _omega(ins: Instrument, x: TapValues) -> Tensor:
    close, plan = x["close_distance_meters"], ins.plan
    return solid_angle_sr(x["R_distance_meters"], ins.numbers.pixel_m, close, plan.point_pixel, plan.quirks)


def _polar(ins: Instrument, x: TapValues) -> Tensor:
    if ins.policy.unpolarized:
        return torch.ones_like(x["incident_vec"][:, :1])
    rays = (vec(x[name]) for name in ("incident_vec", "diffracted_vec", "polar_vec"))
    return kahn_factor(ins.numbers.kahn, *rays)[:, None]


def _rotated(axis: str, ins: Instrument, x: TapValues) -> Tensor:
    return stack(rot_axis(vec(x[f"{axis}_angstroms"]), vec(x["spindle_axis"]), x["phi_rad"][:, 0]))


def _turned(axis: str, ins: Instrument, x: TapValues) -> Tensor:
    return stack(turn(x["mosaic_umat"].reshape(-1, 3, 3), vec(x[f"rot_{axis}_angstroms"])))


def _indices(stem: str, ins: Instrument, x: TapValues) -> Tensor:
    """Return the indices of each record, a call for each: the kernel has one cell for all rays."""
    rows = []
    for n in range(len(x["scattering_vec_m_inv"])):
        a, b, c = (_single(x[f"{stem}_{axis}_angstroms"][n] / ANGSTROM_PER_M) for axis in "abc")
        hkl = miller_indices((a, b, c), _single(x["scattering_vec_m_inv"][n]))
        rows.append(stack(hkl).reshape(3))
    return torch.stack(rows)


def _single(vector: Tensor) -> Vec:
    return apply(lambda part: part.reshape(1, 1, 1, 1), vec(vector))


def _lattice(tap: str, ins: Instrument, x: TapValues) -> Tensor:
    seen: dict[str, Tensor] = {}
    hkl, whole = vec(x["hkl_frac"]), vec(x["hkl_rounded"])
    seen["F_latt"] = ins.shape.factor(hkl, whole, seen.setdefault)
    return seen[tap].expand(hkl[0].shape)[:, None]


def _factor(ins: Instrument, x: TapValues) -> Tensor:
    return nearest_F(ins.table, *vec(x["hkl_rounded"]))[:, None]


def _lattice_rule(tap: str) -> TapRule:
    return TapRule(("hkl_frac", "hkl_rounded"), partial(_lattice, tap))


def _index_inputs(stem: str) -> tuple[str, ...]:
    return (*(f"{stem}_{axis}_angstroms" for axis in "abc"), "scattering_vec_m_inv")


RULES: Mapping[str, TapRule] = {
    "R_distance_meters": TapRule(
        ("pixel_pos_meters",), lambda ins, x: length(vec(x["pixel_pos_meters"]))[:, None]
    ),
    "diffracted_vec": TapRule(("pixel_pos_meters",), lambda ins, x: stack(unit(vec(x["pixel_pos_meters"])))),
    "omega_pixel_sr": TapRule(("R_distance_meters", "close_distance_meters"), _omega, _FIRST_SUBPIXEL),
    "stol_m_inv": TapRule(
        ("scattering_vec_m_inv",),
        lambda ins, x: stack(scale((length(vec(x["scattering_vec_m_inv"])),) * 3, 0.5))[:, :1],
    ),
    "polar": TapRule(("incident_vec", "diffracted_vec", "polar_vec"), _polar, (*_FIRST_SUBPIXEL, "src")),
    **{
        f"rot_{axis}_angstroms": TapRule(
            (f"{axis}_angstroms", "phi_rad", "spindle_axis"), partial(_rotated, axis), nonzero="phi_rad"
        )
        for axis in "abc"
    },
    **{
        f"mos_{axis}_angstroms": TapRule((f"rot_{axis}_angstroms", "mosaic_umat"), partial(_turned, axis))
        for axis in "abc"
    },
    **{
        tap: _lattice_rule(tap)
        for tap in ("F_latt_a", "F_latt_b", "F_latt_c", "hrad_sqr", "rad_star_sqr", "F_latt")
    },
    "F_cell": TapRule(("hkl_rounded",), _factor, absent="tricubic_F"),
}
INDICES = {stem: TapRule(_index_inputs(stem), partial(_indices, stem)) for stem in ("rot", "mos")}


class Isolator:
    """Recomputes the taps of one comparison."""

    def __init__(self, comparison: Comparison, ins: Instrument) -> None:
        self.comparison = comparison
        self.alignment = comparison.alignment
        self.ins = ins
        mosaic = len(self.alignment.entries("mos_a_angstroms")) > 0
        self.rules = {**RULES, "hkl_frac": INDICES["mos" if mosaic else "rot"]}

    def of(self, tap: str) -> Isolated | None:
        """Return both measures of a tap, None where no record can be recomputed."""
        found = self.recomputed(tap, MOST_RECORDS)
        if found is None:
            return None
        entries, outs, mades = found
        operand_scale = self.comparison.scales.of(tap, entries, DEFAULT_GRAPH[tap].size)
        worst = [
            float(measure(made, out, operand_scale).scaled.max())
            for made, out in zip(mades, outs, strict=True)
        ]
        accumulated = float(measure(outs[0], outs[1], operand_scale).scaled.max())
        bound = max(FALLBACK_BOUND, self.comparison.bounds.relative.get(tap, 0.0))
        return Isolated(tap, len(entries), accumulated, worst[0], worst[1], bound)

    def recomputed(self, tap: str, most: int) -> tuple[Index, list[Floats], list[Floats]] | None:
        """Return entries of a tap, the values [n, size] of both sides, and those recomputed from the inputs.

        None where no record can be recomputed.

        Args:
            most: limit of n.
        """
        rule = self.rules[tap]
        entries = self.alignment.entries(tap)
        entries = entries[self.alignment.by[entries] > 0]
        sources = {name: self._source(entries, name) for name in rule.inputs}
        good = self._holds(rule, entries)
        for source in sources.values():
            good &= (source != NONE) & (self.alignment.by[np.maximum(source, 0)] > 0)
        chosen = np.flatnonzero(good)[:most]
        if len(chosen) == 0:
            return None
        entries = entries[chosen]
        size = DEFAULT_GRAPH[tap].size
        outs = [self.values(side, entries, size) for side in (0, 1)]
        mades = []
        for side in (0, 1):
            inputs = {
                name: torch.from_numpy(self.values(side, source[chosen], DEFAULT_GRAPH[name].size))
                for name, source in sources.items()
            }
            mades.append(np.asarray(rule.function(self.ins, inputs).to(torch.float64).numpy()))
        return entries, outs, mades

    def _source(self, entries: Index, name: str) -> Index:
        return input_entries(self.alignment, DEFAULT_GRAPH, entries, name)

    def values(self, side: int, entries: Index, size: int) -> Floats:
        """Return the values [n, size] of paired entries of a tap on a side, 0 for c and 1 for py.

        Where the arithmetic leaves the sign open, py has that of c.
        """
        trace = (self.comparison.a, self.comparison.b)[side]
        records = (self.alignment.a, self.alignment.b)[side][entries]
        found = np.ascontiguousarray(trace.columns.matrix(records, size))
        taps = {self.alignment.names[number] for number in np.unique(self.alignment.tap[entries])}
        if side == 1 and taps & SIGNS_OPEN[self.comparison.bounds.arithmetic]:
            return np.copysign(found, self.values(0, entries, size))
        return found

    def _holds(self, rule: TapRule, entries: Index) -> NDArray[np.bool_]:
        rows = self.alignment.contexts[self.alignment.context[entries]]
        columns = [CONTEXT_KEYS.index(key) for key in rule.first]
        good = np.asarray((rows[:, columns] == 0).all(axis=1))
        if rule.nonzero:
            source = self._source(entries, rule.nonzero)
            there = (source != NONE) & (self.alignment.by[np.maximum(source, 0)] > 0)
            good &= there
            values = [self.values(side, source[there], 1)[:, 0] for side in (0, 1)]
            good[there] &= (values[0] != 0) & (values[1] != 0)
        if rule.absent:
            good &= self._source(entries, rule.absent) == NONE
        return good


def isolate(comparison: Comparison, words: Sequence[str], caller: Path) -> tuple[Isolated, ...]:
    """Recompute the taps for which the simulator has a function of their own.

    Args:
        comparison: two traces; A is side c, B is side py.
        words: the command line in the simulator's words; it gives shape, table and quirks.
        caller: directory that relative names in it refer to.

    Returns:
        The taps in the order of the contract; empty if the simulator refuses the command line.
    """
    try:
        with chdir(caller):
            ins = set_up(prepare(RunConfig.from_args(list(words))))
    except InputError:
        return ()
    isolator = Isolator(comparison, ins)
    # what a side computes in single precision is not what the function gives in double
    judged = [tap for tap in DEFAULT_GRAPH if tap in isolator.rules and tap not in comparison.bounds.single]
    with torch.inference_mode():
        found = [isolator.of(tap) for tap in judged]
    return tuple(part for part in found if part is not None)


def isolation_data(isolated: Sequence[Isolated]) -> list[dict[str, Any]]:
    """Return both measures as plain data; a number that JSON lacks becomes its name."""
    rows = [{**asdict(part), "outside": list(part.outside)} for part in isolated]
    return [
        {
            key: value if not isinstance(value, float) or np.isfinite(value) else str(value)
            for key, value in row.items()
        }
        for row in rows
    ]


def isolation_markdown(isolated: Sequence[Isolated]) -> str:
    """Return both measures as a section of a Markdown page."""
    lines = [
        "## Isolated and accumulated",
        "",
        "Largest difference over operand scale. Isolated: the simulator's production function of a side's",
        "own inputs against that side's value. Accumulated: side against side.",
        "",
        "| tap | records | accumulated | isolated c | isolated py | bound | computed otherwise by |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {part.tap} | {part.records} | {part.accumulated:.3g} | {part.isolated_c:.3g} |"
        f" {part.isolated_py:.3g} | {part.bound:.3g} | {' and '.join(part.outside) or '-'} |"
        for part in isolated
    ]
    return "\n".join(lines) + "\n"
