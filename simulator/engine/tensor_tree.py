"""Structures of tensors taken apart and put together again.

A structure is a tensor, None, a plain value, a tuple of structures, or a frozen dataclass with such fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from torch import Tensor

Structure = TypeVar("Structure")


class _Absent:
    """Stands for a part that a structure was given without; whoever reads it fails."""

    def __repr__(self) -> str:
        return "absent"

    def __bool__(self) -> bool:
        raise AssertionError("this part of the structure was left out")


ABSENT: Any = _Absent()
_NAMES: dict[type[Any], tuple[str, ...]] = {}
"""Of the fields of each type that has been met."""


def leaves(made: Any) -> Iterator[Tensor]:
    """Yield the tensors of a structure, depth first."""
    return iter(_found(made, []))


def _found(made: Any, tensors: list[Tensor]) -> list[Tensor]:
    """Return the list with the tensors of a structure added to it."""
    if isinstance(made, Tensor):
        tensors.append(made)
    else:
        for part in _parts(made):
            _found(part, tensors)
    return tensors


def rebuilt(made: Structure, tensors: Sequence[Tensor]) -> Structure:
    """Return a structure with other tensors, in the order of `leaves`."""
    source = iter(tensors)
    result = _filled(made, source)
    if next(source, None) is not None:
        raise ValueError(f"{len(tensors)} tensors for a structure that has fewer")
    return result  # type: ignore[no-any-return]


def skeleton(made: Any) -> str:
    """Return what a structure is besides the values and sizes of its tensors, in words.

    Of a tensor that is its type and which of its axes have one entry.
    """
    if isinstance(made, Tensor):
        axes = "".join("1" if size == 1 else "n" for size in made.shape)
        return f"{str(made.dtype).removeprefix('torch.')}[{axes}]"
    if isinstance(made, tuple) or is_dataclass(made):
        return f"{type(made).__name__}({','.join(skeleton(part) for part in _parts(made))})"
    return repr(sorted(made)) if isinstance(made, frozenset) else repr(made)


def _parts(made: Any) -> Sequence[Any]:
    """Return the parts of a tuple or dataclass, none of anything else."""
    if isinstance(made, tuple):
        return made
    return [getattr(made, name) for name in _names(type(made))]


def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass, none of another type."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return _NAMES[kind]


def _filled(made: Any, source: Iterator[Tensor]) -> Any:
    """Return the structure with its tensors taken from a source."""
    if isinstance(made, Tensor):
        return next(source)
    if isinstance(made, tuple):
        return tuple(_filled(part, source) for part in made)
    names = _names(type(made))
    return replace(made, **{name: _filled(getattr(made, name), source) for name in names}) if names else made
