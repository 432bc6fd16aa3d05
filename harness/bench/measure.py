"""Measures one case of the benchmark: rounds A B A B of the simulator and the C programs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.arrays import FloatImage
from harness.bench.cases import BenchCase, Size
from harness.bench.figures import summary_of, unmeasured
from harness.bench.sides import Renderer, WholeProcess, living_renderer, own_caches, repeats_for, run_whole
from harness.errors import HarnessError
from harness.images.metrics import compare_pixels
from harness.programs.programs import Program, Settings
from harness.time_limits import RUN_S
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
    timeout_s: float = RUN_S
    note: Note = field(default=lambda _: None)
    fresh_caches: bool = True
    """Whether a case begins with empty caches for compiled code; otherwise it has those of this process."""

    @property
    def in_force(self) -> Settings:
        """Return the settings of the simulator.

        Raises:
            ProgramError: if it does not know one.
        """
        return self.simulator.settings(self.mode, self.dtype, self.device, reproducible=False)

    def words(self) -> tuple[str, ...]:
        """Return the words that tell the simulator what to do."""
        return (*self.in_force.words, *self.extra)

    def check(self) -> None:
        """Ask every program for the words of the settings.

        Raises:
            ProgramError: if one cannot do it.
        """
        self.words()
        for program in self.c_programs.values():
            program.settings(self.mode)

    @property
    def bound_of_max(self) -> float:
        """Return the agreement that is demanded of the simulator's image, with its --epsilon."""
        asked = dict(itertools.pairwise(self.extra))
        return AGREEMENT.get(self.in_force.dtype, AGREEMENT[LOOSEST]) + float(asked.get("--epsilon", 0.0))


def measure_case(plan: BenchPlan, case: BenchCase) -> dict[str, Any]:
    """Measure a case and return its rounds and their summary as plain data.

    Raises:
        HarnessError: a program fails.
    """
    args = case.arguments(plan.data, plan.quick)
    caches = own_caches(plan.simulator) if plan.fresh_caches else nullcontext(plan.simulator)
    with caches as simulator:
        plan.note(f"{case.id}: first run")
        cold_s = [_whole(plan, simulator, args).wall_s] if plan.whole else []
        with living_renderer(simulator, (*plan.words(), *args), plan.timeout_s) as worker:
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
    names = list(plan.c_programs)
    summary = summary_of(row, agreement, plan.bound_of_max, names)
    return row | {
        "max_diff_of_max": agreement,
        "summary": summary,
        "unmeasured": unmeasured(rounds, names),
    }


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


def _whole(plan: BenchPlan, simulator: Program, args: Sequence[str]) -> WholeProcess:
    return run_whole(simulator, plan.words(), args, plan.timeout_s, 1)


def _c_round(
    plan: BenchPlan, program: Program, args: Sequence[str], size: Size
) -> tuple[dict[str, Any], FloatImage]:
    """Time a C program on the case (or its band) and on a single pixel; the difference is its rendering.

    A difference too small a part of the process is no figure: `render_s` is None then, and `why` says so.
    """
    settings = program.settings(plan.mode).words
    band = size.band()
    region = () if band is None else ("-roi", "0", str(size.shape[1] - 1), *map(str, band))
    full = run_whole(program, settings, (*args, *region), plan.timeout_s)
    pixel = run_whole(program, settings, (*args, "-roi", "0", "0", "0", "0"), plan.timeout_s)
    render_s = full.wall_s - pixel.wall_s
    times = {"process_s": full.wall_s, "one_pixel_s": pixel.wall_s, "peak_bytes": full.peak_bytes}
    if render_s >= LEAST_SHARE * full.wall_s:
        return times | {"render_s": render_s}, full.image
    why = (
        f"{program.title} takes {full.wall_s:.4f} s for the case and {pixel.wall_s:.4f} s for one pixel; its"
        " rendering cannot be told from the rest, take a larger case or a machine that does nothing else"
    )
    return times | {"render_s": None, "why": why}, full.image


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
