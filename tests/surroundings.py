"""The surroundings of a test run: a home, caches and settings of its own, whatever the user's are.

Everything a test or one of its children could read from the user's environment is taken away or replaced,
before the first module is collected. Workers of one run share what is built once, as the C reference is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = frozenset(
    {"NB_SHARED", "NB_TEST_VARIANT", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "OMP_NUM_THREADS"}
)
"""Read by the tests themselves or by nox, or without influence on what a program does."""
DROPPED = frozenset({
    "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "DISPLAY", "FORCE_COLOR", "GLIBC_TUNABLES", "JUPYTER_COLUMNS",
    "LANGUAGE", "LINES", "NO_COLOR", "SOURCE_DATE_EPOCH", "THP_MEM_ALLOC_ENABLE", "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
})  # fmt: skip
DROPPED_BEGINNINGS = (
    "NB_", "PYTHON", "XDG_", "MPL", "TORCH", "TRITON_", "INDUCTOR_", "AOT_INDUCTOR_", "OMP_", "GOMP_", "KMP_",
    "MALLOC_", "LC_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX", "ARGCOMPLETE", "_ARC",
)  # fmt: skip
HOME_NAME, CACHE_NAME = "home", "cache"


def own_surroundings(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a test run, whose home and caches lie in a folder of its own."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in KEPT or (name not in DROPPED and not name.startswith(DROPPED_BEGINNINGS))
    }
    home = folder / HOME_NAME
    programs = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), environ.get("PATH", "")]))
    return {
        **kept,
        "PATH": programs,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "NB_CACHE": str(folder / CACHE_NAME),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "MPLBACKEND": "Agg",
    }


def move_in(environ: MutableMapping[str, str], folder: Path) -> None:
    """Make a folder the home of this process and of its children."""
    home = folder / HOME_NAME
    (home / ".cache").mkdir(parents=True)
    (home / "gitconfig").write_text(f"[safe]\n\tdirectory = {ROOT}\n", encoding="utf-8")
    own = own_surroundings(environ, folder)
    for name in set(environ) - set(own):
        del environ[name]
    environ.update(own)
