"""Checks that a bundle is what it claims to be.

A bundle is a folder with parts (metrics.json), or the result folder of one run of nb-compare, nb-gradients or
trace-harness. All end with sha256.txt and are read alike: what is particular to a kind is a row of
`harness.evidence.kinds`. Nothing that a bundle says is believed before it is checked, and no link in it is
followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.described.pair_bundle import DescribedPart
from harness.evidence.hashes import Verification, hash_check
from harness.evidence.kind import BundleKind, OpenBundle
from harness.evidence.kinds import kind_of
from harness.pairs.part import PairPart
from harness.pairs.predicted import gone_input
from harness.store.find import RESULTS
from harness.store.names import COMMANDS, ENVIRONMENT, METRICS
from harness.store.schema import check_metrics
from harness.store.untrusted import BROKEN, BundleFault, Tree
from system_io.verdict_words import Word


def verify_bundle(folder: Path, *, pictures: bool = False) -> Verification:
    """Check a bundle: every hash, every schema, and everything that the raw files give again.

    Args:
        folder: the bundle.
        pictures: draw the pictures again, too (about a second each).

    Returns:
        PASS, or FAIL with each fault and the file it is in; NOT COMPARABLE for a bundle that is marked
        incomplete, with what is wrong among its finished files.

    Raises:
        BundleError: there is no bundle.
    """
    check, tree = hash_check(folder)
    if check.word is Word.NOT_COMPARABLE or tree.faults:
        return check
    faults = (*check.faults, *_content_faults(folder, tree, pictures))
    word = Word.FAIL if faults else Word.PASS
    return Verification(folder, word, faults, check.checked, () if faults else _underived(folder))


def _content_faults(folder: Path, tree: Tree, pictures: bool) -> list[BundleFault]:
    faults: list[BundleFault] = []
    bundle = OpenBundle(folder)
    try:
        kind = kind_of(bundle)
        metrics = kind.metrics(bundle)
        check_metrics(metrics, METRICS)
        if len(set(metrics["parts"])) != len(metrics["parts"]):
            faults.append(BundleFault(METRICS, "parts: one is named twice"))
        faults += _layout_faults(kind, metrics, tree)
        for fault in kind.faults(bundle, metrics, pictures):
            faults.append(fault)
    except BROKEN as error:
        faults.append(BundleFault(_first_file(folder), str(error) or type(error).__name__))
    return faults


def _underived(folder: Path) -> tuple[str, ...]:
    """Say of each compared pair whether its reflections could not be predicted again."""
    bundle = OpenBundle(folder)
    loaded = kind_of(bundle).load(bundle)
    parts = [part.pair if isinstance(part, DescribedPart) else part for part in loaded]
    reasons = [(part.label, gone_input(part.summary)) for part in parts if isinstance(part, PairPart)]
    return tuple(
        f"{mode}: the figures of the reflections are as stated, not derived again: {reason}"
        for mode, reason in reasons
        if reason
    )


def _layout_faults(kind: BundleKind, metrics: Mapping[str, Any], tree: Tree) -> list[BundleFault]:
    """Return the files that lie in no part, and those that every bundle must have and this one has not."""
    rooms = kind.rooms(metrics)
    strange = [name for name in tree.files if "/" in name and name.partition("/")[0] not in rooms]
    deep = [name for name in tree.files if name.count("/") > 1]
    lacking = [name for name in (COMMANDS, ENVIRONMENT) if name not in tree.files]
    return [
        *(BundleFault(name, "lies in no part of the bundle") for name in dict.fromkeys([*strange, *deep])),
        *(BundleFault(name, "is missing from the bundle") for name in lacking),
    ]


def _first_file(folder: Path) -> str:
    return next((name for name in (METRICS, *RESULTS) if (folder / name).exists()), METRICS)
