"""The error that a trace tool shows to its user."""

from typing import ClassVar

from system_io.errors import UserError
from system_io.verdict_words import EXIT_STATUS, Word


class TraceError(UserError, ValueError):
    """A trace that cannot be used: the message names the thing, its value, the rule and the remedy."""


class DebuggerError(TraceError):
    """A debugger, binary or tap map that gives no trace: the message names thing, value, rule and remedy."""

    exit_status: ClassVar[int | None] = EXIT_STATUS[Word.NOT_COMPARABLE]
