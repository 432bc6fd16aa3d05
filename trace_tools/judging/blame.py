"""The first divergence and its cause: which records differ on their own, and which only follow."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trace_tools.arrays import Index, Marks
from trace_tools.errors import TraceError
from trace_tools.judging.align import Alignment
from trace_tools.judging.diff import Comparison
from trace_tools.judging.lookup import NONE, Graph, carried_entries, input_entries
from trace_tools.judging.ties import both_values, ties
from trace_tools.tap_table import WHOLE_LISTS


class RecordState(enum.IntEnum):
    """What an entry of the alignment is found to be; the larger one wins where several apply."""

    INSIDE = 0
    AFTER_TIE = 1
    TIE = 2
    DOWNSTREAM = 3
    CAUSAL = 4
    NO_GRAPH = 5

    @property
    def word(self) -> str:
        """Return it in words."""
        return self.name.lower().replace("_", " ")


CAUSES = (RecordState.CAUSAL, RecordState.NO_GRAPH)
DIVERGENT = (RecordState.DOWNSTREAM, *CAUSES)
_OPEN = 100


@dataclass(frozen=True)
class Blame:
    """The state of every entry, the margins of the ties, and the graph that was used."""

    comparison: Comparison
    graph: Graph
    state: NDArray[np.int8]
    margin: dict[int, float]

    def entries(self, *states: RecordState) -> Index:
        """Return the entries in one of the states, in execution order."""
        return np.flatnonzero(np.isin(self.state, states))

    def first(self, *states: RecordState) -> int | None:
        """Return the first entry in one of the states, None if there is none."""
        found = self.entries(*states)
        return int(found[0]) if len(found) else None

    def first_cause(self) -> int | None:
        """Return the first cause in the order of computation, None if nothing diverges.

        A log may print a value before what it is computed from; of two causes neither follows from the other.
        """
        cause = self.first(*CAUSES)
        return self.first(*DIVERGENT) if cause is None else cause

    def count_by_tap(self, state: RecordState) -> dict[str, int]:
        """Return how many entries of each tap are in a state, taps in the order of their first such entry."""
        taps = self.comparison.alignment.tap[self.entries(state)]
        numbers, first, counts = np.unique(taps, return_index=True, return_counts=True)
        order = np.argsort(first)
        names = self.comparison.alignment.names
        return {names[numbers[place]]: int(counts[place]) for place in order}


def in_dependency_order(names: Iterable[str], graph: Graph) -> list[str]:
    """Sort taps so that each comes after its inputs; taps that are not in the graph come last.

    Raises:
        TraceError: if the graph has a cycle.
    """
    waiting = {name: {other for other in graph[name].inputs if other in graph} for name in graph}
    done: dict[str, None] = {}
    while waiting:
        ready = [name for name, inputs in waiting.items() if inputs <= done.keys()]
        if not ready:
            raise TraceError(
                f"the tap graph has a cycle through '{min(waiting)}'; no tap may depend on itself"
            )
        for name in ready:
            del waiting[name]
            done[name] = None
    wanted = set(names)
    return [name for name in done if name in wanted] + sorted(wanted - done.keys())


class _Judge:
    """Settles the state of the open entries tap by tap, inputs first."""

    def __init__(self, comparison: Comparison, graph: Graph) -> None:
        self.comparison = comparison
        self.alignment = comparison.alignment
        self.graph = graph
        self.state = np.zeros(len(self.alignment.a), np.int8)
        self.missing = np.flatnonzero(self._missing_flags())
        self.margin: dict[int, float] = {}
        self.state[self.missing] = _OPEN
        for diff in comparison.taps.values():
            self.state[diff.outside] = _OPEN

    def _missing_flags(self) -> Marks:
        """Entries without a partner, as far as both traces reach."""
        alone = self.alignment.by == 0
        for trace, side in ((self.comparison.a, self.alignment.a), (self.comparison.b, self.alignment.b)):
            if trace.broken:
                there = np.flatnonzero((side >= 0) & ~alone)
                alone[(there[-1] if len(there) else 0) + 1 :] = False
        held = {self.comparison.a.held, self.comparison.b.held}
        if 0 in (self.comparison.a.schema, self.comparison.b.schema) or len(held) > 1:
            alone[:] = False
        return np.asarray(alone)

    def run(self) -> Blame:
        names = {
            self.alignment.names[number] for number in np.unique(self.alignment.tap[self.state == _OPEN])
        }
        for name in in_dependency_order(names, self.graph):
            entries = self.alignment.entries(name)
            self._settle(name, entries[self.state[entries] == _OPEN])
        for name in names & self.graph.keys():
            self._follow(name)
        return Blame(self.comparison, self.graph, self.state, self.margin)

    def _settle(self, name: str, entries: Index) -> None:
        if name not in self.graph:
            self.state[entries] = RecordState.NO_GRAPH
            return
        alone = self.alignment.by[entries] == 0
        worst = self._worst_input(name, entries)
        worst[alone] = np.maximum(worst[alone], self._worst_decider(name, entries[alone]))
        reached = (RecordState.DOWNSTREAM, RecordState.AFTER_TIE)
        outcome = np.select([worst >= state for state in reached], reached, RecordState.CAUSAL)
        outcome = outcome.astype(np.int8)
        clean = np.flatnonzero((outcome == RecordState.CAUSAL) & ~alone)
        is_tie, margins = ties(self.comparison, name, entries[clean])
        outcome[clean[is_tie]] = RecordState.TIE
        self.margin.update(zip(entries[clean].tolist(), margins.tolist(), strict=True))
        self.state[entries] = outcome
        self._carry(name, entries)

    def _worst_input(self, name: str, entries: Index) -> NDArray[np.int8]:
        """Largest state among the inputs of each entry; one that is in neither trace counts as inside."""
        worst = np.zeros(len(entries), np.int8)
        for source in inputs_of(self.comparison, self.graph, name, entries).values():
            there = source != NONE
            worst[there] = np.maximum(worst[there], self.state[source[there]])
        for other in (*WHOLE_LISTS.get(name, ()), *summed_inputs(self.alignment, self.graph, name)):
            np.maximum(worst, self._worst_of_pixel(entries, other), out=worst)
        if self.comparison.a.named or self.comparison.b.named:
            for other in self.graph[name].inputs:
                worst[self._gathers_divergent(entries, other)] = RecordState.DOWNSTREAM
        return worst

    def _gathers_divergent(self, entries: Index, name: str) -> Marks:
        """Tell which entries are made from all turns of a loop of which a turn of an input diverges.

        The input has a loop index that the entry has not, and a divergent record before it.
        """
        found = self.alignment.entries(name)
        found = found[self.state[found] >= RecordState.DOWNSTREAM]
        if not len(found) or not len(entries):
            return np.zeros(len(entries), bool)
        rows = [self.alignment.contexts[self.alignment.context[part]][:, :-1] for part in (entries, found)]
        used = [(part >= 0).any(axis=0) for part in rows]
        if not (used[1] & ~used[0]).any():
            return np.zeros(len(entries), bool)
        first: dict[bytes, int] = {}
        keys = [np.ascontiguousarray(part[:, used[0] & used[1]]) for part in rows]
        for entry, key in zip(found.tolist(), keys[1], strict=True):
            first.setdefault(key.tobytes(), entry)
        before = [first.get(key.tobytes(), len(self.state)) for key in keys[0]]
        return np.array(before) < entries

    def _worst_of_pixel(self, entries: Index, name: str) -> NDArray[np.int8]:
        """Largest state of a tap among all its records that may belong to the pixel of each entry."""
        found = self.alignment.entries(name)
        found = found[self.state[found] > RecordState.INSIDE]
        worst = np.zeros(len(entries), np.int8)
        pixels = [self.alignment.contexts[self.alignment.context[part]][:, :2] for part in (entries, found)]
        for state, pixel in {(int(self.state[entry]), tuple(pixel)) for entry, pixel in
                             zip(found, pixels[1].tolist(), strict=True)}:  # fmt: skip
            same = ((pixels[0] == pixel) | (pixels[0] < 0) | (np.array(pixel) < 0)).all(axis=1)
            worst[same] = np.maximum(worst[same], state)
        return worst

    def _worst_decider(self, name: str, entries: Index) -> NDArray[np.int8]:
        """Largest state among what decides whether a record is printed at all."""
        worst = np.zeros(len(entries), np.int8)
        for decider in self.graph[name].decided_by:
            source = input_entries(self.alignment, self.graph, entries, decider)
            there = source != NONE
            worst[there] = np.maximum(worst[there], self.state[source[there]])
            if decider == "F_latt":
                worst[there] = np.maximum(worst[there], self._zero_tie(source[there]))
        place = np.searchsorted(self.missing, entries) - 1
        before = self.missing[np.maximum(place, 0)]
        rows = [self.alignment.contexts[self.alignment.context[part]] for part in (entries, before)]
        together = ((rows[0] == rows[1]) | (rows[0] < 0) | (rows[1] < 0)).all(axis=1) & (place >= 0)
        follows = together & (self.alignment.tap[before] != self.alignment.tap[entries])
        settled = np.minimum(self.state[before], RecordState.CAUSAL)
        return np.maximum(worst, np.where(follows, settled, 0).astype(np.int8))

    def _zero_tie(self, source: Index) -> NDArray[np.int8]:
        """The zero short-cut taken by one program only, on factors that agree within their bound."""
        result = np.zeros(len(source), np.int8)
        paired = np.flatnonzero((self.alignment.by[source] > 0) & (self.state[source] == RecordState.INSIDE))
        a, b = both_values(self.comparison, source[paired], 1)
        result[paired] = np.where(((a == 0) != (b == 0))[:, 0], RecordState.TIE, RecordState.INSIDE)
        return result

    def _carry(self, name: str, entries: Index) -> None:
        """A sum, a cache or a carried-over cell that only hands on what was wrong before is not a cause."""
        carried = self.graph[name].carried
        if carried is None or len(entries) == 0:
            return
        before = carried_entries(self.alignment, self.graph, entries, name)
        if carried[1]:
            gate = input_entries(self.alignment, self.graph, entries, carried[1].lstrip("!"))
            before = np.where(self._zero_somewhere(gate), before, NONE)
        for entry, earlier in zip(entries.tolist(), before.tolist(), strict=True):
            inherited = self.state[earlier] if earlier != NONE else RecordState.INSIDE
            if inherited >= RecordState.DOWNSTREAM:
                self.state[entry] = RecordState.DOWNSTREAM
            elif inherited != RecordState.INSIDE and self.state[entry] == RecordState.CAUSAL:
                self.state[entry] = RecordState.AFTER_TIE

    def _follow(self, name: str) -> None:
        """Take what uses an earlier turn of a tap for a consequence of a record of it that differs."""
        for other in self.graph[name].inputs_before:
            apart = self.alignment.entries(other)
            apart = apart[np.isin(self.state[apart], DIVERGENT)]
            entries = self.alignment.entries(name)
            later = entries[entries > apart[0]] if len(apart) else apart
            self.state[later[self.state[later] == RecordState.CAUSAL]] = RecordState.DOWNSTREAM

    def _zero_somewhere(self, source: Index) -> Marks:
        result = np.ones(len(source), bool)
        paired = np.flatnonzero((source != NONE) & (self.alignment.by[np.maximum(source, 0)] > 0))
        a, b = both_values(self.comparison, source[paired], 1)
        result[paired] = ((a == 0) | (b == 0))[:, 0]
        return result


def inputs_of(comparison: Comparison, graph: Graph, name: str, entries: Index) -> dict[str, Index]:
    """Find the entries of all inputs that count for entries of one tap, -1 where there is none.

    In the place of an input that neither log traces stand the inputs that it is computed from itself.
    """
    alignment, tap = comparison.alignment, graph[name]
    rules = dict(tap.input_rules)
    found = {}
    for other in tap.inputs:
        source = input_entries(alignment, graph, entries, other)
        if rule := rules.get(other):
            gate = input_entries(alignment, graph, entries, rule[1:])
            source = np.where(_rule_holds(comparison, rule[0], gate), source, NONE)
        found[other] = source
    for other in _behind(alignment, graph, tap.inputs):
        if other not in found:
            found[other] = input_entries(alignment, graph, entries, other)
    return found


def _behind(alignment: Alignment, graph: Graph, inputs: Iterable[str]) -> list[str]:
    """Return the nearest traced ancestors behind those of the inputs that are not traced."""
    found: dict[str, None] = {}
    waiting, seen = list(inputs), set(inputs)
    while waiting:
        name = waiting.pop()
        if not is_untraced(alignment, graph, name):
            continue
        for other in graph[name].inputs:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
                found[other] = None
    return [name for name in found if len(alignment.entries(name))]


def is_untraced(alignment: Alignment, graph: Graph, name: str) -> bool:
    """Tell whether neither log traces a tap, though the program must have computed it.

    A tap that is printed only under a condition may be missing because the condition does not hold: it
    counts as untraced if another tap under that condition is there, or unless every tap of its loop level
    that is always printed is there.
    """
    if name not in graph or len(alignment.entries(name)):
        return False
    level, condition = graph[name].level, graph[name].condition
    alike = [other.name for other in graph.values() if other.condition == condition]
    if not condition or any(len(alignment.entries(other)) for other in alike):
        return True
    siblings = [other.name for other in graph.values() if other.level == level and not other.condition]
    return not all(len(alignment.entries(other)) for other in siblings)


def summed_inputs(alignment: Alignment, graph: Graph, name: str) -> list[str]:
    """Return the traced taps that enter a tap through a sum over a pixel which is not traced itself."""
    sums = [other for other in graph[name].inputs if other in graph and graph[other].carried
            and is_untraced(alignment, graph, other)]  # fmt: skip
    return _behind(alignment, graph, sums)


def _rule_holds(comparison: Comparison, sign: str, gate: Index) -> Marks:
    if sign in "+-":
        return np.asarray((gate != NONE) == (sign == "+"))
    holds = np.zeros(len(gate), bool)
    paired = np.flatnonzero((gate != NONE) & (comparison.alignment.by[np.maximum(gate, 0)] > 0))
    a, b = both_values(comparison, gate[paired], 1)
    holds[paired] = ((a != 0) | (b != 0))[:, 0]
    return holds


def find_blame(comparison: Comparison, graph: Graph) -> Blame:
    """Tell cause from consequence for every record outside its bound or without a partner.

    A record is *causal* if all its inputs are inside their bounds; *downstream* if an input, or the value it
    was handed on from, diverges; a *tie* if a branch tap flipped on inputs that agree within their bounds;
    *after a tie* if only a tie stands between its inputs and agreement. Ties are no divergences.

    Args:
        comparison: of two logs.
        graph: tap points by name.

    Source: trace contract, the "from" columns.
    """
    return _Judge(comparison, graph).run()
