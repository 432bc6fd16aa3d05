"""Describes the machine and the Python that a comparison ran on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.files import stamp
from harness.time_limits import GIT_S
from system_io.children import execute

PACKAGES = ("nanobragg-parity", "torch", "numpy", "scipy", "matplotlib", "pandas", "rich", "Jinja2")
VARIABLES = (
    "CC", "NB_C_BIN", "NB_CACHE", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PYTHONPATH",
)  # fmt: skip


def describe_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return interpreter, packages, processor and the variables that matter, as plain data.

    Packages are looked up, not imported; one that is missing is None.
    """
    return {
        "schema": 1,
        "python": sys.version.split()[0],
        "executable": sys.executable,
        "platform": platform.platform(),
        "processor": _processor(),
        "cpus_usable": _usable_cpus(),
        "packages": {name: _package_version(name) for name in PACKAGES},
        "variables": {name: environ[name] for name in VARIABLES if name in environ},
        "git": git_state(Path(__file__).parents[2]),
    }


def described(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the environment with the time, as a result folder states it."""
    return {**describe_environment(environ), "created": stamp()}


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return commit and dirtiness of the checkout that holds the harness, None if it is not in one."""
    if not (folder / ".git").exists():
        return None
    answers = []
    for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        outcome, said, _ = execute(["git", *words], folder, os.environ, GIT_S)
        if outcome.failure is not None:
            return None
        answers.append(said.decode("utf-8", "replace").strip())
    return {"commit": answers[0], "dirty": bool(answers[1])}


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _usable_cpus() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
