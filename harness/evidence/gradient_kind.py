"""Compared gradients as a kind of bundle: the result folder of nb-gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.evidence.kind import OpenBundle, PageContent
from harness.gradients.bundle import GradientPart, gradient_metrics
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.kind_words import GRADIENTS_KIND
from harness.store.names import GRADIENTS
from harness.store.untrusted import BundleFault

COMPARED = ("autograd", "estimate", "uncertainty", "verdict", "reason", "value")


class GradientKind:
    """Gradients of one command line in one parity mode."""

    word = GRADIENTS_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether a folder is a result of nb-gradients."""
        return bundle.stated is None and (bundle.folder / GRADIENTS).is_file()

    def load(self, bundle: OpenBundle) -> Sequence[GradientPart]:
        """Return the gradients."""
        return [GradientPart.load(bundle.folder)]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the figures in the schema of metrics.json."""
        return gradient_metrics(GradientPart.load(bundle.folder))

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return that all files lie in the folder itself."""
        return set(metrics["parts"])

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the folder states something else than its stored runs give."""
        from harness.gradients.check import gradient_faults

        for part in self.load(bundle):
            yield from gradient_faults(bundle.folder, part)

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return objective and slopes."""
        return measured_gradients(self.load(bundle))

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Compare the gradients again."""
        return replayed_gradients(self.load(bundle), inputs, chosen)

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return the table and the plots of the slopes."""
        return gradient_page(self.load(bundle))


def measured_gradients(parts: Sequence[GradientPart]) -> dict[str, Any]:
    """Return inputs, command line, objective and slopes of gradients by their parity mode."""
    return {part.mode: _measured(part.data) for part in parts}


def _measured(data: Mapping[str, Any]) -> dict[str, Any]:
    rows = {row["parameter"]: {key: row[key] for key in COMPARED} for row in data["parameters"]}
    return {**{key: data[key] for key in ("inputs", "arguments", "objective")}, "parameters": rows}


def replayed_gradients(parts: Sequence[GradientPart], inputs: Inputs, chosen: Chosen) -> list[Replayed]:
    """Compare gradients again."""
    from harness.gradients.replay import replay_gradients

    return [replay_gradients(part, inputs, chosen) for part in parts]


def gradient_page(parts: Sequence[GradientPart]) -> PageContent:
    """Return what the page shows of gradients."""
    from harness.evidence.page.gradient_view import gradient_content

    return PageContent(
        parts=[part.mode for part in parts], gradients=[gradient_content(part) for part in parts]
    )
