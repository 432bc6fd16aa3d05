"""Runs the gates of the acceptance plan: a bundle for each, and a closing statement."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from harness.bundle import BundleWriter
from harness.bundle_find import CLOSING_KIND, GATE_KIND, STATEMENT
from harness.ci import markdown
from harness.compare import Roi
from harness.environment import describe_environment
from harness.files import json_text
from harness.gate_figures import Setting
from harness.gate_table import Gate, closing_figures, judged_gate
from harness.pair import PairJob, run_pair
from harness.part import Part
from harness.programs import MODES, Program
from harness.schema import BUNDLE_SCHEMA
from harness.sides import check_sides
from harness.summary import write_results

INITIATIVE = "gates"
CLOSING = "summary"
PLAN_ROI = Roi(100, 156, 100, 156)
BUILT_IN_ROI = Roi(900, 956, 900, 956)
AROUND_PX = 30
TRACE_BLOCKS = ((684, 686, 1039, 1040), (1039, 1040, 684, 686))
PASS_STATUS = 0


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
        words = [word for block in self.blocks for word in ("-trace_roi", *map(str, block))]
        return PairJob(
            self.first, self.second, (*self.args, *words), Path.cwd(), mode, self.dtype, self.device,
            timeout_s=self.timeout_s,
        )  # fmt: skip

    def compare_words(self, mode: str, args: Sequence[str]) -> list[str]:
        """Return the command that makes one of the comparisons."""
        chosen = (("--dtype", self.dtype), ("--device", self.device))
        settings = [word for option, value in chosen if value is not None for word in (option, value)]
        return ["nb-compare", "--parity-mode", mode, *settings, "--", *args]


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
        from harness.gate_gradients import run_gradient_gate

        rows.append(run_gradient_gate(plan, reports, environment))
    writer = BundleWriter.start(reports, INITIATIVE, CLOSING)
    statement = closing_statement(rows, plan, environment, writer.created)
    writer.add_text(STATEMENT, json_text(statement))
    writer.add_text("gates.md", gates_page(statement))
    writer.add_text("env.json", json_text(environment | {"created": writer.created}))
    writer.add_text("commands.txt", shlex.join(plan.command) + "\n")
    worst = max(rows, key=lambda row: row["exit_status"])
    metrics = frame(plan, environment, writer.created) | {
        "kind": CLOSING_KIND,
        "title": f"{len(rows)} gates on {plan.label}",
        **{key: worst[key] for key in ("verdict", "exit_status", "first_divergence", "causal_taps")},
        "reasons": [f"{row['settings']['gate']}: {reason}" for row in rows for reason in row["reasons"]],
        "parts": [],
        "figures": closing_figures(rows),
        "settings": {"bundles": [row["bundle"] for row in rows]},
    }
    return writer.finish(metrics), statement


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
    with Console(stderr=True).status(f"{gate.id}: {gate.title}"):
        for mode in MODES:
            if mode in made:
                writer.link_folder(mode, made[mode])
                continue
            with writer.folder(mode) as folder:
                write_pair(plan, mode, folder, environment)
            made[mode] = writer.path / mode
        parts = [Part.load(writer.path / mode) for mode in MODES]
        setting = Setting(plan.roi, around_brightest(parts[0]))
        judged = judged_gate(gate, parts, setting)
    writer.add_text("env.json", json_text({**environment, "created": writer.created}))
    writer.add_text("commands.txt", gate_commands(plan, gate, parts))
    settings = {"gate": gate.id, "data": plan.label, **setting.data()}
    metrics = frame(plan, environment, writer.created) | judged | {
        "kind": GATE_KIND, "title": f"{gate.id} {gate.title}", "parts": list(MODES), "settings": settings,
    }  # fmt: skip
    path = writer.finish(metrics)
    return {**metrics, "bundle": path.relative_to(reports.absolute()).as_posix()}


def write_pair(plan: Plan, mode: str, folder: Path, environment: Mapping[str, Any]) -> None:
    """Run both programs in one parity mode and write the result folder."""
    job = plan.job(mode)
    write_results(folder, run_pair(job), environment, plan.compare_words(mode, job.args))


def around_brightest(part: Part) -> Roi:
    """Return the region of `AROUND_PX` pixels on each side of the first image's maximum."""
    if part.failed:
        return Roi(0, 0, 0, 0)
    image = part.first
    slow, fast = (int(place) for place in np.unravel_index(int(np.nanargmax(image)), image.shape))
    square = Roi(fast - AROUND_PX, fast + AROUND_PX, slow - AROUND_PX, slow + AROUND_PX)
    return square.clipped(image.shape)


def gate_commands(plan: Plan, gate: Gate, parts: Sequence[Part]) -> str:
    """Return the commands of a gate for copying, and its inputs by content hash."""
    lines = ["# the gate", shlex.join([*plan.command, "--only", gate.id] if plan.command else [])]
    for part in parts:
        compare = plan.compare_words(part.mode, part.summary["arguments"])
        lines += [f"# its comparison in parity mode {part.mode}", shlex.join(compare)]
    inputs = {(item["sha256"], item["path"]) for part in parts for item in part.summary["inputs"]}
    return "\n".join([*lines, *(f"# input {digest}  {path}" for digest, path in sorted(inputs))]) + "\n"


def closing_statement(
    rows: Sequence[Mapping[str, Any]], plan: Plan, environment: Mapping[str, Any], created: str
) -> dict[str, Any]:
    """Return the content of gates.json: verdict, first red gate, figures, bounds, bundles, commit."""
    red = [row for row in rows if row["exit_status"] != PASS_STATUS]
    return {
        "schema": "nb-gates 1",
        "created": created,
        "data": plan.label,
        "verdict": max(rows, key=lambda row: row["exit_status"])["verdict"],
        "exit_status": max(row["exit_status"] for row in rows),
        "first_red_gate": red[0]["settings"]["gate"] if red else None,
        "first_divergence": next((r["first_divergence"] for r in rows if r["first_divergence"]), None),
        "causal_taps": list(dict.fromkeys(tap for row in rows for tap in row["causal_taps"])),
        "git": environment["git"],
        "command": list(plan.command),
        "gates": list(rows),
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
