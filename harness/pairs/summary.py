"""Puts a compared pair into plain data, files and one table; nothing here runs or judges anything."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.contract.files import write_evidence
from harness.files import sha256_lines
from harness.images.compare import ImageComparison, Region
from harness.images.judgement import Rules, bounds_data, reflection_words
from harness.images.metrics import Metrics, OwnScale
from harness.images.pictures import PictureFrame, draw_difference, draw_image, draw_own_difference
from harness.outputs.rows import rows_data
from harness.pairs.coverage import coverage_data, coverage_words
from harness.pairs.pair import PairResult
from harness.pairs.pair_traces import trace_metrics
from harness.shown import MOST_ROWS, Shown, ShownRow, criterion_row, divergence_line
from harness.sides import SIDES
from harness.store.names import COMMANDS, REFLECTIONS, RELATIVE_PICTURE, output_name, trace_name
from harness.store.schema import check_summary
from harness.verdict import State
from system_io.shell import shell_text
from system_io.shown import json_text, printable

SCHEMA = 2


def summary_data(result: PairResult) -> dict[str, Any]:
    """Return everything measured about a pair as plain data, ready for JSON."""
    comparison = result.comparison
    verdict = comparison.verdict
    job = result.job
    rules = comparison.made.rules
    return {
        "schema": SCHEMA,
        "verdict": verdict.word.value,
        "exit_status": verdict.exit_status,
        "reasons": list(verdict.reasons),
        "notes": result.notes,
        "parity_mode": job.mode,
        "arguments": list(job.args),
        "caller": str(job.caller),
        "settings": {**job.facts(), "computed": result.computed()},
        "inputs": [dict(item) for item in result.inputs],
        "asked_region": None if job.roi is None else asdict(job.roi),
        "region": None if comparison.roi is None else asdict(comparison.roi),
        "resampled": comparison.resampled,
        "rules": int(rules),
        "bounds": bounds_data(comparison.bounds, rules),
        "strict_bounds": bounds_data(comparison.made.strict, rules),
        "criteria": [asdict(criterion) for criterion in verdict.criteria],
        "coverage": coverage_data(
            comparison.coverage if comparison.metrics or result.contract else None,
            verdict.criteria, job.args, [run.program for run in result.runs], result.limits,
        ),
        "metrics": None if comparison.metrics is None else asdict(comparison.metrics),
        "reflections": _reflection_data(comparison),
        "peaks": None if comparison.peaks is None else asdict(comparison.peaks),
        "runs": {side: run.facts() for side, run in zip(SIDES, result.runs, strict=False)},
        "traces": None,
        "findings": [asdict(finding) for finding in result.findings],
        **({"outputs": rows_data(result.outputs)} if job.outputs.more else {}),
        **({"contract": dict(result.contract.data)} if result.contract else {}),
    }  # fmt: skip


def _reflection_data(comparison: ImageComparison) -> dict[str, Any] | None:
    if comparison.reflections is None:
        return None
    figures = comparison.reflections.figures
    return {**asdict(figures), "worst_hkl": list(figures.worst_hkl)}


def write_pair_results(
    folder: Path, result: PairResult, environment: Mapping[str, Any], commands: Sequence[str]
) -> None:
    """Write all files of a compared pair into an empty folder.

    Args:
        folder: where they go.
        result: what was run and compared.
        environment: machine and Python (`describe_environment`).
        commands: the words of the command that made the comparison.
    """
    for side, run in zip(SIDES, result.runs, strict=False):
        (folder / f"{side}_stdout.txt").write_bytes(run.stdout)
        (folder / f"{side}_stderr.txt").write_bytes(run.stderr)
        if run.image is not None:
            run.image.tofile(folder / f"{side}_float.bin")
        if run.trace is not None:
            (folder / trace_name(side)).write_bytes(run.trace)
        for name, data in run.files.items():
            (folder / output_name(side, name)).write_bytes(data)
    if result.job.contract is not None:
        write_evidence(folder, result.job.contract, result.evidence)
    write_pictures(folder, result)
    if result.comparison.reflections is not None and result.comparison.reflections.table is not None:
        (folder / REFLECTIONS).write_text(result.comparison.reflections.table.text(), encoding="utf-8")
    (folder / COMMANDS).write_text(command_text(result, commands), encoding="utf-8")
    programs = {side: dict(run.program.provenance) for side, run in zip(SIDES, result.runs, strict=False)}
    (folder / "env.json").write_text(json_text({**environment, "programs": programs}), encoding="utf-8")
    summary = {**summary_data(result), "traces": trace_metrics(folder, result.comparison.made.arithmetic)}
    check_summary(summary, "summary.json")
    (folder / "summary.json").write_text(json_text(summary), encoding="utf-8")
    names = [path.name for path in folder.iterdir()]
    (folder / "sha256.txt").write_text(sha256_lines(folder, names), encoding="utf-8")


def command_text(result: PairResult, commands: Sequence[str]) -> str:
    """Return the commands for copying, a line each, with the inputs by content."""
    caller = printable(shlex.quote(str(result.job.caller)))
    lines = [f"# the comparison, called in {caller}", shell_text(commands)]
    for run in result.runs:
        if run.command:
            lines += [f"# {run.program.title}, in an empty directory", shell_text(run.command)]
        else:
            lines.append(f"# {run.program.title} {printable(shlex.quote(run.program.words[0]))}")
    lines += [f"# input {item['sha256']}  {printable(item['path'])}" for item in result.inputs]
    for source, name in result.arguments.copies:
        names = [printable(shlex.quote(str(one))) for one in (source, name)]
        lines.append(f"# with a copy of {names[0]} as {names[1]} in that directory")
    return "\n".join(lines) + "\n"


def write_pictures(folder: Path, result: PairResult) -> None:
    """Draw the compared regions; without a region to compare, each image by itself and no difference."""
    comparison = result.comparison
    older = comparison.made.rules < Rules.REFLECTIONS
    if comparison.first is not None and comparison.second is not None and comparison.roi is not None:
        images = [comparison.first, comparison.second]
        frame = PictureFrame(comparison.roi.origin, str(comparison.roi), older)
        draw_difference(folder / "diff.png", images[0], images[1], frame)
        if not older:
            bound = comparison.made.strict.own_diff or 0.0
            draw_own_difference(folder / RELATIVE_PICTURE, images[0], images[1], bound, frame)
        frames = [frame, frame]
    else:
        images = [run.image for run in result.runs if run.image is not None and run.image.size]
        frames = [PictureFrame((0, 0), str(Region.whole(image.shape)), older) for image in images]
    tops = [float(image.max(where=image < float("inf"), initial=0.0)) for image in images]
    brightest = max(tops, default=1.0)
    for side, run, image, frame in zip(SIDES, result.runs, images, frames, strict=False):
        draw_image(folder / f"{side}.png", image, f"{run.program.title}, {result.job.mode}", frame, brightest)


def shown_pair(
    summary: Mapping[str, Any], result: PairResult, place: str, differences: Sequence[str]
) -> Shown:
    """Return what is printed about a compared pair.

    Args:
        summary: the content of summary.json.
        result: what was run and compared.
        place: where the files lie.
        differences: what the two sides do not have in common (`harness.pairs.sides`).
    """
    criteria = [criterion_row(criterion) for criterion in summary["criteria"]]
    held = sum(row.state == State.HELD for row in criteria)
    bounded = sum(row.state != State.NOT_ASKED for row in criteria)
    counted = [f"{held} of {bounded} bounds held"] if criteria else []
    covered = coverage_words(summary["coverage"], summary["traces"])
    lines = [f"reason: {reason}" for reason in summary["reasons"]]
    lines += [f"note: {note}" for note in summary["notes"]]
    return Shown(
        command="nb-compare",
        word=summary["verdict"],
        verdict="; ".join([*counted, *covered]),
        rows=criteria,
        lines=[*lines, *divergence_line(summary["traces"])],
        place=place,
        most_rows=MOST_ROWS + len(result.outputs),
        details=[
            *_setting_rows(result),
            *(ShownRow("sides differ", text) for text in differences),
            *_measured_rows(result.comparison),
            *_reflection_rows(result.comparison),
        ],
    )


def _setting_rows(result: PairResult) -> list[ShownRow]:
    rows = [ShownRow("parity mode", result.job.mode)]
    if result.job.matched is not None:
        rows.append(ShownRow("quirks", result.job.matched.statement))
    for side, run in zip(SIDES, result.runs, strict=False):
        peak = run.outcome.peak_bytes
        memory = "" if peak is None else f", {peak / 2**20:.0f} MiB"
        computed = f"; {run.computed}" if run.computed else ""
        kept = "" if run.kept is None else f"; kept result, computed {run.kept}"
        text = f"{run.outcome.wall_s:.2f} s{memory}{computed}{kept}"
        rows.append(ShownRow(f"{side}: {run.program.title}", text))
    if result.comparison.roi is not None:
        rows.append(ShownRow("region", str(result.comparison.roi)))
    return rows


def _measured_rows(comparison: ImageComparison) -> list[ShownRow]:
    if comparison.metrics is None or comparison.peaks is None:
        return []
    return [ShownRow(*cells) for cells in (*_metric_rows(comparison.metrics), *_peak_rows(comparison))]


def _reflection_rows(comparison: ImageComparison) -> list[ShownRow]:
    if comparison.reflections is None:
        return []
    figures = comparison.reflections.figures
    counts = f"{figures.compared} compared, {figures.outside} outside; {reflection_words(figures)}"
    return [ShownRow("reflections", counts)]


def _metric_rows(m: Metrics) -> list[tuple[str, str]]:
    close = sum(b.count for b in m.ulp_histogram if b.high is not None and b.high <= 1)
    bright = ", ".join(f"{q:g}: {value:.2e}" for q, value in m.bright_relative_diff)
    return [
        ("pixels compared", f"{m.pixels}"),
        ("sums", f"{m.sum_first:.10g}, {m.sum_second:.10g}"),
        ("first maximum [slow, fast]", f"{m.max_first:.8g} {list(m.max_first_at)}"),
        ("second maximum [slow, fast]", f"{m.max_second:.8g} {list(m.max_second_at)}"),
        *_own_rows(m.own),
        ("rmse", f"{m.rmse:.4g}"),
        ("max |diff| [slow, fast]", f"{m.max_abs_diff:.4g} {list(m.max_abs_diff_at)}"),
        ("bitwise equal", f"{100.0 * m.bitwise_equal_fraction:.4f} %"),
        ("within 1 ULP", f"{100.0 * close / m.pixels:.4f} %"),
        (f"relative diff, {m.bright_pixels} bright pixels, at quantile", bright or "-"),
    ]


def _own_rows(own: OwnScale | None) -> list[tuple[str, str]]:
    if own is None:
        return []
    worst = f"{own.worst:.3g} {list(own.worst_at)}"
    return [
        ("pixels outside", f"{own.outside} of {own.pixels}"),
        ("worst of its own value [slow, fast]", worst),
    ]


def _peak_rows(comparison: ImageComparison) -> list[tuple[str, str]]:
    peaks = comparison.peaks
    if peaks is None or not peaks.compared:
        return [("peaks", "none on either side: not compared")]
    farthest = "-" if peaks.max_distance_px is None else f"{peaks.max_distance_px:.3g} px"
    counts = f"{peaks.count_first} and {peaks.count_second} above {peaks.floor:.4g}, {peaks.matched} matched"
    return [("peaks", f"{counts}, farthest {farthest}")]
