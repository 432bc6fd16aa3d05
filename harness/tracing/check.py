"""Checks of a result folder of trace-harness: metrics, page and commands against its two logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.pairs.pair_traces import as_stated
from harness.probing.match import Match
from harness.programs.arguments import detector_shape
from harness.programs.programs import Program
from harness.programs.run import OUTPUT_WORDS
from harness.programs.side_words import side_words
from harness.recorded.pixels import CUTTING, PREFIXES, block_of
from harness.recorded.restated import called, contradictions, own_words, stated_arguments, stated_program
from harness.sides import SIDES
from harness.store.names import COMMANDS, ENVIRONMENT
from harness.store.schema import TRACE
from harness.store.stated import commands_of, differing, environment_of, text_faults
from harness.store.untrusted import BROKEN, BundleFault
from harness.tracing.bundle import FLOOR_NAME, GRAPH_NAME, MAP_NAME, PAGE_NAME, TracePart
from harness.tracing.job import BEHIND, CHANGED, EQUAL, NOT_DONE, TraceJob
from harness.tracing.options import NAME, parse_options
from system_io.shown import json_text
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.debugger.tap_map import load_map
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.judge import Options, judge
from trace_tools.judging.noise_floor import FALLBACK_BOUND
from trace_tools.judging.render import metrics
from trace_tools.reading.trace_file import TraceLog
from trace_tools.schema import TRACE_SCHEMA

ASKED_AS = {"rtol": "rtol", "atol": "atol", "k": "k", "stars": "emit_rot_stars", "budget": "budget",
            "right": "who_is_right", "dtype": "dtype", "device": "device", "level": "level",
            "tap_map": "tap_map"}  # fmt: skip
"""Settings, and the options of trace-harness that set them."""


def trace_faults(part: TracePart) -> Iterator[BundleFault]:
    """Derive everything again that the logs of a trace comparison give."""
    try:
        traces = _traces(part)
        yield from _said(part.data_name, part.budget_faults())
        yield from _judgement_faults(part)
        yield from _said(part.data_name, _log_faults(part, traces))
        yield from _said(part.data_name, _run_faults(part))
        yield from _command_faults(part)
        yield from _said(ENVIRONMENT, _environment_faults(part))
        yield from _graph_faults(part)
        yield from _map_faults(part)
    except BROKEN as error:
        yield BundleFault(part.data_name, f"the figures cannot be derived again: {error!r}")


def _said(name: str, texts: Sequence[str]) -> list[BundleFault]:
    return [BundleFault(name, text) for text in texts]


def _traces(part: TracePart) -> tuple[TraceLog, TraceLog] | None:
    try:
        return part.traces()
    except TraceError:
        return None


def _judgement_faults(part: TracePart) -> Iterator[BundleFault]:
    """Return where word, reasons, budgets, isolated differences or the page are not what the logs give."""
    from harness.tracing.results import TraceVerdict, named_within, overruled, trace_page

    data: Mapping[str, Any] = part.data
    isolated, budgets = _isolated(data["isolated"]), _budgets(data["budget"])
    fresh: dict[str, Any]
    try:
        report = judge(*part.traces(), stated_options(part))
        word, reasons = overruled(report, data["observer_check"])
        verdict = TraceVerdict(word, reasons, report, isolated, budgets, data.get("who_is_right"),
                               data.get("transplant", ()),
                               bool(data["settings"].get("transplant")))  # fmt: skip
        fresh = as_stated(metrics(report), data)
    except (NotComparableError, TraceError) as error:
        word = Word.NOT_COMPARABLE if isinstance(error, NotComparableError) else Word.ERROR
        verdict = TraceVerdict(word, (named_within(part.folder, error),), None)
        fresh = {"schema": TRACE_SCHEMA, "first_divergence": None}
        if isolated or budgets:
            yield BundleFault(
                part.data_name, "isolated or budget: there are some, though nothing was compared"
            )
    fresh |= {"verdict": verdict.word.value, "exit_status": EXIT_STATUS[verdict.word]}
    fresh |= {"reasons": list(verdict.reasons)}
    found = [text for key in fresh for text in differing(fresh[key], data.get(key), key)]
    yield from _said(part.data_name, found)
    strange = sorted(data.keys() - fresh.keys() - TRACE.keys())
    yield from _said(part.data_name, [f"{name}: no such figure comes from the traces" for name in strange])
    yield from _said(part.data_name, _derived_faults(part, isolated, budgets))
    text = trace_page(data["observer_check"], verdict)
    yield from _said(PAGE_NAME, text_faults(part.folder / PAGE_NAME, text))


def stated_options(part: TracePart) -> Options:
    """Return the options that the logs of a folder were judged with."""
    asked, there = part.data["settings"], {}
    for key, name in (("floor", FLOOR_NAME), ("graph", GRAPH_NAME)):
        there[key] = str(part.folder / name) if (part.folder / name).is_file() else None
    return Options(asked["rtol"], asked["atol"], there["floor"], asked["k"], there["graph"],
                   arithmetic=_job(part).arithmetic)  # fmt: skip


def _isolated(rows: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    from harness.tracing.isolate import Isolated

    return tuple(
        Isolated(
            str(row["tap"]), int(row["records"]),
            *(float(row[key]) for key in ("accumulated", "isolated_c", "isolated_py", "bound")),
        )
        for row in rows
    )  # fmt: skip


def _budgets(rows: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    from harness.tracing.budget import Budget, BudgetItem

    return tuple(
        Budget(
            tuple(row["pixel_slow_fast"]), row["photons_c"], row["photons_py"],
            tuple(BudgetItem(**{key: tap[key] for key in tap.keys() - {"share"}}) for tap in row["taps"]),
            tuple(row["one_side_only"]),
        )
        for row in rows
    )  # fmt: skip


def _derived_faults(part: TracePart, isolated: tuple[Any, ...], budgets: tuple[Any, ...]) -> list[str]:
    """Return where shares, remarks, bounds or sides are not what the differences beside them give."""
    from harness.tracing.budget import budget_data
    from harness.tracing.isolate import RULES, isolation_data

    data = part.data
    found = differing(isolation_data(isolated), data["isolated"], "isolated")
    found += differing(budget_data(budgets), data["budget"], "budget")
    taps = data.get("taps", {})
    for row in isolated:
        least = max(FALLBACK_BOUND, taps.get(row.tap, {}).get("bound", 0.0))
        known = row.tap in RULES or row.tap == "hkl_frac"
        found += [] if known else [f"isolated: {row.tap!r:.60} is not recomputed"]
        found += differing(least, row.bound, f"isolated: bound of {row.tap}")
    if budgets and not data["settings"]["budget"]:
        found.append("budget: there is one, though none was asked for")
    if data.get("transplant") and not data["settings"].get("transplant"):
        found.append("transplant: there is one, though none was asked for")
    if data.get("who_is_right") is not None and not data["settings"].get("right", False):
        found.append("who_is_right: there is a verdict, though none was asked for")
    pixels = [budget.pixel for budget in budgets]
    return found if len(set(pixels)) == len(pixels) else [*found, "budget: a pixel is there twice"]


def _log_faults(part: TracePart, traces: tuple[TraceLog, TraceLog] | None) -> list[str]:
    """Return where a log is of another program, or of other pixels than were asked for."""
    if traces is None:
        return []
    data, found = part.data, []
    asked = {(slow, fast) for slow, fast in data["settings"]["pixels"]}
    if data["settings"]["roi"] is not None:
        asked |= block_of(*data["settings"]["roi"])
    for side, trace in zip(SIDES, traces, strict=True):
        name, there = part.log_name(side), trace.pixels()
        prefix = PREFIXES.get(stated_program(data["runs"][side]["provenance"]).kind, trace.prefix)
        if trace.prefix != prefix:
            found.append(f"{name} is a trace of {trace.prefix}, not of {prefix}")
        if there - asked or (asked - there and not CUTTING & set(data["arguments"])):
            found.append(f"{name}: its pixels are not those that were asked for")
        found += _observer_faults(data, side, len(there))
    return found


def _observer_faults(data: Mapping[str, Any], side: str, pixels: int) -> list[str]:
    said = data["observer_check"][side]
    wanted = f"{pixels}{EQUAL}" if data["settings"]["observer_check"] else NOT_DONE
    if said == wanted or (data["settings"]["observer_check"] and said.startswith((BEHIND, CHANGED))):
        return []
    return [f"observer_check.{side}: states {said!r:.80}, must be {wanted!r}"]


def _job(part: TracePart) -> TraceJob:
    data: Any = part.data
    asked = data["settings"]
    first, second = (stated_program(data["runs"][side]["provenance"]) for side in SIDES)
    return TraceJob(
        first, second, tuple(data["arguments"]), Path(data["caller"]),
        tuple((slow, fast) for slow, fast in asked["pixels"]),
        None if asked["roi"] is None else tuple(asked["roi"]), data["parity_mode"], data["phi_mode"],
        asked["dtype"], asked["device"], asked["level"], asked["observer_check"], asked["timeout_s"],
        asked.get("threads", 1), asked.get("determinism", False), asked.get("schema", 1),
        Match.of(asked.get("matched")),
        asked.get("tap_map"), map_chosen=asked.get("map_chosen", False),
    )  # fmt: skip


def _words(part: TracePart, job: TraceJob, side: str) -> tuple[Program, list[str], list[str]]:
    """Return the program of a side, and the words it was called with to trace and not to."""
    program = job.first if side == SIDES[0] else job.second
    told = side_words(stated_arguments(part.data), {side: program})[side].arguments
    rest = (*told.words, *OUTPUT_WORDS, *told.last)
    plain_words, looking = job.setting_words(side), job.looking_words(side, part.log_name(side))
    extra = looking[len(plain_words) :]
    asked = {job.mode, job.dtype, job.device}
    stated = part.data["runs"][side]["command"]
    traced = called(program, plain_words, (*extra, *rest), stated, asked)
    settings = traced[len(program.words) : len(traced) - len(extra) - len(rest)]
    return program, list(traced), [*program.words, *settings, *rest]


def _run_faults(part: TracePart) -> list[str]:
    """Return where a run is not the one that was asked for, or is said to have failed."""
    found = differing(sorted(SIDES), sorted(part.data["runs"]), "runs")
    job = _job(part)
    shape = detector_shape(part.data["arguments"])
    for side in SIDES:
        run = part.data["runs"][side]
        program, traced, _ = _words(part, job, side)
        fresh = {
            "title": program.title, "command": traced, "exit_status": 0, "signal": None, "timed_out": False,
            "failure": None, "shape_slow_fast": run["shape_slow_fast"] if shape is None else list(shape),
        }  # fmt: skip
        found += [text for key in fresh for text in differing(fresh[key], run[key], f"runs.{side}.{key}")]
        found += [] if run["image_sha256"] else [f"runs.{side}: has no image"]
    stated = [item["path"] for item in part.data["inputs"]]
    return [*found, *differing([str(path) for path in stated_arguments(part.data).inputs], stated, "inputs")]


def _command_faults(part: TracePart) -> Iterator[BundleFault]:
    """Return where commands.txt names other commands than the metrics do."""
    from harness.tracing.results import trace_commands

    job, path = _job(part), part.folder / COMMANDS
    words = commands_of(path)
    runs = []
    for side in SIDES:
        program, traced, plain = _words(part, job, side)
        runs.append((program.title, traced, plain if job.observer_check else None))
    logs = [part.log_name(side) for side in SIDES]
    text = trace_commands(job.caller, words, runs, logs, job.arithmetic)
    yield from _said(COMMANDS, text_faults(path, text))
    yield from _said(COMMANDS, _option_faults(part, words))


def _option_faults(part: TracePart, words: Sequence[str]) -> list[str]:
    found = own_words(words, NAME)
    if found is None:
        return [f"line 2: {words[:1]} makes no trace comparison"]
    own, args = found
    options, data = parse_options(own), part.data
    asked = data["settings"]
    stated = {key: asked.get(key) for key in ASKED_AS}
    stated["right"] = asked.get("right", False)
    fresh = {key: getattr(options, name) for key, name in ASKED_AS.items()}
    stated |= {"observer_check": asked["observer_check"], "phi_mode": data["phi_mode"], "roi": asked["roi"]}
    fresh |= {"observer_check": not options.no_observer_check, "phi_mode": options.phi_mode}
    if asked.get("map_chosen") and options.choose_map and options.tap_map is None:
        fresh["tap_map"] = stated["tap_map"]
    stated["transplant"], fresh["transplant"] = asked.get("transplant", []), list(options.transplant)
    fresh |= {"roi": options.roi, "floor": options.floor is not None}
    stated["floor"] = (part.folder / FLOOR_NAME).is_file()
    stated["matched quirks"] = asked.get("matched") is not None
    fresh["matched quirks"] = stated["matched quirks"] and options.match_quirks and not options.parity_mode
    if options.worst is None:
        stated["pixels"] = asked["pixels"]
        fresh["pixels"] = [list(pixel) for pixel in dict.fromkeys(map(tuple, options.pixel))]
    if args:
        stated["arguments"], fresh["arguments"] = data["arguments"], args
    if options.folder is not None:
        inherited = [key for key in ("dtype", "device") if fresh[key] is None]
        fresh |= {key: stated[key] for key in inherited}
    if options.parity_mode or options.folder is None:
        stated["parity mode"], fresh["parity mode"] = data["parity_mode"], options.parity_mode or job_mode()
    return contradictions(fresh, stated, part.data_name)


def job_mode() -> str:
    """Return the parity mode of a comparison that names none."""
    return str(TraceJob.mode)


def _environment_faults(part: TracePart) -> list[str]:
    programs = {side: run["provenance"] for side, run in part.data["runs"].items()}
    return differing(programs, environment_of(part.folder).get("programs"), "programs")


def _graph_faults(part: TracePart) -> Iterator[BundleFault]:
    """Return where the tap graph is not the one that reciprocal vectors need."""
    from harness.tracing.rot_stars import star_graph

    path = part.folder / GRAPH_NAME
    if path.is_file() != part.data["settings"]["stars"]:
        yield BundleFault(GRAPH_NAME, "is there or missing against settings.stars")
    elif path.is_file():
        yield from _said(GRAPH_NAME, text_faults(path, json_text(star_graph())))


def _map_faults(part: TracePart) -> Iterator[BundleFault]:
    """Return where the tap map of a debugger is missing, or is none."""
    path, named = part.folder / MAP_NAME, part.data["settings"].get("tap_map")
    if path.is_file() != (named is not None):
        yield BundleFault(MAP_NAME, "is there or missing against settings.tap_map")
    elif named is not None:
        try:
            load_map(str(path))
        except TraceError as error:
            yield BundleFault(MAP_NAME, str(error))
