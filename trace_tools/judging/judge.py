"""The verdict on two traces."""

from __future__ import annotations

import filecmp
from dataclasses import dataclass, replace
from pathlib import Path

from system_io.files import identity
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.errors import TraceError
from trace_tools.judging.align import Alignment, align
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE
from trace_tools.judging.blame import CAUSES, Blame, RecordState, find_blame
from trace_tools.judging.diff import Bounds, Comparison, compare, value_kind
from trace_tools.judging.findings import Finding, finding
from trace_tools.judging.lookup import DEFAULT_GRAPH, Graph, chosen_graph
from trace_tools.judging.noise_floor import FALLBACK_BOUND, bounds_for, load_floor, packaged_floor
from trace_tools.judging.tap_bounds import TapBoundRow, bounds_at_work, idle_rows
from trace_tools.judging.verdict import Decision, Evidence, decide, worded_verdict
from trace_tools.reading.read_pair import read_pair
from trace_tools.reading.stream_check import check_stream
from trace_tools.reading.trace_file import TraceLog
from trace_tools.tap_points import TAP_ID

SHOWN_CAUSES = 10
SHOWN_TIES = 10


@dataclass(frozen=True)
class Options:
    """How to judge: tolerances by hand, the floor file and its factor, the tap graph file.

    ``partial``: judge what both logs hold, and let the rest not stand against PASS; ``same_run``: two logs
    of one run are wanted, to show that it repeats itself; ``arithmetic``: that of the less precise program;
    ``bounds``: rows of a table of bounds by pattern of tap names.
    """

    rtol: float | None = None
    atol: float | None = None
    floor: str | None = None
    k: float | None = None
    graph: str | None = None
    partial: bool = False
    same_run: bool = False
    arithmetic: str = DOUBLE
    bounds: tuple[TapBoundRow, ...] = ()


@dataclass(frozen=True)
class Report:
    """The verdict and everything it rests on.

    ``first``: the first cause in the order of computation; ``causes``: the first causal record of each tap;
    ``ties``: the first ties; ``problems``: what breaks the contract.
    """

    decision: Decision
    comparison: Comparison
    blame: Blame
    first: Finding | None
    causes: tuple[Finding, ...]
    ties: tuple[Finding, ...]
    problems: tuple[str, ...]

    @property
    def verdict(self) -> Word:
        """The word of the verdict."""
        return self.decision.verdict

    @property
    def error(self) -> str:
        """What makes the verdict an error, or would without a divergence; empty if nothing does."""
        return self.decision.error

    @property
    def line(self) -> str:
        """The verdict with its first reason and what it covers."""
        found = self.first
        first = f"{found.tap} {found.context}".strip() + f" ({found.state})" if found else ""
        return worded_verdict(
            self.comparison, self.decision, first, len(self.blame.entries(RecordState.TIE)),
            graph=found is None or found.tap in self.blame.graph,
        )  # fmt: skip

    @property
    def exit_status(self) -> int:
        """Exit status of the program for this verdict."""
        return EXIT_STATUS[self.verdict]


def make_bounds(options: Options, names: tuple[str, ...], *, named: bool = False) -> Bounds:
    """Choose the bounds: the floor file, the packaged floor or the fall-back; then tolerances by hand.

    Args:
        named: whether the taps are those of another program, which the packaged floor knows nothing of.
    """
    for what, value in (("--rtol", options.rtol), ("--atol", options.atol), ("--k", options.k)):
        if value is not None and not 0 <= value < float("inf"):
            raise TraceError(f"{what} is {value:g}; it must be a finite number that is not negative")
    if options.arithmetic not in ARITHMETICS:
        raise TraceError(
            f"arithmetic '{printable(options.arithmetic)}' is unknown; it is one of {', '.join(ARITHMETICS)}"
        )
    floor = load_floor(options.floor) if options.floor else None if named else packaged_floor()
    known: Graph = {} if named else DEFAULT_GRAPH
    floats = [name for name in names if name not in known or known[name].kind == "float"]
    bounds = bounds_for(floor, floats, options.k, options.arithmetic)
    return bounds.override(options.rtol, options.atol)


def judge(a: TraceLog, b: TraceLog, options: Options = Options(), one_run: str = "") -> Report:
    """Align, compare and explain two traces; `verdict.decide` states what verdict follows.

    Args:
        one_run: why both are of one run, empty if nothing says so.

    Raises:
        TraceError: and NotComparableError where no comparison is possible.
    """
    known: Graph = {} if a.named or b.named else DEFAULT_GRAPH
    graph = chosen_graph(options.graph, known)
    problems = [
        f"{trace.source}: {line}" for trace in (a, b) for line in check_stream(trace, graph) if trace.schema
    ]
    a, b = _of_one_version(a, b)
    a, b = a.of_taps(b.only), b.of_taps(a.only)
    alignment = align(a, b)
    a, b = _broken_if_shorter(a, b, alignment)
    present = (
        {alignment.names[number] for number in set(alignment.tap.tolist())}
        if len(alignment.a) < 10**5
        else None
    )
    names = tuple(name for name in alignment.names if present is None or name in present)
    comparison = compare(a, b, alignment, _bounds_of_logs(options, names, a, b))
    blame = find_blame(comparison, graph)
    first = blame.first_cause()
    evidence = Evidence(first is not None, problems, options.partial, "" if options.same_run else one_run)
    return Report(
        decide(comparison, evidence),
        comparison,
        blame,
        None if first is None else finding(blame, first),
        _causes(blame),
        tuple(finding(blame, int(entry)) for entry in blame.entries(RecordState.TIE)[:SHOWN_TIES]),
        tuple(problems),
    )


