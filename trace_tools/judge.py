"""The verdict on two traces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from trace_tools.align import NotComparableError, align
from trace_tools.blame import DIVERGENT, Blame, State, find_blame
from trace_tools.diff import Bounds, Comparison, compare
from trace_tools.errors import TraceError
from trace_tools.findings import Finding, finding
from trace_tools.lookup import DEFAULT_GRAPH, Graph
from trace_tools.noise_floor import beside_packaged, bounds_for, load_floor, packaged_floor
from trace_tools.read_pair import read_pair
from trace_tools.stream_check import check_stream
from trace_tools.tap_points import Level, TapPoint
from trace_tools.trace_file import Trace

EXIT_STATUS: Mapping[str, int] = {
    "PASS": 0,
    "PASS (LOOSENED)": 0,
    "FAIL": 1,
    "NOT COMPARABLE": 2,
    "ERROR": 3,
}
SHOWN_CAUSES = 10
SHOWN_TIES = 10


@dataclass(frozen=True)
class Options:
    """How to judge: tolerances by hand, the floor file and its factor, the tap graph file."""

    rtol: float | None = None
    atol: float | None = None
    floor: str | None = None
    k: float | None = None
    graph: str | None = None


@dataclass(frozen=True)
class Report:
    """The verdict and everything it rests on.

    ``first``: the first record in execution order outside its bound or without a partner; ``causes``: the
    first causal record of each tap; ``ties``: the first ties; ``problems``: what breaks the contract.
    """

    verdict: str
    comparison: Comparison
    blame: Blame
    first: Finding | None
    causes: tuple[Finding, ...]
    ties: tuple[Finding, ...]
    problems: tuple[str, ...]
    error: str = ""

    @property
    def exit_status(self) -> int:
        """Exit status of the program for this verdict."""
        return EXIT_STATUS[self.verdict]


def load_graph(path: str) -> Graph:
    """Read a tap graph: JSON ``{"taps": [{"name": ..., "inputs": [...], "formula": ...}]}``.

    Each tap may have any of the fields of `TapPoint`; taps of the contract that the file does not name stay.
    Raises: TraceError that names the fault.
    """
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise TraceError(f"cannot read tap graph '{path}': {error}; give a JSON file with 'taps'") from None
    taps = content.get("taps") if isinstance(content, dict) else None
    if not isinstance(taps, list):
        raise TraceError(f"tap graph '{path}' has no list 'taps'; see `trace-diff --help`")
    added = dict(_graph_tap(entry, path) for entry in taps)
    graph = {**DEFAULT_GRAPH, **added}
    for name, tap in added.items():
        unknown = [other for other in tap.inputs if other not in graph]
        if unknown:
            raise TraceError(
                f"tap graph '{path}': {name} has the input '{unknown[0]}', which is no tap; add it"
            )
    return graph


_ALLOWED = {field.name for field in fields(TapPoint)} - {"carried", "input_rules", "decided_by"}


def _graph_tap(entry: Any, path: str) -> tuple[str, TapPoint]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not set(entry) <= _ALLOWED:
        raise TraceError(
            f"tap graph '{path}' has the entry {entry!r}; a tap has a name and of {sorted(_ALLOWED)}"
        )
    name = entry["name"]
    blank = TapPoint(name, Level.mosaic, 1, "float", "", (), (), "not stated")
    changes: dict[str, Any] = {
        key: tuple(part) if isinstance(part, list) else part for key, part in entry.items()
    }
    if "level" in changes:
        if changes["level"] not in Level.__members__:
            raise TraceError(
                f"tap graph '{path}': {name} has the level '{changes['level']}'; "
                f"levels are {', '.join(Level.__members__)}"
            )
        changes["level"] = Level[changes["level"]]
    return name, replace(DEFAULT_GRAPH.get(name, blank), **changes)


def make_bounds(options: Options, names: tuple[str, ...]) -> Bounds:
    """Choose the bounds: the floor file, the packaged floor or the fall-back; then tolerances by hand."""
    for what, value in (("--rtol", options.rtol), ("--atol", options.atol), ("--k", options.k)):
        if value is not None and not 0 <= value < float("inf"):
            raise TraceError(f"{what} is {value:g}; it must be a finite number that is not negative")
    floor = load_floor(options.floor) if options.floor else packaged_floor()
    floats = [name for name in names if name not in DEFAULT_GRAPH or DEFAULT_GRAPH[name].kind == "float"]
    bounds = bounds_for(floor, floats, options.k)
    if options.floor:
        bounds = beside_packaged(bounds, bounds_for(packaged_floor(), floats))
    return bounds.override(options.rtol, options.atol)


def judge(a: Trace, b: Trace, options: Options = Options()) -> Report:
    """Align, compare and explain two traces.

    The verdict is FAIL for a divergence, else ERROR for a trace that is broken off or breaks the contract,
    else PASS, or PASS (LOOSENED) where bounds wider than the measured ones were asked for.

    Raises: TraceError and NotComparableError where no comparison is possible.
    """
    graph = load_graph(options.graph) if options.graph else DEFAULT_GRAPH
    alignment = align(a, b)
    present = (
        {alignment.names[number] for number in set(alignment.tap.tolist())}
        if len(alignment.a) < 10**5
        else None
    )
    names = tuple(name for name in alignment.names if present is None or name in present)
    comparison = compare(a, b, alignment, make_bounds(options, names))
    if comparison.compared == 0:
        raise NotComparableError(f"{a.source} and {b.source}: no record was compared")
    blame = find_blame(comparison, graph)
    problems = [
        f"{trace.source}: {line}"
        for trace in (a, b)
        for line in check_stream(trace, graph)
        if trace.schema == 1
    ]
    broken = [trace.broken for trace in (a, b) if trace.broken]
    first = blame.first(*DIVERGENT)
    error = "; ".join(broken) or (
        f"{len(problems)} breaches of the trace contract, the first: {problems[0]}" if problems else ""
    )
    clean = "PASS (LOOSENED)" if comparison.bounds.loosened else "PASS"
    verdict = "ERROR" if broken else "FAIL" if first is not None else "ERROR" if error else clean
    return Report(
        verdict,
        comparison,
        blame,
        None if first is None else finding(blame, first),
        _causes(blame),
        tuple(finding(blame, int(entry)) for entry in blame.entries(State.TIE)[:SHOWN_TIES]),
        tuple(problems),
        error,
    )


def _causes(blame: Blame) -> tuple[Finding, ...]:
    seen: dict[int, int] = {}
    taps = blame.comparison.alignment.tap
    for entry in blame.entries(State.CAUSAL, State.NO_GRAPH).tolist():
        seen.setdefault(int(taps[entry]), entry)
    return tuple(finding(blame, entry) for entry in sorted(seen.values())[:SHOWN_CAUSES])


def judge_files(a: str, b: str, options: Options = Options()) -> Report:
    """Judge two trace files; see `judge`."""
    return judge(*read_pair(a, b), options)
