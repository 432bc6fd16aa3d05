"""Names in braces, which stand for something that the case or the machine decides."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.described.description import DescribedCase
from harness.errors import HarnessError
from harness.fields.source import FieldSource

ARGUMENTS = "{arguments}"
PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
LITERAL: Mapping[str, str] = {"{{": "{", "}}": "}"}


def placeholder_values(case: DescribedCase | None, folder: Path) -> dict[str, str]:
    """Return what the names in braces stand for.

    Args:
        case: whose values; None outside of cases.
        folder: of the program.
    """
    general = {"folder": str(folder), "python": sys.executable}
    return general if case is None else {**general, "case": case.name, **case.values}


def filled(text: str, values: Mapping[str, str], where: str) -> str:
    """Return a text with its names in braces replaced; {{ and }} stand for braces.

    Raises:
        HarnessError: for a name that stands for nothing.
    """

    def one(match: re.Match[str]) -> str:
        if match[0] in LITERAL:
            return LITERAL[match[0]]
        if match[1] not in values:
            known = ", ".join(sorted({*values, "arguments"}))
            raise HarnessError(
                f"{where}: '{match[0]}' stands for nothing here; known are {known}; write {{{{ for a brace"
            )
        return values[match[1]]

    return PLACE.sub(one, text)


def filled_words(
    words: Sequence[str], values: Mapping[str, str], arguments: Sequence[str], where: str
) -> list[str]:
    """Return the words of a command line; `{arguments}` gives way to the words of the case."""
    given = [filled(word, values, where) for word in arguments]
    found: list[str] = []
    for word in words:
        found += given if word == ARGUMENTS else [filled(word, values, where)]
    return found


def filled_source(source: FieldSource, values: Mapping[str, str], where: str) -> FieldSource:
    """Return a source for one case; numbers may stand in braces, too."""
    settings = {key: _filled_value(value, values, f"{where}.{key}") for key, value in source.settings.items()}
    return replace(source, path=filled(source.path, values, where), settings=settings)


def _filled_value(value: Any, values: Mapping[str, str], where: str) -> Any:
    if isinstance(value, list):
        return [_filled_value(one, values, where) for one in value]
    if not isinstance(value, str) or not PLACE.search(value):
        return value
    text = filled(value, values, where)
    return int(text) if text.lstrip("-").isdecimal() else text
