"""Reports for people and programs: terminal table, Markdown page, metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from system_io.shown import markdown_text, printable
from trace_tools.judging.blame import RecordState
from trace_tools.judging.diff import Bounds, TapDiff
from trace_tools.judging.findings import Finding
from trace_tools.judging.judge import Report
from trace_tools.judging.noise_floor import SHOWN_NAMES
from trace_tools.judging.verdict import coverage
from trace_tools.reading.trace_file import TraceLog
from trace_tools.schema import TRACE_SCHEMA
from trace_tools.tap_points import TAP_POINTS, TapPoint

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("tap", "pairs", "differ", "outside", "max abs", "max rel", "max/scale", "ULP", "bound")


def _finite(value: Any) -> Any:
    """Replace numbers that JSON does not have by their names."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def metrics(report: Report) -> dict[str, Any]:
    """Return the report as data, the metrics of two traces.

    ``first_divergence`` is the name of the first tap outside its bound, or None.
    """
    comparison, blame = report.comparison, report.blame
    alignment = comparison.alignment
    content = {
        "schema": TRACE_SCHEMA,
        "verdict": report.verdict.value,
        "exit_status": report.exit_status,
        "error": report.error,
        "first_divergence": report.first.tap if report.first else None,
        "first_divergence_record": _record(report.first) if report.first else None,
        "causes": [_record(found) for found in report.causes],
        "ties": [_record(found) for found in report.ties],
        "counts": {
            "compared": comparison.compared,
            "passes": alignment.passes(),
            "only_a": int((alignment.b < 0).sum()),
            "only_b": int((alignment.a < 0).sum()),
            **{state.name.lower(): len(blame.entries(state)) for state in RecordState if state},
        },
        "causal_by_tap": blame.count_by_tap(RecordState.CAUSAL),
        "bounds": {
            "notes": list(comparison.bounds.notes),
            "loosened": comparison.bounds.loosened,
            "arithmetic": comparison.bounds.arithmetic,
            **_table_facts(comparison.bounds),
        },
        "traces": [_trace_facts(trace) for trace in (comparison.a, comparison.b)],
        "problems": list(report.problems),
        "set_aside": list(report.decision.set_aside),
        "coverage": coverage(comparison),
        "taps": {name: _tap_facts(report, diff) for name, diff in comparison.taps.items()},
    }
    finite: dict[str, Any] = _finite(content)
    return finite


def _table_facts(bounds: Bounds) -> dict[str, Any]:
    """Return how many taps each row of bounds decides, and what is guessed; older results lack both."""
    rows = zip(bounds.table.rows, bounds.table.decided, strict=True)
    said = {"decided": {row.pattern: len(taps) for row, taps in rows}, "guesses": list(bounds.guesses)}
    return {key: value for key, value in said.items() if value}


def _record(found: Finding) -> dict[str, Any]:
    """Return a finding as data; what older results do not have is left out where nothing is known of it."""
    unknown = {key for key in ("place_a", "place_b", "stated_bound") if not getattr(found, key)}
    return {key: value for key, value in asdict(found).items() if key not in unknown}


def _trace_facts(trace: TraceLog) -> dict[str, Any]:
    return {
        "source": trace.source,
        "program": f"{trace.prefix}: {trace.program}",
        "records": len(trace),
        "contract": trace.schema,
        "skipped_lines": trace.skipped_lines,
        "unmapped_count": trace.unmapped_count,
        "unmapped": list(trace.unmapped),
        "broken": trace.broken,
        "set_aside_count": trace.aside_count,
        "set_aside": list(trace.aside),
        "behind_other_text": trace.behind_count,
        **_told_of_reading(trace),
        "aliases": [
            {"name": name, "tap": tap, "factor": factor, "records": count}
            for (name, tap, factor), count in trace.conversions.items()
        ],
        "printed": trace.digits.describe(),
    }


def _told_of_reading(trace: TraceLog) -> dict[str, Any]:
    """Return how lines were treated, as far as there is something to say: older results know no such keys."""
    said = {"treated": {**trace.treated}, "repeats_numbered": trace.repeats, "holds_only": trace.held}
    return {key: value for key, value in said.items() if value}


def _tap_facts(report: Report, diff: TapDiff) -> dict[str, Any]:
    return {
        "pairs": diff.compared,
        "differing": diff.differing,
        "outside": len(diff.outside),
        "undefined": len(diff.undefined),
        "within_printed_digits": diff.by_digits,
        "max_absolute": diff.max_absolute,
        "max_relative": diff.max_relative,
        "max_scaled": diff.max_scaled,
        "max_ulp": diff.max_ulp,
        "bound": _bound(report, diff.name),
    }


