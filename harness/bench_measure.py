"""Measures one case of the benchmark: rounds A B A B of the simulator and the C programs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from harness.bench_cases import BenchCase, Size
from harness.bench_sides import Renderer, Whole, living_renderer, own_caches, repeats_for, run_whole
from harness.errors import HarnessError
from harness.metrics import compare_pixels
from harness.programs import Program
from harness.run import FloatImage
from system_io.children import temporary_folder

Note = Callable[[str], None]
AGREEMENT: Mapping[str, float] = {"float64": 1e-6, "mixed": 1e-6, "float32": 2e-6}
"""Largest |difference| from the C image that each number type is stated to keep, of the maximum."""
LOOSEST = "mixed"
LEAST_SHARE = 0.05
LONG_COLD_S = 30.0


@dataclass(frozen=True)
class BenchPlan:
    """What is timed and how: the simulator, C programs by name (the first is ours), and the settings."""

    simulator: Program
    c_programs: Mapping[str, Program]
    data: Path
    mode: str = "c-parity"
    dtype: str | None = None
    device: str | None = None
    extra: tuple[str, ...] = ()
    rounds: int = 3
    quick: bool = False
    whole: bool = True
    profile: bool = False
    timeout_s: float = 1800.0
    note: Note = field(default=lambda _: None)

    def settings(self) -> tuple[str, ...]:
        """Return the words that tell the simulator what to do."""
        return (*self.simulator.setting_words(self.mode, self.dtype, self.device), *self.extra)

    def check(self) -> None:
        """Ask every program for the words of the settings. Raises: ProgramError if one cannot do it."""
        self.settings()
        for program in self.c_programs.values():
            program.setting_words(self.mode)

    @property
    def bound_of_max(self) -> float:
        """Return the agreement that is demanded of the simulator's image, with its --epsilon."""
        asked = dict(itertools.pairwise(self.extra))
        return AGREEMENT.get(self.dtype or LOOSEST, AGREEMENT[LOOSEST]) + float(asked.get("--epsilon", 0.0))


def measure_case(plan: BenchPlan, case: BenchCase) -> dict[str, Any]:
    """Measure a case and return its rounds and their summary as plain data.

    Raises:
        HarnessError: a program fails, or a rendering is too short to be told from the rest of the process.
    """
    args = case.arguments(plan.data, plan.quick)
    with own_caches(plan.simulator) as simulator:
        plan.note(f"{case.id}: first run")
        cold_s = [_whole(plan, simulator, args).wall_s] if plan.whole else []
        with living_renderer(simulator, (*plan.settings(), *args), plan.timeout_s) as worker:
            first = worker.render(1)
            running = _Running(
                plan, args, simulator, worker, repeats_for(first["prepare_s"] + first["render_s"])
            )
            rounds = []
            for number in range(1, plan.rounds + 1):
                plan.note(f"{case.id}: round {number} of {plan.rounds}")
                rounds.append(running.round(cold_s.pop() if cold_s else None))
            with temporary_folder("nb-bench") as folder:
                ours = worker.image(Path(folder))
            facts = {
                **worker.facts,
                "profile": worker.profile() if plan.profile else None,
                "host_waits": worker.host_waits(),
            }
    size, images = worker.size, running.images
    row = {
        "id": case.id,
        "title": case.title,
        "arguments": _shown(args, plan.data),
        "domains_in_series": case.domains,
        **facts,
        "c_rows": size.band(),
        "c_samples": size.band_samples(),
        "rounds": rounds,
    }
    agreement = {name: difference_of_max(image, ours, size.band()) for name, image in images.items()}
    return row | {"max_diff_of_max": agreement, "summary": summary_of(row, agreement, plan)}


@dataclass
class _Running:
    """A case under measurement: the simulator with caches that its first run filled, and the living one."""

    plan: BenchPlan
    args: tuple[str, ...]
    simulator: Program
    worker: Renderer
    repeats: int
    images: dict[str, FloatImage] = field(default_factory=dict)
    repeat_cold: bool = True

    def round(self, cold_s: float | None) -> dict[str, Any]:
        """Measure everything once; `cold_s` is the cold run of this round if it has been made already."""
        plan, args = self.plan, self.args
        found: dict[str, Any] = {"simulator": self.worker.render(self.repeats)}
        for name, program in plan.c_programs.items():
            found[name], self.images[name] = _c_round(plan, program, args, self.worker.size)
        if plan.whole:
            warm = _whole(plan, self.simulator, args)
            if cold_s is None and self.repeat_cold:
                with own_caches(plan.simulator) as simulator:
                    cold_s = _whole(plan, simulator, args).wall_s
            self.repeat_cold = self.repeat_cold and cold_s is not None and cold_s <= LONG_COLD_S
            found["whole"] = {"cold_s": cold_s, "warm_s": warm.wall_s, "peak_bytes": warm.peak_bytes}
        return found


