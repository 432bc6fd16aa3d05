"""The calls of stages that a run makes, one of each form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.config import RunConfig
    from simulator.engine.stage import Call


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