def _bound(report: Report, name: str) -> float | str:
    """Return the bound of a tap over its scale, or in words where a row of a table of bounds decides it."""
    bounds = report.comparison.bounds
    if name in bounds.table.by_tap:
        return bounds.table.by_tap[name].text
    return 0.0 if _is_exact(report, name) else bounds.relative.get(name, bounds.default)


def _is_exact(report: Report, name: str) -> bool:
    return report.comparison.kind(name) != "float"


def _row(report: Report, diff: TapDiff) -> tuple[str, ...]:
    bounds = report.comparison.bounds
    single = bounds.single.get(diff.name)
    stated = _bound(report, diff.name)
    bound = (
        stated
        if isinstance(stated, str)
        else "exact"
        if _is_exact(report, diff.name)
        else "by hand"
        if bounds.overridden
        else f"{stated:.1e}" + (f" + {single:.1e}" if single else "")
    )
    return (
        printable(diff.name),
        str(diff.compared),
        str(diff.differing),
        str(len(diff.outside)),
        f"{diff.max_absolute:.3g}",
        f"{diff.max_relative:.3g}",
        f"{diff.max_scaled:.3g}",
        f"{diff.max_ulp:.6g}",
        bound,
    )


def verdict_line(report: Report) -> str:
    """Return the verdict with its first reason and what it covers, in one line."""
    return printable(report.line)


def facts(report: Report) -> list[str]:
    """Return what else a reader must know: passes, what was set aside, how names were read, bounds."""
    comparison = report.comparison
    passes = ", ".join(f"{count} {name}" for name, count in comparison.alignment.passes().items() if count)
    lines = [f"paired: {passes}"]
    for letter, trace, other in (
        ("A", comparison.a, comparison.alignment.b),
        ("B", comparison.b, comparison.alignment.a),
    ):
        lines += _facts_of(letter, trace, int((other < 0).sum()))
    lines += list(comparison.bounds.notes) + [f"problem: {text}" for text in report.problems]
    lines += _unit_notes(report)
    after = len(report.blame.entries(RecordState.AFTER_TIE))
    lines += [f"{after} records follow from ties and are not judged"] if after else []
    return [printable(line) for line in lines]


def _unit_notes(report: Report) -> list[str]:
    """Say of which taps of a graph of another program neither the graph nor a log states the unit."""
    comparison, graph = report.comparison, report.blame.graph
    logs = (comparison.a, comparison.b)
    blank = [
        name
        for name in comparison.taps
        if name in graph and not graph[name].unit
        if not any(name in trace.taps and trace.taps[name].unit for trace in logs)
    ]
    if not comparison.named or not blank:
        return []
    return [f"tap graph: no unit is stated of {len(blank)} taps: {', '.join(blank[:SHOWN_NAMES])}"]


def _facts_of(letter: str, trace: TraceLog, alone: int) -> list[str]:
    line = f"{letter}: {trace.source} ({trace.prefix}: {trace.program}), {len(trace)} records"
    line += f", {alone} without a partner" if alone else ""
    line += f", {trace.skipped_lines} ordinary lines skipped" if trace.skipped_lines else ""
    lines = [line]
    groups = (
        ("trace lines that cannot be compared", trace.aside_count, trace.aside),
        ("trace lines not mapped to a tap", trace.unmapped_count, trace.unmapped),
        ("lines with records behind other text, which was cut off", trace.behind_count, trace.behind[:1]),
    )
    for what, count, shown in groups:
        if count:
            lines += [f"{letter}: {count} {what}:", *(f"    {text}" for text in shown)]
    lines += [
        f"{letter}: {name} read as {tap}, times {factor:.17g} ({count} records)"
        for (name, tap, factor), count in trace.conversions.items()
    ]
    lines += [f"{letter}: {count} x {what}" for what, count in trace.treated.items()]
    if trace.held:
        lines.append(f"{letter}: holds only {trace.held}, by its own words")
    if trace.repeats:
        lines.append(f"{letter}: {trace.repeats} records repeat their tap in one context and are numbered")
    if digits := trace.digits.describe():
        lines.append(f"{letter}: prints {digits}: half a unit of the last one belongs to each bound")
    if trace.broken or trace.unended:
        lines.append(f"{letter}: {trace.broken or 'its last line has no newline and was taken as whole'}")
    return lines