def _bounds_of_logs(options: Options, names: tuple[str, ...], a: TraceLog, b: TraceLog) -> Bounds:
    """Return the bounds of two logs, and say which of them rest on no measurement."""
    named = a.named or b.named
    table = bounds_at_work(options.bounds, names, lambda name: value_kind(a, b, name))
    left = tuple(name for name in names if name not in table.by_tap and value_kind(a, b, name) == "float")
    bounds = make_bounds(options, left, named=named)
    guesses, foreign = table.guesses, named or not TAP_ID.keys() & set(names)
    if foreign and left and not (options.floor or bounds.overridden):
        guesses = (*guesses, f"the bound {FALLBACK_BOUND:.1e} of the size of {len(left)} taps is a guess")
    return replace(
        bounds, table=table, notes=(*bounds.notes, *table.notes), guesses=guesses,
        loosened=bounds.loosened or (not named and any(not one.exact for one in table.by_tap.values())),
    )  # fmt: skip


def _of_one_version(a: TraceLog, b: TraceLog) -> tuple[TraceLog, TraceLog]:
    """Leave out of a trace the taps that the version of the other one does not have yet."""
    version = min(a.schema, b.schema)
    return (a, b) if not version or a.named or b.named else (a.as_of(version), b.as_of(version))


def _broken_if_shorter(a: TraceLog, b: TraceLog, alignment: Alignment) -> tuple[TraceLog, TraceLog]:
    """A log whose last line has no newline broke off there if the other log goes on."""
    traces = []
    for trace, here, there in ((a, alignment.a, alignment.b), (b, alignment.b, alignment.a)):
        goes_on = len(here) and here[-1] < 0 <= there[-1]
        traces.append(replace(trace, broken=trace.unended) if trace.unended and goes_on else trace)
    return traces[0], traces[1]


def _causes(blame: Blame) -> tuple[Finding, ...]:
    seen: dict[int, int] = {}
    taps = blame.comparison.alignment.tap
    for entry in blame.entries(*CAUSES).tolist():
        seen.setdefault(int(taps[entry]), entry)
    return tuple(finding(blame, entry) for entry in sorted(seen.values())[:SHOWN_CAUSES])


def judge_files(a: str, b: str, options: Options = Options(), sources: tuple[str, str] = ("", "")) -> Report:
    """Judge two trace files; see `judge`.

    Args:
        a: path of one.
        b: path of the other.
        options: how to judge.
        sources: the names to call them by, their paths without one.
    """
    first, second = read_pair(a, b, sources)
    return judge(first, second, options, _one_run(Path(a), Path(b), (first, second)))


def require_used(report: Report) -> str:
    """Check that each row of a table of bounds decides a tap of the two logs.

    Returns:
        Why one does not, where both differ all the same; empty if each does.

    Raises:
        TraceError: the same, where they do not differ.
    """
    comparison = report.comparison
    table = comparison.bounds.table
    decided = {row.pattern: len(taps) for row, taps in zip(table.rows, table.decided, strict=True)}
    idle = next(idle_rows(list(decided), [decided], list(comparison.taps)), "")
    if idle and report.verdict is not Word.FAIL:
        raise TraceError(f"bound {idle}")
    return idle


def _one_run(a: Path, b: Path, traces: tuple[TraceLog, TraceLog]) -> str:
    """Say why two files are logs of one run: one file, the same bytes, the same records of one program.

    Empty if they are not.
    """
    names = [trace.source for trace in traces]
    if identity(a) == identity(b):
        what = f"'{names[0]}' and '{names[1]}' are one file"
    elif filecmp.cmp(a, b, shallow=False):
        what = f"'{names[1]}' is byte for byte '{names[0]}'"
    elif _same_records(*traces):
        what = f"'{names[1]}' has the program and all records of '{names[0]}' bit for bit"
    else:
        return ""
    return (
        f"{what}: they agree whatever they hold; give the logs of two runs "
        "(--same-run shows that a run repeats itself)"
    )


def _same_records(one: TraceLog, other: TraceLog) -> bool:
    """Tell whether two logs state the same program and hold the same records in the same order."""
    same = (one.prefix, one.program) == (other.prefix, other.program)
    if not same or one.names != other.names or one.words != other.words:
        return False
    pairs = [(getattr(one.columns, key), getattr(other.columns, key)) for key in _COLUMNS]
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


_COLUMNS = ("tap", "context", "contexts", "start", "values")
