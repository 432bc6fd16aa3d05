"""What is proven of a traced pair, as sections of its Markdown page, from the plain data of its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.proof.right import right_markdown
from system_io.shown import markdown_text
from trace_tools.judging.lookup import DEFAULT_GRAPH

NOTHING = "nothing to put in: the programs agree on each traced pixel, or one has no final value"
AGREE = 0.01
"""Of the difference: shares nearer than that agree."""


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
    lines = [f"transplant, pixel {line}" for line in transplant_lines(transplants)] if transplants else []
    if right is not None:
        lines.append(f"who is right: {right['verdict']}: {right['reason']}")
    return lines


def proof_sections(
    right: Mapping[str, Any] | None,
    transplants: Sequence[Mapping[str, Any]] | None,
    budgets: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the sections of transplants and of who is right, of those that were asked for.

    Args:
        right: as of `right_data`, None where it was not asked for.
        transplants: as of `transplant_data`, None where none was asked for.
        budgets: as of `harness.tracing.budget.budget_data`.
    """
    moved = [] if transplants is None else [transplant_markdown(transplants, budgets)]
    return [*moved, *([right_markdown(right)] if right is not None else [])]


def transplant_markdown(stated: Sequence[Mapping[str, Any]], budgets: Sequence[Mapping[str, Any]]) -> str:
    """Return transplants as a section of a Markdown page: both directions beside the first-order shares.

    Args:
        stated: as of `transplant_data`.
        budgets: as of `harness.tracing.budget.budget_data`; empty without.
    """
    lines = ["## Transplant", ""]
    if not stated:
        return "\n".join([*lines, f"{NOTHING[0].upper()}{NOTHING[1:]}.", ""])
    lines += [
        "Share of I_c - I_py that vanishes with the other program's value: of the tap alone, and what it",
        "adds to the taps before it. First order: the share of the tap's own difference in the budget.", "",
    ]  # fmt: skip
    for pixel, pair in _by_pixel(stated).items():
        lines += _pixel_lines(pixel, pair, _first_order(budgets, pixel))
    return "\n".join(lines)


def _by_pixel(stated: Sequence[Mapping[str, Any]]) -> dict[tuple[int, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
    for one in stated:
        found.setdefault(tuple(one["pixel_slow_fast"]), []).append(one)
    return found


def _first_order(
    budgets: Sequence[Mapping[str, Any]], pixel: tuple[int, ...]
) -> dict[str, float | None] | None:
    """Return the first-order share of each tap of a pixel, None without a budget of it."""
    for budget in budgets:
        if tuple(budget["pixel_slow_fast"]) == pixel:
            unknown = {row["tap"] for row in budget["taps"] if row["contribution"] is None}
            return {row["tap"]: None if row["tap"] in unknown else row["share"] for row in budget["taps"]}
    return None


def _pixel_lines(
    pixel: tuple[int, ...], pair: Sequence[Mapping[str, Any]], linear: Mapping[str, float | None] | None
) -> list[str]:
    lines = [f"Pixel slow {pixel[0]} fast {pixel[1]}:", ""]
    lines += [f"- {markdown_text(_direction_line(one))}" for one in pair]
    into = [one for one in pair if one["taps"]]
    if not into:
        return [*lines, ""]
    heads = [f"{one['direction']}: {word}" for one in into for word in ("alone", "adds")]
    lines += ["", f"| tap | {' | '.join(heads)} | first order | |", "|---" * (len(heads) + 3) + "|"]
    rows = [{row["tap"]: (row, adds) for row, adds in _with_added(one)} for one in into]
    for tap in dict.fromkeys(tap for some in rows for tap in some):
        cells = [text for some in rows for text in _cells(some.get(tap))]
        adds = [some[tap][1] for some in rows if tap in some]
        first = None if linear is None else linear.get(tap, 0.0)
        lines.append(f"| {tap} | {' | '.join(cells)} | {_percent(first)} | {agreement(adds, first, tap)} |")
    notes = {f"{row['tap']}: {row['note']}" for one in into for row in one["taps"] if row.get("note")}
    why = {f"{tap}: {text}" for one in into for tap, text in one.get("why_without", {}).items()}
    return [*lines, "", *(f"- {markdown_text(text)}" for text in sorted(notes | why)), ""]


def _with_added(stated: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], float | None]]:
    rows = stated["taps"]
    return list(zip(rows, own_shares([row["together"] for row in rows]), strict=True))


def own_shares(together: Sequence[float | None]) -> list[float | None]:
    """Return what each tap adds to the share of those before it."""
    found: list[float | None] = []
    before = 0.0
    for share in together:
        found.append(None if share is None else share - before)
        before = before if share is None else share
    return found


def _cells(found: tuple[Mapping[str, Any], float | None] | None) -> tuple[str, str]:
    return ("-", "-") if found is None else (_percent(found[0]["alone"]), _percent(found[1]))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share + 0.0:.4%}"


def agreement(adds: Sequence[float | None], first: float | None, tap: str) -> str:
    """Return in words what the shares that a tap adds say beside that of first order.

    Args:
        adds: the share in each direction.
        first: the share of first order, None where the pixel has no derivative to the tap, or no budget.
        tap: its name.
    """
    known = [share for share in adds if share is not None]
    if not known or (first is None and all(abs(share) <= AGREE for share in known)):
        return ""
    if first is None:
        return "a flip" if DEFAULT_GRAPH[tap].kind == "int" else "no first order"
    if all(abs(share - first) <= AGREE for share in known):
        return "linear" if abs(first) > AGREE else ""
    if all(abs(share) <= AGREE for share in known):
        return (
            "first order alone sees it: a tap before it has its share, or the program does not read it there"
        )
    if abs(first) <= AGREE:
        return "not first order: a flip, or a tap before it is missing"
    return "not linear: a flip, or large differences"


def transplant_lines(stated: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each direction of a pixel: which taps take its difference away.

    Args:
        stated: as of `transplant_data`.
    """
    if not stated:
        return [NOTHING]
    return [
        f"{one['pixel_slow_fast'][0]} {one['pixel_slow_fast'][1]}: {_direction_line(one)}" for one in stated
    ]


def _direction_line(stated: Mapping[str, Any]) -> str:
    remark = stated.get("remark", "")
    head = f"{stated['direction']}: "
    if not stated["taps"]:
        without = [f"{tap}: {why}" for tap, why in stated.get("why_without", {}).items()]
        return f"{head}nothing was put in: {'; '.join([remark, *without]) if remark else '; '.join(without)}"
    into = f" (into {stated['into']}{'; ' if remark else ''}{remark})" if stated.get("into") else ""
    if not stated["named"]:
        best = max((row["together"] for row in stated["taps"] if row["together"] is not None), default=0.0)
        return f"{head}no tap takes the difference away, all together {best:.4%}{into}"
    last = next(row for row in stated["taps"] if row["tap"] == stated["named"][-1])
    roots = stated.get("roots", [])
    made_of = f" (made from {', '.join(roots)}, beyond rounding too)" if roots else ""
    return f"{head}{', '.join(stated['named'])}{made_of} takes {last['together']:.4%} away{into}"
