"""Completion scripts and man pages, as they were made from the parsers by `python -m nbp.make_pages`."""

from __future__ import annotations

from importlib.resources import files

from system_io.parser import UsageError

SHELLS = ("bash", "zsh", "tcsh")


def completion(shell: str) -> str:
    """Return the completion script of a shell for all commands.

    Raises:
        UsageError: for another shell.
    """
    if shell not in SHELLS:
        raise UsageError(f"no completion for shell '{shell}'; there is {', '.join(SHELLS)}")
    return (files("nbp") / "data" / f"completion.{shell}").read_text(encoding="utf-8")


def man_page(name: str) -> str:
    """Return the man page of a command in roff."""
    return (files("nbp") / "data" / "man" / f"{name}.1").read_text(encoding="utf-8")
