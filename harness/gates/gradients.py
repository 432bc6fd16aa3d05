"""The gradients as a gate of `nb-gates run --gradients`: both parity modes, one bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.gates.plan import INITIATIVE, GatePlan, bundle_frame
from harness.gates.table import GRADIENTS_GATE as GATE
from harness.gates.table import GRADIENTS_NOTE as NOTE
from harness.gradients.bundle import GradientPart, gradients_judged
from harness.gradients.job import GradientJob, run_gradients
from harness.gradients.report import write_gradients
from harness.programs.programs import MODES
from harness.store.bundle import BundleWriter
from harness.store.kind_words import GRADIENTS_KIND
from system_io.errors import UserError
from system_io.shown import json_text
from system_io.verdict_words import EXIT_STATUS, Word


def run_gradient_gate(plan: GatePlan, reports: Path, environment: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the gradients of the plan's command line in both parity modes and write one bundle.

    A program that fails makes the verdict ERROR.

    Returns:
        The metrics of the bundle, and its path relative to `reports` as 'bundle'.
    """
    writer = BundleWriter.start(reports, INITIATIVE, GATE)
    try:
        parts = [_part(plan, mode, writer, environment) for mode in MODES]
        judged = gradients_judged(parts)
    except UserError as error:
        parts, judged = [], _error(str(error))
    writer.add_text("env.json", json_text({**environment, "created": writer.created}))
    commands = [(part.folder / "commands.txt").read_text(encoding="utf-8") for part in parts]
    writer.add_text("commands.txt", "".join(commands))
    metrics = bundle_frame(plan, environment, writer.created)
    metrics |= judged | {
        "kind": GRADIENTS_KIND,
        "title": f"{GATE} autograd against differences",
        "parts": [part.mode for part in parts],
        "settings": {"gate": GATE, "data": plan.label},
        "notes": [*metrics["notes"], NOTE],
    }
    path = writer.finish(metrics)
    return {**metrics, "bundle": path.relative_to(reports.absolute()).as_posix()}


def _part(plan: GatePlan, mode: str, writer: BundleWriter, environment: Mapping[str, Any]) -> GradientPart:
    job = GradientJob(plan.first, plan.args, Path.cwd(), mode, timeout_s=plan.timeout_s, shelf=plan.shelf)
    with writer.folder(mode) as folder:
        command = ["nb-gradients", "--parity-mode", mode, "--", *plan.args]
        described = {**environment, "created": writer.created}
        write_gradients(folder, run_gradients(job), described, command)
    return GradientPart.load(writer.path / mode)


def _error(reason: str) -> dict[str, Any]:
    return {
        "verdict": Word.ERROR.value,
        "exit_status": EXIT_STATUS[Word.ERROR],
        "reasons": [reason],
        "figures": [],
        "first_divergence": None,
        "causal_taps": [],
    }
