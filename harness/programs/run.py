"""Runs a program in a scratch directory of its own, with a time-out, and reads the float image it writes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.programs.arguments import PreparedArguments, detector_shape
from harness.programs.image_file import read_image_file
from harness.programs.programs import FILE_KIND, Program
from harness.programs.watching import Watch, listener, nobody
from system_io.children import Outcome, execute
from system_io.files import irregular

FLOAT_NAME = "floatimage.bin"
INT_NAME = "intimage.img"
OUTPUT_WORDS = ("-floatfile", FLOAT_NAME, "-intfile", INT_NAME, "-nonoise", "-nopgm")
WORK_NAME = "work"
TRACE_NAME = "trace.log"
TRACE_WORDS = ("-trace_file", TRACE_NAME)
SMV_HEAD_BYTES = 512
FAINTEST, BRIGHTEST = 1e-18, 1e18
"""Photons of a pixel, outside of which the order of bytes is asked about."""
WIDTHS: Mapping[float, str] = {
    2.0: ": they are 8-byte floats (float64), 4-byte ones (float32) are needed",
    0.5: ": they are 2-byte numbers, 4-byte floats (float32) are needed",
}
"""What a float image is by how much longer it is than it must be."""

COMPUTED = re.compile(rb"^computed: ([ -~]{1,120})$", re.MULTILINE)
"""Line in which a program says how it computed its image."""


@dataclass(frozen=True)
class ProgramRun:
    """One run of a program: what was called, how it ended, and the image or the reason why there is none.

    files: the content of further outputs that are compared, by file name, as far as they are regular files.
    kept: when it was computed (`harness.files.STAMP_FORMAT`), where it was kept from an earlier run.
    """

    program: Program
    command: tuple[str, ...]
    outcome: Outcome
    stdout: bytes
    stderr: bytes
    image: FloatImage | None
    shape_source: str | None
    failure: str | None
    trace: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    kept: str | None = None

    @property
    def computed(self) -> str | None:
        """Return how the program says that it computed its image, None where it does not say."""
        found = COMPUTED.search(self.stdout)
        return found[1].decode("ascii") if found else None

    def facts(self) -> dict[str, Any]:
        """Return the run as plain data for a summary."""
        return {
            "title": self.program.title,
            "command": list(self.command),
            "provenance": dict(self.program.provenance),
            "exit_status": self.outcome.exit_status,
            "signal": self.outcome.signal_name,
            "timed_out": self.outcome.timed_out,
            "wall_s": round(self.outcome.wall_s, 4),
            "peak_bytes": self.outcome.peak_bytes,
            "shape_slow_fast": None if self.image is None else list(self.image.shape),
            "shape_source": self.shape_source,
            "image_sha256": None if self.image is None else hashlib.sha256(self.image.tobytes()).hexdigest(),
            "failure": self.failure,
            **({} if self.kept is None else {"kept": self.kept}),
        }


def command_of(program: Program, settings: Sequence[str], arguments: PreparedArguments) -> tuple[str, ...]:
    """Return the words that run a program; an image file has none."""
    if program.kind == FILE_KIND:
        return ()
    return (*program.words, *settings, *words_behind_settings(arguments))


def words_behind_settings(arguments: PreparedArguments) -> tuple[str, ...]:
    """Return the words behind the settings of a program: command line, outputs, traces, last ones."""
    traces = TRACE_WORDS if arguments.traces else ()
    return (*arguments.words, *OUTPUT_WORDS, *arguments.output_words, *traces, *arguments.last)


def pinned(program: Program, threads: int) -> dict[str, str]:
    """Return what keeps the image of an external program from depending on threads (Q-OMP)."""
    if program.kind != "external":
        return {}
    return {"OMP_NUM_THREADS": str(threads), "OMP_DYNAMIC": "FALSE", "OMP_THREAD_LIMIT": str(threads)}


def run_program(
    program: Program,
    settings: Sequence[str],
    arguments: PreparedArguments,
    scratch: Path,
    timeout_s: float,
    threads: int = 1,
    watch: Watch = nobody,
) -> ProgramRun:
    """Run a program on a nanoBragg command line in a fresh directory and read its float image.

    Args:
        program: what to run.
        settings: words for parity mode, dtype, device (`Program.settings`).
        arguments: the prepared command line.
        scratch: directory for the run; must not exist. Only copies of input files and outputs are in it.
        timeout_s: longest wall time, s.
        threads: how many an external program may start.
        watch: shows how far the program is.

    Returns:
        The run, with the image [slow, fast] or the failure in words.
    """
    if program.kind == FILE_KIND:
        return _existing(program)
    folder = scratch / WORK_NAME
    folder.mkdir(parents=True)
    for source, name in arguments.copies:
        shutil.copyfile(source, folder / name)
    command = command_of(program, settings, arguments)
    environ = {**os.environ, **program.environ, **pinned(program, threads)}
    advance = watch(program.title)
    outcome, stdout, stderr = execute(command, folder, environ, timeout_s, listener(advance))
    advance(1.0)
    image, shape_source, failure = None, None, outcome.failure
    if failure is None:
        image, shape_source, failure = read_float_image(folder, arguments.words)
    if failure is not None:
        failure = with_last_words(f"{program.title} '{program.words[0]}' {failure}", stderr or stdout)
    trace = folder / TRACE_NAME
    lines = trace.read_bytes() if arguments.traces and trace.is_file() else None
    files = kept_files(folder, arguments.kept)
    return ProgramRun(program, command, outcome, stdout, stderr, image, shape_source, failure, lines, files)


def kept_files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return the content of those files that are there: regular ones, no links."""
    paths = {name: folder / name for name in names}
    there = {name: path for name, path in paths.items() if path.is_file() and not path.is_symlink()}
    return {name: path.read_bytes() for name, path in there.items()}


