"""The stages of the kernel on dual tensors."""

from __future__ import annotations

from typing import Any

from simulator.dual_tensors import carrying, plain_of, tangent_of
from simulator.engine.stage import Call, Engine
from simulator.gradients.vector_jacobian import Slopes


class Carrying:
    """Runs calls with the tangents of what they give; see `Engine`.

    Calls of plain tensors run on another engine, those of dual ones operation by operation: a compiler does
    not take these. The innermost stage, which takes most of the time, is not called here. What a stage gives
    along directions that do not move it is formed once, until `plain` is cleared.
    """

    def __init__(self, inner: Engine) -> None:
        self.inner = inner
        self.plain: dict[str, Any] = {}
        self.compiled, self.parallel = inner.compiled, inner.parallel
        self.elements, self.pixels = inner.elements, inner.pixels

    def run(self, call: Call, pixels: int) -> Any:
        """See `Engine.run`."""
        plain, tangents = parted(call)
        if all(tangent is None for tangent in tangents):
            if call.stage.name not in self.plain:
                self.plain[call.stage.name] = self.inner.run(plain, pixels)
            return self.plain[call.stage.name]
        with carrying():
            return call.result()


def parted(call: Call) -> tuple[Call, Slopes]:
    """Return a call of plain tensors, and the tangent of each of them, None for 0."""
    flat = call.flat()
    return call.of([plain_of(part) for part in flat]), tuple(map(tangent_of, flat))
