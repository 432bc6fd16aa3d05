"""A stage turned into machine code by torch's exporter and compiler."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from simulator.engine.compiler_options import FUSING, INNERMOST, ON_DEVICE, OPTIONS
from simulator.engine.library_cache import CompileError, try_loading
from simulator.engine.programs import StageProgram
from simulator.engine.stage import Call
from simulator.start_up.deferred import complete

LONGEST_REASON = 300
LARGEST = 1 << 40
"""Size of an axis that is never reached."""


def compiled_into(call: Call, library: Path, device: torch.device) -> None:
    """Compile a stage into a library.

    Raises:
        CompileError: for whatever the exporter or compiler meets.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile_stage(call, library, device)
    except Exception as error:
        reason = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        raise CompileError(
            f"stage '{call.stage.name}' of the pixel loop cannot be compiled ({reason}); a C++ compiler must"
            " be there, --compile off does without"
        ) from error


def compile_stage(call: Call, library: Path, device: torch.device) -> None:
    """Compile a stage into a library.

    Args:
        call: one of its calls, for the axes and types of all tensors.
        device: for which.
    """
    complete()
    from torch._inductor import aot_compile
    from torch.export import export

    options = {**OPTIONS, **(ON_DEVICE if device.type == "cuda" else {})}
    if call.stage.innermost:
        options |= INNERMOST
    if call.stage.fuses(call.ins):
        options |= FUSING
    library.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=library.parent) as folder,
        torch.inference_mode(False),
        torch.no_grad(),
    ):
        plain = [part.clone(memory_format=torch.contiguous_format) for part in call.flat()]
        shapes = (_dimensions(call, plain),)
        with call.stage.for_compiler():
            stage = _Exported(_traced(call, plain) if call.stage.differentiates else call.flat_result)
            exported = export(stage, (plain,), dynamic_shapes=shapes, strict=False).module()
        options["aot_inductor.output_path"] = f"{folder}/stage.so"
        made = Path(str(aot_compile(exported, (plain,), options=options)))
        try_loading(made, device)
        made.replace(library)


class _Exported(torch.nn.Module):
    """A stage as the exporter takes it."""

    def __init__(self, program: StageProgram) -> None:
        super().__init__()
        self.program = program

    def forward(self, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        """Return the tensors that the stage gives."""
        return tuple(self.program(tensors))


def _traced(call: Call, flat: list[Tensor]) -> StageProgram:
    """Return the operations of a stage that takes derivatives, which the exporter cannot trace by itself."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def stage(tensors: list[Tensor]) -> tuple[Tensor, ...]:
        return call.flat_result(tensors)

    graph: Any = make_fx(stage, tracing_mode="symbolic")(flat)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return cast("StageProgram", graph)


def _dimensions(call: Call, flat: Sequence[Tensor]) -> list[dict[int, Any]]:
    """Return for each tensor of a call which axes vary from call to call, as the exporter wants them."""
    from torch.export import Dim

    dims: dict[str, Any] = {}
    shapes = []
    for place, part in zip(call.places(), flat, strict=True):
        growing = {}
        for number, axis in enumerate(call.stage.axes_of(place, part)):
            if axis is not None and part.shape[number] != 1:
                dims.setdefault(axis.name, Dim(axis.name, min=axis.least, max=LARGEST))
                growing[number] = dims[axis.name]
        shapes.append(growing)
    return shapes
