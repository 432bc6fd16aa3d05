"""Reads evidence bundles and checks that they are what they claim to be.

A bundle is a folder that `harness.bundle` wrote (metrics.json and parts), or the result folder of one
nb-compare run (summary.json). Both end with sha256.txt and are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bundle import GRADIENTS, HASHES, MARK, METRICS, SUMMARY, files_below, sealed
from harness.bundle_find import CLOSING_KIND, GATE_KIND, STATEMENT, is_complete, require_bundle
from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.gate_figures import Setting
from harness.gate_table import BY_ID, closing_figures, judged_gate
from harness.gradient_bundle import GRADIENTS_KIND, GradientPart, gradient_metrics, gradients_judged
from harness.part import Part, differing, environment_of, read_json
from harness.schema import check_metrics
from harness.trace_bundle import TRACE_KIND, TracePart, is_trace, trace_bundle_metrics
from harness.verdict import Word
from trace_tools.errors import TraceError

HASH_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Fault:
    """Something about one file of a bundle that is not as it must be."""

    file: str
    what: str

    def __str__(self) -> str:
        """Return the fault in words."""
        return f"{self.file}: {self.what}"


@dataclass(frozen=True)
class Check:
    """The outcome of a verification: PASS, FAIL (faults), or NOT COMPARABLE (incomplete)."""

    path: Path
    word: Word
    faults: tuple[Fault, ...]
    checked: int


def load_parts(folder: Path) -> list[Part]:
    """Return the compared pairs of a bundle; a result folder of nb-compare is its own only part."""
    metrics = load_metrics(folder)
    if metrics["kind"] in (GRADIENTS_KIND, TRACE_KIND):
        return []
    return [Part.load(folder / _inside(name)) for name in metrics["parts"]]


def load_trace(folder: Path) -> TracePart | None:
    """Return the traced pixels of a result folder of trace-harness, None for any other bundle."""
    return TracePart.load(folder) if is_trace(folder) else None


def load_gradients(folder: Path) -> list[GradientPart]:
    """Return the compared gradients of a bundle; a result folder of nb-gradients is its own only part."""
    metrics = load_metrics(folder)
    if metrics["kind"] != GRADIENTS_KIND:
        return []
    return [GradientPart.load(folder / _inside(name)) for name in metrics["parts"]]


def _inside(name: str) -> str:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BundleError(f"{METRICS}: part '{name}' points outside the bundle; the bundle is damaged")
    return name


def load_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a bundle in the schema of metrics.json, whoever wrote it.

    Raises:
        BundleError: a file is missing, or does not follow its schema.
    """
    if not (folder / METRICS).is_file():
        if (folder / SUMMARY).is_file():
            return pair_metrics(Part.load(folder))
        if (folder / GRADIENTS).is_file():
            return gradient_metrics(GradientPart.load(folder))
    if is_trace(folder):
        return trace_bundle_metrics(TracePart.load(folder))
    metrics = read_json(folder / METRICS)
    check_metrics(metrics, str(folder / METRICS))
    return dict(metrics)


def pair_metrics(part: Part) -> dict[str, Any]:
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
        "schema": "nb-bundle 1",
        "kind": "pair",
        "title": f"two programs on one command line, parity mode {summary['parity_mode']}",
        "created": environment.get("created", ""),
        **{key: summary[key] for key in ("verdict", "exit_status", "reasons", "notes")},
        "command": [],
        "parts": ["."],
        "figures": figures,
        "first_divergence": traces.get("first_divergence"),
        "causal_taps": list(traces.get("causal_by_tap", {})),
        "settings": {},
        "commit": (environment.get("git") or {}).get("commit"),
    }


def verify(folder: Path) -> Check:
    """Check a bundle: every hash, every schema, and every number that the raw files give again.

    Args:
        folder: the bundle.

    Returns:
        PASS, or FAIL with each fault and the file it is in; NOT COMPARABLE for a bundle that is marked
        incomplete, with what is wrong among its finished files.

    Raises:
        BundleError: there is no bundle.
    """
    require_bundle(folder)
    if not is_complete(folder):
        return _verify_incomplete(folder)
    stated, faults = _stated_hashes(folder / HASHES)
    faults += _hash_faults(folder, stated)
    faults += _content_faults(folder)
    return Check(folder, Word.FAIL if faults else Word.PASS, tuple(faults), len(stated))


def _verify_incomplete(folder: Path) -> Check:
    faults = [Fault(MARK if (folder / MARK).exists() else HASHES, _why_incomplete(folder))]
    stated: dict[str, str] = {}
    try:
        mark = read_json(folder / MARK) if (folder / MARK).exists() else {}
        stated = dict(mark.get("finished", {}))
    except (BundleError, AttributeError, TypeError, ValueError) as error:
        faults.append(Fault(MARK, f"cannot be read: {error}"))
    faults += [fault for fault in _hash_faults(folder, stated) if fault.file in stated]
    faults += [Fault(name, "finished") for name in stated if name not in {fault.file for fault in faults}]
    return Check(folder, Word.NOT_COMPARABLE, tuple(faults), len(stated))


def _why_incomplete(folder: Path) -> str:
    if (folder / MARK).exists():
        return "the bundle is marked incomplete: its writer was interrupted"
    return "is missing: the bundle was never finished, or its hashes were removed"


