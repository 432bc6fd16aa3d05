"""Builds the C reference once for each set of sources, flags and compiler.

`python -m harness.programs.build --path [--variant V]` builds if needed and writes nothing but the path of
the binary to standard output. Binaries are kept in the folder of `system_io.cache`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import BuildError
from harness.files import sha256_of_file
from harness.time_limits import COMPILE_S, COMPILER_ANSWER_S
from system_io.cache import cache_folder
from system_io.children import execute
from system_io.command import Command
from system_io.owner import part_prefix, sweep
from system_io.parser import CommandParser
from system_io.shown import json_text

BINARY_NAME = "nanobragg-reference"
BASE_FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
LIBRARIES = ("-lm",)
DEBUG, SOURCES = "-g", "sources"
COMPILERS = ("cc", "gcc", "clang")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "default": ("-ffp-contract=off", "-O2"),
    "O0": ("-ffp-contract=off", "-O0"),
    "native": ("-ffp-contract=off", "-O3", "-march=native"),
    "fma": ("-ffp-contract=fast", "-O2", "-mfma"),
    "sanitize": ("-ffp-contract=off", "-O1", "-g", *SANITIZERS),
    "untapped-O0": ("-ffp-contract=off", "-O0", "-g", "-DNO_TAPS"),
    "untapped-Og": ("-ffp-contract=off", "-Og", "-g", "-DNO_TAPS"),
}


@dataclass(frozen=True)
class Compiler:
    """A C compiler: the words that call it, where it lies, and its first line of version text."""

    words: tuple[str, ...]
    path: Path
    version: str


@dataclass(frozen=True)
class Build:
    """A built binary and how it came about."""

    path: Path
    provenance: Mapping[str, Any]


def find_compiler(environ: Mapping[str, str]) -> Compiler:
    """Find the C compiler: the words of `CC`, else the first of cc, gcc and clang on the path.

    Raises:
        BuildError: there is none, or it does not answer.
    """
    named = shlex.split(environ.get("CC", ""))
    search_path = environ.get("PATH", "")
    for words in [tuple(named)] if named else [(name,) for name in COMPILERS]:
        found = shutil.which(words[0], path=search_path)
        if found:
            return Compiler((found, *words[1:]), Path(found), _compiler_version(found, environ))
    wanted = f"CC names '{named[0]}', which is not" if named else "none of cc, gcc, clang is"
    raise BuildError(f"no C compiler: {wanted} on the path; install a C compiler (Debian: gcc) or set CC")


def _compiler_version(path: str, environ: Mapping[str, str]) -> str:
    outcome, said, _ = execute([path, "--version"], Path(path).parent, environ, COMPILER_ANSWER_S)
    if outcome.failure is not None:
        raise BuildError(
            f"C compiler '{path}' {outcome.failure} (--version); install one (Debian: gcc) or set CC"
        )
    return next(iter(said.decode("utf-8", "replace").splitlines()), "unknown")


def reference_sources() -> Path:
    """Return the folder of the C sources; they travel with their package.

    Raises:
        BuildError: the package data is not there.
    """
    folder = Path(str(resources.files("golden_suite_generator") / "reference"))
    if any(folder.glob("*.c")):
        return folder
    raise BuildError("C sources of the reference not found; reinstall nanobragg-parity with its package data")


def build_reference(
    variant: str = "default",
    *,
    extra_flags: Sequence[str] = (),
    sources: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Build:
    """Build the C reference, or find it already built from the same sources, flags and compiler.

    Args:
        variant: a name in `VARIANTS`.
        extra_flags: flags behind those of the variant.
        sources: folder of *.c and *.h; default the packaged reference.
        environ: environment to look for `CC`, `PATH` and `NB_CACHE` in; default this process's.

    Returns:
        The binary and its provenance.

    Raises:
        BuildError: unknown variant, no compiler, or sources that do not compile.
    """
    environ = dict(os.environ) if environ is None else environ
    if variant not in VARIANTS:
        raise BuildError(f"unknown build variant '{variant}'; choose from {', '.join(VARIANTS)}")
    folder = sources or reference_sources()
    compiler = find_compiler(environ)
    flags = (*BASE_FLAGS, *VARIANTS[variant], *extra_flags)
    hashes = {path.name: sha256_of_file(path) for path in _source_files(folder)}
    key = _cache_key(hashes, flags, compiler)
    home = cache_folder(environ) / key
    if not _is_built(home):
        facts = {
            "schema": 1,
            "variant": variant,
            "flags": [*flags, *LIBRARIES],
            "compiler": {"words": list(compiler.words), "version": compiler.version},
            "sources_sha256": hashes,
            "key": key,
        }
        with _one_at_a_time(home.parent):
            if not _is_built(home):
                _build_into(home, folder, compiler, flags, facts, environ)
    return Build(home / BINARY_NAME, json.loads((home / "provenance.json").read_text(encoding="utf-8")))


def _is_built(home: Path) -> bool:
    return (home / "provenance.json").is_file()


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    """Wait for other processes that build in a cache; where the system has no locks, all build at once."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle = os.open(cache, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(cache, error) from error
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _unwritable(cache: Path, error: OSError) -> BuildError:
    return BuildError(f"cannot write in cache '{cache}': {error.strerror}; set NB_CACHE")


