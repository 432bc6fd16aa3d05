"""Stages compiled by `torch.compile` in the process that runs them, kept by torch's own cache artifacts.

A process that uses them imports the compiler. An entry of the cache holds the exported stage and the
artifacts, so that only the first process exports and compiles it.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simulator.engine.export import exported, options_of, plain_tensors
from simulator.engine.library_cache import LOADED, BrokenLibraryError, CompileError, put, whole
from simulator.engine.making import Making, always, refusal
from simulator.engine.stage import StageProgram
from simulator.start_up.deferred import complete


def make(stages: Sequence[Making], wanted: Callable[[], bool] = always) -> None:
    """Compile stages into the cache, in this process.

    Args:
        wanted: asked before each whether to go on.

    Raises:
        CompileError: if one cannot be compiled.
    """
    complete()
    for making in takewhile(lambda _: wanted(), stages):
        try:
            with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
                warnings.simplefilter("ignore")
                put(making.facts, _kept(making))
        except CompileError:
            raise
        except Exception as error:
            raise refusal(f"stage '{making.call.stage.name}'", str(error) or type(error).__name__) from error


def _kept(making: Making) -> bytes:
    """Return an entry: a line of facts, the exported stage, the artifacts of its compilation."""
    stage, options = exported(making.call).run_decompositions({}), options_of(making.call)
    file = io.BytesIO()
    torch.export.save(stage, file)
    _compiled(stage, options)(plain_tensors(making.call))
    saved = torch.compiler.save_cache_artifacts()
    line = json.dumps({"options": options, "stage_bytes": len(file.getvalue())})
    return line.encode() + b"\n" + file.getvalue() + (b"" if saved is None else saved[0])


@lru_cache(maxsize=LOADED)
def load(entry: Path) -> StageProgram:
    """Return the program of an entry of the cache, which compiles nothing that the artifacts hold.

    Raises:
        FileNotFoundError: there is none.
        BrokenLibraryError: it is not what was written, or cannot be used.
    """
    line, _, rest = whole(entry)[1].partition(b"\n")
    complete()
    try:
        told = json.loads(line)
        size = int(told["stage_bytes"])
        if rest[size:]:
            torch.compiler.load_cache_artifacts(rest[size:])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _compiled(torch.export.load(io.BytesIO(rest[:size])), told["options"])
    except Exception as error:
        raise BrokenLibraryError(f"it cannot be loaded ({' '.join(str(error).split())})") from error


def _compiled(stage: Any, options: dict[str, Any]) -> StageProgram:
    """Return an exported stage as a program, compiled or found in torch's cache at its first call."""
    made: Any = torch.compile(stage.module(), dynamic=True, fullgraph=True, options=options)

    def program(tensors: list[Tensor]) -> Sequence[Tensor]:
        with torch.inference_mode(False), torch.no_grad():
            found: Sequence[Tensor] = made(tensors)
        return found

    return program
