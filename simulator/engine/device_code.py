"""Stages as kernels of a CUDA device, made by torch's compiler in the process that runs them.

No shared library is loaded: a stage is compiled into kernels that torch calls itself, and an entry of the
cache keeps what torch needs to have them again at once. What comes out is tried on a small block first.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from simulator.engine.compiler_options import INNERMOST
from simulator.engine.export import exported
from simulator.engine.library_cache import (
    BrokenLibraryError,
    CompileError,
    Making,
    put_library,
    whole_library,
)
from simulator.engine.stage import Call, StageProgram
from simulator.engine.tensor_tree import leaves
from simulator.start_up.deferred import complete

LONGEST_REASON = 300
USUAL_SIZES: Mapping[str, int] = {"K": 3, "N": 1 << 16, "P": 7, "M": 31}
"""Sizes of growing axes for which the compiler chooses among its kernels; all of them serve any size."""
TRIED_WITHIN = 2.0**-13
"""Largest difference of a kernel's result in its trial, of the largest value: far above rounding."""
ARTIFACT = "binary"
"""How torch writes what it keeps of a compiled stage: as one file."""
_MADE: dict[Path, StageProgram] = {}
"""Programs that this process has compiled or loaded, by their entry in the cache."""


def make_kernels(stages: Sequence[Making], wanted: Callable[[], bool] = lambda: True) -> tuple[str, ...]:
    """Compile stages for a device, and keep them for this process and in the cache for others.

    Args:
        stages: which.
        wanted: asked before each whether to go on.

    Returns:
        A warning where the cache has not all of them now.

    Raises:
        CompileError: if one can be compiled in no way, or gives something else than its operations.
    """
    lost = []
    for making in takewhile(lambda _: wanted(), stages):
        reasons = []
        for name, way in WAYS.items():
            try:
                with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
                    warnings.simplefilter("ignore")
                    program = way(making)
                    require_right(making.call, program)
            except Exception as error:  # whatever a compiler or a device throws is a reason
                reasons.append(f"{name}: {_reason(error)}")
                continue
            _MADE[making.facts.path] = program
            lost += [] if making.facts.path.is_file() else [making.call.stage.name]
            break
        else:
            raise CompileError(
                f"stage '{making.call.stage.name}' of the pixel loop cannot be compiled for a device"
                f" ({'; '.join(reasons)}); --compile off does without"
            )
    return (f"compiled for this process alone, since it cannot be kept: {', '.join(lost)}",) if lost else ()


def load_kernels(entry: Path) -> StageProgram:
    """Return the program of a stage that was compiled for a device, by this process or another.

    Raises:
        FileNotFoundError: there is none.
        BrokenLibraryError: it is not what was written, or this torch does not take it.
    """
    if entry not in _MADE:
        content = whole_library(entry)[1]
        try:
            _MADE[entry] = _loaded(content)
        except Exception as error:
            raise BrokenLibraryError(f"it cannot be loaded ({_reason(error)})") from error
    return _MADE[entry]


def require_right(call: Call, program: StageProgram) -> None:
    """Run a program once on a call and compare with what the operations give.

    Raises:
        ArithmeticError: if it gives something else.
    """
    given = [part.clone(memory_format=torch.contiguous_format) for part in call.flat()]
    for found, expected in zip(program(given), leaves(call.result()), strict=True):
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ArithmeticError(f"a result is {_kind(found)}, not {_kind(expected)}")
        scale = float(expected.to(torch.float64).abs().max()) if expected.numel() else 0.0
        distance = float((found.to(torch.float64) - expected).abs().max()) if expected.numel() else 0.0
        if not distance <= TRIED_WITHIN * scale and found.dtype.is_floating_point:
            raise ArithmeticError(f"a result is off by {distance:.3g}, of values up to {scale:.3g}")


def _reason(error: BaseException) -> str:
    """Return what an error says on one line, its type where it says nothing."""
    return " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


def _as_artifact(making: Making) -> StageProgram:
    """Compile a stage by itself: its calls check nothing, and take a tenth of a millisecond."""
    complete()
    from torch._inductor import standalone_compile

    program = functional(making.call)
    if program.constants:
        raise ValueError(f"the operations hold constants: {', '.join(program.constants)}")
    graph: Any = program.graph_module
    places = [node.meta["val"] for node in graph.graph.nodes if node.op == "placeholder"]
    patches = {"config_patches": device_options(making.call)}
    made = standalone_compile(graph, places, dynamic_shapes="from_graph", options=patches)
    _keep(made, making)
    return _flat(made)


def _by_dynamo(making: Making) -> StageProgram:
    """Compile a stage as torch compiles a module, which looks at all tensors at each call."""
    complete()
    module: Any = functional(making.call).module()
    module = torch.compile(module, dynamic=True, fullgraph=True, options=device_options(making.call))

    def program(tensors: list[Tensor]) -> Sequence[Tensor]:
        with torch.inference_mode(False), torch.no_grad():
            found: Sequence[Tensor] = module(tensors)
        return found

    return program


WAYS: Mapping[str, Callable[[Making], StageProgram]] = {
    "standalone_compile": _as_artifact,
    "torch.compile": _by_dynamo,
}
"""How a stage may be compiled, in the order in which it is tried."""


def functional(call: Call) -> Any:
    """Return the operations of a stage, none of which changes an argument, for a block of usual size."""
    return exported(call.resized(USUAL_SIZES)).run_decompositions({})


def device_options(call: Call) -> dict[str, Any]:
    """Return what the compiler of kernels for a device is told of a stage."""
    told = {"assert_indirect_indexing": False}
    return {**told, **INNERMOST} if call.stage.innermost else told


def _flat(made: Any) -> StageProgram:
    return lambda tensors: cast("Sequence[Tensor]", made(*tensors))


def _keep(made: Any, making: Making) -> None:
    """Put a compiled stage into the cache; where that cannot be, the next process compiles again."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "stage")
        try:
            made.save(path=str(file), format=ARTIFACT)
            put_library(making.facts, file.read_bytes())
        except (RuntimeError, AssertionError, CompileError):
            return


def _loaded(content: bytes) -> StageProgram:
    complete()
    import torch._inductor as compiler

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder, "stage")
        file.write_bytes(content)
        return _flat(cast("Any", compiler).CompiledArtifact.load(path=str(file), format=ARTIFACT))
