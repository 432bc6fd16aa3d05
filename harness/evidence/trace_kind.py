"""Traced pixels as a kind of bundle: the result folder of trace-harness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.evidence.kind import OpenBundle, PageContent
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.kind_words import TRACE_KIND
from harness.store.names import TRACES
from harness.store.untrusted import BundleFault
from harness.tracing.bundle import TracePart, trace_bundle_metrics
from trace_tools.schema import TRACE_SCHEMA


class TraceKind:
    """Pixels that two programs traced."""

    word = TRACE_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether a folder is a result of trace-harness, whatever it called its figures."""
        if (bundle.folder / TRACES).is_file():
            return bundle.stated is None
        return isinstance(bundle.stated, Mapping) and bundle.stated.get("schema") == TRACE_SCHEMA

    def load(self, bundle: OpenBundle) -> Sequence[TracePart]:
        """Return the traced pixels."""
        return [TracePart.load(bundle.folder)]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the figures in the schema of metrics.json."""
        return trace_bundle_metrics(TracePart.load(bundle.folder))

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return that all files lie in the folder itself."""
        return set(metrics["parts"])

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the folder states something else than its two logs give."""
        from harness.tracing.check import trace_faults

        for part in self.load(bundle):
            yield from trace_faults(part)

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return nothing: what was measured is in the metrics."""
        return {}

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Trace the pixels again."""
        from harness.tracing.replay import replay_trace

        return [replay_trace(part, inputs, chosen) for part in self.load(bundle)]

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return causes, isolated differences and budgets."""
        from harness.evidence.page.budget_view import trace_content

        part = TracePart.load(bundle.folder)
        return PageContent(parts=[part.mode], traces=part.data, trace=trace_content(part))
