"""What is known of programs, kept by the hash of their file in the folder of `system_io.cache`.

A script is not kept: its own bytes say nothing about the programs that it calls.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from harness.probing.answers import version
from harness.probing.probe import SCHEMA, Profile, probed
from harness.programs.programs import Program
from system_io.cache import cache_folder
from system_io.errors import UserError
from system_io.files import write_whole
from system_io.shown import json_text

FOLDER = "probes"
SCRIPT = b"#!"
MOST_BYTES = 1 << 20


def known(
    program: Program,
    timeout_s: float,
    environ: Mapping[str, str],
    options: Collection[str] | None = None,
) -> Profile:
    """Return what is known of a program: what was kept, else what its tiny runs tell now.

    A probe that the limit of time cut short is not kept.

    Args:
        program: given by its path.
        timeout_s: longest time of a run that the user allows, s.
        environ: where the cache is looked for.
        options: first spellings that are asked about where nothing can be kept; None for all.

    Raises:
        NoNanoBraggError: it is no nanoBragg.
        ProgramError: it does not know c-parity mode.
    """
    place = _place(program, environ)
    if place is None:
        return probed(program, timeout_s, options)
    found = _read(place, str(program.provenance["binary_sha256"]))
    if found is not None:
        return found
    made = probed(program, timeout_s)
    if made.complete:
        with suppress(OSError, UserError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, [json_text(made.facts()).encode("utf-8")], "probe")
    return made


def is_script(path: Path) -> bool:
    """Tell whether a program is a script, which may call any other program."""
    with path.open("rb") as stream:
        return stream.read(len(SCRIPT)) == SCRIPT


def _place(program: Program, environ: Mapping[str, str]) -> Path | None:
    """Return the file that keeps what is known of a program, None where nothing can be kept."""
    with suppress(OSError, UserError):
        if not is_script(Path(program.words[0])):
            parts = (program.provenance["binary_sha256"], program.kind, version(), str(SCHEMA))
            name = hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()
            return cache_folder(environ) / FOLDER / f"{name}.json"
    return None


def _read(place: Path, sha256: str) -> Profile | None:
    """Return the probe in a file, None where none is whole and of this program."""
    try:
        with place.open("rb") as stream:
            found = Profile.of(json.loads(stream.read(MOST_BYTES)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    whole = found.sha256 == sha256 and found.table == version() and found.complete
    return found if whole else None
