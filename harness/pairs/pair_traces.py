"""The traces of a compared pair: their names in a result folder, and what trace-diff says about them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.sides import SIDES
from harness.store.names import trace_name
from system_io.files import irregular
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.judge import Options, judge
from trace_tools.judging.render import metrics
from trace_tools.reading.lines import Record
from trace_tools.reading.trace_file import TraceLog, read_stream
from trace_tools.schema import TRACE_SCHEMA
from trace_tools.tap_table import COPIES


def read_side(folder: Path, side: str) -> TraceLog:
    """Read the trace of one side; messages call it by its name in the folder.

    Raises:
        TraceError: it is not there, or cannot be read.
    """
    path = folder / trace_name(side)
    try:
        if kind := irregular(path):
            raise TraceError(no_trace(side, f"is {kind}, not a file"))
        with path.open("rb") as stream:
            return read_stream(stream, path.name)
    except OSError as error:
        raise TraceError(no_trace(side, error.strerror or "not readable")) from error


def trace_metrics(folder: Path, arithmetic: str) -> dict[str, Any] | None:
    """Return what trace-diff measures on the two traces of a folder, None if there is none.

    Traces that cannot be compared give a verdict with an error, never an exception.

    Args:
        folder: of a compared pair.
        arithmetic: of the less precise program.
    """
    if not any((folder / trace_name(side)).exists() for side in SIDES):
        return None
    return _judged(lambda side: read_side(folder, side), arithmetic)


def traced(logs: Mapping[str, bytes | None], arithmetic: str) -> dict[str, Any] | None:
    """Return what trace-diff measures on two traces, as `trace_metrics` does once they lie in a folder."""
    if not any(log is not None for log in logs.values()):
        return None
    return _judged(lambda side: _read_log(logs.get(side), side), arithmetic)


def _read_log(log: bytes | None, side: str) -> TraceLog:
    if log is None:
        raise TraceError(no_trace(side, "No such file or directory"))
    return read_stream(io.BytesIO(log), trace_name(side))


def no_trace(side: str, reason: str) -> str:
    """Return the message of a trace that is not there."""
    return f"cannot read trace '{trace_name(side)}': {reason}; make it with -trace_pixel"


def _judged(read: Callable[[str], TraceLog], arithmetic: str) -> dict[str, Any]:
    try:
        return metrics(judge(read(SIDES[0]), read(SIDES[1]), Options(arithmetic=arithmetic)))
    except NotComparableError as error:
        return _refusal(Word.NOT_COMPARABLE, error)
    except TraceError as error:
        return _refusal(Word.ERROR, error)


ADDED = frozenset({
    "coverage", "set_aside", "set_aside_count", "aliases", "behind_other_text", "printed", "undefined",
    "within_printed_digits",
})  # fmt: skip
"""What an earlier version did not state about two traces."""


EARLIER_BOUNDS: Mapping[str, float] = {
    "Fbeam_meters": 8.0 * 7.261299764932248e-17,
    "I_running": 8.0 * 7.637298728802887e-14,
    "I_before_scaling": 8.0 * 7.637298728802887e-14,
}
"""Of taps whose floor has been measured anew since, in double precision."""


def as_stated(fresh: Any, stated: Any) -> Any:
    """Return fresh metrics of traces as the version that stated others would have had them.

    What it did not know is left out; copies had bounds of their own, where now that of the source counts. A
    bound that an earlier floor gave is kept as it is stated; the verdict is that of today's.
    """
    if not isinstance(stated, Mapping):
        return fresh
    known = fresh if "coverage" in stated else _without_added(fresh)
    known = _with_earlier_bounds(known, stated.get("taps"))
    bounds = stated.get("bounds")
    if (
        not isinstance(bounds, Mapping)
        or "arithmetic" in bounds
        or not isinstance(known.get("bounds"), Mapping)
    ):
        return known
    before = {key: item for key, item in known["bounds"].items() if key != "arithmetic"}
    if "coverage" in stated:
        known = {**known, "coverage": stated["coverage"]}
    return {**known, "bounds": before, "taps": _with_bounds_of_copies(known["taps"], stated.get("taps"))}


def _with_earlier_bounds(fresh: Mapping[str, Any], stated: Any) -> Mapping[str, Any]:
    taps = stated if isinstance(stated, Mapping) else {}
    earlier = {
        name: {**tap, "bound": taps[name]["bound"]}
        for name, tap in fresh.get("taps", {}).items()
        if name in EARLIER_BOUNDS and taps.get(name, {}).get("bound") == EARLIER_BOUNDS[name]
    }
    return {**fresh, "taps": {**fresh["taps"], **earlier}} if earlier else fresh


def _with_bounds_of_copies(fresh: Mapping[str, Any], stated: Any) -> dict[str, Any]:
    taps = stated if isinstance(stated, Mapping) else {}
    return {
        name: {**tap, "bound": taps[name]["bound"]} if name in COPIES and name in taps else tap
        for name, tap in fresh.items()
    }


def _without_added(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_added(item) for key, item in value.items() if key not in ADDED}
    return [_without_added(item) for item in value] if isinstance(value, list | tuple) else value


def _refusal(word: Word, error: Exception) -> dict[str, Any]:
    return {
        "schema": TRACE_SCHEMA,
        "verdict": word.value,
        "exit_status": EXIT_STATUS[word],
        "error": " ".join(str(error).split()),
        "first_divergence": None,
    }


def records_of(trace: TraceLog, tap: str) -> Iterator[Record]:
    """Iterate over the records of one tap, in the order of the trace."""
    if tap not in trace.names:
        return
    number = trace.names.index(tap)
    for index in (trace.columns.tap == number).nonzero()[0].tolist():
        yield trace.record(index)
