"""The C reference as compilers may make it: each build is sound, and none may raise an alarm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import BuildError
from harness.programs.build import SANITIZERS, Build, build_reference


@dataclass(frozen=True)
class SoundBuild:
    """Flags behind those of the plain build, and compilers of which the first that works is taken.

    A compiler without a name is the one that the plain build is made with.
    """

    flags: tuple[str, ...]
    compilers: tuple[str, ...] = ("",)


SOUND_BUILDS: Mapping[str, SoundBuild] = {
    "O0": SoundBuild(("-O0",)),
    "O1": SoundBuild(("-O1",)),
    "O3": SoundBuild(("-O3",)),
    "small": SoundBuild(("-Os",)),
    "native": SoundBuild(("-O3", "-march=native")),
    "fma": SoundBuild(("-mfma", "-ffp-contract=fast")),
    "native fma": SoundBuild(("-O3", "-march=native", "-ffp-contract=fast")),
    "unrolled": SoundBuild(("-O3", "-funroll-loops", "-fno-tree-vectorize")),
    "whole program": SoundBuild(("-O3", "-flto")),
    "no built-ins": SoundBuild(("-fno-builtin",)),
    "static": SoundBuild(("-static",)),
    "sanitized": SoundBuild(("-O1", *SANITIZERS)),
    "clang": SoundBuild((), ("clang",)),
    "clang fma": SoundBuild(("-O3", "-mfma", "-ffp-contract=fast"), ("clang",)),
    "musl": SoundBuild((), ("musl-gcc",)),
    "32 bits": SoundBuild(("-m32", "-msse2", "-mfpmath=sse"), ("", "i686-linux-gnu-gcc")),
}
"""None may reorder sums or leave infinities out (-Ofast), or keep more digits (-mfpmath=387, which the
sources refuse): that is another computation."""


def sound_builds(wanted: Mapping[str, SoundBuild] = SOUND_BUILDS) -> tuple[dict[str, Build], dict[str, str]]:
    """Return the builds that this machine can make, and of the others why not."""
    made: dict[str, Build] = {}
    missing: dict[str, str] = {}
    for name, row in wanted.items():
        try:
            made[name] = _first_made(row)
        except BuildError as error:
            missing[name] = str(error)
    return made, missing


def _first_made(row: SoundBuild) -> Build:
    """Return the build of the first compiler that works.

    Raises:
        BuildError of the last one if none does.
    """
    for compiler in row.compilers[:-1]:
        try:
            return _made(row, compiler)
        except BuildError:
            continue
    return _made(row, row.compilers[-1])


def _made(row: SoundBuild, compiler: str) -> Build:
    environ = {**os.environ, "CC": compiler} if compiler else None
    return build_reference(extra_flags=row.flags, environ=environ)
