"""What the page shows of compared gradients: a table, a plot of all differences, and one of each estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harness.gradients.bundle import STATES, GradientPart
from harness.gradients.estimate import AGREEMENT
from harness.gradients.rows import GradientRow
from system_io.shown import xml_text

LEAST, MOST = 1e-16, 1.0
LABEL_PX, PLOT_PX, ROW_PX, TOP_PX, RIGHT_PX = 130, 640, 17, 30, 20
SPARK_PX = (96, 30)
DECADES = range(-16, 1, 2)
BOUND_DECADE = round(math.log10(AGREEMENT))


def gradient_content(part: GradientPart) -> dict[str, Any]:
    """Return mode, plot, rows, counts, objective and programs of compared gradients for the page."""
    rows, data = part.report.rows, part.data
    return {
        "mode": part.mode,
        "plot": differences_svg(rows),
        "rows": [_cells(row) for row in rows],
        "counts": {key: data[key] for key in ("agree", "differ", "not_compared")},
        "objective": data["objective"],
        "values": [data["objective_first"][0], data["objective_simulator"]],
        "programs": data["programs"],
        "command": data["command"],
        "inputs": data["inputs"],
    }


def _cells(row: GradientRow) -> dict[str, Any]:
    component, judged = row.place.component, row.judged
    return {
        "name": component.name,
        "value": f"{row.place.value:.9g} {component.unit}".strip(),
        "autograd": _figure(row.slope.value if row.slope else None, 9),
        "estimate": _figure(row.estimate.value if row.estimate else None, 9),
        "uncertainty": _figure(row.uncertainty, 2),
        "difference": _figure(row.difference, 2),
        "through": ", ".join(row.slope.terms) if row.slope else "",
        "verdict": judged.word.value,
        "reason": judged.reason,
        "state": STATES[judged.word.value].value.replace(" ", "-"),
        "steps": convergence_svg(row),
    }


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def _along(value: float, low: float, high: float) -> float:
    """Return where a value lies between two bounds on a logarithmic axis, 0 to 1."""
    inside = min(max(value, low), high)
    return math.log(inside / low) / math.log(high / low)


def _x(value: float) -> float:
    return LABEL_PX + PLOT_PX * _along(value, LEAST, MOST)


def differences_svg(rows: Sequence[GradientRow]) -> str:
    """Return a plot of every relative difference beside its bound, as an SVG element.

    A dot is |autograd - estimate|, a bar the uncertainty of the estimate, the dashed line the bound of 1e-5.
    """
    width, bottom = LABEL_PX + PLOT_PX + RIGHT_PX, TOP_PX + ROW_PX * len(rows)
    parts = [
        f'<svg class="gradients" viewBox="0 0 {width} {bottom + 26}" width="{width}" height="{bottom + 26}"'
        ' role="img" aria-label="relative difference of autograd and estimate for each parameter">'
    ]
    for decade in DECADES:
        x = _x(10.0**decade)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP_PX - 6}V{bottom}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 15}">{_power(decade)}</text>')
    bound = _x(AGREEMENT)
    parts.append(f'<path class="limit" d="M{bound:.1f} {TOP_PX - 6}V{bottom}"/>')
    parts.append(f'<text class="tick" x="{bound:.1f}" y="{TOP_PX - 12}">bound {_power(BOUND_DECADE)}</text>')
    for number, row in enumerate(rows):
        parts += _mark(row, TOP_PX + ROW_PX * number + ROW_PX / 2)
    return "\n".join([*parts, "</svg>"])


def _power(decade: int) -> str:
    return "1" if decade == 0 else f'10<tspan dy="-4" font-size="8">{decade}</tspan>'


def _mark(row: GradientRow, y: float) -> list[str]:
    name, judged = xml_text(row.place.component.name), row.judged
    state = STATES[judged.word.value].value.replace(" ", "-")
    words = xml_text(f"{row.place.component.name}: {judged.word.value} {judged.reason}".strip())
    parts = [f'<text class="name" x="{LABEL_PX - 8}" y="{y + 4:.1f}">{name}</text>']
    if row.difference is None or not math.isfinite(row.difference):
        return [*parts, f'<text class="none" x="{LABEL_PX + 6}" y="{y + 4:.1f}">no slope to compare</text>']
    uncertain = _x(row.uncertainty or 0.0)
    parts.append(f'<path class="bar {state}" d="M{LABEL_PX} {y:.1f}H{uncertain:.1f}"/>')
    x = _x(row.difference)
    parts.append(
        f'<circle class="dot {state}" cx="{x:.1f}" cy="{y:.1f}" r="4.2"><title>{words}</title></circle>'
    )
    return parts


def convergence_svg(row: GradientRow) -> str:
    """Return how far each plain difference is from autograd, over its width, as a small SVG element."""
    if row.slope is None or row.size is None or not row.ends:
        return ""
    samples = [pair.sample(row.middle) for pair in row.ends]
    points = [
        (abs(sample.width), abs(sample.slope - row.slope.value) / row.size)
        for sample in samples
        if sample.width != 0.0 and math.isfinite(sample.slope)
    ]
    if len(points) < 2:
        return ""
    narrow, wide = min(width for width, _ in points), max(width for width, _ in points)
    across, down = SPARK_PX[0] - 4, SPARK_PX[1] - 4
    path = " ".join(
        f"{2 + across * _along(width, narrow, wide):.1f},{2 + down * (1 - _along(error, LEAST, MOST)):.1f}"
        for width, error in points
    )
    limit = 2 + down * (1 - _along(AGREEMENT, LEAST, MOST))
    return (
        f'<svg class="spark" width="{SPARK_PX[0]}" height="{SPARK_PX[1]}" role="img"'
        f' aria-label="distance of plain differences from autograd">'
        f'<path class="limit" d="M2 {limit:.1f}H{SPARK_PX[0] - 2}"/><polyline points="{path}"/></svg>'
    )