def _whole(plan: BenchPlan, simulator: Program, args: Sequence[str]) -> Whole:
    return run_whole(simulator, plan.settings(), args, plan.timeout_s, 1)


def _c_round(
    plan: BenchPlan, program: Program, args: Sequence[str], size: Size
) -> tuple[dict[str, Any], FloatImage]:
    """Time a C program on the case (or its band) and on a single pixel; the difference is its rendering.

    Raises:
        HarnessError: the difference is too small a part of the process.
    """
    settings = program.setting_words(plan.mode)
    band = size.band()
    region = () if band is None else ("-roi", "0", str(size.shape[1] - 1), *map(str, band))
    full = run_whole(program, settings, (*args, *region), plan.timeout_s)
    pixel = run_whole(program, settings, (*args, "-roi", "0", "0", "0", "0"), plan.timeout_s)
    render_s = full.wall_s - pixel.wall_s
    if render_s < LEAST_SHARE * full.wall_s:
        raise HarnessError(
            f"{program.title} takes {full.wall_s:.4f} s for the case and {pixel.wall_s:.4f} s for one pixel; "
            "its rendering cannot be told from the rest, take a larger case"
        )
    times = {
        "process_s": full.wall_s, "one_pixel_s": pixel.wall_s, "render_s": render_s,
        "peak_bytes": full.peak_bytes,
    }  # fmt: skip
    return times, full.image


def difference_of_max(c_image: FloatImage, ours: FloatImage, band: tuple[int, int] | None) -> float:
    """Return max |difference| of the compared rows over the maximum of the C image.

    Raises:
        HarnessError: shapes differ, values are not finite, or the C image is zero everywhere.
    """
    rows = slice(None) if band is None else slice(band[0], band[1] + 1)
    found = compare_pixels(c_image[rows], ours[rows]).max_diff_of_max
    if found is None:
        raise HarnessError("the C image is zero everywhere; nothing is compared, take another case")
    return found


def _shown(args: Sequence[str], data: Path) -> list[str]:
    folder = str(data.absolute())
    return [Path(word).name if word.startswith(folder) else word for word in args]


def summary_of(row: Mapping[str, Any], agreement: Mapping[str, float], plan: BenchPlan) -> dict[str, Any]:
    """Return the figures of a case over its rounds; each ratio is formed within a round."""
    rounds = row["rounds"]
    renders = [one["simulator"] for one in rounds]
    ours = [row["samples"] / (one["prepare_s"] + one["render_s"]) for one in renders]
    busy = [one["cpu_s"] / (one["prepare_s"] + one["render_s"]) for one in renders]
    peak = max(one["peak_bytes"] for one in renders)
    found: dict[str, Any] = {
        "samples_per_s": median(ours),
        "samples_per_s_without_setup": median(row["samples"] / one["render_s"] for one in renders),
        "cores_busy": median(busy),
        "peak_bytes": peak,
        "peak_above_import_bytes": peak - row["import_bytes"],
        "device_bytes": renders[-1]["device_bytes"],
        "agrees": all(value <= plan.bound_of_max for value in agreement.values()),
        "bound_of_max": plan.bound_of_max,
    }
    for name in plan.c_programs:
        speeds = [row["c_samples"] / one[name]["render_s"] for one in rounds]
        found[name] = {
            "samples_per_s": median(speeds),
            "peak_bytes": max((one[name]["peak_bytes"] or 0 for one in rounds), default=0),
            "ratio": _spread([a / b for a, b in zip(ours, speeds, strict=True)]),
            "max_diff_of_max": agreement[name],
        }
        if row["c_rows"] is None:
            found[name]["process_s"] = median(one[name]["process_s"] for one in rounds)
    if plan.whole:
        found["whole"] = _whole_summary(row, list(plan.c_programs))
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


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": median(values), "least": min(values), "most": max(values)}


def scaling_exponents(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float | None]:
    """Return the log-log slope of the time of a pixel against the domains; None below two cases.

    slope = sum (x - <x>)(y - <y>) / sum (x - <x>)^2 with x = ln domains, y = ln seconds per pixel.
    """
    series = [row for row in rows if row["domains_in_series"] is not None]
    if len(series) < 2:
        return dict.fromkeys(["simulator", *names])
    x = np.log([row["domains_in_series"] for row in series])
    found: dict[str, float | None] = {}
    for name in ("simulator", *names):
        y = np.array([math.log(seconds_per_pixel(row, name)) for row in series])
        found[name] = float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))
    return found


def seconds_per_pixel(row: Mapping[str, Any], name: str) -> float:
    """Return the rendering time of a pixel with one of the programs."""
    summary = row["summary"]
    speed = summary["samples_per_s"] if name == "simulator" else summary[name]["samples_per_s"]
    return float(row["samples"] / row["pixels"] / speed)