def _stated_hashes(path: Path) -> tuple[dict[str, str], list[Fault]]:
    stated: dict[str, str] = {}
    faults: list[Fault] = []
    text = path.read_text(encoding="utf-8", errors="replace")
    body, mark, _ = text.rpartition("# ")
    if ((path.parent / METRICS).exists() or mark) and text != sealed(body):
        faults.append(Fault(HASHES, "was changed: it does not end with its own hash"))
    for number, line in enumerate((body if mark else text).splitlines(), 1):
        match = HASH_LINE.fullmatch(line)
        if match is None or match[2] in stated:
            faults.append(Fault(HASHES, f"line {number} is not 'SHA256  NAME' of one more file"))
        else:
            stated[match[2]] = match[1]
    return stated, faults


def _hash_faults(folder: Path, stated: Mapping[str, str]) -> list[Fault]:
    there = {name: _hash_or_none(folder / name) for name in files_below(folder)}
    faults = [Fault(name, "is missing") for name in stated if name not in there]
    for name, digest in there.items():
        if name not in stated:
            faults.append(Fault(name, f"is not listed in {HASHES}: it was added later or renamed"))
        elif digest is None:
            faults.append(Fault(name, "cannot be read"))
        elif digest != stated[name]:
            owners = [other for other, theirs in stated.items() if theirs == digest]
            near = [other for other in owners if Path(other).parent == Path(name).parent] or owners
            swapped = f"; it holds what {near[0]} held" if near else ""
            faults.append(Fault(name, f"was changed: its sha256 is not the one in {HASHES}{swapped}"))
    return faults


def _hash_or_none(path: Path) -> str | None:
    try:
        return None if path.is_symlink() else sha256_of_file(path)
    except OSError:
        return None


def _content_faults(folder: Path) -> list[Fault]:
    try:
        metrics = load_metrics(folder)
        parts = load_parts(folder)
        gradients = load_gradients(folder)
        trace = load_trace(folder)
    except (BundleError, TypeError) as error:
        return [Fault(_first_file(folder), str(error))]
    faults = [fault for pair in parts for fault in _part_faults(folder, pair)]
    for part in gradients:
        where = (part.folder / GRADIENTS).relative_to(folder).as_posix()
        faults += _derived_faults(where, part)
    faults += _derived_faults(METRICS, trace) if trace else []
    if gradients and (folder / METRICS).exists():
        fresh = gradients_judged(gradients)
        faults += [Fault(METRICS, text) for key in fresh for text in differing(fresh[key], metrics[key], key)]
    if metrics["kind"] == GATE_KIND:
        faults += _gate_faults(metrics, parts)
    if metrics["kind"] == CLOSING_KIND:
        faults += _closing_faults(folder, metrics)
    return faults


def _closing_faults(folder: Path, metrics: Mapping[str, Any]) -> list[Fault]:
    """Return where the closing statement and the metrics say different things."""
    try:
        statement = read_json(folder / STATEMENT)
        fresh = {key: statement[key] for key in ("exit_status", "verdict")}
        fresh["figures"] = closing_figures(statement["gates"])
    except (BundleError, KeyError, TypeError) as error:
        return [Fault(STATEMENT, f"cannot be read: {error}")]
    return [Fault(STATEMENT, text) for key in fresh for text in differing(fresh[key], metrics[key], key)]


def _first_file(folder: Path) -> str:
    return next((name for name in (METRICS, SUMMARY, GRADIENTS) if (folder / name).exists()), METRICS)


def _derived_faults(where: str, part: GradientPart | TracePart) -> list[Fault]:
    try:
        return [Fault(where, text) for text in part.differences()]
    except (ArithmeticError, LookupError, TypeError, ValueError, BundleError, TraceError) as error:
        return [Fault(where, f"the figures cannot be derived again: {error!r}")]


def _part_faults(folder: Path, part: Part) -> list[Fault]:
    where = (part.folder / SUMMARY).relative_to(folder).as_posix()
    faults = []
    for side, run in part.summary["runs"].items():
        path = part.folder / f"{side}_float.bin"
        digest = _hash_or_none(path) if path.exists() else None
        if digest != run["image_sha256"]:
            name = path.relative_to(folder).as_posix()
            faults.append(Fault(name, f"is not the image that {where} was made from"))
    try:
        faults += [Fault(where, text) for text in part.differences()]
    except (BundleError, TypeError, KeyError, OSError) as error:
        faults.append(Fault(where, f"the metrics cannot be derived again: {error}"))
    return faults


def _gate_faults(metrics: Mapping[str, Any], parts: list[Part]) -> list[Fault]:
    name = metrics["settings"].get("gate")
    gate = BY_ID.get(str(name))
    if gate is None:
        return [Fault(METRICS, f"settings.gate is {name!r}, no gate of this program")]
    try:
        fresh = judged_gate(gate, parts, Setting.of(metrics["settings"]))
    except (BundleError, KeyError, TypeError, AttributeError) as error:
        return [Fault(METRICS, f"the figures cannot be derived again: {error}")]
    return [Fault(METRICS, text) for key in fresh for text in differing(fresh[key], metrics[key], key)]
