"""The folder with compiled stages: where a library lies, and loading it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from simulator.engine.compiler_options import CODE_OPTIONS
from simulator.engine.programs import StageProgram
from simulator.errors import InputError
from system_io import cache
from system_io.errors import UserError

LOADED = 64
"""Libraries and kinds of instruments that a process keeps."""
LOADING = """
import sys
from pathlib import Path
from simulator.start_up.deferred import defer
defer()
import torch
from simulator.engine.library_cache import load
load(Path(sys.argv[1]), torch.device(sys.argv[2]))
"""
"""Program of a process that loads a library on a device."""


class CompileError(InputError):
    """A stage that could not be compiled; the message says why."""


def library_folder() -> Path:
    """Return where compiled stages are kept.

    Raises:
        CompileError: where there is no place.
    """
    try:
        return cache.cache_folder(os.environ) / "kernels"
    except UserError as error:
        raise CompileError(str(error)) from error


def library_of(form: str, device: torch.device) -> Path:
    """Return the file that holds a stage of this form, made by these sources, this torch and processor."""
    title = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    words = (form, _sources(), torch.__version__, _processor(), title, repr(CODE_OPTIONS))
    return library_folder() / f"{hashlib.sha256(' '.join(words).encode()).hexdigest()[:32]}.so"


@lru_cache(maxsize=1)
def _sources() -> str:
    """Return the digest of the sources of this package."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@lru_cache(maxsize=1)
def _processor() -> str:
    """Return what the machine code depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = ""
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()} {flags}"


@lru_cache(maxsize=LOADED)
def load(library: Path, device: torch.device) -> StageProgram:
    """Return the program of a compiled stage."""
    aoti: Any = torch._C._aoti
    if device.type == "cuda":
        runner = aoti.AOTIModelContainerRunnerCuda(str(library), 1, str(device))
    else:
        runner = aoti.AOTIModelContainerRunnerCpu(str(library), 1)

    def program(tensors: list[Tensor]) -> Sequence[Tensor]:
        found: Sequence[Tensor] = runner.run(tensors)
        return found

    return program


def try_loading(library: Path, device: torch.device) -> None:
    """Load a new library in another process first: where compilers and libraries do not fit, it crashes.

    Raises:
        CompileError: if that process fails.
    """
    package = Path(__file__).parents[2]
    paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    tried = subprocess.run(
        [sys.executable, "-c", LOADING, str(library), str(device)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"},
        capture_output=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        raise CompileError(f"what comes out cannot be loaded, exit status {tried.returncode}")
