"""The errors of the harness: each is one line that names thing, value, rule and remedy."""

from __future__ import annotations

from system_io.errors import UserError
from system_io.parser import UsageError

__all__ = ["BuildError", "BundleError", "HarnessError", "ProgramError", "UsageError"]


class HarnessError(UserError):
    """Something that keeps a comparison from being made; a command prints it and ends with status 3."""


class BuildError(HarnessError):
    """The C reference cannot be built."""


class ProgramError(HarnessError):
    """A program is missing, or cannot do what is asked of it."""


class BundleError(HarnessError):
    """An evidence bundle cannot be written, or is not what it claims to be."""
