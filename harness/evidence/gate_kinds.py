"""The bundles that nb-gates writes, as kinds: a gate, the gradients as a gate, and the closing statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.evidence.gradient_kind import gradient_page, measured_gradients, replayed_gradients
from harness.evidence.kind import OpenBundle, PageContent
from harness.evidence.pair_kind import measured_pairs, pair_page, replayed_pairs
from harness.gradients.bundle import GradientPart, gradients_judged
from harness.pairs.part import PairPart
from harness.programs.programs import MODES
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.kind_words import CLOSING_KIND, GATE_KIND, GRADIENTS_KIND
from harness.store.names import METRICS, SUMMARY
from harness.store.stated import differing
from harness.store.untrusted import BundleFault


class GateKind:
    """A gate: a pair in each parity mode."""

    word = GATE_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether metrics.json names this kind."""
        return bundle.kind_word == self.word

    def load(self, bundle: OpenBundle) -> Sequence[PairPart]:
        """Return the pairs."""
        return [PairPart.load(folder) for folder in bundle.part_folders()]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the content of metrics.json."""
        return bundle.metrics

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return the folders of the pairs."""
        return set(metrics["parts"])

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the gate or one of its pairs states something else than the raw files give."""
        from harness.gates.check import frame_faults, gate_faults
        from harness.pairs.pair_check import pair_faults

        parts = self.load(bundle)
        for part in parts:
            name = part.folder.name
            if part.mode != name:
                text = f"parity_mode: states {part.mode!r:.60}, the part is '{name}'"
                yield BundleFault(f"{name}/{SUMMARY}", text)
            yield from pair_faults(bundle.folder, part, pictures=pictures)
        yield from frame_faults(bundle.folder, metrics)
        yield from gate_faults(bundle.folder, metrics, list(parts))

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return inputs, command line and figures of the pairs."""
        return measured_pairs(self.load(bundle))

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Run the programs of all pairs again."""
        return replayed_pairs(self.load(bundle), inputs, chosen)

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return images and traces of one pair."""
        return pair_page(bundle.folder, self.load(bundle), part_name)


class ClosingKind(GateKind):
    """The closing statement: it names the bundles of the gates and has no parts."""

    word = CLOSING_KIND

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the statement is not what its gates give."""
        from harness.gates.check import closing_faults, frame_faults

        yield from frame_faults(bundle.folder, metrics)
        yield from closing_faults(bundle.folder, metrics)


class GradientGateKind:
    """The gradients as a gate: nb-gradients in each parity mode."""

    word = GRADIENTS_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether metrics.json names this kind."""
        return bundle.kind_word == self.word

    def load(self, bundle: OpenBundle) -> Sequence[GradientPart]:
        """Return the gradients in each parity mode; none if a program failed."""
        return [GradientPart.load(folder) for folder in bundle.part_folders()]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the content of metrics.json."""
        return bundle.metrics

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return the folders of both parity modes: one may have been finished before a program failed."""
        return {*metrics["parts"], *MODES}

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the gate states something else than its stored runs give."""
        from harness.gates.check import frame_faults, gradient_gate_faults
        from harness.gradients.check import gradient_faults

        parts = self.load(bundle)
        for part in parts:
            yield from gradient_faults(bundle.folder, part)
        yield from frame_faults(bundle.folder, metrics)
        yield from gradient_gate_faults(metrics, [part.mode for part in parts], bundle.folder)
        fresh = gradients_judged(parts) if parts else {}
        for key, value in fresh.items():
            yield from (BundleFault(METRICS, text) for text in differing(value, metrics[key], key))

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return objective and slopes in each parity mode."""
        return measured_gradients(self.load(bundle))

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Compare the gradients again."""
        return replayed_gradients(self.load(bundle), inputs, chosen)

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return the table and the plots of the slopes."""
        parts = self.load(bundle)
        return gradient_page(parts) if parts else pair_page(bundle.folder, (), part_name)
