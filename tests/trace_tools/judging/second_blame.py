"""Causes found a second time, plain and slow: the state of one record after the other."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.trace_tools.judging.second_judge import CONTRACT, INSIDE, Row, same, together
from trace_tools.tap_points import TapLevel, TapPoint
from trace_tools.tap_table import WHOLE_LISTS

AFTER_TIE, TIE, DOWNSTREAM, CAUSAL, NO_GRAPH, OPEN = range(1, 7)
Pair = tuple[tuple[float, ...], tuple[float, ...]]
TURNS = {TapLevel.source_setup: "src", TapLevel.phi_setup: "phi", TapLevel.mosaic_setup: "mos"}
DECIDERS: Mapping[str, tuple[str, ...]] = {
    "hkl_rounded": ("hkl_frac",),
    "tricubic_F": ("hkl_frac",),
    "dmin_skipped": ("stol_m_inv",),
    "F_latt": ("rad_star_sqr", "hrad_sqr"),
    "floatimage_accumulated": ("I_pixel_final",),
}
"""Branch taps, and what decides them."""


class SecondBlame:
    """States of rows whose differences are known: what is a cause, what follows, what is a tie."""

    def __init__(
        self, rows: list[Row], outside: Iterable[int], reach: int, graph: Mapping[str, TapPoint]
    ) -> None:
        """Open what is outside its bound, and what is alone as far as both logs reach."""
        self.rows, self.graph = rows, graph
        self.margin: dict[int, float] = {}
        self.missing = [n for n, row in enumerate(rows) if row.alone and n <= reach]
        for number in {*outside, *self.missing}:
            rows[number].state = OPEN
        self.of: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            self.of.setdefault(row.name, []).append(number)

    def settle(self) -> None:
        """Settle all open rows, inputs first."""
        for name in self._order():
            entries = [n for n in self.of.get(name, []) if self.rows[n].state == OPEN]
            if not entries:
                continue
            found = {n: self._reached(n) for n in entries}
            clean = [n for n in entries if found[n] == CAUSAL and not self.rows[n].alone]
            for number, (tie, margin) in self._ties(name, clean).items():
                self.margin[number] = margin
                found[number] = TIE if tie else CAUSAL
            for number in entries:
                self.rows[number].state = found[number]
            for number in entries:
                self._carry(number)
        for row in self.rows:
            row.state = NO_GRAPH if row.state == OPEN else row.state

    def _order(self) -> list[str]:
        """Return the taps of the graph in rounds: each of one round has all its inputs in earlier ones."""
        done: list[str] = []
        while len(done) < len(self.graph):
            done += [name for name, tap in self.graph.items() if name not in done
                     and all(other in done or other not in self.graph for other in tap.inputs)]  # fmt: skip
        return done

    def source(self, number: int, name: str) -> int | None:
        """Return the row of an input that a row was computed from."""
        row, found = self.rows[number], self.of.get(name, [])
        level = self.graph[name].level if name in self.graph else TapLevel.mosaic
        if level == TapLevel.setup:
            return found[0] if found else None
        if level in TURNS:
            key = TURNS[level]
            alike = [n for n in found if self.rows[n].turns.get(key) == row.turns.get(key)]
            return alike[-1] if alike and key in row.turns else None
        earlier = [n for n in found if n < number]
        return earlier[-1] if earlier and together(row, self.rows[earlier[-1]]) else None

    def _either(self, number: int | None, zero: bool) -> bool | None:
        """Tell whether the first value of a row is zero, or is not, on either side; None without a pair."""
        if number is None or self.rows[number].alone:
            return None
        return any((side[0] == 0) == zero for side in self.rows[number].values)

    def inputs(self, number: int) -> list[int]:
        """Return the rows of all inputs that count for a row."""
        tap = self.graph[self.rows[number].name]
        rules = dict(tap.input_rules)
        found = []
        for other in tap.inputs:
            rule = rules.get(other, "")
            gate = self.source(number, rule[1:]) if rule else None
            counts = {
                "": True, "+": gate is not None, "-": gate is None, "=": bool(self._either(gate, False)),
            }[rule[:1]]  # fmt: skip
            if counts:
                found.append(self.source(number, other))
        found += [self.source(number, other) for other in self._behind(tap.inputs) if other not in tap.inputs]
        return [n for n in found if n is not None]

    def _untraced(self, name: str) -> bool:
        """Tell whether a tap must have been computed, and is in no log."""
        if name not in self.graph or name in self.of:
            return False
        tap = self.graph[name]
        if not tap.condition or any(
            other.condition == tap.condition and other.name in self.of for other in self.graph.values()
        ):
            return True
        always = [one for one in self.graph.values() if one.level == tap.level and not one.condition]
        return any(one.name not in self.of for one in always)

    def _behind(self, names: Sequence[str]) -> set[str]:
        """Return the nearest traced taps that untraced ones are computed from."""
        found: set[str] = set()
        seen = set(names)
        waiting = [name for name in names if self._untraced(name)]
        while waiting:
            new = set(self.graph[waiting.pop()].inputs) - seen
            seen |= new
            found |= {name for name in new if name in self.of}
            waiting += [name for name in new if self._untraced(name)]
        return found

    def _pooled(self, name: str) -> set[str]:
        """Return the taps all of whose records in the pixel count, not only the latest."""
        sums = [other for other in self.graph[name].inputs
                if other in self.graph and self.graph[other].carried and self._untraced(other)]  # fmt: skip
        return {*WHOLE_LISTS.get(name, ()), *self._behind(sums)}

    def _reached(self, number: int) -> int:
        """Return the state of a row that its inputs give it."""
        row = self.rows[number]
        states = [self.rows[n].state for n in self.inputs(number)]
        pools = [n for other in self._pooled(row.name) for n in self.of.get(other, [])]
        states += [self.rows[n].state for n in pools if together(row, self.rows[n], ("s", "f"))]
        if row.alone:
            states += self._decided(number)
        if max(states, default=INSIDE) >= DOWNSTREAM:
            return DOWNSTREAM
        return AFTER_TIE if any(states) else CAUSAL

    def _decided(self, number: int) -> Iterator[int]:
        """Yield the states of what decides whether a row is printed at all."""
        row = self.rows[number]
        for decider in self.graph[row.name].decided_by:
            source = self.source(number, decider)
            if source is None:
                continue
            other = self.rows[source]
            yield other.state
            if decider == "F_latt" and other.state == INSIDE and not other.alone:
                zero = [side[0] == 0 for side in other.values]
                yield TIE if zero[0] != zero[1] else INSIDE
        before = [n for n in self.missing if n < number]
        if before and self.rows[before[-1]].name != row.name and together(row, self.rows[before[-1]]):
            yield self.rows[before[-1]].state

    def _carry(self, number: int) -> None:
        """A row that repeats the one before it takes over its state."""
        row = self.rows[number]
        carried = self.graph[row.name].carried
        earlier = [n for n in self.of[row.name] if n < number]
        if carried is None or not earlier or not together(row, self.rows[earlier[-1]], carried[0]):
            return
        gate = carried[1].lstrip("!")
        if gate and self._either(self.source(number, gate), True) is False:
            return
        state = self.rows[earlier[-1]].state
        if state >= DOWNSTREAM:
            row.state = DOWNSTREAM
        elif state != INSIDE and row.state == CAUSAL:
            row.state = AFTER_TIE

    def _ties(self, name: str, clean: Sequence[int]) -> dict[int, tuple[bool, float]]:
        """Tell of clean rows whether rounding decided them, and how near to the threshold they are."""
        found = dict.fromkeys(clean, (False, math.nan))
        shapes = {word for n in self.of.get("xtal_shape", []) for one in (self.rows[n].a, self.rows[n].b)
                  if one for word in one.words}  # fmt: skip
        if name == "F_latt" and "TOPHAT" not in shapes:
            return found
        for decider in DECIDERS.get(name, ()):
            pairs = {n: s for n in clean if (s := _of_contract(self, n, decider)) is not None
                     and not self.rows[s].alone}  # fmt: skip
            for number, source in pairs.items():
                ins, outs = self.rows[source].values, self.rows[number].values
                tie, margin = self._rule(name, ins, outs)
                found[number] = (tie and not all(map(same, *ins)), margin)
            if pairs:
                break
        return found

    def _rule(self, name: str, ins: Pair, outs: Pair) -> tuple[bool, float]:
        if name == "hkl_rounded":
            kept = all(
                out == _ceil(h - 0.5) for h, out in zip((*ins[0], *ins[1]), (*outs[0], *outs[1]), strict=True)
            )
            flipped = [
                max(_to_whole(x - 0.5), _to_whole(y - 0.5))
                for x, y, i, j in zip(*ins, *outs, strict=True)
                if i != j
            ]
            return kept, max(flipped, default=0.0)
        if name == "tricubic_F":
            flipped = [
                max(_to_whole(x), _to_whole(y))
                for x, y in zip(*ins, strict=True)
                if not same(_floor(x), _floor(y))
            ]
            return bool(flipped), max(flipped, default=0.0)
        (x, *_), (y, *_) = ins
        (i, *_), (j, *_) = outs
        if name == "dmin_skipped":
            d = [_half_over(x), _half_over(y)]
            skipped, kept = d if i == 1 else d[::-1]
            low, high = self._resolutions()
            return low < kept and skipped < kept and skipped < high, abs(d[0] - d[1])
        if name == "F_latt":
            outer, inner = (x, y) if i == 0 else (y, x)
            return (i == 0) != (j == 0) and inner < outer, outer - inner
        shown = [struct.unpack("<f", struct.pack("<f", value))[0] for value in (x, y)]
        return shown == [i, j], abs(x - y)

    def _resolutions(self) -> tuple[float, float]:
        """Return the largest resolution that both skip, and the smallest that both keep."""
        low, high = 0.0, math.inf
        for number in self.of.get("dmin_skipped", []):
            source = _of_contract(self, number, "stol_m_inv")
            if source is None or self.rows[number].alone or self.rows[source].alone:
                continue
            flags = [side[0] for side in self.rows[number].values]
            d = [_half_over(side[0]) for side in self.rows[source].values]
            if flags == [1, 1]:
                low = max(low, *d)
            if flags == [0, 0]:
                high = min(high, *d)
        return low, high


def _of_contract(blame: SecondBlame, number: int, name: str) -> int | None:
    """Return the row of an input by the levels of the contract."""
    plain = SecondBlame.__new__(SecondBlame)
    plain.rows, plain.of, plain.graph = blame.rows, blame.of, CONTRACT
    return plain.source(number, name)


def _ceil(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def _to_whole(value: float) -> float:
    return abs(value - round(value)) if math.isfinite(value) else math.nan


def _half_over(value: float) -> float:
    return 0.5 / value if value else math.inf
