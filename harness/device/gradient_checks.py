"""Gradients on a device, held to those of the processor in double precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.bench.gradients import gradients_of, inputs_of_set
from harness.device.checked import CheckState
from harness.device.stage_calls import BOX, write_box

BOUNDS: Mapping[str, float] = {"float64": 1e-6, "mixed": 1e-4, "float32": 1e-4}
"""Largest difference of the entries of a gradient, of its largest entry, for each number type. Slopes of
single precision lose digits where terms of both signs nearly cancel: up to 2e-5 on a processor."""
CELL = (
    "-cell 40 45 50 85 95 100 -misset 10 20 30 -default_F 50 -lambda 1 -distance 100 -pixel 0.4 -N 5 -nonoise"
)
SIZE = "-detpixels_x 48 -detpixels_y 40 -oversample 1"
SOURCES = "-hdivrange 2 -hdivsteps 2"
MOSAIC = "-phi 1 -osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3"
RUNS: Mapping[str, str] = {
    "square": f"{CELL} {SIZE} -nointerpolate {MOSAIC}",
    "gauss": f"{CELL} {SIZE} -nointerpolate {MOSAIC} -gauss_xtal",
    "sources": f"{CELL} {SIZE} -nointerpolate {SOURCES} -detector_thick 100 -detector_abs 300",
    "round": f"{CELL} {SIZE} -nointerpolate -round_xtal",
    "interpolated": f"{CELL} {SIZE} -interpolate -hkl {BOX}",
}
"""Runs whose gradients are checked, the most valuable ones first."""


def checked_gradients(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield for each run and number type how far its gradient on a device is from that of the processor.

    Args:
        given: `runs` of RUNS, `dtypes`, `device` and `compile`. A file is written into the working folder.
    """
    write_box(Path.cwd())
    for name in given["runs"]:
        exact = _gradients(name, "float64", "cpu", "off")
        for dtype in given["dtypes"]:
            row: dict[str, Any] = {"run": name, "dtype": dtype, "compile": given["compile"]}
            try:
                found = _gradients(name, dtype, given["device"], given["compile"])
            except Exception as error:  # whatever a device throws is a finding
                why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
                yield {**row, "state": CheckState.ERROR.value, "worst": None, "detail": why}
                continue
            yield {**row, **_held(found, exact, BOUNDS[dtype])}


def _held(found: Mapping[str, Any], exact: Mapping[str, Any], bound: float) -> dict[str, Any]:
    """Return whether gradients are within a bound of the exact ones, and the worst of them."""
    distances: dict[str, float] = {}
    for name, expected in exact.items():
        scale = float(expected.abs().max())
        difference = float((found[name].to(expected) - expected).abs().max())
        distances[name] = difference / scale if scale > 0.0 else difference
    worst = max(distances, key=lambda name: distances[name] if distances[name] >= 0.0 else float("inf"))
    held = distances[worst] <= bound
    detail = "" if held else f"the slope along {worst} is off by {distances[worst]:.3g}, not {bound:g}"
    number = distances[worst] if distances[worst] < float("inf") else None
    state = CheckState.HELD if held else CheckState.FAILED
    return {"state": state.value, "worst": number, "input": worst, "detail": detail}


def _gradients(name: str, dtype: str, device: str, compiling: str) -> dict[str, Any]:
    """Return the gradients of a run along the usual inputs, on the processor, by their names."""
    from simulator import RunConfig

    words = [*RUNS[name].split(), "-dtype", dtype, "-device", device, "--compile", compiling]
    config = RunConfig.from_args(words)
    inputs = inputs_of_set(config, "usual")
    found = gradients_of(config, inputs)
    made = zip(inputs, found, strict=True)
    return {key: value.detach().cpu() for key, value in made if value is not None}
