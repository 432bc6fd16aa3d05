"""Figures of the benchmark over its rounds; what could not be measured is None, and said with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

Round = Mapping[str, Any]


def summary_of(
    row: Mapping[str, Any], agreement: Mapping[str, float], bound_of_max: float, names: Sequence[str]
) -> dict[str, Any]:
    """Return the figures of a case over its rounds; each ratio is formed within a round.

    Args:
        row: what `measure_case` found.
        agreement: largest difference from the image of each C program, of the maximum.
        bound_of_max: largest one that is allowed.
        names: of the C programs.
    """
    rounds = row["rounds"]
    renders = [one["simulator"] for one in rounds]
    busy = [one["cpu_s"] / (one["prepare_s"] + one["render_s"]) for one in renders]
    peak = max(one["peak_bytes"] for one in renders)
    found: dict[str, Any] = {
        "samples_per_s": median(_own_speed(row, one) for one in rounds),
        "samples_per_s_without_setup": median(row["samples"] / one["render_s"] for one in renders),
        "cores_busy": median(busy),
        "peak_bytes": peak,
        "peak_above_import_bytes": peak - row["import_bytes"],
        "device_bytes": renders[-1]["device_bytes"],
        "agrees": all(value <= bound_of_max for value in agreement.values()),
        "bound_of_max": bound_of_max,
    }
    for name in names:
        found[name] = {**_c_summary(row, name), "max_diff_of_max": agreement[name]}
    if all("whole" in one for one in rounds):
        found["whole"] = _whole_summary(row, names)
    return found


def _own_speed(row: Mapping[str, Any], one: Round) -> float:
    times = one["simulator"]
    return float(row["samples"] / (times["prepare_s"] + times["render_s"]))


def _c_summary(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the figures of a C program over the rounds in which its rendering was measured."""
    rounds = row["rounds"]
    made = [one for one in rounds if one[name]["render_s"] is not None]
    speeds = [row["c_samples"] / one[name]["render_s"] for one in made]
    found: dict[str, Any] = {
        "samples_per_s": median(speeds) if made else None,
        "peak_bytes": max((one[name]["peak_bytes"] or 0 for one in rounds), default=0),
        "ratio": _spread([_own_speed(row, one) / speed for one, speed in zip(made, speeds, strict=True)]),
    }
    if row["c_rows"] is None:
        found["process_s"] = median(one[name]["process_s"] for one in rounds)
    return found


def _whole_summary(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return wall times of whole processes, and those over the C program's in the same round."""
    rounds = row["rounds"]
    found: dict[str, Any] = {"peak_bytes": max(one["whole"]["peak_bytes"] or 0 for one in rounds)}
    for key in ("cold", "warm"):
        made = [one for one in rounds if one["whole"][f"{key}_s"] is not None]
        found[f"{key}_s"] = median(one["whole"][f"{key}_s"] for one in made)
        for name in names if row["c_rows"] is None else ():
            ratios = [one["whole"][f"{key}_s"] / one[name]["process_s"] for one in made]
            found.setdefault(f"of_{name}", {})[key] = _spread(ratios)
    return found


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    """Return median, least and largest of some values, None of none."""
    return {"median": median(values), "least": min(values), "most": max(values)} if values else None


def unmeasured(rounds: Sequence[Round], names: Sequence[str]) -> list[dict[str, str]]:
    """Return which figures of a case no round could measure, and why: the reason of the last round."""
    return [
        {"figure": f"rendering of {name}", "why": rounds[-1][name]["why"]}
        for name in names
        if all(one[name]["render_s"] is None for one in rounds)
    ]


def scaling_exponents(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float | None]:
    """Return the log-log slope of the time of a pixel against the domains; None below two measured cases.

    slope = sum (x - <x>)(y - <y>) / sum (x - <x>)^2 with x = ln domains, y = ln seconds per pixel.
    """
    series = [row for row in rows if row["domains_in_series"] is not None]
    return {name: _slope(series, name) for name in ("simulator", *names)}


def _slope(series: Sequence[Mapping[str, Any]], name: str) -> float | None:
    times = [(row["domains_in_series"], seconds_per_pixel(row, name)) for row in series]
    points = [(math.log(domains), math.log(time_s)) for domains, time_s in times if time_s is not None]
    if len(points) < 2:
        return None
    x, y = np.array(points).T
    return float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))


def speed(row: Mapping[str, Any], name: str) -> float | None:
    """Return the samples a second that a program renders, None where that was not measured."""
    summary = row["summary"]
    found = summary["samples_per_s"] if name == "simulator" else summary[name]["samples_per_s"]
    return None if found is None else float(found)


def seconds_per_pixel(row: Mapping[str, Any], name: str) -> float | None:
    """Return the rendering time of a pixel with one of the programs, None where it was not measured."""
    samples_per_s = speed(row, name)
    return None if samples_per_s is None else float(row["samples"] / row["pixels"] / samples_per_s)
