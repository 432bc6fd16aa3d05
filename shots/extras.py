"""Libraries that only some formats need: loaded when they are needed, missed in one clear line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from simulator.errors import InputError


def loaded_library(name: str, purpose: str) -> Any:
    """Return a library of the extra `formats`.

    Args:
        name: as it is imported.
        purpose: what it is wanted for, as a message says it: "NXmx files need".

    Raises:
        InputError: if it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"{purpose} {name}, which cannot be loaded ({error}); pip install nanobragg-parity[formats]"
        ) from error