def _source_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.c"), *folder.glob("*.h")])


def _cache_key(hashes: Mapping[str, str], flags: Sequence[str], compiler: Compiler) -> str:
    recipe = [hashes, list(flags), list(LIBRARIES), list(compiler.words), compiler.version]
    if DEBUG in flags:
        recipe.append(SOURCES)
    text = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _build_into(
    home: Path,
    folder: Path,
    compiler: Compiler,
    flags: Sequence[str],
    facts: Mapping[str, Any],
    environ: Mapping[str, str],
) -> None:
    """Compile in a folder of its own and rename it: of two processes that build all the same, one wins."""
    try:
        sweep(home.parent)
        scratch = Path(tempfile.mkdtemp(prefix=part_prefix("build"), dir=home.parent))
    except OSError as error:
        raise _unwritable(home.parent, error) from error
    try:
        binary = scratch / BINARY_NAME
        units = [str(path) for path in _source_files(folder) if path.suffix == ".c"]
        command = [*compiler.words, *flags, "-o", str(binary), *units, *LIBRARIES]
        if DEBUG in flags:
            command.append(_kept_sources(folder, scratch, home))
        _compile(command, home.parent / f"failed-{home.name[:12]}.log", environ)
        facts = {**facts, "command": command, "binary_sha256": sha256_of_file(binary)}
        (scratch / "provenance.json").write_text(json_text(facts), encoding="utf-8")
        scratch.chmod(0o755)
        _rename_unless_there(scratch, home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _kept_sources(folder: Path, scratch: Path, home: Path) -> str:
    """Keep the sources beside the binary, and return the flag that makes a debugger look for them there."""
    (scratch / SOURCES).mkdir()
    for path in _source_files(folder):
        shutil.copy2(path, scratch / SOURCES)
    return f"-fdebug-prefix-map={folder}={home / SOURCES}"


def _compile(command: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
    outcome, *streams = execute(command, log.parent, environ, COMPILE_S)
    if outcome.failure is None:
        return
    if outcome.exit_status is None:
        raise BuildError(f"C compiler '{command[0]}' {outcome.failure}; set another CC")
    text = "".join(stream.decode("utf-8", "replace") for stream in streams)
    log.write_text(f"{shlex.join(command)}\n{text}", encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    first = next((line for line in lines if re.search(r"\berror\b|undefined reference", line)), "no message")
    raise BuildError(f"C reference does not compile with '{command[0]}': {first}; whole log: {log}")


def _rename_unless_there(scratch: Path, home: Path) -> None:
    try:
        scratch.rename(home)
    except OSError:
        if not _is_built(home):
            raise


def _command(argv: Sequence[str]) -> int:
    parser = CommandParser(
        prog="python -m harness.programs.build", description="Build the C reference of nanoBragg."
    )
    parser.add_argument("--path", action="store_true", help="write only the path of the binary")
    parser.add_argument("--variant", choices=tuple(VARIANTS), default="default", help="how it is built")
    options = parser.parse_args(argv)
    build = build_reference(options.variant)
    facts = {"path": str(build.path), **build.provenance}
    sys.stdout.write(f"{build.path}\n" if options.path else json_text(facts))
    return 0


def main() -> int:
    """Run the command line of this module."""
    return Command("harness.programs.build", _command)()


if __name__ == "__main__":
    sys.exit(main())
