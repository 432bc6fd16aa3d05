"""Seams of the simulator: names of its modules, replaced in the process that is to have the fault."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
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


@dataclass(frozen=True)
class PyText:
    """A module with another text."""

    module: str
    text: str


class _OtherText(SourceFileLoader):
    """Loads a module with another text."""

    def __init__(self, seam: PyText, path: str) -> None:
        super().__init__(seam.module, path)
        self._seam = seam

    def get_code(self, fullname: str) -> Any:
        return compile(self._seam.text, self.get_filename(fullname), "exec")


class _OtherTexts:
    """Finds modules with another text before the sound ones."""

    def __init__(self, seams: Sequence[PyText]) -> None:
        self._seams = {seam.module: seam for seam in seams}

    def find_spec(self, name: str, path: Sequence[str] | None, _target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in self._seams else None
        if spec is None or spec.origin is None:
            return None
        return ModuleSpec(name, _OtherText(self._seams[name], spec.origin), origin=spec.origin)


def put(seams: Sequence[PySeam | PyText]) -> None:
    """Put the parts of a fault into this process, before anything else of the simulator is imported.

    Raises:
        HarnessError: there is no such module or name.
    """
    texts = [seam for seam in seams if isinstance(seam, PyText)]
    sys.meta_path.insert(0, _OtherTexts(texts))
    for seam in seams:
        if isinstance(seam, PyText):
            continue
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
