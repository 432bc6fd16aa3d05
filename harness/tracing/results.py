"""Judges a traced pair and puts it into plain data, files and a table."""

from __future__ import annotations

import io
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.files import input_facts, sha256_lines
from harness.probing.match import Match
from harness.proof.page import cause_markdown, proof_sections, transplant_lines
from harness.proof.right import Right, right_data, who_is_right
from harness.proof.transplant import transplant_data, transplants
from harness.shown import Shown, ShownRow, divergence_line
from harness.sides import SIDES
from harness.store.bundle import files_below, sealed
from harness.store.names import COMMANDS, ENVIRONMENT, HASHES, TRACES, trace_name
from harness.store.schema import check_trace
from harness.tracing.budget import Budget, budget_data, budget_markdown, budget_rows, budgets
from harness.tracing.bundle import FLOOR_NAME, GRAPH_NAME, MAP_NAME, PAGE_NAME
from harness.tracing.isolate import Isolated, isolate, isolation_data, isolation_markdown
from harness.tracing.job import BEHIND, CHANGED, TracedPair
from harness.tracing.options import ALL_TAPS, NAME
from harness.tracing.rot_stars import star_graph, with_rot_stars
from harness.tracing.takers import takers
from system_io.shell import shell_text
from system_io.shown import json_text, markdown_text, printable
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.debugger.tap_map import map_path
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.findings import diff_command
from trace_tools.judging.judge import Options, Report, judge
from trace_tools.judging.render import markdown, metrics, verdict_line
from trace_tools.reading.trace_file import read_stream
from trace_tools.schema import TRACE_SCHEMA

MOST_PIXELS = 6


@dataclass(frozen=True)
class TraceRequest:
    """How the traces are judged, and what is added: reciprocal vectors (stars), budgets, who is right."""

    rtol: float | None = None
    atol: float | None = None
    k: float | None = None
    floor: Path | None = None
    stars: bool = False
    budget: bool = False
    right: bool = False
    transplant: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the settings as plain data; a floor file is kept as a file."""
        return {"rtol": self.rtol, "atol": self.atol, "k": self.k, "stars": self.stars, "budget": self.budget,
                "right": self.right, "transplant": list(self.transplant)}  # fmt: skip


@dataclass(frozen=True)
class TraceVerdict:
    """The word, its reasons, and the report of the trace tools (None if nothing could be compared)."""

    word: Word
    reasons: tuple[str, ...]
    report: Report | None
    isolated: tuple[Isolated, ...] = ()
    budgets: tuple[Budget, ...] = ()
    right: Mapping[str, Any] | None = None
    transplants: Sequence[Mapping[str, Any]] = ()
    asks_transplant: bool = False

    @property
    def exit_status(self) -> int:
        """Return the exit status that belongs to the word."""
        return EXIT_STATUS[self.word]

    @property
    def first_divergence(self) -> str | None:
        """Return the first tap outside its bound."""
        return None if self.report is None or self.report.first is None else self.report.first.tap


def write_logs(folder: Path, pair: TracedPair, asked: TraceRequest) -> None:
    """Write both traces, with reciprocal vectors and their tap graph if asked for, and a given floor."""
    for side in SIDES:
        log = pair.sides[side].log
        (folder / trace_name(side)).write_bytes(with_rot_stars(log) if asked.stars else log)
    if asked.stars:
        (folder / GRAPH_NAME).write_text(json_text(star_graph()), encoding="utf-8")
    if asked.floor is not None and asked.floor.is_file():
        shutil.copyfile(asked.floor, folder / FLOOR_NAME)
    if pair.job.tap_map is not None:
        shutil.copyfile(map_path(pair.job.tap_map), folder / MAP_NAME)


def judge_options(folder: Path, asked: TraceRequest) -> Options:
    """Return the options of trace-diff for the traces in a folder."""
    floor = folder / FLOOR_NAME if (folder / FLOOR_NAME).is_file() else asked.floor
    graph = folder / GRAPH_NAME if (folder / GRAPH_NAME).is_file() else None
    names = [None if path is None else str(path) for path in (floor, graph)]
    return Options(asked.rtol, asked.atol, names[0], asked.k, names[1])


def judge_pair(folder: Path, pair: TracedPair, asked: TraceRequest) -> TraceVerdict:
    """Judge the traces in a folder; a changed pixel makes the verdict ERROR: the trace is of another run."""
    try:
        traces = [
            read_stream(io.BytesIO((folder / trace_name(side)).read_bytes()), trace_name(side))
            for side in SIDES
        ]
        options = replace(judge_options(folder, asked), arithmetic=pair.job.arithmetic)
        report = judge(traces[0], traces[1], options)
    except NotComparableError as error:
        return TraceVerdict(Word.NOT_COMPARABLE, (named_within(folder, error),), None)
    except TraceError as error:
        return TraceVerdict(Word.ERROR, (named_within(folder, error),), None)
    isolated = isolate(report.comparison, isolation_words(pair), pair.job.caller)
    shares = budgets(report, isolation_words(pair), pair.job.caller) if asked.budget else ()
    observed = {side: pair.sides[side].observed.text for side in SIDES}
    word, reasons = overruled(report, observed)
    right: Right | None = None
    if asked.right:
        right = who_is_right(report.comparison, isolation_words(pair), pair.job.caller)
    moved: Sequence[Mapping[str, Any]] = ()
    if asked.transplant:
        taps = () if asked.transplant == ALL_TAPS else asked.transplant
        words = isolation_words(pair)
        moved = transplant_data(transplants(report.comparison, words, pair.job.caller, taps, takers(pair)))
    asks = bool(asked.transplant)
    return TraceVerdict(word, reasons, report, isolated, shares, right_data(right), moved, asks)


def overruled(report: Report, observed: Mapping[str, str]) -> tuple[Word, tuple[str, ...]]:
    """Return word and reasons of a report and of the observer checks.

    A pixel that the taps changed makes them those of an error, one that changes behind its last tap a FAIL.
    """
    found = [(side, text) for side, text in observed.items() if text.startswith((CHANGED, BEHIND))]
    reasons = (*(f"observer check, {side}: {text}" for side, text in found), verdict_line(report))
    if any(text.startswith(CHANGED) for _, text in found):
        return Word.ERROR, reasons
    return (Word.FAIL if found and report.verdict is not Word.ERROR else report.verdict), reasons


def named_within(folder: Path, error: Exception) -> str:
    """Return a message that names the files of a folder as they are called in it."""
    text = str(error)
    for name in (str(folder), " ".join(str(folder).split()), printable(str(folder))):
        text = text.replace(f"{name}{os.sep}", "")
    return text


def isolation_words(pair: TracedPair) -> tuple[str, ...]:
    """Return the command line, in the simulator's words, under which taps are recomputed."""
    job = pair.job
    phi = () if job.phi_mode is None else ("--phi-carryover-mode", job.phi_mode)
    quirks = () if job.matched is None else job.matched.quirks
    switches = (word for switch in quirks for word in ("--quirk", switch))
    return ("--parity-mode", job.mode, *switches, *phi, *job.args)


