"""What is proven of a traced pair, as sections of its Markdown page, from the plain data of its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.proof.right import right_markdown
from system_io.shown import markdown_text


def cause_markdown(
    right: Mapping[str, Any] | None, transplants: Sequence[Mapping[str, Any]], reasons: Sequence[str]
) -> list[str]:
    """Return what the page begins with: the cause in a few lines, nothing unless all was asked for.

    Args:
        right: as of `right_data`.
        transplants: as of `transplant_data`.
        reasons: of the verdict on the traces.
    """
    lines = cause_lines(right, transplants)
    if right is None or not transplants:
        return []
    first = [f"- traces: {markdown_text(reason)}" for reason in reasons]
    return ["# The cause", "", *first, *(f"- {markdown_text(line)}" for line in lines), ""]


def cause_lines(right: Mapping[str, Any] | None, transplants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return in a line each which taps take the difference away, and who is right."""
    lines = [f"transplant, pixel {transplant_line(one)}" for one in transplants]
    if right is not None:
        lines.append(f"who is right: {right['verdict']}: {right['reason']}")
    return lines


def proof_sections(
    right: Mapping[str, Any] | None,
    transplants: Sequence[Mapping[str, Any]],
    budgets: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the sections of transplants and of who is right, of those that were asked for.

    Args:
        right: as of `right_data`.
        transplants: as of `transplant_data`.
        budgets: as of `harness.tracing.budget.budget_data`.
    """
    moved = [transplant_markdown(transplants, budgets)] if transplants else []
    return [*moved, *([right_markdown(right)] if right is not None else [])]


def transplant_markdown(stated: Sequence[Mapping[str, Any]], budgets: Sequence[Mapping[str, Any]]) -> str:
    """Return transplants as a section of a Markdown page, beside the first-order shares.

    Args:
        stated: as of `transplant_data`.
        budgets: as of `harness.tracing.budget.budget_data`; empty without.
    """
    lines = ["## Transplant", "", "Share of I_c - I_py that vanishes with the other program's values.", ""]
    for one in stated:
        slow, fast = one["pixel_slow_fast"]
        named = ", ".join(one["named"]) or "no tap"
        lines += [f"Pixel slow {slow} fast {fast}, {one['direction']}: **{named}** takes it away.", ""]
        lines += ["| tap | alone | with those before | first order |", "|---|---|---|---|"]
        linear = {
            row["tap"]: row["share"]
            for budget in budgets if budget["pixel_slow_fast"] == one["pixel_slow_fast"]
            for row in budget["taps"]
        }  # fmt: skip
        for row in one["taps"]:
            first_order = linear.get(row["tap"])
            shown = "-" if first_order is None else f"{first_order:.4%}"
            lines.append(f"| {row['tap']} | {row['alone']:.4%} | {row['together']:.4%} | {shown} |")
        if one["without_place"]:
            lines += ["", f"Differ, but have no place of their own: {', '.join(one['without_place'])}."]
        lines.append("")
    return "\n".join(lines)


def transplant_line(stated: Mapping[str, Any]) -> str:
    """Return in one line which taps take the difference of a pixel away.

    Args:
        stated: as of `transplant_data`.
    """
    slow, fast = stated["pixel_slow_fast"]
    if not stated["taps"]:
        return f"{slow} {fast}: {stated['direction']}"
    if not stated["named"]:
        return f"{slow} {fast}: {stated['direction']}: no tap takes the difference away"
    last = next(row for row in stated["taps"] if row["tap"] == stated["named"][-1])
    taps = ", ".join(stated["named"])
    return f"{slow} {fast}: {stated['direction']}: {taps} takes {last['together']:.4%} away"
