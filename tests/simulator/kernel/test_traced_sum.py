"""What is traced is what is summed: a fault in the sum shows at the running sum, and nowhere before."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from simulator import RunConfig
from simulator.image import render
from simulator.kernel import accumulate
from simulator.output.trace import recorder_of, trace_text
from simulator.scene.scene import prepare
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import TraceLog, read_stream

CRYSTAL = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 6 -pixel 0.4 -N 5"
    " -default_F 100 -oversample 2 -osc 2 -phi 1 -phisteps 3 -mosaic 1 -mosaic_domains 4 -hdivrange 5"
    " -hdivsteps 2 -vdivrange 0 -trace_pixel 2 3"
)
WAYS = {
    "plain": "--parity-mode c-parity",
    "product": "--parity-mode c-parity -oversample_polar -oversample_omega",
    "spec": "--parity-mode spec -oversample_polar -detector_thick 100 -detector_thicksteps 2",
    "mixed": "--parity-mode spec -dtype mixed",
}


def traced(way: str) -> tuple[TraceLog, Tensor]:
    config = RunConfig.from_args([*CRYSTAL.split(), *WAYS[way].split()])
    scene, recorder = prepare(config), recorder_of(config)
    image = render(scene, recorder).image
    return read_stream(io.BytesIO(trace_text(scene, recorder).encode()), way), image


def values(log: TraceLog, tap: str) -> list[float]:
    return [record.values[0] for record in log.records() if record.tap == tap]


@pytest.mark.parametrize("way", WAYS)
def test_last_running_sum_is_that_of_the_image_bit_for_bit(way: str) -> None:
    log, image = traced(way)
    assert values(log, "I_running")[-1] == values(log, "I_before_scaling")[0]
    assert values(log, "floatimage_accumulated") == [float(image[2, 3].to(torch.float32))]


def in_single(sound: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def faulty(I: Tensor, term: Tensor, *given: Tensor | None) -> Tensor:
        return sound(I, term.to(torch.float32), *given).to(I.dtype)

    return faulty


def without_last(sound: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def faulty(I: Tensor, term: Tensor, *given: Tensor | None) -> Tensor:
        kept = term.clone()
        kept[-1, :, -1, -1] = 0.0
        return sound(I, kept, *given)

    return faulty


@pytest.mark.parametrize("fault", [in_single, without_last])
def test_fault_in_the_sum_is_blamed_on_the_running_sum(
    fault: Callable[..., Callable[..., Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, _ = traced("plain")
    monkeypatch.setattr(accumulate, "add_terms", fault(accumulate.add_terms))
    report = judge(sound, traced("plain")[0])
    assert report.first is not None
    assert [found.tap for found in report.causes] == ["I_running"]
