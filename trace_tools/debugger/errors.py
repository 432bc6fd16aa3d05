"""Why a program cannot be traced by a debugger; nothing can be concluded from it."""

from __future__ import annotations

from typing import ClassVar

from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.errors import TraceError


class DebuggerError(TraceError):
    """A debugger, binary or tap map that gives no trace: the message names thing, value, rule and remedy."""

    exit_status: ClassVar[int | None] = EXIT_STATUS[Word.NOT_COMPARABLE]
