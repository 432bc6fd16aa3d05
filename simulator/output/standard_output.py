"""Standard output of a run, which never stops it: the files come first."""

from __future__ import annotations

import sys

from simulator.errors import InputError
from system_io.files import reason_of


class Console:
    """Prints lines; what cannot be printed is an error at the end, when the files are whole."""

    def __init__(self) -> None:
        self._trouble: OSError | None = None

    def say(self, line: str) -> None:
        """Print one line; characters that standard output cannot show are escaped."""
        if self._trouble is not None:
            return
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        except OSError as error:
            self._trouble = error

    def finish(self) -> None:
        """Print what is left.

        Raises:
            InputError: if lines could not be printed.
            BrokenPipeError: if nobody reads them any longer.
        """
        try:
            if self._trouble is None:
                sys.stdout.flush()
        except OSError as error:
            self._trouble = error
        if isinstance(self._trouble, BrokenPipeError):
            raise self._trouble
        if self._trouble is not None:
            raise InputError(
                f"cannot write to standard output: {reason_of(self._trouble)}; the files of a run are whole"
            )
