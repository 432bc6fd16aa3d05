"""What the judge says of drawn pairs of traces, kept as data: `python -m tests.trace_tools.judging.outcomes`.

Each outcome is the verdict, the causes and the states in words, and a hash of all figures behind them, so
that no small change of the judge stays unseen. The command writes them anew, and with a name prints the
figures of that outcome; a difference is a decision, to be read before it is committed.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from tests.trace_tools.drawn import CHANGES, drawn_pair, every_pair
from tests.trace_tools.made import older_log
from trace_tools.errors import TraceError
from trace_tools.judging.align import align
from trace_tools.judging.blame import DIVERGENT, RecordState
from trace_tools.judging.findings import Finding
from trace_tools.judging.judge import Options, Report, judge
from trace_tools.judging.lookup import DEFAULT_GRAPH
from trace_tools.judging.noise_floor import bounds_for, measure_floor, measure_single, packaged_floor
from trace_tools.judging.render import explain, markdown, metrics, print_report
from trace_tools.judging.scale import SINGLE_RULES, Scales
from trace_tools.reading.trace_file import TraceLog, read_stream
from trace_tools.tap_points import TAP_POINTS

KEPT = Path(__file__).with_name("outcomes.json")
OPTIONS = {
    "": Options(),
    "partial": Options(partial=True),
    "by hand": Options(rtol=1e-7, atol=1e-9),
    "k": Options(k=16.0),
    "mixed": Options(arithmetic="mixed"),
    "float32": Options(arithmetic="float32", k=3.0),
}
DIGITS = {"17": (17, 17), "6": (17, 6), "5": (5, 9)}
OF_EVERY = ("", "mixed")
"""Options that every pair is judged with; the others take turns."""


def parsed(text: str, name: str) -> TraceLog:
    """Return a log."""
    return read_stream(io.BytesIO(text.encode()), name)


def outcome(texts: tuple[str, str], options: Options) -> dict[str, Any]:
    """Return all that is said of two logs, figures in 9 digits."""
    try:
        return _said(judge(parsed(texts[0], "a.log"), parsed(texts[1], "b.log"), options))
    except TraceError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _said(report: Report) -> dict[str, Any]:
    blame = report.blame
    return {
        "line": report.line,
        "causes": [f"{found.tap} {found.context}".strip() for found in report.causes],
        "states": {state.name: len(found) for state in RecordState if len(found := blame.entries(state))},
        "rest": _rest(report),
    }


def _rest(report: Report) -> dict[str, Any]:
    """Return the figures behind what is said."""
    blame, comparison = report.blame, report.comparison
    alignment = comparison.alignment
    taps = {
        name: [_short(value) for value in (
            diff.compared, diff.differing, diff.max_absolute, diff.max_relative, diff.max_scaled,
            diff.max_ulp, len(diff.outside), len(diff.undefined), diff.by_digits, diff.max_single,
        )]
        for name, diff in comparison.taps.items()
        if diff.differing or len(diff.undefined)
    }  # fmt: skip
    return {
        "status": report.exit_status,
        "error": report.error,
        "aside": list(report.decision.set_aside),
        "problems": list(report.problems),
        "notes": list(comparison.bounds.notes),
        "first": None if report.first is None else _shown(report.first),
        "causes": [_shown(found) for found in report.causes[:4]],
        "ties": [_shown(found) for found in report.ties],
        "states": {state.name: blame.count_by_tap(state) for state in RecordState if state},
        "divergent": blame.entries(*DIVERGENT).tolist()[:20],
        "margins": {str(entry): _short(value) for entry, value in sorted(blame.margin.items())[:20]},
        "taps": taps,
        "passes": alignment.passes(),
        "shown": sha256(_texts(report).encode()).hexdigest(),
        "order": [_mixed(column) for column in (alignment.a, alignment.b, alignment.by, alignment.tap)],
    }


def _texts(report: Report) -> str:
    """Return what a report is shown as, figures in 9 digits."""
    return markdown(report) + json.dumps(_in_digits(metrics(report)), default=str, sort_keys=True)


def printed(texts: tuple[str, str], options: Options) -> str:
    """Return what is printed of two logs, with the table of the taps that differ and with that of all."""
    report = judge(parsed(texts[0], "a.log"), parsed(texts[1], "b.log"), options)
    console = Console(file=io.StringIO(), width=200)
    for every_tap in (False, True):
        print_report(report, console, every_tap=every_tap)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _in_digits(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_digits(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_in_digits(part) for part in value]
    return _short(value) if isinstance(value, float) else value


def _shown(found: Finding) -> str:
    text = repr({name: value for name, value in vars(found).items() if value not in ("", None, ())})
    return text if len(text) < 600 else f"{text[:600]}..."


def _short(value: float) -> float | int | str:
    if isinstance(value, int):
        return value
    return float(f"{value:.9g}") if np.isfinite(value) else str(float(value))


def _mixed(values: Any) -> int:
    """Return one number for a column of whole numbers and their order."""
    return int((np.asarray(values).astype(np.int64) * np.arange(1, len(values) + 1)).sum())


def scales_of(text: str) -> dict[str, list[Any]]:
    """Return the sums of the scales of each tap, in double and in single precision."""
    trace = parsed(text, "a.log")
    alignment = align(trace, trace)
    found = {}
    for name in alignment.names:
        entries = alignment.entries(name)
        size = DEFAULT_GRAPH[name].size
        both = [Scales(alignment, trace, rules).of(name, entries, size) for rules in (None, SINGLE_RULES)]
        found[name] = [_short(float((one * np.arange(1, len(one) + 1)[:, None]).sum())) for one in both]
    return found


def every_outcome() -> Iterator[tuple[str, Any]]:
    """Yield a name and what is said, for all drawn pairs, older logs, scales, and a floor."""
    yield "scales", scales_of(drawn_pair("nothing", 4)[0])
    yield "floor", _floor()
    yield "floor of single precision", _single_floor()
    yield "explained", [explain(tap) for tap in TAP_POINTS]
    named = list(OPTIONS)
    for number, (change, seed) in enumerate(every_pair()):
        for option in {*OF_EVERY, named[number % len(named)]}:
            digits = list(DIGITS)[number // 2 % len(DIGITS)] if option == named[number % len(named)] else "17"
            texts = drawn_pair(change, seed, DIGITS[digits])
            yield f"{change}, {seed}, {option or 'default'}, {digits} digits", outcome(texts, OPTIONS[option])
    for number, change in enumerate(CHANGES):
        option = named[number % len(named)]
        try:
            yield f"{change}, printed", printed(drawn_pair(change, 3, (17, 9)), OPTIONS[option])
        except TraceError as error:
            yield f"{change}, printed", str(error)
    for seeds in ((1, 1), (1, 2), (3, 3)):
        texts = older_log(seeds[0], "C"), older_log(seeds[1], "PY")
        shorter = texts[1].split("\n", 4)[-1] if seeds[0] == 3 else texts[1]
        yield f"older logs {seeds}", outcome((texts[0], shorter), Options())
    for versions in ((1, 1), (1, 2), (2, 1)):
        pairs = [drawn_pair("records lost", 7, version=version) for version in versions]
        yield f"versions {versions}", outcome((pairs[0][0], pairs[1][1]), Options())
        yield f"versions {versions}, as drawn", outcome((pairs[0][1], pairs[1][0]), Options(partial=True))
    drawn, old = drawn_pair("nothing", 8), (older_log(8, "C"), older_log(8, "PY"))
    yield "older beside drawn", outcome((old[0], drawn[1]), Options())
    yield "drawn beside older", outcome((drawn[0], old[1]), Options())


def _floor() -> dict[str, Any]:
    changes = ("rounding", "single rounding", "an index near a half", "records lost")
    pairs = [tuple(map(parsed, drawn_pair(change, 5), ("a.log", "b.log"))) for change in changes]
    floor = measure_floor([(a, b) for a, b in pairs], 6.0, {"of": "drawn pairs"})
    taps = {name: [_short(tap.scaled), _short(tap.ulp), tap.records] for name, tap in floor.taps.items()}
    return {"taps": taps, "k": floor.k, "provenance": dict(floor.provenance), "polar": floor.bound("polar")}


def _single_floor() -> dict[str, Any]:
    """Return a floor of single precision, and the bounds that follow from it in several ways."""
    pairs = [
        (parsed(one, "a.log"), parsed(other, "b.log"))
        for one, other in (
            drawn_pair(change, 6) for change in ("single rounding", "rounding", "a domain off")
        )
    ]
    floor = measure_floor(pairs[1:2], 4.0)
    single = measure_single(pairs, "float32", floor, {"of": "drawn pairs"}, 3.0)
    whole = replace(floor, arithmetics={"float32": single})
    names = ("polar", "F_latt", "I_running", "incident_vec", "floatimage_accumulated", "no such tap")
    given = [
        vars(bounds_for(used, names, k, arithmetic))
        for used in (None, floor, whole, packaged_floor())
        for k in (None, 1.5, 1e9)
        for arithmetic in ("float64", "float32")
    ]
    kept = io.StringIO(json.dumps(_in_digits([vars(tap) for tap in single.taps.values()])))
    return {
        "taps": kept.getvalue(),
        "provenance": single.provenance,
        "k": single.k,
        "bounds": _in_digits(given),
    }


def in_short(told: Any) -> dict[str, Any]:
    """Return an outcome as it is kept: its words, and a hash of its figures."""
    plain = json.loads(json.dumps(told, default=str))
    if not isinstance(plain, dict):
        rest, plain = plain, {}
    else:
        rest = plain.pop("rest", None)
    if rest is None and "error" not in plain:
        rest, plain = plain, {}
    return plain | ({"figures": sha256(json.dumps(rest).encode()).hexdigest()[:16]} if rest else {})


def main() -> int:
    """Write all outcomes anew, or print one."""
    if sys.argv[1:]:
        told = dict(every_outcome())[sys.argv[1]]
        sys.stdout.write(json.dumps(told, indent=1, default=str) + "\n")
        return 0
    found = {name: in_short(told) for name, told in sorted(every_outcome())}
    KEPT.write_text(
        "{\n"
        + ",\n".join(f" {json.dumps(name)}: {json.dumps(told)}" for name, told in found.items())
        + "\n}\n",
        encoding="utf-8",
    )
    sys.stdout.write(f"{len(found)} outcomes in {KEPT.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
