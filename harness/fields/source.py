"""Where an array of numbers is in a file: its format and what the format has to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from system_io.shown import printable


@dataclass(frozen=True)
class FieldSource:
    """The file of an array, and how to read it.

    `settings` are words of the format, of which `harness.fields.formats.FORMATS` says what they may be.
    """

    path: str
    format: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def file(self, folder: Path) -> Path:
        """Return the file, whose name is relative to a folder."""
        return folder / self.path

    @property
    def name(self) -> str:
        """Return the file with the part of it that is meant, for messages."""
        part = self.settings.get("dataset") or self.settings.get("array")
        return f"'{printable(self.path)}'" + (f" ({printable(str(part))})" if part else "")


def unreadable(source: FieldSource, why: str, remedy: str) -> HarnessError:
    """Return the error of a file that does not hold what was expected."""
    return HarnessError(f"{source.format} file {source.name}: {printable(why)}; {remedy}")
