"""The result folder of trace-harness as evidence: read back, judged again, and told like any result."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.pairs.pair_traces import records_of
from harness.sides import SIDES
from harness.store.kind_words import TRACE_KIND
from harness.store.names import METRICS, TRACES, older_trace_name, trace_name
from harness.store.schema import BUNDLE_SCHEMA, check_trace
from harness.store.stated import differing, environment_of
from harness.store.untrusted import read_json, read_plain
from harness.verdict import State
from system_io.verdict_words import Word
from trace_tools.reading.trace_file import TraceLog, read_stream

GRAPH_NAME, FLOOR_NAME, PAGE_NAME = "graph.json", "floor.json", "diff.md"
MAP_NAME = "tap_map.toml"
FINAL_TAP = "I_pixel_final"
STATES: Mapping[str, State] = {
    Word.PASS: State.HELD,
    Word.ROUNDING: State.HELD,
    Word.LOOSENED: State.HELD,
    Word.FAIL: State.FAILED,
}
SUM_SLACK = 1e-9


@dataclass(frozen=True)
class TracePart:
    """Traced pixels of two programs, in a folder; `older`: with the names of files of earlier versions."""

    folder: Path
    data: Mapping[str, Any]
    older: bool = False

    @classmethod
    def load(cls, folder: Path) -> TracePart:
        """Read and check the figures.

        Raises:
            BundleError: if they do not follow the schema.
        """
        older = not (folder / TRACES).is_file()
        path = folder / (METRICS if older else TRACES)
        data = read_json(path)
        check_trace(data, str(path))
        return cls(folder, data, older)

    @property
    def data_name(self) -> str:
        """Return the name of the file of the figures."""
        return METRICS if self.older else TRACES

    def log_name(self, side: str) -> str:
        """Return the name of the trace of one side."""
        return older_trace_name(side) if self.older else trace_name(side)

    @property
    def mode(self) -> str:
        """Return the parity mode that both programs ran in."""
        return str(self.data["parity_mode"])

    @cached_property
    def log_bytes(self) -> tuple[bytes, bytes]:
        """Return both traces as they were written.

        Raises:
            BundleError: if one is missing.
        """
        c, py = (read_plain(self.folder / name) for name in map(self.log_name, SIDES))
        return c, py

    def traces(self) -> tuple[TraceLog, TraceLog]:
        """Return both traces.

        Raises:
            TraceError: for a broken one, BundleError for a missing one.
        """
        c, py = (
            read_stream(io.BytesIO(content), self.log_name(side))
            for side, content in zip(SIDES, self.log_bytes, strict=True)
        )
        return c, py

    def budget_faults(self) -> list[str]:
        """Return where the parts of a budget do not make up the difference of its pixel."""
        faults = []
        for number, budget in enumerate(self.data["budget"]):
            parts = [item["contribution"] or 0.0 for item in budget["taps"]]
            whole = math.fsum([*parts, budget["residual"]])
            apart = budget["photons_c"] - budget["photons_py"]
            slack = SUM_SLACK * max(map(abs, [apart, *parts]))
            if abs(whole - apart) > slack or abs(budget["difference"] - apart) > slack:
                faults.append(f"budget[{number}]: its parts make {whole!r}, the difference is {apart!r}")
            faults += self._share_faults(number, budget)
        return faults

    def _share_faults(self, number: int, budget: Mapping[str, Any]) -> list[str]:
        """Return where a share is not its part of the difference, or a pixel's value not its trace's."""
        whole = budget["difference"]
        shares = [(item["share"], item["contribution"] or 0.0) for item in budget["taps"]]
        shares.append((budget["residual_share"], budget["residual"]))
        where = f"budget[{number}]"
        faults = [
            text
            for stated, part in shares
            for text in differing(part / whole if whole else None, stated, f"{where}.share")
        ]
        for key, trace in zip(("photons_c", "photons_py"), self.traces(), strict=True):
            slow, fast = budget["pixel_slow_fast"]
            values = [
                r.values[0]
                for r in records_of(trace, FINAL_TAP)
                if r.context[:2] == (("s", slow), ("f", fast))
            ]
            faults += differing(values[:1], [budget[key]], f"{where}.{key}")
        return faults


def trace_bundle_metrics(part: TracePart) -> dict[str, Any]:
    """Return traced pixels in the schema of metrics.json of a bundle."""
    data, environment = part.data, environment_of(part.folder)
    return {
        "schema": BUNDLE_SCHEMA,
        "kind": TRACE_KIND,
        "title": f"traced pixels of two programs, parity mode {part.mode}",
        "created": environment.get("created", ""),
        **{key: data[key] for key in ("verdict", "exit_status", "reasons", "first_divergence")},
        "notes": [f"observer check, {side}: {text}" for side, text in data["observer_check"].items()],
        "command": [],
        "parts": ["."],
        "figures": _figures(part),
        "causal_taps": list(data.get("causal_by_tap", {})),
        "settings": {},
        "commit": (environment.get("git") or {}).get("commit"),
    }


def _figures(part: TracePart) -> list[dict[str, Any]]:
    """Return the records outside their bound, and what no tap explains of each pixel's difference."""
    counts = part.data.get("taps", {})
    alone = part.data.get("counts", {"only_a": 0, "only_b": 0})
    outside = float(sum(tap["outside"] for tap in counts.values())) if counts else None
    if outside is not None:
        outside += alone["only_a"] + alone["only_b"]
    state = STATES.get(part.data["verdict"], State.NOT_COMPARED)
    rows: list[tuple[str, float | None, float | None, State, str]] = []
    rows.append(("records outside their bound, or on one side only", outside, 0.0, state, ""))
    for budget in part.data["budget"]:
        slow, fast = budget["pixel_slow_fast"]
        name = f"unexplained share of the difference at slow {slow} fast {fast}"
        rows.append((name, budget["residual_share"], None, State.NOT_ASKED, budget["remark"]))
    return [
        {
            "name": name, "part": part.mode, "measured": measured, "published": None, "strict": strict,
            "published_held": None, "state": one.value, "note": note,
        }
        for name, measured, strict, one, note in rows
    ]  # fmt: skip