def result_data(pair: TracedPair, verdict: TraceVerdict, asked: TraceRequest) -> dict[str, Any]:
    """Return the content of traces.json: the metrics of trace-diff, with the runs and the observer check."""
    data: dict[str, Any] = {"schema": TRACE_SCHEMA, "first_divergence": None}
    if verdict.report is not None:
        data = metrics(verdict.report)
    data.update(
        {
            "verdict": verdict.word.value,
            "exit_status": verdict.exit_status,
            "reasons": list(verdict.reasons),
            "parity_mode": pair.job.mode,
            "phi_mode": pair.job.phi_mode,
            "arguments": list(pair.job.args),
            "caller": str(pair.job.caller),
            "inputs": input_facts(pair.arguments.inputs),
            "settings": {**pair.job.facts(), **asked.facts()},
            "observer_check": {side: pair.sides[side].observed.text for side in SIDES},
            "isolated": isolation_data(verdict.isolated),
            "budget": budget_data(verdict.budgets),
            "who_is_right": verdict.right,
            "transplant": list(verdict.transplants),
            "runs": {side: pair.sides[side].run.facts() for side in SIDES},
        }
    )
    return data


def write_trace_results(
    folder: Path,
    pair: TracedPair,
    verdict: TraceVerdict,
    asked: TraceRequest,
    environment: Mapping[str, Any],
    command: Sequence[str],
) -> None:
    """Write traces.json, diff.md, commands.txt and env.json beside the logs, and the hashes of all."""
    data = result_data(pair, verdict, asked)
    check_trace(data, TRACES)
    (folder / TRACES).write_text(json_text(data, indent=1), encoding="utf-8")
    programs = {side: dict(pair.sides[side].run.program.provenance) for side in SIDES}
    (folder / ENVIRONMENT).write_text(json_text({**environment, "programs": programs}), encoding="utf-8")
    observed = {side: pair.sides[side].observed.text for side in SIDES}
    (folder / PAGE_NAME).write_text(trace_page(observed, verdict), encoding="utf-8")
    runs = [
        (side.run.program.title, side.run.command, None if side.untraced is None else side.untraced.command)
        for side in (pair.sides[name] for name in SIDES)
    ]
    logs = [trace_name(side) for side in SIDES]
    (folder / COMMANDS).write_text(
        trace_commands(pair.job.caller, command, runs, logs, pair.job.arithmetic), encoding="utf-8"
    )
    (folder / HASHES).write_text(sealed(sha256_lines(folder, files_below(folder))), encoding="utf-8")


