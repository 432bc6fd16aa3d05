"""A kept result as bytes: a mark, the hash of all that follows, plain facts, and the files one by one.

Nothing in it is executed or unpickled. Every byte is under the hash, and the key stands inside, so that an
entry that is cut, changed or renamed is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.errors import HarnessError
from harness.files import stamp
from harness.programs.run import ProgramRun
from system_io.children import Outcome

MARK = b"nanobragg-kept 1\n"
DIGEST_BYTES = 32
LENGTH_BYTES = 8
IMAGE, STDOUT, STDERR, TRACE = "image", "stdout", "stderr", "trace"
FILE = "file:"


class BrokenEntryError(HarnessError):
    """An entry that is not what was written under its key."""


@dataclass(frozen=True)
class KeptResult:
    """What a run gave, and when.

    `made`: when it was computed, UTC (`harness.files.STAMP_FORMAT`); `title`: of the program; `words`: the
    command that was run; `image`: None where it is among the files as the program wrote it.
    """

    made: str
    title: str
    words: tuple[str, ...]
    outcome: Outcome
    stdout: bytes
    stderr: bytes
    image: FloatImage | None
    shape_source: str | None
    trace: bytes | None
    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, run: ProgramRun) -> KeptResult | None:
        """Return what is kept of a run; None for one that failed."""
        if run.failure is not None or run.image is None:
            return None
        return cls(
            stamp(), run.program.title, run.command, run.outcome, run.stdout, run.stderr, run.image,
            run.shape_source, run.trace, run.files,
        )  # fmt: skip

    def parts(self) -> dict[str, bytes]:
        """Return its files by name."""
        traces = {} if self.trace is None else {TRACE: self.trace}
        files = {FILE + name: data for name, data in self.files.items()}
        image = self.image
        images = {} if image is None else {IMAGE: image[_box(image)].astype("<f4", copy=False).tobytes()}
        return {
            **images,
            STDOUT: self.stdout,
            STDERR: self.stderr,
            **traces,
            **files,
        }

    def facts(self) -> dict[str, Any]:
        """Return all but its files as plain data."""
        image = self.image
        return {
            "made": self.made,
            "title": self.title,
            "words": list(self.words),
            "wall_s": self.outcome.wall_s,
            "peak_bytes": self.outcome.peak_bytes,
            "shape_slow_fast": None if image is None else list(image.shape),
            "box_slow_fast": None if image is None else [[part.start, part.stop] for part in _box(image)],
            "shape_source": self.shape_source,
        }


def entry_bytes(key: str, result: KeptResult) -> bytes:
    """Return the bytes of an entry."""
    parts = result.parts()
    sizes = {name: len(data) for name, data in parts.items()}
    head = json.dumps({"key": key, **result.facts(), "parts": sizes}).encode("utf-8")
    body = b"".join([len(head).to_bytes(LENGTH_BYTES, "little"), head, *parts.values()])
    return b"".join([MARK, hashlib.sha256(body).digest(), body])


def result_in(key: str, data: bytes) -> KeptResult:
    """Return the result in the bytes of an entry.

    Raises:
        BrokenEntryError: they are not what was written under this key.
    """
    start = len(MARK) + DIGEST_BYTES
    body = memoryview(data)[start:]
    if data[: len(MARK)] != MARK:
        raise BrokenEntryError("it is no kept result")
    if hashlib.sha256(body).digest() != data[len(MARK) : start]:
        raise BrokenEntryError("its content has another hash than it states")
    try:
        head, behind = _head(body)
        parts = dict(_parts(head["parts"], behind))
        if head["key"] != key:
            raise BrokenEntryError("it is of another run")
        shape = head["shape_slow_fast"]
        image = None if shape is None else _image(parts[IMAGE], shape, head["box_slow_fast"])
        outcome = Outcome(0, None, False, float(head["wall_s"]), head["peak_bytes"])
        files = {name.removeprefix(FILE): one for name, one in parts.items() if name.startswith(FILE)}
        return KeptResult(
            str(head["made"]), str(head["title"]), tuple(head["words"]), outcome, parts[STDOUT],
            parts[STDERR], image, head["shape_source"], parts.get(TRACE), files,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenEntryError(f"it cannot be read: {error!r}") from error


def _head(body: memoryview) -> tuple[Any, memoryview]:
    """Return the facts of an entry, and its files as one run of bytes."""
    length = int.from_bytes(body[:LENGTH_BYTES], "little")
    end = LENGTH_BYTES + length
    return json.loads(bytes(body[LENGTH_BYTES:end])), body[end:]


def _parts(sizes: Mapping[str, int], behind: memoryview) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an entry.

    Raises:
        ValueError: if they are not as long together as stated.
    """
    if sum(sizes.values()) != len(behind):
        raise ValueError("its files are not as long as stated")
    start = 0
    for name, size in sizes.items():
        yield name, bytes(behind[start : start + size])
        start += size


def _box(image: FloatImage) -> tuple[slice, slice]:
    """Return the smallest box that holds every pixel whose bits are not all zero: a region of interest."""
    bits = image.view(np.uint32)
    slow, fast = (np.flatnonzero(bits.any(axis=axis)) for axis in (1, 0))
    if not slow.size:
        return slice(0, 0), slice(0, 0)
    return slice(int(slow[0]), int(slow[-1]) + 1), slice(int(fast[0]), int(fast[-1]) + 1)


def _image(data: bytes, shape: Sequence[int], box: Sequence[Sequence[int]]) -> FloatImage:
    """Return an image of zeros with the pixels of a box in it."""
    image = np.zeros(shape, dtype=np.float32)
    inside = image[tuple(slice(*ends) for ends in box)]
    inside[...] = np.frombuffer(data, dtype="<f4").reshape(inside.shape)
    return image
