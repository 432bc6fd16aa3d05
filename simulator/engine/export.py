"""A stage turned into machine code by torch's exporter and compiler."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from simulator.engine.compiler_options import FUSING, INNERMOST, LIBRARY, OPTIONS, TRUSTING
from simulator.engine.stage import Call, StageProgram
from simulator.start_up.deferred import complete

LARGEST = 1 << 40
"""Size of an axis that is never reached."""


def library_bytes(call: Call) -> bytes:
    """Compile a stage into a library for the processor and return its content.

    Args:
        call: one of its calls, for the axes and types of all tensors.

    Raises:
        Exception: for whatever the exporter or compiler meets.
    """
    complete()
    from torch._inductor import aoti_compile_and_package

    with tempfile.TemporaryDirectory() as folder, _as_compiled():
        program = exported(call)
        for trust in (TRUSTING, {}):
            package = Path(folder, f"stage{len(trust)}.pt2")
            try:
                options = compiler_words(call) | LIBRARY | trust
                aoti_compile_and_package(program, package_path=str(package), inductor_configs=options)
            except Exception:
                if not trust:
                    raise
                continue
            break
        with zipfile.ZipFile(package) as files:
            (name,) = (name for name in files.namelist() if name.endswith(".so"))
            return files.read(name)


def compiler_words(call: Call) -> dict[str, Any]:
    """Return what the compiler is told of the code of a stage."""
    options = dict(OPTIONS)
    if call.stage.innermost:
        options |= INNERMOST
    if call.stage.fuses(call.ins):
        options |= FUSING
    return options


@contextmanager
def _as_compiled() -> Iterator[None]:
    """Take operations as tensors without gradient have them."""
    with torch.inference_mode(False), torch.no_grad():
        yield


def plain_tensors(call: Call) -> list[Tensor]:
    """Return the tensors of a call as a compiled stage takes them."""
    return [part.clone(memory_format=torch.contiguous_format) for part in call.flat()]


def exported(call: Call) -> Any:
    """Return a stage as torch's exported program, for all sizes of the axes that vary."""
    from torch.export import export

    with _as_compiled(), call.stage.for_compiler():
        plain = plain_tensors(call)
        stage = _Exported(_traced(call, plain) if call.stage.differentiates else call.flat_result)
        return export(stage, (plain,), dynamic_shapes=(_dimensions(call, plain),), strict=False)


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
