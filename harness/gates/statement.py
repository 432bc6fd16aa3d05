"""The closing statement: what follows from the bundles of all gates of one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.gates.plan import GatePlan
from harness.store.ci import results_markdown
from harness.store.kind_words import CLOSING_KIND
from system_io.verdict_words import EXIT_STATUS, Word

STATEMENT_SCHEMA = "nb-gates 1"


def closing_statement(
    rows: Sequence[Mapping[str, Any]], plan: GatePlan, environment: Mapping[str, Any], created: str
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
    red = [row for row in rows if row["exit_status"] != EXIT_STATUS[Word.PASS]]
    return {
        "verdict": max(rows, key=lambda row: row["exit_status"])["verdict"],
        "exit_status": max(row["exit_status"] for row in rows),
        "first_red_gate": red[0]["settings"]["gate"] if red else None,
        "first_divergence": next((r["first_divergence"] for r in rows if r["first_divergence"]), None),
        "causal_taps": list(dict.fromkeys(tap for row in rows for tap in row["causal_taps"])),
    }


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


def closing_figures(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures of all gates for the closing bundle, each named with its gate."""
    return [
        {**row, "name": f"{gate['settings']['gate']} {row['name']}"}
        for gate in rows
        for row in gate["figures"]
    ]


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
    return results_markdown(statement["gates"], "Gates") + "\n".join(lines) + "\n"
