"""What a command line means to the simulator, without torch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from simulator import RunConfig
from simulator.errors import InputError


def resolved(words: Sequence[str], folder: Path) -> RunConfig:
    """Return the configuration of a command line as it is read in a folder.

    Raises:
        UsageError: where the simulator refuses it.
    """
    with contextlib.chdir(folder):
        try:
            return RunConfig.from_args(list(words))
        except InputError as error:
            raise UsageError(str(error)) from error
