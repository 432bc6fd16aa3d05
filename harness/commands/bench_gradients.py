"""The benchmark of gradients, `python -m harness.commands.bench_gradients`: with backward against without.

A forward run is what a user gets without gradients, with the same options; runs go A B A B in one process, so
that the ratio means something where the machine is shared.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden_suite_generator.cases import authoritative_args
from harness.bench.worker import peak_bytes
from harness.commands.common import CommandParser, run_command
from harness.programs.programs import DTYPES, MODES
from harness.suite.crystal_data import data_folder

if TYPE_CHECKING:
    from torch import Tensor

    from simulator.config import RunConfig

NAME = "harness.commands.bench_gradients"
MIB = 1 << 20
SOME_ROWS = ("-roi", "0", "2462", "1200", "1231")
USUAL = (
    "matrix", "cell_lengths_A", "cell_angles_rad", "misset_rad", "phi_first_rad", "wavelength_m",
    "distance_m", "Fbeam_m", "Sbeam_m", "detector_rot_rad", "mosaic_spread_rad", "fluence_photons_per_m2",
)  # fmt: skip
FACTORS = ("structure_factors", "default_F")
SETS = ("usual", "geometry", "everything")
EPILOG = """\
The authoritative command (2463 x 2527, 10 phi steps) with -misset 0 0 0. usual: what a refinement of
crystal and detector varies; geometry: every continuous input that the run has but structure factors;
everything: these, too. The loss is the sum
of squares of all pixels.

wall, cpu: seconds of a run, median of the rounds; ratio: forward + backward over forward of the same round,
median (least-most); MiB: largest resident size of the process so far, less that after import torch
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(NAME, _command, sys.argv[1:] if argv is None else argv)


def _command(argv: Sequence[str]) -> int:
    parser = CommandParser(NAME, "Time forward + backward against forward.", EPILOG)
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="folder with A.mat and scaled.hkl; else built in")
    add("--rounds", type=int, default=3, metavar="N", help="default 3")
    add("--parity-mode", choices=MODES, default="spec", help="default spec")
    add("--dtype", choices=DTYPES, help="of the simulator")
    add("--compile", choices=("auto", "on", "off"), default="off", help="default off")
    add("--sets", nargs="+", choices=SETS, default=list(SETS), help="which inputs; default all")
    add("--quick", action="store_true", help="32 rows: a try, not a result")
    options = parser.parse_args(argv)
    import torch

    from simulator.start_up.allocator import keep_freed

    keep_freed()
    start = peak_bytes()
    words = ["-misset", "0", "0", "0", "--compile", options.compile, "--parity-mode", options.parity_mode]
    words += ["-dtype", options.dtype] if options.dtype else []
    with data_folder(options.data) as (folder, label):
        args = [*authoritative_args(folder), *words, *(SOME_ROWS if options.quick else ())]
        from simulator.config import RunConfig

        config = RunConfig.from_args(args)
    settings = {key: getattr(options, key) for key in ("parity_mode", "dtype", "compile", "rounds", "quick")}
    head = {**settings, "data": label, "torch": torch.__version__, "threads": torch.get_num_threads()}
    sys.stdout.write(json.dumps(head) + "\n")
    for name in options.sets:
        row = measure(config, name, max(1, options.rounds))
        row["peak_MiB_above_import"] = round((peak_bytes() - start) / MIB)
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return 0


def measure(config: RunConfig, name: str, rounds: int) -> dict[str, Any]:
    """Return the times of forward, and of forward and backward, in rounds A B after one of each.

    Args: config: the run. name: of the set of inputs, from SETS.
    """
    inputs = wanted(config, name)
    sides: Mapping[str, Callable[[], object]] = {
        "forward": lambda: _image(config, {}),
        "both": lambda: _slopes(config, inputs),
    }
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side, run in sides.items():
            taken = _timed(run)
            if number:
                found[side].append(taken)
    row: dict[str, Any] = {"set": name, "inputs": len(inputs)}
    for n, clock in enumerate(("wall", "cpu")):
        for side in sides:
            row[f"{side}_{clock}_s"] = round(statistics.median(taken[n] for taken in found[side]), 3)
        ratios = [b[n] / a[n] for a, b in zip(found["forward"], found["both"], strict=True)]
        row[f"ratio_{clock}"] = [round(f(ratios), 2) for f in (statistics.median, min, max)]
    return row


def wanted(config: RunConfig, name: str) -> dict[str, Tensor]:
    """Return the continuous inputs of a run that belong to a set of SETS, by name."""
    from simulator.fit.parameters import PARAMETERS, value_of

    left_out = {"usual": set(PARAMETERS).difference(USUAL), "geometry": set(FACTORS), "everything": set()}
    values = {key: value_of(config, key) for key in PARAMETERS if key not in left_out[name]}
    return {key: value for key, value in values.items() if value.numel() and value.isfinite().all()}


def _image(config: RunConfig, inputs: Mapping[str, Tensor]) -> Tensor:
    from simulator import simulate
    from simulator.fit.parameters import with_values

    return simulate(with_values(config, inputs))


def _slopes(config: RunConfig, inputs: Mapping[str, Tensor]) -> Sequence[Tensor | None]:
    import torch

    free = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    loss = _image(config, free).square().sum()
    return torch.autograd.grad(loss, tuple(free.values()), allow_unused=True)


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor time of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    sys.exit(main())
