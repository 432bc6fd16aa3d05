"""What single precision adds to the noise floor: the simulator in mixed and float32 beside C."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

from harness.programs.build import build_reference
from harness.programs.programs import second_program
from harness.suite.floor_runs import (
    BASE_BUILD,
    BUILT_IN_PIXELS,
    NEWEST_TRACE,
    TraceCase,
    TracePair,
    modes_of,
    trace_of,
)
from harness.suite.runner import lay_out
from simulator import RunConfig
from system_io.children import temporary_folder
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE
from trace_tools.judging.noise_floor import NoiseFloor, measure_single
from trace_tools.reading.trace_file import TraceLog, read_stream

SINGLE = tuple(name for name in ARITHMETICS if name != DOUBLE)


def with_arithmetics(
    floor: NoiseFloor,
    cases: Sequence[TraceCase],
    held_out: Sequence[TraceCase],
    inputs: Path,
    watched: Callable[[Iterable[TracePair]], Iterable[TracePair]] = iter,
) -> NoiseFloor:
    """Return a floor of float64 with what mixed and float32 arithmetic add, and how that was measured.

    Args:
        cases: which are measured.
        held_out: which are left for the check, for the provenance.
        inputs: folder with inputs/.
        watched: passes pairs on, and shows how many there were.
    """
    import torch

    facts = {
        "reference_sources_sha256": build_reference(BASE_BUILD).provenance["sources_sha256"],
        "simulator_sources_sha256": second_program(None).provenance["sources_sha256"],
        "torch": torch.__version__,
        "processor_capability": torch.backends.cpu.get_cpu_capability(),
        "cases": [case.id for case in cases],
        "held_out_cases": [case.id for case in held_out],
        "built_in_crystal_pixels": [list(pixel) for pixel in BUILT_IN_PIXELS],
    }
    added = {}
    for arithmetic in SINGLE:
        pairs = watched(arithmetic_pairs(cases, arithmetic, inputs))
        added[arithmetic] = measure_single(((a, b) for _, a, b in pairs), arithmetic, floor, facts)
    return replace(floor, arithmetics=added)


def arithmetic_pairs(cases: Iterable[TraceCase], arithmetic: str, inputs: Path) -> Iterator[TracePair]:
    """Yield what is traced, and the traces of the C reference and of the simulator in an arithmetic."""
    base = build_reference(BASE_BUILD)
    for case in cases:
        for mode in modes_of(case):
            double = trace_of(base, case, case.words, mode, inputs)
            yield f"{case.id} {mode} {arithmetic}", double, simulator_trace(case, mode, arithmetic, inputs)


def simulator_trace(case: TraceCase, mode: str, arithmetic: str, inputs: Path) -> TraceLog:
    """Return the trace of the simulator on a case.

    Args:
        arithmetic: float64, mixed or float32.
    """
    chosen = [word for slow, fast in case.pixels for word in ("-trace_pixel", str(slow), str(fast))]
    from simulator.image import render
    from simulator.output.trace import recorder_of, trace_text
    from simulator.scene.scene import prepare

    words = ["--parity-mode", mode, "-dtype", arithmetic, *case.words, *chosen, *NEWEST_TRACE, "-trace_only"]
    with temporary_folder("nb-floor") as scratch:
        folder = Path(scratch, "work")
        folder.mkdir()
        if case.case is not None:
            lay_out(case.case, inputs, folder)
        with chdir(folder):
            config = RunConfig.from_args(words)
            scene, recorder = prepare(config), recorder_of(config)
            render(scene, recorder)
            text = trace_text(scene, recorder)
    return read_stream(io.BytesIO(text.encode()), f"{case.id} {mode} {arithmetic}")
