"""Between set-up and the image nothing asks a device for a value: the processor would have to wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from simulator import RunConfig, image
from simulator.engine import choose, switching
from simulator.engine.compiled import ROADS
from simulator.rendered import BlockPixels
from simulator.scene import setting_up
from simulator.scene.scene import prepare

BASE = (
    "-cell 40 45 50 85 95 100 -misset 10 20 30 -default_F 10 -lambda 1 -distance 100 -N 5 -nonoise"
    " -detpixels_x 19 -detpixels_y 13 -nointerpolate"
)
RICH = "-oversample 2 -phi 1 -osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3 -hdivrange 2 -hdivsteps 2"
NOWHERE = torch.device("meta")
"""A device whose tensors have no values: whatever asks for one fails."""
MOST_COPIES = 4
"""One for each type of number of the instrument: two of floats, integers, bool."""


class Copies(TorchDispatchMode):
    """Counts what is copied from the processor to the device."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation."""
        found = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default and found.device != args[0].device:
            self.count += 1
        return found


@pytest.mark.parametrize(
    ("words", "copies"),
    [
        ("", MOST_COPIES),
        (RICH, MOST_COPIES),
        (f"{RICH} --parity-mode c-parity", MOST_COPIES),
        (f"{RICH} -gauss_xtal -water 10 -detector_thick 100 -detector_abs 300 -thicksteps 2", MOST_COPIES),
        (f"{RICH} -oversample_omega -oversample_polar -dmin 3 -curved_det", MOST_COPIES),
        ("-roi 3 9 2 8 -oversample 1 -interpolate", MOST_COPIES),
    ],
)
def test_a_rendering_is_sent_to_the_device_once_and_waits_for_nothing(
    words: str, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[BlockPixels] = []

    def assemble(_how: Any, values: torch.Tensor, _executed: Any, done: Sequence[BlockPixels]) -> Any:
        assert values.device == NOWHERE
        ended.extend(done)
        raise StopIteration

    monkeypatch.setattr(setting_up, "_device", lambda _name: NOWHERE)
    monkeypatch.setattr(choose, "ROADS", {"meta": ROADS["cuda"]})
    monkeypatch.setattr(switching, "ROADS", {"meta": ROADS["cuda"]})
    monkeypatch.setattr(choose, "BLOCKS", {"meta": (1 << 20, 1 << 20)})
    monkeypatch.setattr(image, "assemble", assemble)
    scene = prepare(RunConfig.from_args([*BASE.split(), *words.split(), "--compile", "off"]))
    with Copies() as copied, pytest.raises(StopIteration):
        image.render(scene)
    assert ended
    assert copied.count <= copies


def test_what_asks_for_a_value_is_found() -> None:
    with pytest.raises((RuntimeError, NotImplementedError)):
        bool(torch.zeros(1, device=NOWHERE).any())
    with Copies() as copied:
        torch.from_numpy(np.zeros(3)).to(NOWHERE)
    assert copied.count == 1
