"""Runs a trace comparison again and says whether the traces, the verdict and the budgets come out again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from harness.probing.match import Match
from harness.recorded.rerun import Chosen, Inputs, Replayed, changed_program, time_limit_s
from harness.sides import SIDES
from harness.store.names import trace_name
from harness.store.stated import differing
from harness.tracing.bundle import FLOOR_NAME, MAP_NAME, TracePart
from harness.tracing.job import TraceJob, run_traced_pair
from harness.tracing.results import TraceRequest, judge_pair, result_data, write_logs
from system_io.children import temporary_folder
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import read_stream

DERIVED = ("budget", "isolated", "who_is_right", "transplant")
"""What follows from the logs and the inputs, and cannot be verified without the simulator."""


def replay_trace(part: TracePart, inputs: Inputs, chosen: Chosen) -> Replayed:
    """Trace the pixels of a folder again.

    A trace that is not byte for byte the recorded one is compared with it as two programs are.

    Raises:
        BundleError: an input file is nowhere, or a program has changed.
    """
    job, asked = _job(part, inputs, chosen)
    pair = run_traced_pair(job)
    with temporary_folder("nb-replay") as scratch:
        write_logs(Path(scratch), pair, asked)
        verdict = judge_pair(Path(scratch), pair, asked)
        logs = [(Path(scratch) / trace_name(side)).read_bytes() for side in SIDES]
    word, lines = Word.PASS, []
    for side, before, after in zip(SIDES, part.log_bytes, logs, strict=True):
        one, text = _compare(before, after, part.log_name(side))
        word = max(word, one, key=lambda w: EXIT_STATUS[w])
        lines.append(f"{side}: {text}")
    lines.append(f"verdict: recorded {part.data['verdict']}, now {verdict.word}")
    fresh = result_data(pair, verdict, asked)
    derived = [text for key in DERIVED for text in differing(fresh[key], part.data.get(key), key)]
    lines += [text.replace("the raw files give", "now", 1) for text in derived]
    for side in SIDES:
        recorded = part.data["runs"][side]["provenance"]
        lines += changed_program(side, recorded, pair.sides[side].run.program.provenance)
    changed = verdict.word != part.data["verdict"] or bool(derived and part.log_bytes == tuple(logs))
    return Replayed(part.mode, Word.FAIL if changed else word, tuple(lines))


def _job(part: TracePart, inputs: Inputs, chosen: Chosen) -> tuple[TraceJob, TraceRequest]:
    data: Any = part.data
    asked = data["settings"]
    first, second = (chosen.program(data["runs"][side]["provenance"], side) for side in SIDES)
    job = TraceJob(
        first=first,
        second=second,
        args=inputs.arguments(data),
        caller=inputs.caller,
        pixels=tuple((slow, fast) for slow, fast in asked["pixels"]),
        roi=None if asked["roi"] is None else tuple(asked["roi"]),
        mode=data["parity_mode"],
        phi_mode=data["phi_mode"],
        dtype=asked["dtype"],
        device=asked["device"],
        level=asked["level"],
        observer_check=asked["observer_check"],
        timeout_s=time_limit_s(asked),
        threads=asked.get("threads", 1),
        determinism=asked.get("determinism", False),
        schema=asked.get("schema", 1),
        matched=Match.of(asked.get("matched")),
        tap_map=None if asked.get("tap_map") is None else str(part.folder / MAP_NAME),
        map_chosen=asked.get("map_chosen", False),
    )
    floor = part.folder / FLOOR_NAME
    kept = {key: asked[key] for key in ("rtol", "atol", "k", "stars", "budget")}
    kept |= {"right": asked.get("right", False), "transplant": tuple(asked.get("transplant", ()))}
    return job, TraceRequest(**kept, floor=floor if floor.is_file() else None)


def _compare(before: bytes, after: bytes, name: str) -> tuple[Word, str]:
    if before == after:
        return Word.PASS, "byte for byte the recorded trace"
    try:
        recorded, now = (read_stream(io.BytesIO(content), name) for content in (before, after))
        report = judge(recorded, now)
    except (NotComparableError, TraceError) as error:
        return Word.NOT_COMPARABLE, f"cannot be compared with the recorded trace: {error}"
    where = (
        "within the bounds of the recorded trace"
        if report.first is None
        else f"differs at {report.first.tap}"
    )
    return report.verdict, f"not byte for byte: {where}"
