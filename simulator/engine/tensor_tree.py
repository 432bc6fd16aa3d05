"""Structures of tensors taken apart and put together again.

A structure is a tensor, None, a plain value, a tuple of structures, or a frozen dataclass with such fields,
some of which may be left out (see `only`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import torch
from torch import Tensor

Structure = TypeVar("Structure")


class Divisible:
    """A dataclass that stages are shown some fields of; whoever reads another one fails."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            """Refuse a field that is not there."""
            raise AttributeError(f"'{type(self).__name__}.{name}' is read, but the stage does not declare it")


_NAMES: dict[type[Any], tuple[str, ...]] = {}
"""Of the fields of each type that has been met."""
_WORDS = {kind: str(kind).removeprefix("torch.") for kind in (torch.float64, torch.float32, torch.int64)}
"""Of number types that are common."""


def leaves(made: Any) -> Iterator[Tensor]:
    """Yield the tensors of a structure, depth first."""
    return iter(_found(made, []))


def _found(made: Any, tensors: list[Tensor]) -> list[Tensor]:
    """Return the list with the tensors of a structure added to it."""
    if isinstance(made, Tensor):
        tensors.append(made)
    elif isinstance(made, tuple):
        for part in made:
            _found(part, tensors)
    elif names := _names(type(made)):
        there = made.__dict__
        for name in names:
            if name in there:
                _found(there[name], tensors)
    return tensors


def named_leaves(made: Any, place: str) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a structure at a place with their places, `ins.table.values`, `ins.cells.0`."""
    if isinstance(made, Tensor):
        yield place, made
    elif isinstance(made, tuple):
        for number, part in enumerate(made):
            yield from named_leaves(part, f"{place}.{number}")
    else:
        for name in _names(type(made)):
            if name in vars(made):
                yield from named_leaves(vars(made)[name], f"{place}.{name}")


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
        axes = "".join(["1" if size == 1 else "n" for size in made.shape])
        return f"{_WORDS.get(made.dtype) or str(made.dtype).removeprefix('torch.')}[{axes}]"
    if isinstance(made, tuple) or _names(type(made)):
        return f"{type(made).__name__}({','.join([skeleton(part) for part in _parts(made)])})"
    return repr(sorted(made)) if isinstance(made, frozenset) else repr(made)


def only(made: Structure, names: Collection[str]) -> Structure:
    """Return a dataclass with some of its fields alone."""
    fields_there = vars(made)
    return _made(type(made), {name: fields_there[name] for name in _names(type(made)) if name in names})


def exchanged(made: Structure, **changes: Any) -> Structure:
    """Return a dataclass, of which fields may be missing, with other values in some of its fields."""
    return _made(type(made), {**vars(made), **changes})


def _made(kind: type[Structure], values: dict[str, Any]) -> Structure:
    """Return a dataclass with these fields, in the order in which they are given."""
    made = object.__new__(kind)
    vars(made).update(values)
    return made


def _parts(made: Any) -> Sequence[Any]:
    """Return the parts of a tuple or dataclass, none of anything else."""
    if isinstance(made, tuple):
        return made
    names = _names(type(made))
    there = made.__dict__ if names else {}
    return [there[name] for name in names if name in there]


def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass, none of another type."""
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return names


def _filled(made: Any, source: Iterator[Tensor]) -> Any:
    """Return the structure with its tensors taken from a source."""
    if isinstance(made, Tensor):
        return next(source)
    if isinstance(made, tuple):
        return tuple([_filled(part, source) for part in made])
    names = _names(type(made))
    if not names:
        return made
    there = made.__dict__
    return _made(type(made), {name: _filled(there[name], source) for name in names if name in there})
