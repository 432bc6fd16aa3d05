"""The kinds of bundles, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.evidence.described_kind import DescribedKind
from harness.evidence.gate_kinds import ClosingKind, GateKind, GradientGateKind
from harness.evidence.gradient_kind import GradientKind
from harness.evidence.kind import BundleKind, OpenBundle
from harness.evidence.pair_kind import PairKind
from harness.evidence.trace_kind import TraceKind

KINDS: tuple[BundleKind, ...] = (
    PairKind(),
    TraceKind(),
    GradientKind(),
    GateKind(),
    GradientGateKind(),
    ClosingKind(),
    DescribedKind(),
)
"""The first that recognises a bundle says what it is."""


def kind_of(bundle: OpenBundle) -> BundleKind:
    """Return the kind of a bundle.

    Raises:
        BundleError: for a kind that this program does not know.
    """
    kind = _known(bundle)
    if kind is None:
        word = bundle.metrics["kind"]
        raise BundleError(f"kind is {word!r:.60}, no kind of bundle of this program")
    return kind


def load_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a bundle in the schema of metrics.json, whoever wrote it.

    Raises:
        BundleError: a file is missing, or does not follow its schema.
    """
    bundle = OpenBundle(folder)
    kind = _known(bundle)
    return bundle.metrics if kind is None else kind.metrics(bundle)


def _known(bundle: OpenBundle) -> BundleKind | None:
    return next((kind for kind in KINDS if kind.recognises(bundle)), None)
