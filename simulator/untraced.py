"""Keeps functions of ours out of `torch.compile` of a user's code, at no cost where nobody compiles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import CodeType
from typing import Any, TypeVar

Called = TypeVar("Called", bound=Callable[..., Any])
REASON = "the simulator runs its own stages; call it outside of fullgraph=True"


def untraced(function: Called) -> Called:
    """Return a function that `torch.compile` calls as it is, with all that it calls, instead of tracing it.

    `torch.compiler.disable` does the same, but imports torch's tracer, which takes longer than torch itself.
    Nor is torch imported here: without it there is no tracer.
    """

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if "torch" not in sys.modules:
            return function(*args, **kwargs)
        frames = _frames()
        tracer = frames.set_eval_frame(None)
        try:
            return function(*args, **kwargs)
        finally:
            frames.set_eval_frame(tracer)

    if "torch" in sys.modules:
        _skip(called.__code__)  # type: ignore[attr-defined]
    called._torchdynamo_disable = True  # type: ignore[attr-defined]
    called._torchdynamo_disable_msg = REASON  # type: ignore[attr-defined]
    return called  # type: ignore[return-value]


def _frames() -> Any:
    """Return the part of torch that decides which functions are traced."""
    return sys.modules["torch"]._C._dynamo.eval_frame


def _skip(code: CodeType) -> None:
    """Tell the tracer that a function is run as it is; versions of torch differ in how they are told.

    All functions of `untraced` share one code.
    """
    frames = _frames()
    if hasattr(frames, "skip_code"):
        frames.skip_code(code)
    elif hasattr(frames, "set_code_exec_strategy"):
        action = frames._FrameAction
        frames.set_code_exec_strategy(code, frames._FrameExecStrategy(action.SKIP, action.DEFAULT))
