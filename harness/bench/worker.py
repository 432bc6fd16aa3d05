"""The process in which rendering is timed: one PyTorch simulator, kept alive and told when to render.

`python -m harness.bench.worker NANOBRAGG-ARGS` sets the run up, renders once and writes a line of JSON that
says what it found. It then answers each line of standard input with a line of JSON: `render N` renders N
times, `profile N` names the N operators that took most of a rendering, `waits` counts how often a rendering
makes the processor wait for the device, `image PATH` writes the last image as 4-byte floats. It ends with its
input.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.rendered import Rendered
    from simulator.scene.scene import Scene

USAGE_ERROR = 9
MICROSECOND_S = 1e-6
WAITED = "synchronizing CUDA operation"


@dataclass(frozen=True)
class Timed:
    """One set-up and rendering: wall time of each, processor time of both, and what came out."""

    scene: Scene
    rendered: Rendered
    prepare_s: float
    render_s: float
    cpu_s: float

    def facts(self) -> dict[str, float]:
        """Return the times as plain data."""
        return {name: getattr(self, name) for name in ("prepare_s", "render_s", "cpu_s")}


def peak_bytes() -> int:
    """Return the largest resident size of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main(argv: Sequence[str]) -> int:
    """Run the worker on a nanoBragg command line until its input ends."""
    from simulator.start_up.allocator import keep_freed
    from simulator.start_up.openmp import wait_asleep

    wait_asleep()
    keep_freed()
    import torch

    imported = peak_bytes()
    from simulator.config import RunConfig
    from simulator.errors import InputError

    try:
        config = RunConfig.from_args(argv)
        last = timed(config)
        _say({**_facts(last), "torch": torch.__version__, "import_bytes": imported})
        for line in sys.stdin:
            word, _, value = line.strip().partition(" ")
            if word == "image":
                image = last.rendered.image.to(torch.float32).cpu().numpy()
                image.tofile(value)
                _say({"shape": list(image.shape)})
                continue
            if word in EXTRAS:
                _say(EXTRAS[word](config, value))
                continue
            runs = []
            for _ in range(int(value)):
                last = timed(config)
                runs.append(last.facts())
            _say({"runs": runs, "peak_bytes": peak_bytes(), "device_bytes": _device_bytes()})
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    return 0


def timed(config: Any) -> Timed:
    """Set a run up and render it, with the times; work on a device is waited for."""
    from simulator.image import render
    from simulator.scene.scene import prepare

    cpu, start = time.process_time(), time.perf_counter()
    scene = prepare(config)
    ready = time.perf_counter()
    rendered = render(scene)
    _wait_for_device()
    end = time.perf_counter()
    return Timed(scene, rendered, ready - start, end - ready, time.process_time() - cpu)


def profiled(config: Any, operators: str) -> dict[str, Any]:
    """Set a run up and render it under torch's profiler, on all threads.

    Returns:
        Processor time of the rendering, profiler included, in s; the operators with the largest own time; the
        own time of all operators. What is left of the processor time is compiled code and Python.
    """
    from torch._C._profiler import _ExperimentalConfig
    from torch.profiler import ProfilerActivity, profile

    threads = _ExperimentalConfig(profile_all_threads=True)
    with profile(activities=[ProfilerActivity.CPU], experimental_config=threads) as profiler:
        cpu_s = timed(config).cpu_s
    found = [
        {"operator": event.key, "calls": event.count, "own_s": event.self_cpu_time_total * MICROSECOND_S}
        for event in profiler.key_averages()
    ]
    found.sort(key=lambda one: -one["own_s"])
    own_s = sum(one["own_s"] for one in found)
    return {"cpu_s": cpu_s, "operators": found[: int(operators)], "operators_own_s": own_s}


def host_waits(config: Any, _: str = "") -> dict[str, int | None]:
    """Count the operations of a rendering that make the processor wait for the device; None without one."""
    import torch

    from simulator.image import render
    from simulator.scene.scene import prepare

    if not _uses_cuda():
        return {"host_waits": None}
    scene = prepare(config)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            render(scene)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return {"host_waits": sum(WAITED in str(warning.message) for warning in caught)}


EXTRAS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {"profile": profiled, "waits": host_waits}


def _facts(first: Timed) -> dict[str, Any]:
    import torch

    from simulator.scene.number_types import precision_of

    scene = first.scene
    pixels = int(first.rendered.executed.sum())
    on_device = scene.config.compute.device.startswith("cuda")
    return {
        "shape": list(first.rendered.executed.shape),
        "pixels": pixels,
        "samples": pixels * scene.layers * scene.steps,
        "sources": len(scene.sources.weight),
        "phi_steps": len(scene.phi_rad),
        "domains": len(scene.umats),
        "oversample": scene.oversample,
        "interpolates": scene.interpolate,
        "precision": precision_of(scene),
        "notes": list(first.rendered.notes),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if on_device else "cpu",
        "first": first.facts(),
    }


def _wait_for_device() -> None:
    import torch

    if _uses_cuda():
        torch.cuda.synchronize()


def _device_bytes() -> int | None:
    import torch

    return int(torch.cuda.max_memory_allocated()) if _uses_cuda() else None


def _uses_cuda() -> bool:
    """Tell whether this process has touched a CUDA device."""
    import torch

    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def _say(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