def _existing(program: Program) -> ProgramRun:
    """Return an image that exists already as a run that took no time."""
    image, source, failure = read_image_file(program)
    told = None if failure is None else f"{program.title} '{program.words[0]}' {failure}"
    return ProgramRun(program, (), Outcome(0, None, False, 0.0, None), b"", b"", image, source, told)


def with_last_words(failure: str, output: bytes) -> str:
    """Return a failure with the last line that a program wrote."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"{failure}: {lines[-1][:300]}" if lines else failure


def read_float_image(folder: Path, words: Sequence[str]) -> tuple[FloatImage | None, str | None, str | None]:
    """Read the float image of a finished run; its shape is what the SMV header says, else the options.

    Returns:
        Image [slow, fast] or None, where the shape comes from, and what is wrong or None.
    """
    path = folder / FLOAT_NAME
    if not path.is_file():
        return None, None, "wrote no float image"
    shape, source = smv_shape(folder / INT_NAME), "SMV header"
    if shape is None:
        shape, source = detector_shape(words), "command line"
    if shape is None:
        return None, None, "wrote no SMV image whose header tells the shape; give -detpixels"
    expected = shape[0] * shape[1] * 4
    if path.stat().st_size != expected:
        found = path.stat().st_size
        problem = f"wrote a float image of {found} bytes, not {expected} (shape from the {source})"
        return None, source, problem + WIDTHS.get(found / expected if expected else 0.0, "")
    image = np.fromfile(path, dtype=np.float32).reshape(shape)
    if _foreign_order(image):
        return None, source, "wrote a float image of the other byte order (big-endian); swap its bytes"
    return image, source, None


def _foreign_order(image: FloatImage) -> bool:
    """Tell whether numbers make no sense as they are, but do with their bytes swapped."""
    return bool(image.size) and not _sensible(image) and _sensible(image.byteswap())


def _sensible(image: FloatImage) -> bool:
    """Tell whether an image is finite, and all but zeros lie in the range of photons."""
    if not np.isfinite(image).all():
        return False
    sizes = np.abs(image[image != 0.0])
    return bool(((sizes > FAINTEST) & (sizes < BRIGHTEST)).all())


def smv_shape(path: Path) -> tuple[int, int] | None:
    """Return (slow, fast) from the SIZE2 and SIZE1 of an SMV file, or None if there is no such header."""
    try:
        if irregular(path):
            return None
        with path.open("rb") as stream:
            head = stream.read(SMV_HEAD_BYTES)
    except OSError:
        return None
    sizes = [re.search(rb"\bSIZE%d=\s*(\d+)" % axis, head) for axis in (2, 1)]
    if not head.startswith(b"{") or not all(sizes):
        return None
    slow, fast = (int(match[1]) for match in sizes if match)
    return slow, fast
