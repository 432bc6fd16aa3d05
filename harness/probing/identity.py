"""Whether a program is a nanoBragg at all, whether its images repeat, and what threads do to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.errors import ProgramError
from harness.probing.answers import answer
from harness.probing.at_work import AtWork
from harness.probing.looks import Left, equal_bits, looked, near
from harness.probing.questions import PLAIN, TWICE, TableQuestion
from harness.probing.row import BASE, QUIET, TinyRun
from harness.programs.run import FLOAT_NAME, TRACE_NAME, TRACE_WORDS
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word

SWEEP = TinyRun((*BASE.split(), "-phi", "0", "-osc", "4", "-phisteps", "3", *QUIET.split()))
LONGER = TinyRun((*BASE.split(), "-detpixels", "64", "-oversample", "6", *QUIET.split()))
TRACED = TinyRun((*BASE.split(), *QUIET.split(), "-trace_pixel", "4", "4", *TRACE_WORDS))
COUNTS: tuple[str | None, ...] = ("2", "3", "4", None)
"""Numbers of threads that are asked for beside one; None leaves the program its own choice."""
PHOTONS = (3.99, 4.01)
"""What twice the structure factor does to the sum of an image: four times the photons."""
WIDTHS = {8: "8-byte floats, 4-byte ones are needed", 2: "2-byte numbers, 4-byte floats are needed"}
EQUAL, ROUNDED = "bit for bit", "within rounding"


class NoNanoBraggError(ProgramError):
    """A program is no nanoBragg: nothing can be compared with it."""

    exit_status = EXIT_STATUS[Word.NOT_COMPARABLE]


@dataclass(frozen=True)
class Identity:
    """What is known of a program beside its quirks and options.

    Attributes:
        plain: how its image of the plain run stands to the simulator's, in words.
        repeats: whether two runs give the same image.
        threads: most threads that it was seen with where four were asked for; None where it was too quick.
        varies: counts of threads that change the image of the plain run.
        sweep_varies: counts of threads that change the image of a rotation, as Q-OMP says of the original.
        traces: whether it writes traces where they are asked for.
    """

    plain: str
    repeats: bool
    threads: int | None
    varies: tuple[str, ...]
    sweep_varies: tuple[str, ...]
    traces: bool

    @property
    def agrees(self) -> bool:
        """Tell whether the plain image is the simulator's."""
        return self.plain in (EQUAL, ROUNDED)

    @property
    def difference(self) -> list[str]:
        """Return in words how its plain image is another one, nothing where it is the simulator's."""
        if self.agrees:
            return []
        return [f"a plain run, which no quirk changes, gives another image: {self.plain}"]

    @property
    def faults(self) -> list[str]:
        """Return what keeps its images from being those of its command line alone, in words."""
        found = []
        if not self.repeats:
            found.append("two runs of one command line give different images")
        if self.varies:
            counts = ", ".join(self.varies)
            found.append(
                f"its image depends on OMP_NUM_THREADS ({counts} against 1) in a plain run, where no quirk "
                "explains it (Q-OMP acts in a rotation and with interpolation only)"
            )
        return found


def require_nanobragg(work: AtWork) -> None:
    """Check that a program writes an image, and that of its command line.

    Raises:
        NoNanoBraggError: it does not.
    """
    plain = _image(work, PLAIN, "a plain command line")
    twice = _image(work, TWICE, "twice the structure factor")
    if plain.tobytes() == twice.tobytes():
        raise _refused(work, "gives the same image with twice the structure factor: it is none of this run")
    if not np.isfinite(plain).all() or not plain.any() or not np.isfinite(twice).all():
        raise _refused(work, "gives an image of zeros, or that is not finite, of a plain crystal")
    ratio = float(twice.sum(dtype=np.float64) / plain.sum(dtype=np.float64))
    if not PHOTONS[0] <= ratio <= PHOTONS[1]:
        raise _refused(
            work, f"makes {ratio:.4g} times the photons, not 4 times, of twice the structure factor"
        )


def _image(work: AtWork, run: TinyRun, what: str) -> np.ndarray:
    left = work.run(run)
    if left is None:
        raise _refused(work, "takes longer than the time for a probe; give a longer --timeout")
    if left.failure is not None:
        raise _refused(work, f"{left.failure} on {what}{_last_words(left)}")
    raw = left.files.get(FLOAT_NAME)
    if not raw:
        raise _refused(work, f"wrote no float image on {what}{_last_words(left)}")
    pixels = 64
    if len(raw) != 4 * pixels:
        width = WIDTHS.get(len(raw) // pixels if len(raw) % pixels == 0 else 0, f"{len(raw)} bytes, not 256")
        raise _refused(work, f"wrote a float image of {width}")
    return np.frombuffer(raw, "<f4")


def _last_words(left: Left) -> str:
    text = (left.stderr or left.stdout).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {printable(lines[-1][:120])}" if lines else ""


def _refused(work: AtWork, why: str) -> NoNanoBraggError:
    name = printable(str(Path(work.program.words[0])))
    return NoNanoBraggError(
        f"program '{name}' is no nanoBragg that can be compared: it {why}; give the path of one"
    )


def identified(work: AtWork) -> Identity:
    """Return what a nanoBragg is like; what could not be asked in time counts as no difference."""
    counted = [(str(count or "unset"), {"OMP_NUM_THREADS": count, **UNPINNED}) for count in COUNTS]
    varied = {base: [(name, replace(base, environ=env)) for name, env in counted] for base in (PLAIN, SWEEP)}
    longer = replace(LONGER, environ={"OMP_NUM_THREADS": "4", **UNPINNED})
    work.make([SWEEP, TRACED, longer, *(run for runs in varied.values() for _, run in runs)])
    left = work.left
    again = [work.run(run, "again") for run in (PLAIN, SWEEP)]
    varies = {
        base.key: tuple(name for name, run in runs if _differ(left.get(base.key), left.get(run.key)))
        for base, runs in varied.items()
    }
    seen = work.outcomes.get(longer.key)
    traced = work.left.get(TRACED.key)
    return Identity(
        plain=_plain(work.left[PLAIN.key]),
        repeats=not any(
            _differ(work.left.get(run.key), other) for run, other in zip((PLAIN, SWEEP), again, strict=True)
        ),
        threads=seen.threads if seen else None,
        varies=varies[PLAIN.key],
        sweep_varies=varies[SWEEP.key],
        traces=traced is not None and b"TRACE" in traced.files.get(TRACE_NAME, b""),
    )


UNPINNED = {"OMP_DYNAMIC": None, "OMP_THREAD_LIMIT": None}


def _differ(one: Left | None, other: Left | None) -> bool:
    """Tell whether two runs that were made left different images."""
    return (
        one is not None and other is not None and not equal_bits(looked(one, "image"), looked(other, "image"))
    )


def _plain(left: Left) -> str:
    image, expected = looked(left, "image"), answer(TableQuestion(PLAIN, "image"))
    if equal_bits(image, expected):
        return EQUAL
    if near(image, expected):
        return ROUNDED
    assert isinstance(image, np.ndarray)  # it was required
    assert isinstance(expected, np.ndarray)  # it was recorded
    apart = np.abs(image - expected) / np.maximum(np.abs(expected), np.finfo(np.float32).tiny)
    count = int(np.count_nonzero(image.view(np.int32) != expected.view(np.int32)))
    return (
        f"{count} of {image.size} pixels differ, the worst by {100.0 * float(apart.max()):.3g} % of its value"
    )
