"""gdb as a child: found, started with a script of ours, limited in time, and its failures in words."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from system_io.children import Outcome, execute
from system_io.shown import printable
from trace_tools.errors import DebuggerError

GDB = "gdb"
INSIDE = "inside"
VARIABLE = "NB_GDB"
JOB_VARIABLE = "NB_GDB_JOB"
REMEDY = "install one (Debian: gdb), or name it in NB_GDB"
ELF = b"\x7fELF"
SHELL = "/bin/sh"
PINNED = {"OMP_NUM_THREADS": "1", "OMP_DYNAMIC": "FALSE", "OMP_THREAD_LIMIT": "1"}
"""Keeps a program from computing pixels in an order of its own."""
# what gdb says: (words in it, what that means)
SAYINGS: tuple[tuple[str, str], ...] = (
    ("python\" language is not supported", f"was built without Python; {REMEDY}"),
    ("Python scripting is not supported", f"was built without Python; {REMEDY}"),
    ("ptrace: Operation not permitted",
     "may not trace a process here (ptrace is refused); allow it (containers: --cap-add=SYS_PTRACE; "
     "else /proc/sys/kernel/yama/ptrace_scope 0 or 1)"),
    ("Could not trace the inferior", "may not trace a process here; allow ptrace (containers: "
     "--cap-add=SYS_PTRACE)"),
    ("Cannot create process", "cannot start a process here; see the limits of the shell (ulimit)"),
)  # fmt: skip
# run before anything else, so that no file of the user or of the binary is obeyed and no net is asked
EARLY = ("set auto-load off", "set debuginfod enabled off", "set startup-quietly on")
SETTINGS = (
    "set confirm off", "set pagination off", "set height 0", "set width 0", "set breakpoint pending off",
    "set print elements 0", "set disable-randomization off", "set print thread-events off",
    "set detach-on-fork on", "set follow-fork-mode parent", "unset environment LINES",
    "unset environment COLUMNS",
)  # fmt: skip


def find_gdb(environ: Mapping[str, str]) -> str:
    """Return the path of gdb: what NB_GDB names, else the first on the search path.

    Raises:
        DebuggerError: there is none.
    """
    named = environ.get(VARIABLE) or GDB
    found = shutil.which(named, path=environ.get("PATH", ""))
    if found is None:
        raise DebuggerError(f"no debugger: '{printable(named)}' is not on the path; {REMEDY}")
    return found


def require_binary(binary: Path) -> None:
    """Check that a program is one that gdb can run.

    Raises:
        DebuggerError: it is not there, or no ELF program.
    """
    shown = printable(str(binary))
    try:
        with binary.open("rb") as stream:
            head = stream.read(len(ELF))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DebuggerError(f"program '{shown}': {reason}; give a program with debug information") from error
    if head != ELF:
        raise DebuggerError(
            f"program '{shown}' is no compiled program (a script that starts one?); give the program itself"
        )
    if not os.access(binary, os.X_OK):
        raise DebuggerError(f"program '{shown}': not executable; chmod +x it")


def program_settings(words: Sequence[str], folder: Path, output: Path) -> tuple[str, ...]:
    """Return the commands of gdb for the words of a program, its folder, and the file of its output."""
    told = " ".join(
        [*(shlex.quote(word) for word in words), f"> {shlex.quote(str(output))} 2>&1 < /dev/null"]
    )
    return (*SETTINGS, f"set cwd {folder}", f"set args {told}")


def run_gdb(
    script: str, binary: Path, job: Mapping[str, Any], scratch: Path, timeout_s: float
) -> dict[str, Any]:
    """Run gdb with one of our scripts on a binary.

    Args:
        script: name of the script.
        binary: the program.
        job: what the script is asked; "report" is added.
        scratch: an empty folder for files of the run.
        timeout_s: longest wall time, s.

    Returns:
        What the script reports.

    Raises:
        DebuggerError: gdb is missing, cannot do it, hangs, or its script failed.
    """
    require_binary(binary)
    gdb = find_gdb(os.environ)
    report = scratch / "report.json"
    job_file = scratch / "job.json"
    job_file.write_text(json.dumps({**job, "report": str(report)}), encoding="utf-8")
    source = Path(__file__).parent / INSIDE / script
    early = [word for text in EARLY for word in ("-iex", text)]
    command = [gdb, "-nx", "-nh", "-q", "-batch", *early, "-x", str(source), str(binary)]
    ours = {JOB_VARIABLE: str(job_file), "SHELL": SHELL, "PYTHONDONTWRITEBYTECODE": "1"}
    environ = {**os.environ, **PINNED, **ours}
    outcome, *said = execute(command, scratch, environ, timeout_s)
    text = "\n".join(part.decode("utf-8", "replace") for part in said)
    if not report.is_file():
        raise DebuggerError(f"debugger '{printable(gdb)}' {_why_nothing(outcome, text)}")
    found: dict[str, Any] = json.loads(report.read_bytes())
    if found["error"] is not None:
        raise DebuggerError(
            f"debugger '{printable(gdb)}' {_meaning(found['error'] + text) or _failed(found)}"
        )
    return found


def _failed(found: Mapping[str, Any]) -> str:
    return f"({found['gdb']}) failed: {printable(str(found['error']))}; correct the map, or try a newer gdb"


def _meaning(text: str) -> str | None:
    return next((meaning for words, meaning in SAYINGS if words in text), None)


def _why_nothing(outcome: Outcome, text: str) -> str:
    if outcome.timed_out:
        return f"{outcome.failure}; give --timeout more seconds, or another gdb in {VARIABLE}"
    known = _meaning(text)
    if known is not None:
        return known
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "nothing")
    how = outcome.failure or "ended without doing anything"
    return f"{how}; it said: {printable(last)}; {REMEDY}"
