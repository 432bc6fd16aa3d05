"""The folder with compiled stages: what one is called, how it lies on disk, loading, showing and removing."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch

from simulator.engine.compiler_options import CODE_OPTIONS
from simulator.engine.stage import Call
from simulator.errors import InputError
from system_io import cache
from system_io.errors import UserError
from system_io.files import reason_of, write_whole

LOADED = 64
"""Libraries and kinds of instruments that a process keeps."""
FOLDER, SUFFIX = "kernels", ".so"
MARK = b"nanobragg-stage 1\n"
"""The last bytes of an entry: code, facts, length of the facts, digest of all that, mark. What loads
libraries looks at their beginning only."""
LENGTH_BYTES, DIGEST_BYTES = 8, 32


class CompileError(InputError):
    """A stage that could not be compiled; the message says why."""


class BrokenLibraryError(InputError):
    """An entry of the cache that is not what was written there; the message says what it is."""


@dataclass(frozen=True)
class StageFacts:
    """What an entry says of itself."""

    stage: str
    form: str
    """What distinguishes it from other programs of the stage."""
    torch_version: str
    processor: str
    device: str

    @classmethod
    def of(cls, stage: str, form: str, device: torch.device) -> StageFacts:
        """Return the facts of a stage of some form, compiled here and now for a device."""
        title = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        return cls(stage, form, torch.__version__, processor_words(), title)

    @property
    def path(self) -> Path:
        """The file that holds this stage, made of these sources, by this torch, for this processor.

        Raises:
            CompileError: where there is no place.
        """
        words = (*asdict(self).values(), _sources(), repr(CODE_OPTIONS))
        key = hashlib.sha256(" ".join(words).encode()).hexdigest()[:32]
        return library_folder() / f"{key}{SUFFIX}"


@dataclass(frozen=True)
class Making:
    """A stage that is to be compiled: one of its calls, and the entry of the cache that it becomes."""

    call: Call
    facts: StageFacts


def library_folder() -> Path:
    """Return where compiled stages are kept.

    Raises:
        CompileError: where there is no place.
    """
    try:
        return cache.cache_folder(os.environ) / FOLDER
    except UserError as error:
        raise CompileError(str(error)) from error


@lru_cache(maxsize=1)
def _sources() -> str:
    """Return the digest of the sources of this package."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@lru_cache(maxsize=1)
def processor_words() -> str:
    """Return what machine code depends on: code for a wider vector unit must not meet another processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = ""
    return f"{platform.machine()} {platform.processor()} {torch.backends.cpu.get_cpu_capability()} {flags}"


def put_library(facts: StageFacts, code: bytes) -> None:
    """Write an entry of the cache; a reader finds it whole or not at all, two writers write the same.

    Raises:
        CompileError: if it cannot be written.
    """
    said = json.dumps(asdict(facts)).encode()
    body = code + said + len(said).to_bytes(LENGTH_BYTES, "big")
    target = facts.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            remove_entry(target)
    except OSError as error:
        raise CompileError(
            f"cannot write '{target}': {reason_of(error)}; set NB_CACHE to a folder of yours"
        ) from error
    write_whole(target, [body, hashlib.sha256(body).digest(), MARK], "compiled stage", CompileError)


def whole_library(path: Path) -> tuple[StageFacts, bytes]:
    """Return what an entry says of itself, and its code, if it is what was written.

    Raises:
        FileNotFoundError: there is none.
        BrokenLibraryError: otherwise.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BrokenLibraryError(f"it cannot be read: {reason_of(error)}") from error
    end = len(data) - DIGEST_BYTES - len(MARK)
    if end < LENGTH_BYTES or data[end + DIGEST_BYTES :] != MARK:
        raise BrokenLibraryError("its end is not that of a compiled stage")
    if hashlib.sha256(memoryview(data)[:end]).digest() != data[end : end + DIGEST_BYTES]:
        raise BrokenLibraryError("its content is not what was written")
    start = end - LENGTH_BYTES - int.from_bytes(data[end - LENGTH_BYTES : end], "big")
    try:
        return StageFacts(**json.loads(data[start : end - LENGTH_BYTES])), data[:start]
    except (TypeError, ValueError) as error:
        raise BrokenLibraryError("it does not say what it is") from error


def remove_entry(path: Path) -> bool:
    """Remove whatever lies at the place of an entry, and tell whether it is gone now."""
    with suppress(OSError):
        path.unlink()
        return True
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()


@dataclass(frozen=True)
class KeptStage:
    """An entry as the cache shows it."""

    path: Path
    size_bytes: int
    made_s: float
    """When, s since 1970."""
    facts: StageFacts | None
    """None for a broken one."""

    @property
    def usable(self) -> bool:
        """Whether this program would take it: whole, and of this torch, processor and these sources."""
        here = (torch.__version__, processor_words())
        facts = self.facts
        return (
            facts is not None and facts.path == self.path and (facts.torch_version, facts.processor) == here
        )


def kept_stages() -> Iterator[KeptStage]:
    """Yield the entries of the cache, the oldest first.

    Raises:
        CompileError: where there is no place for a cache.
    """
    found = []
    with suppress(OSError):
        found = [(path.lstat(), path) for path in library_folder().iterdir() if path.suffix == SUFFIX]
    for status, path in sorted(found, key=lambda one: (one[0].st_mtime, one[1])):
        try:
            facts = whole_library(path)[0]
        except (OSError, BrokenLibraryError):
            facts = None
        yield KeptStage(path, status.st_size, status.st_mtime, facts)


def clear_kept() -> int:
    """Remove all entries of the cache and return how many were there."""
    return sum(remove_entry(kept.path) for kept in list(kept_stages()))
