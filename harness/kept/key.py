"""What the result of a run depends on, as one hash: two runs of one key give the same bits.

The key covers the file of the program and the libraries that the loader gives it, the kind of processor (the
mathematical library chooses its code by that), the words, the content of the input files, and the variables
that reach into a program from outside. It does not cover what a program reads on its own: the clock, files
that no option names, libraries that it loads later. The limit of time is no part of it: only runs that
ended well are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from harness.files import sha256_of_file
from harness.probing.kept import is_script
from harness.programs.arguments import PreparedArguments
from harness.programs.programs import Program
from harness.programs.run import pinned, words_behind_settings
from harness.time_limits import ANSWER_S
from simulator.command_line.option_table import BY_SPELLING
from system_io.children import execute, temporary_folder

SCHEMA = 1
KEPT_KINDS = ("reference", "external")
REACHING = ("OMP_", "GOMP_", "KMP_", "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "TZ")
"""How the names of variables begin that can change what a program computes or prints."""
LIBRARY = re.compile(r"(?:=> )?(/[^\n]*?) \(0x[0-9a-f]+\)$", re.MULTILINE)
MISSING_LIBRARY = "=> not found"
PROCESSOR = re.compile(r"^(?:model name|flags|Features|CPU part)\s*:.*$", re.MULTILINE)


def run_key(
    program: Program, settings: Sequence[str], arguments: PreparedArguments, threads: int
) -> str | None:
    """Return the hash of all that the result of a run depends on, None for a run that cannot be kept.

    The simulator is not kept: its sources are not one file, and it is the side under test. Nor is a script,
    whose bytes say nothing about what it calls, nor a run on several threads, which need not repeat.

    Args:
        program: what is run.
        settings: words for parity mode, dtype, device (`Program.settings`).
        arguments: the prepared command line.
        threads: how many an external program may start.
    """
    words = words_behind_settings(arguments)
    if follows_the_clock(words):
        return None
    with suppress(OSError):
        facts = _program_facts(program, threads, {**pinned(program, threads)})
        if facts is None:
            return None
        contents = {str(path): _content(path) for path in arguments.inputs}
        told = [contents.get(word, word) for word in words]
        return _hash({
            **facts,
            "words": [*program.words[1:], *settings, *told],
            "copies": [[_content(source), name] for source, name in arguments.copies],
            "outputs": list(arguments.kept),
        })  # fmt: skip
    return None


def folder_key(
    program: Program, words: Sequence[str], files: Mapping[str, bytes], environ: Mapping[str, str]
) -> str | None:
    """Return the hash of all that a run in a folder of its own depends on, None for one that cannot be kept.

    Args:
        program: what is run, on one thread.
        words: all that it is told; they name files by their bare names.
        files: content of the files in the folder, by name.
        environ: variables that are put over those of this process.
    """
    if follows_the_clock(words):
        return None
    with suppress(OSError):
        facts = _program_facts(program, 1, environ)
        if facts is None:
            return None
        contents = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        return _hash({**facts, "words": [*program.words[1:], *words], "folder": sorted(contents.items())})
    return None


def follows_the_clock(words: Sequence[str]) -> bool:
    """Tell whether a run takes a random number from the clock, so that the next one gives something else."""
    given = {BY_SPELLING[word].name for word in words if word in BY_SPELLING}
    noise = "-noisefile" in given or "-nonoise" not in given
    turned = "random" in words and "-misset_seed" not in given
    return (noise and "-seed" not in given) or turned


def _program_facts(program: Program, threads: int, environ: Mapping[str, str]) -> dict[str, object] | None:
    """Return what a result depends on beside words and files; None for a program that is not kept."""
    if program.kind not in KEPT_KINDS or (program.kind == "external" and threads != 1):
        return None
    binary = Path(program.words[0])
    libraries = None if is_script(binary) else loaded_libraries(binary, _state(binary))
    if libraries is None:
        return None
    told = {**os.environ, **program.environ, **environ}
    return {
        "schema": SCHEMA,
        "binary": sha256_of_file(binary),
        "libraries": libraries,
        "processor": processor(),
        "variables": {name: told[name] for name in sorted(told) if name.startswith(REACHING)},
    }


def _hash(covered: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode("utf-8")).hexdigest()


@cache
def loaded_libraries(binary: Path, _state_of_file: tuple[int, ...]) -> Mapping[str, str] | None:
    """Return the hash of each library that the loader gives a program, by name; None where it does not tell.

    Args:
        binary: the program; a static one has none.
    """
    with temporary_folder("nb-libraries") as scratch:
        outcome, out, err = execute(["ldd", str(binary)], Path(scratch), dict(os.environ), ANSWER_S)
    text = (out + err).decode("utf-8", "replace")
    if "not a dynamic executable" in text or "statically linked" in text:
        return {}
    if outcome.failure is not None or MISSING_LIBRARY in text:
        return None
    found = [Path(name) for name in LIBRARY.findall(text)]
    return {path.name: sha256_of_file(path) for path in found} or None


@cache
def processor() -> str:
    """Return what the processor is and can, as far as the system tells."""
    known = [platform.machine(), platform.system(), *platform.libc_ver()]
    with suppress(OSError):
        known += sorted(set(PROCESSOR.findall(Path("/proc/cpuinfo").read_text(encoding="utf-8"))))
    return hashlib.sha256("\n".join(known).encode("utf-8")).hexdigest()


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _content(path: Path) -> str:
    """Return what stands for a file in words: its content, and the end of its name, which can be a format."""
    return f"file:{sha256_of_file(path)}{path.suffix}"
