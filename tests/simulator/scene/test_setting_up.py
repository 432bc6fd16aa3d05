"""The tensors of an instrument move to the device of a run."""

from __future__ import annotations

import torch

from simulator import RunConfig
from simulator.engine.tensor_tree import leaves
from simulator.scene.scene import prepare
from simulator.scene.setting_up import _moved, set_up


def test_tensors_move_together_and_stay_what_they_are() -> None:
    words = "-cell 50 60 70 90 90 90 -default_F 10 -lambda 1 -distance 100 -detpixels 8 -mosaic 1"
    parts = list(leaves(set_up(prepare(RunConfig.from_args([*words.split(), "-mosaic_domains", "3"])))))
    moved = _moved(parts, torch.device("cpu"))
    assert [part.dtype for part in moved] == [part.dtype for part in parts]
    assert all(torch.equal(new, old) for new, old in zip(moved, parts, strict=True))
