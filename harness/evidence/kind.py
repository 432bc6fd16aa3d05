"""What every kind of bundle can do, and what all kinds need for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from harness.errors import BundleError
from harness.pairs.part import PairPart
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.names import METRICS, NAME
from harness.store.schema import check_metrics
from harness.store.untrusted import BundleFault, read_json


@dataclass(frozen=True)
class OpenBundle:
    """The folder of a bundle, with its metrics.json read once."""

    folder: Path

    @cached_property
    def stated(self) -> Any:
        """Return the content of metrics.json, None without one.

        Raises:
            BundleError: if it is no JSON.
        """
        return read_json(self.folder / METRICS) if (self.folder / METRICS).is_file() else None

    @property
    def kind_word(self) -> str | None:
        """Return the kind that metrics.json names."""
        return self.stated.get("kind") if isinstance(self.stated, Mapping) else None

    @property
    def metrics(self) -> dict[str, Any]:
        """Return the content of metrics.json.

        Raises:
            BundleError: if it does not follow its schema.
        """
        path = self.folder / METRICS
        value = self.stated if path.is_file() else read_json(path)
        check_metrics(value, str(path))
        return dict(value)

    def part_folders(self) -> list[Path]:
        """Return the folders of the parts.

        Raises:
            BundleError: for one that is none of the bundle.
        """
        return [self.folder / _plain_name(self.folder, name) for name in self.metrics["parts"]]


def _plain_name(folder: Path, name: str) -> str:
    """Return the name of a part that is a plain folder of the bundle.

    Raises:
        BundleError: for any other.
    """
    if not NAME.fullmatch(name) or ".." in name:
        raise BundleError(f"{METRICS}: part {name!r:.60} points outside the bundle; the bundle is damaged")
    if (folder / name).is_symlink() or not (folder / name).is_dir():
        raise BundleError(f"{METRICS}: part '{name}' is no folder of the bundle; the bundle is damaged")
    return name


@dataclass(frozen=True)
class PageContent:
    """What the page shows of a bundle beside its metrics."""

    parts: Sequence[str] = ()
    """The parity mode of each part."""
    pair: PairPart | None = None
    """Whose images are shown."""
    criteria: Sequence[Mapping[str, Any]] = ()
    """Of its comparisons, with the bounds in force."""
    traces: Mapping[str, Any] | None = None
    """Metrics of two traces, for causes and tap graph."""
    trace: Mapping[str, Any] | None = None
    """The traced pixels."""
    gradients: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """Gradients of each part."""
    taps: Sequence[Mapping[str, Any]] = ()
    """Of each trace of two programs of any kind: what differs, and the bound."""
    contract_taps: bool = True
    """Whether its programs have the taps of nanoBragg, whose graph the page shows."""


class BundleKind(Protocol):
    """A kind of bundle: one row of `harness.evidence.kinds.KINDS`."""

    word: str
    """By which its metrics name it."""

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether a bundle is of this kind."""

    def load(self, bundle: OpenBundle) -> Sequence[Any]:
        """Return its parts.

        Raises:
            BundleError: if one is missing or does not follow its schema.
        """

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return its verdict and figures in the schema of metrics.json.

        Raises:
            BundleError: if a file of it cannot be read.
        """

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return the names of the folders in which files may lie."""

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where it states something else than its raw files give; pictures: draw them again, too."""

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return what was measured, by parity mode, to be held against another bundle."""

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Run its comparisons again, none if it holds no run of its own.

        Raises:
            BundleError: if what it needs is not in the bundle.
        """

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return what the page shows; part_name: whose images, None for the first part's."""
