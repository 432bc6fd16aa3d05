"""Runs the gates of the acceptance plan: a bundle for each, and a closing statement."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from golden_suite_generator.cases import authoritative_words
from golden_suite_generator.inputs.write import CRYSTAL_FILES
from harness.gates.figures import Setting
from harness.gates.table import Gate, closing_figures, judged_gate
from harness.images.compare import Roi
from harness.images.pair import PairJob, run_pair
from harness.images.part import Part
from harness.images.sides import check_sides
from harness.images.summary import write_results
from harness.programs.environment import describe_environment
from harness.programs.programs import MODES, Program
from harness.programs.watching import Watch, nobody, watching
from harness.store.bundle import BundleWriter
from harness.store.ci import markdown
from harness.store.find import CLOSING_KIND, GATE_KIND
from harness.store.names import COMMANDS, ENVIRONMENT, STATEMENT, STATEMENT_PAGE
from harness.store.schema import BUNDLE_SCHEMA
from system_io.shell import shell_text
from system_io.shown import json_text, printable

INITIATIVE = "gates"
CLOSING = "summary"
PLAN_ROI = Roi(100, 156, 100, 156)
BUILT_IN_ROI = Roi(900, 956, 900, 956)
AROUND_PX = 30
TRACE_BLOCKS = ((684, 686, 1039, 1040), (1039, 1040, 684, 686))
PASS_STATUS = 0
STATEMENT_SCHEMA = "nb-gates 1"


@dataclass(frozen=True)
class Plan:
    """What the gates run on: programs, command line, where to look, and the words that call it again."""

    first: Program
    second: Program
    args: tuple[str, ...]
    command: tuple[str, ...]
    label: str
    roi: Roi = PLAN_ROI
    blocks: tuple[tuple[int, int, int, int], ...] = TRACE_BLOCKS
    timeout_s: float = 1800.0
    dtype: str | None = None
    device: str | None = None

    def job(self, mode: str) -> PairJob:
        """Return the comparison in one parity mode, with the pixels to trace."""
        return PairJob(
            self.first, self.second, (*self.args, *traced_blocks(self.blocks)), Path.cwd(), mode, self.dtype,
            self.device, timeout_s=self.timeout_s,
        )  # fmt: skip


def run_gates(
    plan: Plan, gates: Sequence[Gate], reports: Path, *, gradients: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Run gates in order, write a bundle for each and the closing one.

    Args:
        plan: what to run on.
        gates: which gates.
        reports: the root of all bundles.
        gradients: whether to compare the gradients, too.

    Returns:
        The closing bundle and its statement (the content of gates.json).
    """
    made: dict[str, Path] = {}
    environment = describe_environment(os.environ) | {
        "sides": check_sides(plan.job(MODES[0])),
        "programs": {"c": dict(plan.first.provenance), "py": dict(plan.second.provenance)},
    }
    rows = [run_gate(plan, gate, reports, made, environment) for gate in gates]
    if gradients:
        from harness.gates.gradients import run_gradient_gate

        rows.append(run_gradient_gate(plan, reports, environment))
    writer = BundleWriter.start(reports, INITIATIVE, CLOSING)
    statement = closing_statement(rows, plan, environment, writer.created)
    writer.add_text(STATEMENT, json_text(statement))
    writer.add_text(STATEMENT_PAGE, gates_page(statement))
    writer.add_text(ENVIRONMENT, json_text(environment | {"created": writer.created}))
    writer.add_text(COMMANDS, shell_text(plan.command) + "\n")
    metrics = frame(plan, environment, writer.created) | closing_metrics(statement)
    return writer.finish(metrics), statement


