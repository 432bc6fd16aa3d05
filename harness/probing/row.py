"""A tiny run, and what it is to tell: data that the tables of rows are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.programs.run import FLOAT_NAME, INT_NAME

NOISE_NAME, PREVIEW_NAME = "noiseimage.img", "image.pgm"
CRYSTAL = "-cell 100 100 100 90 90 90 -misset 10 20 30 -N 5"
CAMERA = "-lambda 1 -distance 100 -detpixels 8 -pixel 0.4"
FACTORS = "-default_F 100 -oversample 1"
BASE = f"{CRYSTAL} {CAMERA} {FACTORS}"
NO_CAMERA = f"{CRYSTAL} {FACTORS}"
NO_FACTORS = f"{CRYSTAL} {CAMERA} -oversample 1"
QUIET = f"-floatfile {FLOAT_NAME} -intfile {INT_NAME} -nonoise -nopgm"
NOISE = f"-floatfile {FLOAT_NAME} -intfile {INT_NAME} -nopgm -noisefile {NOISE_NAME}"
PREVIEW = f"-floatfile {FLOAT_NAME} -intfile {INT_NAME} -nonoise -pgmfile {PREVIEW_NAME}"


@dataclass(frozen=True)
class TinyRun:
    """One run: the words of a command line, the files in its folder, and what of its environment is set."""

    words: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    environ: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """Return what is equal for runs that are one."""
        made = hashlib.sha256("\0".join(self.words).encode("utf-8"))
        for name, content in sorted(self.files.items()):
            made.update(f"\1{name}\0".encode() + content)
        made.update(repr(sorted(self.environ.items())).encode("utf-8"))
        return made.hexdigest()[:16]

    def told(self, *more: str) -> TinyRun:
        """Return this run with further words in front."""
        return TinyRun((*more, *self.words), self.files, self.environ)


@dataclass(frozen=True)
class QuirkRow:
    """What a run tells about quirks.

    Attributes:
        line: the command line without its outputs.
        tells: the quirks whose state is read from it.
        look: what is looked at (`harness.probing.looks`).
        files: input files by name.
        beside: quirks that change what is looked at, too, and are told by other rows.
        ending: the outputs, behind all other words.
        otherwise: the state of the quirk where the value is none of those expected; None: not told apart.
    """

    line: str
    tells: tuple[str, ...]
    look: str = "image"
    files: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    beside: tuple[str, ...] = ()
    ending: str = QUIET
    otherwise: str | None = None

    @property
    def run(self) -> TinyRun:
        """Return the run that is made for it."""
        return TinyRun((*self.line.split(), *self.ending.split()), self.files)


@dataclass(frozen=True)
class OptionRow:
    """How it is seen that an option acts: the words that give it, and a line that it is compared with.

    Attributes:
        option: its first spelling.
        words: with the option, behind `base`.
        plain: without it, behind `base`.
        look: what is looked at.
        by_mode: whether what is looked at depends on quirks.
    """

    option: str
    words: str
    plain: str = ""
    look: str = "image"
    base: str = BASE
    files: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    ending: str = QUIET
    by_mode: bool = False

    def run(self, words: str) -> TinyRun:
        """Return a run of the base with words behind it."""
        return TinyRun((*self.base.split(), *words.split(), *self.ending.split()), self.files)
