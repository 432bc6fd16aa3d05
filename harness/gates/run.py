"""Runs the gates of the acceptance plan: a bundle for each, and a closing statement."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.gates.facts import around_brightest, compare_words, gate_commands, gate_facts
from harness.gates.figures import Setting
from harness.gates.plan import INITIATIVE, GatePlan, bundle_frame
from harness.gates.statement import closing_metrics, closing_statement, gates_page
from harness.gates.table import Gate, judged_gate
from harness.pairs.pair import run_pair
from harness.pairs.part import PairPart
from harness.pairs.sides import check_sides
from harness.pairs.summary import write_pair_results
from harness.programs.environment import describe_environment
from harness.programs.programs import MODES
from harness.programs.watching import Watch, nobody, watching
from harness.store.bundle import BundleWriter
from harness.store.names import COMMANDS, ENVIRONMENT, STATEMENT, STATEMENT_PAGE
from system_io.shell import shell_text
from system_io.shown import json_text

CLOSING = "summary"


def run_gates(
    plan: GatePlan, gates: Sequence[Gate], reports: Path, *, gradients: bool = False
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
        from harness.gates.gradients import run_gradient_gate  # torch

        rows.append(run_gradient_gate(plan, reports, environment))
    writer = BundleWriter.start(reports, INITIATIVE, CLOSING)
    statement = closing_statement(rows, plan, environment, writer.created)
    writer.add_text(STATEMENT, json_text(statement))
    writer.add_text(STATEMENT_PAGE, gates_page(statement))
    writer.add_text(ENVIRONMENT, json_text(environment | {"created": writer.created}))
    writer.add_text(COMMANDS, shell_text(plan.command) + "\n")
    metrics = bundle_frame(plan, environment, writer.created) | closing_metrics(statement)
    return writer.finish(metrics), statement


def run_gate(
    plan: GatePlan, gate: Gate, reports: Path, made: dict[str, Path], environment: Mapping[str, Any]
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
        parts = [PairPart.load(writer.path / mode) for mode in MODES]
        setting = Setting(plan.roi, around_brightest(parts[0]))
        judged = judged_gate(gate, parts, setting)
    writer.add_text(ENVIRONMENT, json_text({**environment, "created": writer.created}))
    writer.add_text(COMMANDS, gate_commands(plan.command, gate, parts))
    metrics = bundle_frame(plan, environment, writer.created)
    metrics |= judged | gate_facts(gate, parts, setting, metrics["notes"])
    metrics["settings"]["data"] = plan.label
    path = writer.finish(metrics)
    return {**metrics, "bundle": path.relative_to(reports.absolute()).as_posix()}


def write_pair(
    plan: GatePlan, mode: str, folder: Path, environment: Mapping[str, Any], watch: Watch = nobody
) -> None:
    """Run both programs in one parity mode and write the result folder."""
    job = plan.job(mode)
    words = compare_words(mode, job.args, job.dtype, job.device)
    write_pair_results(folder, run_pair(job, watch), environment, words)
