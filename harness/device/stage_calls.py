"""The calls of stages that a run makes, one of each form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.config import RunConfig
    from simulator.engine.stage import Call


BOX = "box.hkl"
SIDE = 4
"""Largest index of a reflection in the box."""


def write_box(folder: Path) -> None:
    """Write BOX, a small file of structure factors, without which nothing is interpolated."""
    span = range(-SIDE, SIDE + 1)
    rows = ((h, k, l, 20 + (7 * h + 13 * k + 29 * l) % 61) for h in span for k in span for l in span)
    (folder / BOX).write_text("".join(f"{h} {k} {l} {F}\n" for h, k, l, F in rows), encoding="ascii")


def calls_of(config: RunConfig) -> dict[str, Call]:
    """Return a call of each form that a run makes of the stages of an image; none if it is not compiled.

    Args:
        config: of the run; its device does not matter, all is done on the processor.
    """
    from dataclasses import replace

    import torch

    from simulator.engine.rehearsal import Probe
    from simulator.engine.tensor_tree import skeleton
    from simulator.kernel.kernel import photons
    from simulator.kernel.small_blocks import rehearse, uncompilable
    from simulator.kernel.stages import Stages
    from simulator.scene.scene import prepare
    from simulator.scene.setting_up import set_up

    ins = set_up(prepare(replace(config, compute=replace(config.compute, device="cpu"))))
    if uncompilable(ins):
        return {}
    probe = Probe()
    with torch.no_grad():
        rehearse(ins, lambda few, block: photons(Stages(few, probe), block))
    return {f"{form} {skeleton(call.ins)}": call for form, (call, _) in probe.calls.items()}
