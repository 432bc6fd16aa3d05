"""Where compiled code is kept: one rule for every command."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from system_io.errors import UserError

VARIABLE = "NB_CACHE"
NAME = "nanobragg-parity"
WRITABLE = os.R_OK | os.W_OK | os.X_OK
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that keeps compiled code from run to run.

    It is `NB_CACHE` if that is set; else nanobragg-parity in `XDG_CACHE_HOME` or in .cache of the home, the
    first that can be written; else, as for a user without a home, a folder of this user's own in the
    temporary directory.

    Args:
        environ: the environment to look in.

    Raises:
        UserError: there is no such place.
    """
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE]).absolute()
    folders = (base / NAME for base in _bases(environ))
    return next((folder for folder in folders if _can_be_written(folder)), None) or _own_temporary()


def _bases(environ: Mapping[str, str]) -> Iterator[Path]:
    named = Path(environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        yield named
    home = home_folder(environ)
    if home is not None:
        yield home / ".cache"


def home_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the user's home: `HOME`, else that of the list of users; None where neither names a folder."""
    named = environ.get("HOME") or _listed_home()
    home = Path(named) if named else None
    return home if home is not None and home.is_absolute() and home.is_dir() else None


def has_home(environ: Mapping[str, str]) -> bool:
    """Tell whether the user has a home to write in."""
    home = home_folder(environ)
    return home is not None and _can_be_written(home / ".cache") and _can_be_written(home / ".config")


def _listed_home() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def _can_be_written(folder: Path) -> bool:
    """Tell whether a folder, or else the nearest one above that exists, is one to write in."""
    try:
        there = next(part for part in (folder, *folder.parents) if part.exists() or part.is_symlink())
        return there.is_dir() and os.access(there, WRITABLE)
    except OSError:
        return False


def _own_temporary() -> Path:
    """Return this user's folder in the temporary directory; code that others could put there is not run."""
    remedy = f"set {VARIABLE} to a folder of yours"
    try:
        folder = Path(tempfile.gettempdir(), f"{NAME}-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise UserError(f"no place for compiled code: {error.strerror or error}; {remedy}") from error
    others = found.st_uid != os.getuid() or bool(found.st_mode & OTHERS_MAY_WRITE)
    if others or not stat.S_ISDIR(found.st_mode):
        raise UserError(f"'{folder}' is not a folder that only you can write in; {remedy}")
    return folder
