"""A compared pair as a kind of bundle: the result folder of nb-compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.evidence.kind import OpenBundle, PageContent
from harness.pairs.coverage import coverage_words
from harness.pairs.findings import SAME
from harness.pairs.part import PairPart
from harness.programs.programs import FILE_KIND
from harness.recorded.rerun import Chosen, Inputs, Replayed
from harness.store.kind_words import PAIR_KIND
from harness.store.names import SUMMARY
from harness.store.schema import BUNDLE_SCHEMA
from harness.store.stated import environment_of
from harness.store.untrusted import BundleFault


class PairKind:
    """Two images that were compared."""

    word = PAIR_KIND

    def recognises(self, bundle: OpenBundle) -> bool:
        """Tell whether a folder is a result of nb-compare."""
        return bundle.stated is None and (bundle.folder / SUMMARY).is_file()

    def load(self, bundle: OpenBundle) -> Sequence[PairPart]:
        """Return the pair."""
        return [PairPart.load(bundle.folder)]

    def metrics(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return the summary in the schema of metrics.json."""
        return pair_metrics(PairPart.load(bundle.folder))

    def rooms(self, metrics: Mapping[str, Any]) -> set[str]:
        """Return that all files lie in the folder itself."""
        return set(metrics["parts"])

    def faults(self, bundle: OpenBundle, metrics: Mapping[str, Any], pictures: bool) -> Iterator[BundleFault]:
        """Yield where the pair states something else than its raw files give."""
        from harness.pairs.pair_check import pair_faults

        for part in self.load(bundle):
            yield from pair_faults(bundle.folder, part, pictures=pictures)

    def measured(self, bundle: OpenBundle) -> dict[str, Any]:
        """Return inputs, command line and figures of the pair."""
        return measured_pairs(self.load(bundle))

    def replay(self, bundle: OpenBundle, inputs: Inputs, chosen: Chosen) -> list[Replayed]:
        """Run both programs again."""
        return replayed_pairs(self.load(bundle), inputs, chosen)

    def page(self, bundle: OpenBundle, part_name: str | None) -> PageContent:
        """Return images, traces and criteria of the pair."""
        return pair_page(bundle.folder, self.load(bundle), part_name, criteria=True)


def measured_pairs(parts: Sequence[PairPart]) -> dict[str, Any]:
    """Return inputs, command line and figures of pairs by their parity mode."""
    keys = ("inputs", "arguments", "metrics", "peaks")
    return {part.label: {key: part.summary[key] for key in keys} for part in parts}


def replayed_pairs(parts: Sequence[PairPart], inputs: Inputs, chosen: Chosen) -> list[Replayed]:
    """Run the programs of pairs again."""
    from harness.pairs.replay import replay_pair

    return [replay_pair(part, inputs, chosen) for part in parts]


def pair_page(
    folder: Path, parts: Sequence[PairPart], part_name: str | None, *, criteria: bool = False
) -> PageContent:
    """Return what the page shows of some pairs.

    Raises:
        BundleError: if none has the name.
    """
    shown = _chosen(folder, parts, part_name)
    return PageContent(
        parts=[part.label for part in parts],
        pair=shown,
        criteria=_criteria(parts) if criteria else (),
        traces=shown.summary["traces"] if shown else None,
    )


def _chosen(folder: Path, parts: Sequence[PairPart], name: str | None) -> PairPart | None:
    if name is None:
        return parts[0] if parts else None
    for part in parts:
        if name == part.label:
            return part
    known = ", ".join(part.label for part in parts) or "none"
    raise BundleError(f"bundle '{folder}' has no part '{name}'; there are: {known}")


def _criteria(parts: Sequence[PairPart]) -> list[dict[str, Any]]:
    """Return the criteria of pairs with the bounds in force."""
    return [
        {**criterion, "part": part.label, "bounds": part.summary["bounds"].get("name", "")}
        for part in parts
        for criterion in part.summary["criteria"]
    ]


def pair_metrics(part: PairPart) -> dict[str, Any]:
    """Return the summary of a compared pair in the schema of metrics.json."""
    summary = part.summary
    traces = summary["traces"] or {}
    environment = environment_of(part.folder)
    figures = [
        {
            "name": row["name"], "part": summary["parity_mode"], "measured": row["measured"],
            "published": None, "strict": None, "published_held": None, "state": row["state"],
            "note": f"bound {row['bound']}",
        }
        for row in summary["criteria"]
    ]  # fmt: skip
    return {
        "schema": BUNDLE_SCHEMA,
        "kind": PAIR_KIND,
        "title": _pair_title(summary),
        "created": environment.get("created", ""),
        **{key: summary[key] for key in ("verdict", "exit_status", "reasons", "notes")},
        "command": [],
        "parts": ["."],
        "figures": figures,
        "first_divergence": traces.get("first_divergence"),
        "causal_taps": list(traces.get("causal_by_tap", {})),
        "settings": {},
        "commit": (environment.get("git") or {}).get("commit"),
        "coverage": coverage_words(summary["coverage"], traces) if "coverage" in summary else [],
    }


def _pair_title(summary: Mapping[str, Any]) -> str:
    """Return what was compared: files, two programs, or one program with itself."""
    kinds = {run["provenance"].get("kind") for run in summary["runs"].values()}
    if kinds == {FILE_KIND}:
        return "two image files"
    same = any(row["kind"] == SAME for row in summary.get("findings", ()))
    what = "one program twice (determinism only)" if same else "two programs"
    return f"{what} on one command line, parity mode {summary['parity_mode']}"
