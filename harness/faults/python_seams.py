"""Seams of the simulator: names of its modules, replaced in the process that is to have the fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from typing import Any

from harness.errors import HarnessError


@dataclass(frozen=True)
class PySeam:
    """A name of a module (`NAME` or `CLASS.NAME`), and what makes the faulty value out of the sound one.

    A function that other modules import by name has the fault in these, too, if they are imported later.
    """

    module: str
    name: str
    faulty: Callable[[Any], Any]


def put(seams: Sequence[PySeam]) -> None:
    """Put the parts of a fault into this process, before anything else of the simulator is imported.

    Raises:
        HarnessError: there is no such module or name.
    """
    for seam in seams:
        *owners, name = seam.name.split(".")
        try:
            owner = reduce(getattr, owners, import_module(seam.module))
            sound = getattr(owner, name)
        except (ImportError, AttributeError) as error:
            raise HarnessError(
                f"the simulator has no {seam.module}.{seam.name} ({error}); correct the table of faults"
            ) from error
        bound = isinstance(vars(owner)[name], classmethod)
        setattr(owner, name, staticmethod(seam.faulty(sound)) if bound else seam.faulty(sound))