def finding_lines(found: Finding) -> list[str]:
    """Return one finding as lines of text."""
    lines = [
        f"{found.tap} {found.context}".strip() + f"  [{found.state}]",
        f"  A: {found.a}",
        f"  B: {found.b}",
        f"  abs {found.absolute:.3g}, rel {found.relative:.3g}, /scale {found.scaled:.3g} "
        f"(bound {found.stated_bound or f'{found.bound:.3g}'}), ULP {found.ulp:.6g}",
        f"  formula: {found.formula}" + (f"   [{found.unit}]" if found.unit else ""),
    ]
    lines += [
        f"  {side} records it at {place}"
        for side, place in (("A", found.place_a), ("B", found.place_b))
        if place
    ]
    if found.margin is not None:
        lines.append(f"  margin to the threshold: {found.margin:.3g}")
    for part in found.inputs:
        agreed = {True: "agrees", False: "DIFFERS", None: "not traced"}[part.agreed]
        same = part.a if part.a == part.b else f"A {part.a}  B {part.b}"
        lines.append(f"  input {part.name} {part.context}".rstrip() + f": {agreed}: {same}")
    if found.externals:
        lines.append(f"  other inputs: {', '.join(found.externals)}")
    return [printable(line) for line in [*lines, f"  again: {found.command}"]]


def _sections(report: Report) -> Iterable[tuple[str, Sequence[Finding]]]:
    told = RecordState.NO_GRAPH.word
    later = [found for found in report.causes if found != report.first]
    yield "First divergence", [report.first] if report.first else []
    yield "Causes", [found for found in later if found.state != told]
    yield "First difference of a tap that is in no graph", [found for found in later if found.state == told]
    yield "Ties", report.ties


def print_report(report: Report, console: Console, *, every_tap: bool = False) -> None:
    """Print verdict, facts, findings and the table of taps (those that differ, unless ``every_tap``)."""
    from rich.table import Table

    for line in facts(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    table = Table(*_COLUMNS, title="taps" if every_tap else "taps that differ", title_justify="left")
    for diff in report.comparison.taps.values():
        if diff.differing or every_tap:
            table.add_row(*_row(report, diff), style="red" if len(diff.outside) else None)
    if table.row_count:
        console.print(table)
    for title, group in _sections(report):
        for found in group:
            console.print(
                "\n".join([f"{title}:", *finding_lines(found)]), markup=False, highlight=False, soft_wrap=True
            )
    causal = report.blame.count_by_tap(RecordState.CAUSAL)
    if causal:
        counts = ", ".join(f"{name} {count}" for name, count in causal.items())
        down = len(report.blame.entries(RecordState.DOWNSTREAM))
        console.print(
            f"causal records: {counts}; downstream records: {down}", highlight=False, soft_wrap=True
        )
    console.print(verdict_line(report), markup=False, highlight=False, soft_wrap=True)


def _markdown(text: str) -> str:
    """Escape text for Markdown; an underscore inside a word has no effect there and stays."""
    return re.sub(r"(?<=[^\W_])&#95;(?=[^\W_])", "_", markdown_text(text))


def markdown(report: Report) -> str:
    """Return the report as a Markdown page, the content of ``diff.md``."""
    lines = [
        "# Trace comparison",
        "",
        f"**{_markdown(report.line)}**",
        "",
        *(f"- {_markdown(line.strip())}" for line in facts(report)),
        "",
    ]
    for title, group in _sections(report):
        if group:
            lines += [f"## {title}", ""]
        for found in group:
            lines += ["```text", *finding_lines(found), "```", ""]
    lines += ["## Taps", "", "| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    lines += [
        "| " + " | ".join(map(_markdown, _row(report, diff))) + " |"
        for diff in report.comparison.taps.values()
    ]
    return "\n".join(lines) + "\n"


def explain(tap: TapPoint) -> str:
    """Return the definition of a tap: unit, shape, context, formula, inputs and what it feeds."""
    used_by = [other.name for other in TAP_POINTS if tap.name in other.inputs]
    rules = {"+": "where {} is printed", "-": "where {} is not printed", "=": "where {} is not 0"}
    conditions = {name: rules[rule[0]].format(rule[1:]) for name, rule in tap.input_rules}
    inputs = [f"{name} ({conditions[name]})" if name in conditions else name for name in tap.inputs]
    rows = [
        ("tap", tap.name),
        ("level", f"{tap.level.name} ({' '.join(tap.keys) or 'once a run'})"),
        ("values", f"{tap.size} {tap.kind}"),
        ("unit", tap.unit or "none"),
        ("formula", tap.formula),
        ("inputs", ", ".join(inputs) or "none"),
        ("other inputs", ", ".join(tap.externals) or "none"),
        ("printed if", tap.condition or "always"),
        (
            "handed on",
            f"from the record before{' within ' + ' '.join(tap.carried[0]) if tap.carried[0] else ''}"
            + (f", only while {tap.carried[1][1:]} is 0" if tap.carried[1] else "")
            if tap.carried
            else "no",
        ),
        ("feeds", ", ".join(used_by) or "nothing"),
    ]
    return "".join(f"{title:13s} {text}\n" for title, text in rows)
