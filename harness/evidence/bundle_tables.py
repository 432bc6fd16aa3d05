"""Tables over bundles: a list, all figures as a DataFrame, what differs between two, and a history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from harness.drawing import Figure, FigureCanvasAgg
from harness.errors import BundleError
from harness.evidence.hashes import verify_hashes
from harness.evidence.kind import OpenBundle
from harness.evidence.kinds import kind_of, load_metrics
from harness.evidence.verified import TAMPERED
from harness.files import STAMP_FORMAT
from harness.store.find import is_complete
from harness.store.names import ENVIRONMENT
from harness.store.stated import differing
from harness.store.untrusted import read_json
from system_io.verdict_words import Word

LIST_COLUMNS = ("bundle", "created", "kind", "verdict", "verified", "commit", "title")
SMALLEST_SHOWN = 1e-18


def bundle_list(root: Path, bundles: Iterable[Path]) -> pd.DataFrame:
    """Return a row for each bundle; one that is incomplete or damaged says so in place of a verdict."""
    return pd.DataFrame([_list_row(root, path) for path in bundles], columns=list(LIST_COLUMNS))


def _list_row(root: Path, path: Path) -> tuple[str, ...]:
    name = path.relative_to(root).as_posix() if path != root else path.name
    if not is_complete(path):
        return name, "", "", "INCOMPLETE", "no", "", ""
    try:
        check = verify_hashes(path)
        if check.word is not Word.PASS:
            return name, "", "", TAMPERED, "NO", "", str(check.faults[0])
        metrics = load_metrics(path)
    except BundleError as error:
        return name, "", "", "DAMAGED", "NO", "", str(error)
    commit = (metrics["commit"] or "")[:10]
    about = (metrics["created"], metrics["kind"], metrics["verdict"])
    return name, *about, "hashes", commit, metrics["title"]


def metrics_frame(root: Path, bundles: Iterable[Path]) -> tuple[pd.DataFrame, list[str]]:
    """Return every figure of many complete bundles, one row each, and the bundles that were left out.

    Columns: bundle, created (UTC), kind, verdict, part, name, measured, published, strict, state.
    Left out is what its hash list does not cover as it is, or cannot be read.
    """
    rows, left_out = [], []
    for path in bundles:
        name = path.relative_to(root).as_posix() or path.name
        if not is_complete(path):
            continue
        metrics = _hashed_metrics(path)
        if metrics is None:
            left_out.append(name)
            continue
        about = {key: metrics[key] for key in ("created", "kind", "verdict")}
        for figure in metrics["figures"]:
            keep = {key: figure[key] for key in ("part", "name", "measured", "published", "strict", "state")}
            rows.append({"bundle": name, **about, **keep})
    frame = pd.DataFrame(rows)
    if not frame.empty:
        frame["created"] = pd.to_datetime(frame["created"], format=STAMP_FORMAT, utc=True, errors="coerce")
    return frame, left_out


def _hashed_metrics(path: Path) -> dict[str, Any] | None:
    """Return the metrics of a bundle whose hash list holds, else None."""
    try:
        return load_metrics(path) if verify_hashes(path).word is Word.PASS else None
    except BundleError:
        return None


def bundle_differences(first: Path, second: Path) -> dict[str, list[str]]:
    """Return in words what differs between the environments and the metrics of two bundles."""
    envs = [_optional_json(path / ENVIRONMENT) for path in (first, second)]
    metrics = [load_metrics(path) for path in (first, second)]
    for side in metrics:
        side.pop("created")
    runs = [kind_of(bundle).measured(bundle) for bundle in map(OpenBundle, (first, second))]
    return {
        "environment": _words(envs[0], envs[1]),
        "metrics": _words(metrics[0], metrics[1]),
        "runs": _words(runs[0], runs[1]),
    }


def _words(first: Any, second: Any) -> list[str]:
    """Return the places that differ; first is what stands in A, second in B."""
    found = differing(second, first, "")
    return [
        text.replace(": states ", ": A ", 1).replace(", the raw files give ", ", B ", 1)[1:] for text in found
    ]


def _optional_json(path: Path) -> Any:
    return read_json(path) if path.is_file() else {}


def as_records(frame: pd.DataFrame) -> Any:
    """Return a table as plain data for JSON."""
    return json.loads(frame.to_json(orient="records", date_format="iso"))


def draw_history(path: Path, frame: pd.DataFrame, name: str) -> int:
    """Draw one figure over the bundles that have it, in the order of their time.

    Args:
        path: PNG file to write.
        frame: of `metrics_frame`.
        name: name of the figure.

    Returns:
        The number of points.

    Raises:
        BundleError: no bundle has it.
    """
    chosen = frame[frame["name"] == name].dropna(subset=["measured", "created"]) if not frame.empty else frame
    if chosen.empty:
        known = sorted(set(frame["name"])) if not frame.empty else []
        raise BundleError(f"no bundle has the figure '{name}'; there are: {', '.join(known) or 'none'}")
    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    for part, rows in chosen.sort_values("created").groupby("part"):
        axes.plot(rows["created"], rows["measured"].abs().clip(lower=SMALLEST_SHOWN), "o-", label=str(part))
    for kind, style in (("strict", "--"), ("published", ":")):
        for value in sorted(set(chosen[kind].dropna())):
            if value > 0.0:
                axes.axhline(value, linestyle=style, color="0.4", label=f"{kind} bound {value:g}")
    axes.set_yscale("log")
    axes.set_ylabel(f"{name} (0 is drawn at {SMALLEST_SHOWN:g})")
    axes.tick_params(axis="x", rotation=30)
    axes.legend()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=120, format="png")
    return len(chosen)
