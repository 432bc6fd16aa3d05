"""Runs the comparisons of a bundle again and compares with what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.errors import BundleError
from harness.evidence.kind import OpenBundle
from harness.evidence.kinds import kind_of
from harness.recorded.rerun import Chosen, Inputs, Replayed
from system_io.shown import printable
from system_io.verdict_words import EXIT_STATUS, Word


def replay(folder: Path, data: Path | None, chosen: Chosen) -> list[Replayed]:
    """Run every comparison of a bundle again, which must have been verified before.

    Args:
        folder: the bundle.
        data: where else to look for input files, by content.
        chosen: which programs may be run.

    Raises:
        BundleError: nothing to run, an input file is nowhere to be found, or what would be run is not ours.
    """
    bundle = OpenBundle(folder)
    with ExitStack() as stack:
        done = kind_of(bundle).replay(bundle, Inputs(data, stack), chosen)
    if not done:
        raise BundleError(
            f"bundle '{printable(str(folder))}' holds no run of its own; replay the bundles that it names"
        )
    return done


def replay_word(replayed: Sequence[Replayed]) -> Word:
    """Return the worst verdict."""
    return max((one.word for one in replayed), key=lambda word: EXIT_STATUS[word])
