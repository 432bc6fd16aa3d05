"""What a float image must give: its other outputs, made from it by the simulator's own writers."""

from __future__ import annotations

from dataclasses import dataclass

from harness.arrays import FloatImage
from harness.outputs.request import ROWS
from simulator import RunConfig
from simulator.output.outputs import FinishedImage
from simulator.scene.region import executed_pixels


@dataclass(frozen=True)
class DerivedOutput:
    """The bytes of an output without its SMV header, and the lines that are printed about it."""

    data: bytes
    lines: tuple[str, ...]


def derived_output(name: str, image: FloatImage, config: RunConfig, oversample: int = 1) -> DerivedOutput:
    """Return an output as spec 08 makes it from a float image.

    Args:
        name: of the output.
        image: photons [slow, fast] as a program wrote them.
        config: of the command line: scales, offset, seed, quirks, region of interest and mask.
        oversample: sub-pixels a side, which only the printed place of the maximum depends on.

    Source: spec 08.
    """
    finished = FinishedImage(config, b"", image, executed_pixels(config.detector), oversample)
    write = ROWS[name].write
    if write is None:
        raise KeyError(name)
    lines: list[str] = []
    data = b"".join(bytes(chunk) for chunk in write(finished, lines.append))
    return DerivedOutput(data, tuple(lines))


def oversample_of(config: RunConfig) -> int:
    """Return the sub-pixels a side that a run chooses. This imports torch."""
    from simulator.scene.scene import prepare

    return prepare(config).oversample
