"""The programs that can be compared, and the words in which each is told parity mode, dtype and device.

The first program (side `c`) is looked for in this order: the path given with --c-bin; the environment
variable `NB_C_BIN`; the C reference, built if needed. The second (side `py`) is the path given with
--py-bin, else the PyTorch simulator of this Python. A path that cannot be executed is an error; nothing
is tried in its stead. A binary given by path is asked `--version` once: it counts as the C reference or
the simulator if it says so, and as an external nanoBragg, which knows only c-parity, if not.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

import simulator
from harness.errors import ProgramError
from harness.files import sha256_of_file, sha256_of_tree
from harness.programs.build import Build, build_reference
from harness.time_limits import ANSWER_S
from simulator.config import Precision
from system_io.children import Outcome, execute, temporary_folder

MODES = ("c-parity", "spec")
DTYPES: tuple[str, ...] = get_args(Precision)
DEVICES = ("cpu", "cuda")
FILE_KIND = "file"
C_BIN_VARIABLE = "NB_C_BIN"
PARITY_DTYPE = "float64"
OWN_MODULES_ONLY = {"PYTHONSAFEPATH": "1"}
"""Keeps Python from taking files of its working directory for modules."""


@dataclass(frozen=True)
class Dialect:
    """How one kind of program is told what to do; an option it does not know is None or missing.

    own_dtype: its number type where none is asked for.
    same_bits_words: what keeps its bits from depending on what a cache of its holds.
    """

    title: str
    mode_words: Mapping[str, tuple[str, ...]]
    quirk_option: str | None = None
    dtype_option: str | None = None
    device_option: str | None = None
    schema_option: str | None = None
    own_dtype: str = PARITY_DTYPE
    same_bits_words: tuple[str, ...] = ()


DIALECTS: Mapping[str, Dialect] = {
    "reference": Dialect(
        title="C reference",
        mode_words={mode: ("-parity_mode", mode) for mode in MODES},
        quirk_option="-quirk",
        schema_option="-trace_schema",
    ),
    "simulator": Dialect(
        title="PyTorch simulator",
        mode_words={mode: ("--parity-mode", mode) for mode in MODES},
        quirk_option="--quirk",
        dtype_option="-dtype",
        device_option="-device",
        schema_option="-trace_schema",
        same_bits_words=("--reproducible",),
    ),
    "external": Dialect(title="external nanoBragg", mode_words={"c-parity": ()}),
    FILE_KIND: Dialect(title="image file", mode_words=dict.fromkeys(MODES, ()), own_dtype="unknown"),
}
SELF_NAMES = {"nanobragg-reference": "reference", "simulator": "simulator", "nanoBragg": "simulator"}


@dataclass(frozen=True)
class Settings:
    """The settings in force for a run of a program, and the words that tell them to it.

    device: None for the program's own choice.
    """

    mode: str
    dtype: str
    device: str | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """A program that can be run: its kind, the words that call it, and where it comes from."""

    kind: str
    words: tuple[str, ...]
    provenance: Mapping[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def dialect(self) -> Dialect:
        """Return how this kind of program is spoken to."""
        return DIALECTS[self.kind]

    @property
    def title(self) -> str:
        """Return what a reader is told that this program is."""
        return self.dialect.title

    def looking_words(self, schema: int) -> tuple[str, ...]:
        """Return the words that make it write traces in a version of the format that it knows.

        The simulator computes only the traced pixels then, in the state of the whole run.
        """
        option = self.dialect.schema_option
        newer = (option, str(schema)) if option and schema > 1 else ()
        return (*newer, *(("-trace_only",) if self.kind == "simulator" else ()))

    def settings(
        self,
        mode: str,
        dtype: str | None = None,
        device: str | None = None,
        *,
        reproducible: bool = True,
    ) -> Settings:
        """Return the settings in force where some are asked for, with the words in the program's spelling.

        Args:
            mode: of `MODES`.
            dtype: of `DTYPES`, None for the one that decides parity.
            device: of `DEVICES`, None for the program's own choice.
            reproducible: whether the same words must give the same bits whatever a cache holds.

        Raises:
            ProgramError: the program does not know what is asked.
        """
        dialect = self.dialect
        if mode not in dialect.mode_words:
            raise ProgramError(
                f"{self.title} '{self.words[0]}' knows only c-parity, not parity mode '{mode}'; "
                "leave --c-bin, --py-bin and NB_C_BIN out, or compare in c-parity mode"
            )
        in_force = dtype or dialect.own_dtype
        told = in_force if dialect.dtype_option else dtype
        words = [
            *dialect.mode_words[mode],
            *self._told("dtype", dialect.dtype_option, told),
            *self._told("device", dialect.device_option, device),
            *(dialect.same_bits_words if reproducible else ()),
        ]
        return Settings(mode, in_force, device, tuple(words))

    def _told(self, name: str, option: str | None, value: str | None) -> tuple[str, ...]:
        """Return the words of one setting, none for no value.

        Raises:
            ProgramError: if there is no option.
        """
        if value is None:
            return ()
        if option is None:
            raise ProgramError(f"{self.title} '{self.words[0]}' has no {name} option; leave --{name} out")
        return (option, value)


def first_program(
    c_bin: str | None,
    environ: Mapping[str, str],
    build: Callable[[], Build] = build_reference,
    limit_s: float = ANSWER_S,
) -> Program:
    """Return the program of side `c`: --c-bin, else `NB_C_BIN`, else the C reference.

    Raises:
        ProgramError: a path that cannot be executed.
        BuildError: the reference is needed and cannot be built.
    """
    if c_bin is not None:
        return program_at(c_bin, "--c-bin", limit_s)
    if environ.get(C_BIN_VARIABLE):
        return program_at(environ[C_BIN_VARIABLE], C_BIN_VARIABLE, limit_s)
    built = build()
    facts = {"kind": "reference", "path": str(built.path), **built.provenance}
    return Program("reference", (str(built.path),), facts)


def second_program(py_bin: str | None, limit_s: float = ANSWER_S) -> Program:
    """Return the program of side `py`: --py-bin, else the PyTorch simulator.

    Raises:
        ProgramError: a path that cannot be executed.
    """
    return simulator_program() if py_bin is None else program_at(py_bin, "--py-bin", limit_s)


def simulator_program() -> Program:
    """Return the PyTorch simulator of this Python."""
    package = Path(simulator.__file__).parent
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    paths = [str(package.parent), *(str(Path(part).absolute()) for part in known)]
    facts = {
        "kind": "simulator",
        "path": str(package),
        "version": _distribution_version(),
        "sources_sha256": sha256_of_tree(package, "*.py"),
        "python": sys.executable,
    }
    environ = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **OWN_MODULES_ONLY}
    return Program("simulator", (sys.executable, "-m", "simulator"), facts, environ)


def _distribution_version() -> str:
    try:
        return version("nanobragg-parity")
    except PackageNotFoundError:
        return "not installed"


def program_at(name: str, source: str, limit_s: float = ANSWER_S) -> Program:
    """Return the program at a path (or of a bare name on the search path), identified by its own word.

    Args:
        name: path or name.
        source: who gave it, for the message: an option or an environment variable.
        limit_s: longest time that it may take to say what it is, s.

    Raises:
        ProgramError: no such file, or not executable.
    """
    path = Path(name)
    if not path.exists() and os.sep not in name:
        path = Path(shutil.which(name) or name)
    remedy = f"give {source} the path of a nanoBragg-compatible program"
    if not path.is_file():
        raise ProgramError(f"program '{name}' ({source}): no such file; {remedy}")
    if not os.access(path, os.X_OK):
        raise ProgramError(f"program '{name}' ({source}): not executable; {remedy}, or chmod +x it")
    path = path.absolute()
    kind, said = _identify(path, source, limit_s)
    facts = {"kind": kind, "path": str(path), "version": said, "binary_sha256": sha256_of_file(path)}
    package = _package_sha256(path, limit_s) if kind == "simulator" else None
    return Program(kind, (str(path),), facts | ({"package_sha256": package} if package else {}))


def _package_sha256(path: Path, limit_s: float) -> str | None:
    """Return the hash of the simulator that a console script starts, None if it is no such script."""
    with path.open("rb") as stream:
        line = stream.readline(1024).rstrip(b"\n")
    python = Path(os.fsdecode(line[2:].strip()))
    if not line.startswith(b"#!/") or not python.name.startswith("python"):
        return None
    code = "from importlib.util import find_spec; print(find_spec('simulator').origin)"
    outcome, out, _ = asked([str(python), "-c", code], {}, limit_s)
    package = Path(os.fsdecode(out.strip())).parent
    told = outcome.failure is None and (package / "__main__.py").is_file()
    return sha256_of_tree(package, "*.py") if told else None


def program_hashes(programs: Sequence[Program]) -> tuple[str, ...]:
    """Return of each program the hash by which it is known again."""
    keys = ("sources_sha256", "binary_sha256")
    return tuple(str(next(p.provenance[key] for key in keys if key in p.provenance)) for p in programs)


def asked(command: Sequence[str], environ: Mapping[str, str], limit_s: float) -> tuple[Outcome, bytes, bytes]:
    """Run a program that only answers a question, in an empty folder, for at most a minute."""
    with temporary_folder("nb-ask") as scratch:
        return execute(command, Path(scratch), {**os.environ, **environ}, min(limit_s, ANSWER_S))


def _identify(path: Path, source: str, limit_s: float) -> tuple[str, str]:
    """Return the kind of program and the version line it prints; silence means external, version unknown."""
    outcome, out, _ = asked([str(path), "--version"], {}, limit_s)
    if outcome.start_error is not None:
        raise ProgramError(
            f"program '{path}' ({source}) does not start: {outcome.start_error}; give one for this machine"
        )
    line = next(iter(out.decode("utf-8", "replace").splitlines()), "").strip()
    match = re.fullmatch(r"(\S+)\s+\d+(\.\d+)+\S*", line)
    if outcome.exit_status != 0 or match is None or match[1] not in SELF_NAMES:
        return "external", "unknown"
    return SELF_NAMES[match[1]], line
