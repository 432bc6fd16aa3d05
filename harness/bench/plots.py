"""Draws what the benchmark measured: speed of each case, and time and memory over the domains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from harness.bench.figures import seconds_per_pixel, speed
from harness.bench.report import MIB, CaseRow, machine_title
from harness.drawing import Axes, Figure, FigureCanvasAgg, LogLocator, NullFormatter, StrMethodFormatter

COLOURS = ("tab:blue", "tab:orange", "tab:green")
BAR_HEIGHT = 0.8
DPI = 120


def draw_speed(path: Path, result: CaseRow) -> None:
    """Draw samples a second of every case and program, with the ratio to the first C program.

    What was not measured has no bar.

    Args:
        path: PNG file to write.
        result: what the benchmark measured, at least one case.
    """
    rows = list(reversed(result["cases"]))
    names = ["simulator", *result["programs"]["c"]]
    figure = Figure(figsize=(9.0, 1.6 + 0.7 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    height = BAR_HEIGHT / len(names)
    for number, name in enumerate(names):
        places = [place + BAR_HEIGHT / 2.0 - (number + 0.5) * height for place in range(len(rows))]
        speeds = [(speed(row, name) or 0.0) / 1e6 for row in rows]
        axes.barh(places, speeds, height=0.92 * height, color=COLOURS[number], label=name)
    for place, row in enumerate(rows):
        ratio = row["summary"][names[1]]["ratio"]
        axes.annotate(
            f" {ratio['median']:.3g}x" if ratio else " not measured",
            ((speed(row, "simulator") or 0.0) / 1e6, place + BAR_HEIGHT / 2.0 - 0.5 * height),
            va="center", fontsize=9,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["id"] for row in rows])
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.12)
    axes.set_xlabel("million samples a second, rendering only")
    axes.grid(axis="x", which="both", alpha=0.25)
    figure.legend(loc="outside lower center", ncols=len(names))
    figure.suptitle(machine_title(result), fontsize=10)
    _save(figure, path)


def draw_series(path: Path, result: CaseRow) -> bool:
    """Draw time of a pixel and peak memory over the mosaic domains.

    Args:
        path: PNG file to write.
        result: what the benchmark measured.

    Returns:
        Whether there were two cases of the series, so that something was drawn.
    """
    rows = [row for row in result["cases"] if row["domains_in_series"] is not None]
    if len(rows) < 2:
        return False
    names = ["simulator", *result["programs"]["c"]]
    domains = [row["domains_in_series"] for row in rows]
    figure = Figure(figsize=(10.0, 4.6), layout="constrained")
    time, memory = figure.subplots(1, 2)
    for name, colour in zip(names, COLOURS, strict=False):
        slope = result["scaling"][name]
        label = f"{name}, slope {'not measured' if slope is None else f'{slope:.3f}'}"
        times = [seconds_per_pixel(row, name) or math.nan for row in rows]
        time.loglog(domains, times, "o-", color=colour, label=label)
    _finish(time, "seconds a pixel", domains)
    for key, label in (("peak_bytes", "process"), ("peak_above_import_bytes", "above import torch")):
        memory.semilogx(domains, [row["summary"][key] / MIB for row in rows], "o-", label=label)
    memory.set_ylim(bottom=0.0)
    _finish(memory, "peak memory of the simulator (MiB)", domains)
    figure.suptitle(machine_title(result), fontsize=10)
    _save(figure, path)
    return True


def _finish(axes: Axes, label: str, domains: Sequence[int]) -> None:
    axes.set_xlabel("mosaic domains")
    axes.set_ylabel(label)
    axes.set_xticks(domains, [str(count) for count in domains])
    axes.grid(which="both", alpha=0.25)
    axes.legend()


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, format="png")
