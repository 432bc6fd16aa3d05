"""Leaves parts of torch out of a start-up that does not need them.

`import torch` also loads what its exporter and compiler use, a quarter of the time it takes. In the command
line these parts are loaded when something asks for one of their names, and before anything is compiled.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

PARTS = ("torch._meta_registrations", "torch.export")
"""Modules that computing needs nothing of: shapes of results without data, and the exporter."""
ASKED_FOR = ("__path__", "__all__")
"""Special names that mean a use of the module; others are only looked at in passing."""


class _Deferred(ModuleType):
    """Stands for a module until one of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ASKED_FOR:
            raise AttributeError(f"module '{self.__name__}' has no '{name}' yet")
        return getattr(self.load(), name)

    def load(self) -> ModuleType:
        """Return the module itself, imported now; what was bound to this one has its names, too."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        vars(self).update(vars(module))
        return module


def defer() -> None:
    """Defer the parts, if torch is not imported yet."""
    if "torch" not in sys.modules:
        sys.modules.update({name: _Deferred(name) for name in PARTS})


def complete() -> None:
    """Load what is still deferred."""
    for name in PARTS:
        module = sys.modules.get(name)
        if isinstance(module, _Deferred):
            module.load()