def closing_metrics(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the closing bundle's metrics say of its statement."""
    rows = statement["gates"]
    worst = max(rows, key=lambda row: row["exit_status"])
    return {
        "kind": CLOSING_KIND,
        "title": f"{len(rows)} gates on {statement['data']}",
        **{key: worst[key] for key in ("verdict", "exit_status", "first_divergence", "causal_taps")},
        "reasons": [f"{row['settings']['gate']}: {reason}" for row in rows for reason in row["reasons"]],
        "parts": [],
        "figures": closing_figures(rows),
        "settings": {"bundles": [row["bundle"] for row in rows]},
    }


def frame(plan: Plan, environment: Mapping[str, Any], created: str) -> dict[str, Any]:
    """Return what the metrics of all bundles of one call have in common."""
    return {
        "schema": BUNDLE_SCHEMA,
        "created": created,
        "command": list(plan.command),
        "commit": (environment["git"] or {}).get("commit"),
        "notes": list(environment["sides"]["differences"]),
    }


def run_gate(
    plan: Plan, gate: Gate, reports: Path, made: dict[str, Path], environment: Mapping[str, Any]
) -> dict[str, Any]:
    """Run one gate into a bundle; pairs that an earlier gate made are taken over.

    Returns:
        The metrics of the bundle, and its path relative to `reports` as 'bundle'.
    """
    writer = BundleWriter.start(reports, INITIATIVE, gate.id)
    with watching(title=gate.id) as watch:
        for mode in MODES:
            if mode in made:
                writer.link_folder(mode, made[mode])
                continue
            with writer.folder(mode) as folder:
                write_pair(plan, mode, folder, environment, watch)
            made[mode] = writer.path / mode
        parts = [Part.load(writer.path / mode) for mode in MODES]
        setting = Setting(plan.roi, around_brightest(parts[0]))
        judged = judged_gate(gate, parts, setting)
    writer.add_text("env.json", json_text({**environment, "created": writer.created}))
    writer.add_text("commands.txt", gate_commands(plan.command, gate, parts))
    metrics = frame(plan, environment, writer.created)
    metrics |= judged | gate_facts(gate, parts, setting, metrics["notes"])
    metrics["settings"]["data"] = plan.label
    path = writer.finish(metrics)
    return {**metrics, "bundle": path.relative_to(reports.absolute()).as_posix()}


def gate_facts(gate: Gate, parts: Sequence[Part], setting: Setting, notes: Sequence[str]) -> dict[str, Any]:
    """Return what the metrics of a gate say besides its judgement; notes: on how the two sides differ."""
    beyond = beyond_plan(parts[0].summary["arguments"], setting.roi)
    return {
        "kind": GATE_KIND,
        "title": f"{gate.id} {gate.title}",
        "parts": list(MODES),
        "settings": {"gate": gate.id, **setting.data()},
        "notes": [*notes, *beyond],
    }


def write_pair(
    plan: Plan, mode: str, folder: Path, environment: Mapping[str, Any], watch: Watch = nobody
) -> None:
    """Run both programs in one parity mode and write the result folder."""
    job = plan.job(mode)
    words = compare_words(mode, job.args, job.dtype, job.device)
    write_results(folder, run_pair(job, watch), environment, words)


def around_brightest(part: Part) -> Roi:
    """Return the region of `AROUND_PX` pixels on each side of the first image's maximum."""
    if part.failed:
        return Roi(0, 0, 0, 0)
    image = part.first
    slow, fast = (int(place) for place in np.unravel_index(int(np.nanargmax(image)), image.shape))
    square = Roi(fast - AROUND_PX, fast + AROUND_PX, slow - AROUND_PX, slow + AROUND_PX)
    return square.clipped(image.shape)


def compare_words(mode: str, args: Sequence[str], dtype: str | None, device: str | None) -> list[str]:
    """Return the command that makes one of the comparisons of a gate."""
    chosen = (("--dtype", dtype), ("--device", device))
    settings = [word for option, value in chosen if value is not None for word in (option, value)]
    return ["nb-compare", "--parity-mode", mode, *settings, "--", *args]


def gate_commands(command: Sequence[str], gate: Gate, parts: Sequence[Part]) -> str:
    """Return the commands of a gate for copying, and its inputs by content hash."""
    lines = ["# the gate", shell_text([*command, "--only", gate.id] if command else [])]
    for part in parts:
        settings = part.summary["settings"]
        words = compare_words(part.mode, part.summary["arguments"], settings["dtype"], settings["device"])
        lines += [f"# its comparison in parity mode {part.mode}", shell_text(words)]
    inputs = {(item["sha256"], printable(item["path"])) for part in parts for item in part.summary["inputs"]}
    return "\n".join([*lines, *(f"# input {digest}  {path}" for digest, path in sorted(inputs))]) + "\n"


def beyond_plan(args: Sequence[str], roi: Roi) -> list[str]:
    """Return in words where a gate looks at something else than the acceptance plan does.

    Args:
        args: the command line of its comparisons, with the pixels to trace.
        roi: its region.
    """
    words = [Path(word).name if Path(word).name in CRYSTAL_FILES else word for word in args]
    plan = [*authoritative_words(), *traced_blocks(TRACE_BLOCKS)]
    found = []
    if words != [word.rpartition("/")[2] for word in plan]:
        found.append("the command line or the traced pixels are not those of the acceptance plan")
    if roi != PLAN_ROI:
        found.append(f"the region is {roi}, in the acceptance plan {PLAN_ROI}")
    return found


def traced_blocks(blocks: Sequence[tuple[int, int, int, int]]) -> list[str]:
    """Return the options that trace some blocks of pixels."""
    return [word for block in blocks for word in ("-trace_roi", *map(str, block))]


def closing_statement(
    rows: Sequence[Mapping[str, Any]], plan: Plan, environment: Mapping[str, Any], created: str
) -> dict[str, Any]:
    """Return the content of gates.json: verdict, first red gate, figures, bounds, bundles, commit."""
    return {
        "schema": STATEMENT_SCHEMA,
        "created": created,
        "data": plan.label,
        **closing_judgement(rows),
        "git": environment["git"],
        "command": list(plan.command),
        "gates": list(rows),
    }


def closing_judgement(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what follows from the metrics of all gates."""
    red = [row for row in rows if row["exit_status"] != PASS_STATUS]
    return {
        "verdict": max(rows, key=lambda row: row["exit_status"])["verdict"],
        "exit_status": max(row["exit_status"] for row in rows),
        "first_red_gate": red[0]["settings"]["gate"] if red else None,
        "first_divergence": next((r["first_divergence"] for r in rows if r["first_divergence"]), None),
        "causal_taps": list(dict.fromkeys(tap for row in rows for tap in row["causal_taps"])),
    }


def gates_page(statement: Mapping[str, Any]) -> str:
    """Return the content of gates.md."""
    git = statement["git"] or {"commit": "not a checkout", "dirty": False}
    red = statement["first_red_gate"]
    lines = [
        "",
        f"Verdict: **{statement['verdict']}**, data: {statement['data']}, {statement['created']}",
        "",
        f"Commit: {git['commit']}{' with changes' if git['dirty'] else ''}",
        "",
        f"First red gate: {red or 'none'}; first divergence: {statement['first_divergence'] or 'null'}; "
        f"causal taps: {', '.join(statement['causal_taps']) or 'none'}",
        "",
        *(f"- {row['settings']['gate']}: bundle {row['bundle']}" for row in statement["gates"]),
    ]
    return markdown(statement["gates"], "Gates") + "\n".join(lines) + "\n"
