"""Objects of a JSON file of another program, read key by key; what is missing or of another kind is named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.errors import InputError


@dataclass(frozen=True)
class JsonObject:
    """An object of a JSON file.

    Attributes:
        table: its keys and values.
        where: file and place, for messages.
    """

    table: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: object, where: str) -> JsonObject:
        """Return a value that has to be an object.

        Raises:
            InputError: for any other.
        """
        if not isinstance(value, dict):
            raise InputError(f"{where}: is {value!r:.60}, must be an object; mend it")
        return cls(value, where)

    def objects(self, key: str, needed: bool = True) -> list[JsonObject]:
        """Return the objects of a list.

        Args:
            key: of the list.
            needed: whether it must be there, else it is empty where it is not.

        Raises:
            InputError: for anything else.
        """
        value = self._value(key, None if needed else [])
        if not isinstance(value, list):
            raise InputError(f"{self.where}: {key} is {value!r:.60}, must be a list; mend it")
        return [JsonObject.of(each, f"{self.where}: {key} {number}") for number, each in enumerate(value)]

    def numbers(self, key: str, count: int = 0, default: Sequence[float] | None = None) -> list[float]:
        """Return a list of finite numbers.

        Args:
            key: of the list.
            count: how many there must be, 0 for any.
            default: where the key is missing; None if it must be there.

        Raises:
            InputError: for anything else.
        """
        value = self._value(key, default)
        if not isinstance(value, Sequence) or not all(_is_number(each) for each in value):
            raise InputError(f"{self.where}: {key} is {value!r:.60}, must be a list of numbers; mend it")
        if count and len(value) != count:
            raise InputError(f"{self.where}: {key} has {len(value)} numbers, must have {count}; mend it")
        return [float(each) for each in value]

    def vector(self, key: str, default: Sequence[float] | None = None) -> list[float]:
        """Return three numbers.

        Raises:
            InputError: for anything else.
        """
        return self.numbers(key, 3, default)

    def vectors(self, key: str) -> list[list[float]]:
        """Return a list of three numbers each.

        Raises:
            InputError: for anything else.
        """
        value = self._value(key, None)
        if not isinstance(value, list):
            raise InputError(f"{self.where}: {key} is {value!r:.60}, must be a list; mend it")
        return [JsonObject({key: each}, self.where).vector(key) for each in value]

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number.

        Raises:
            InputError: for anything else.
        """
        value = self._value(key, default)
        if not _is_number(value):
            raise InputError(f"{self.where}: {key} is {value!r:.60}, must be a number; mend it")
        return float(value)

    def wholes(self, key: str, count: int) -> list[int]:
        """Return a list of whole numbers.

        Raises:
            InputError: for anything else.
        """
        values = self.numbers(key, count)
        if not all(value.is_integer() for value in values):
            raise InputError(f"{self.where}: {key} is {values}, must be whole numbers; mend it")
        return [int(value) for value in values]

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number.

        Raises:
            InputError: for anything else.
        """
        value = self.number(key, default)
        if not value.is_integer():
            raise InputError(f"{self.where}: {key} is {value:g}, must be a whole number; mend it")
        return int(value)

    def _value(self, key: str, default: Any) -> Any:
        value = self.table.get(key, default)
        if value is None:
            raise InputError(f"{self.where}: {key} is missing; give it")
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
