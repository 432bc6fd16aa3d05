"""Numbers and defaults of the comparators, kept as data: `python -m tests.decisions` writes them anew.

A bound, a limit or a default of a comparator is a decision; a test that only uses it may not see it move.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.comparator_mutants import modules_of

KEPT = Path(__file__).with_name("decisions.json")
PLAIN = (int, float, str, bytes, tuple, frozenset, re.Pattern, Mapping)
LONGEST = 120
ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def shown(value: Any) -> str:
    """Return a value as text that is the same in every process."""
    if isinstance(value, frozenset | set):
        return f"{{{', '.join(sorted(map(shown, value)))}}}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{shown(key)}: {shown(part)}' for key, part in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    if isinstance(value, re.Pattern):
        return f"{value.pattern!r} {int(value.flags)}"
    return (
        value.__qualname__
        if callable(value) and hasattr(value, "__qualname__")
        else ADDRESS.sub("", repr(value))
    )


def _of_call(name: str, call: Any) -> Iterator[tuple[str, str]]:
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return
    for one in parameters:
        if one.default is not inspect.Parameter.empty:
            yield f"{name}({one.name})", shown(one.default)


def _of_class(name: str, found: type) -> Iterator[tuple[str, str]]:
    yield from _of_call(name, found)
    if issubclass(found, Enum):
        yield from ((f"{name}.{one.name}", shown(one.value)) for one in found)
    for key, part in vars(found).items():
        if inspect.isfunction(part):
            yield from _of_call(f"{name}.{key}", part)


def decisions(module: ModuleType) -> dict[str, str]:
    """Return the constants of a module and the defaults of its functions and classes, as text."""
    found: dict[str, str] = {}
    assigned = _assigned(module)
    for name, value in vars(module).items():
        if name.startswith("__") or name in ("annotations", "TYPE_CHECKING"):
            continue
        own = getattr(value, "__module__", "") == module.__name__
        if inspect.isclass(value):
            found |= _of_class(name, value) if own else ()
        elif inspect.isfunction(value):
            found |= _of_call(name, value) if own else ()
        elif name in assigned and isinstance(value, PLAIN):
            found[name] = shown(value)
    return {name: text if len(text) <= LONGEST else _hash_of(text) for name, text in found.items()}


def _assigned(module: ModuleType) -> set[str]:
    """Return the names that a module gives a value itself."""
    tree = ast.parse(inspect.getsource(module))
    targets = [one for part in tree.body if isinstance(part, ast.Assign) for one in part.targets]
    targets += [part.target for part in tree.body if isinstance(part, ast.AnnAssign)]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def every_decision() -> dict[str, dict[str, str]]:
    """Return the decisions of all comparators by module."""
    return {name: decisions(importlib.import_module(name)) for name in modules_of([])}


def main() -> int:
    """Write all decisions anew."""
    found = every_decision()
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{sum(map(len, found.values()))} decisions in {KEPT.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
