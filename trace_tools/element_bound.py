"""How far two numbers may be apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trace_tools.arrays import Floats, Marks
from trace_tools.errors import TraceError

KEYS = ("rel", "abs", "ulp")


@dataclass(frozen=True)
class ElementBound:
    """How far two elements may be apart: within any one of the bounds that are given, or equal without one.

    abs: |a - b| <= abs;  rel: |a - b| <= rel max(|a|, |b|);  ulp: at most so many steps of their type
    combined: |a - b| <= abs + rel max(|a|, |b|), in place of the first two
    """

    rel: float | None = None
    abs: float | None = None
    ulp: float | None = None
    combined: bool = False

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            TraceError: for one that bounds nothing, or a sum of bounds of which one is missing.
        """
        for key in KEYS:
            value = getattr(self, key)
            if value is not None and not 0.0 <= value < float("inf"):
                raise TraceError(
                    f"bound {key} is {value:g}, must be finite and not negative; give such a one"
                )
        if self.combined and (self.abs is None or self.rel is None):
            raise TraceError("combined bounds are the sum of 'abs' and 'rel', one is missing; give both")

    @property
    def exact(self) -> bool:
        """Tell whether only equal numbers are within."""
        return not any(getattr(self, key) for key in KEYS)

    @property
    def text(self) -> str:
        """Return the bound in words."""
        if self.exact:
            return "equal"
        stated = [f"{key} {getattr(self, key):g}" for key in KEYS if getattr(self, key) is not None]
        if not self.combined:
            return " or ".join(stated)
        return " or ".join([" + ".join(stated[:2]), *stated[2:]])

    def within(self, absolute: Floats, scale: Floats, steps: Floats) -> Marks:
        """Tell which elements are within.

        Args:
            absolute: |a - b| [n], not finite where one side is no number.
            scale: max(|a|, |b|) [n].
            steps: distance in steps of the type [n].
        """
        if self.combined:
            near = absolute <= (self.abs or 0.0) + (self.rel or 0.0) * scale
        else:
            near = absolute <= (0.0 if self.abs is None else self.abs)
            if self.rel is not None:
                near |= absolute <= self.rel * scale
        if self.ulp is not None:
            near |= steps <= self.ulp
        return np.asarray(near & np.isfinite(absolute))