def trace_page(observed: Mapping[str, str], verdict: TraceVerdict) -> str:
    """Return the content of diff.md; observed: the observer check of each side in words."""
    checks = [f"- observer check, {side}: {printable(text)}" for side, text in observed.items()]
    if verdict.report is None:
        said = markdown_text(verdict.reasons[0])
        return "\n".join(["# Trace comparison", "", f"**{verdict.word}: {said}**", "", *checks, ""])
    return "\n".join(
        [
            *cause_markdown(verdict.right, verdict.transplants, verdict.reasons),
            markdown(verdict.report),
            "## Observer check",
            "",
            *checks,
            "",
            isolation_markdown(verdict.isolated),
            *([budget_markdown(verdict.budgets)] if verdict.budgets else []),
            *proof_sections(
                verdict.right,
                verdict.transplants if verdict.asks_transplant else None,
                budget_data(verdict.budgets),
            ),
        ]
    )


def trace_commands(
    caller: Path,
    command: Sequence[str],
    runs: Sequence[tuple[str, Sequence[str], Sequence[str] | None]],
    logs: Sequence[str],
    arithmetic: str,
) -> str:
    """Return the commands for copying.

    Args:
        caller: directory that the comparison was called in.
        command: its words.
        runs: title, traced and untraced command (or None) of each side.
        logs: names of both traces.
    """
    lines = ["# the comparison, called in " + printable(shlex.quote(str(caller))), shell_text(command)]
    for title, traced, untraced in runs:
        lines += [f"# {title}, in an empty directory", shell_text(traced)]
        if untraced is not None:
            lines += ["# the same without taps", shell_text(untraced)]
    lines += ["# the comparison of the two logs", shell_text(diff_command(logs[0], logs[1], arithmetic))]
    return "\n".join(lines) + "\n"


def shown_traces(pair: TracedPair, verdict: TraceVerdict, place: str) -> Shown:
    """Return what is printed about traced pixels."""
    report = verdict.report
    lines = [f"result: {reason}" for reason in verdict.reasons]
    lines += matched_lines(pair.job.matched)
    if report is not None:
        first = None if report.first is None else asdict(report.first)
        lines += divergence_line({"first_divergence_record": first})
        lines += [f"cause: {found.tap} {found.context}: c {found.a}, py {found.b}" for found in report.causes]
    counted = f"{len(pair.sides[SIDES[0]].trace)} and {len(pair.sides[SIDES[1]].trace)} records"
    rows = [_side_row(pair, side) for side in SIDES]
    rows += [ShownRow(f"{side}: taps", pair.sides[side].said) for side in SIDES if pair.sides[side].said]
    rows += [ShownRow(f"{side}: observer check", pair.sides[side].observed.text) for side in SIDES]
    if verdict.right is not None:
        rows.append(ShownRow("who is right", f"{verdict.right['verdict']}: {verdict.right['reason']}"))
    if verdict.asks_transplant:
        rows += [ShownRow("transplant", line) for line in transplant_lines(verdict.transplants)]
    rows += [ShownRow("budget", _budget_text(budget)) for budget in verdict.budgets]
    return Shown(NAME, verdict.word, counted, rows, lines, place, _details(pair, verdict))


def matched_lines(match: Match | None) -> list[str]:
    """Return what tiny runs told of a program: the quirks that both sides ran with, and its faults."""
    if match is None:
        return []
    return [f"note: {text}" for text in (match.statement, *match.notes, *match.faults)]


def _side_row(pair: TracedPair, side: str) -> ShownRow:
    traced = pair.sides[side]
    pixels = ", ".join(f"{slow} {fast}" for slow, fast in sorted(traced.trace.pixels())[:MOST_PIXELS])
    return ShownRow(
        f"{side}: {traced.run.program.title}", f"{len(traced.trace)} records; pixels {pixels or 'none'}"
    )


def _details(pair: TracedPair, verdict: TraceVerdict) -> list[ShownRow]:
    mode = pair.job.mode + (f", phi carryover {pair.job.phi_mode}" if pair.job.phi_mode else "")
    rows = [ShownRow("parity mode", mode)]
    rows += [ShownRow(f"{side}: time", f"{pair.sides[side].run.outcome.wall_s:.2f} s") for side in SIDES]
    if verdict.report is not None:
        rows += [ShownRow("bounds", note) for note in verdict.report.comparison.bounds.notes]
    chains = [] if verdict.right is None else verdict.right["chain"]
    rows += [ShownRow(f"{one['side']}: chain", one["text"]) for one in chains]
    wrong = [f"{part.tap} by {' and '.join(part.outside)}" for part in verdict.isolated if part.outside]
    shown = "computed otherwise: " + ", ".join(wrong) if wrong else "none computed otherwise"
    return [*rows, ShownRow("isolated", f"{len(verdict.isolated)} taps recomputed, {shown}")]


def _budget_text(budget: Budget) -> str:
    """Return the shares of a pixel in one line, and what they are worth."""
    slow, fast = budget.pixel
    shares = ", ".join(f"{tap} {share}" for tap, _, _, share in budget_rows(budget))
    return f"{slow} {fast}: I_c - I_py = {budget.difference:.6g}: {shares}; {budget.remark}"
