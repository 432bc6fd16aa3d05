"""A described pair as a kind of bundle: what `nbp pair run` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.described.pair_bundle import DescribedPart, described_faults
from harness.evidence.kind import OpenBundle, PageContent
from harness.evidence.pair_kind import measured_pairs, pair_page, replayed_pairs
from harness.pairs.part import PairPart
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.kind_words import DESCRIBED_KIND
from harness.store.untrusted import BundleFault


class DescribedKind:
    """Two programs that a parity.toml describes, on its cases."""

    word = DESCRIBED_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether metrics.json names this kind."""
        return bundle.kind_word == self.word

    def load(self, bundle: OpenBundle) -> Sequence[DescribedPart]:
        """Return the cases."""
        return [DescribedPart.load(folder) for folder in bundle.part_folders()]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the content of metrics.json."""
        return bundle.metrics

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return the folders of the cases."""
        return set(metrics["parts"])

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where it states something else than its raw files give."""
        yield from described_faults(bundle.folder, metrics, self.load(bundle), pictures=pictures)

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the figures of each case, of nanoBragg's programs with command line and inputs."""
        if pairs := _pairs(self.load(bundle)):
            return measured_pairs(pairs)
        return {part.mode: {"parts": part.facts["parts"]} for part in self.load(bundle)}

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Run both programs again on every case."""
        from harness.described.again import replay_described

        parts = self.load(bundle)
        if pairs := _pairs(parts):
            return replayed_pairs(pairs, inputs, chosen)
        return replay_described(bundle.folder, parts, bundle.metrics, chosen)

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return the names of the cases and the taps of their traces; other figures are in the metrics.

        Of nanoBragg's programs it has the images of one case, too.
        """
        parts = self.load(bundle)
        if pairs := _pairs(parts):
            return pair_page(bundle.folder, pairs, part_name)
        taps = [
            {"part": part.mode, "trace": one["name"], "tap": tap, **told}
            for part in parts
            for one in part.facts["parts"]
            for tap, told in one["figures"].get("report", {}).get("taps", {}).items()
        ]
        return PageContent(parts=[part.mode for part in parts], taps=taps, contract_taps=False)


def _pairs(parts: Sequence[DescribedPart]) -> list[PairPart]:
    """Return the cases as compared pairs of nanoBragg's programs, none where they are of other programs."""
    return [pair for part in parts if (pair := part.pair) is not None]
