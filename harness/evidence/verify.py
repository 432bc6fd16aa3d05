"""Reads evidence bundles and checks that they are what they claim to be.

A bundle is a folder that `harness.store.bundle` wrote (metrics.json and parts), or the result folder of
one run of nb-compare (summary.json), nb-gradients or trace-harness. All end with sha256.txt and are read
alike. Nothing that a bundle says is believed before it is checked, and no link in it is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.gradients.bundle import GradientPart, gradient_metrics, gradients_judged
from harness.images.findings import SAME
from harness.images.part import Part
from harness.programs.programs import FILE_KIND, MODES
from harness.store.bundle import sealed
from harness.store.find import is_complete, require_bundle
from harness.store.kind_words import CLOSING_KIND, GATE_KIND, GRADIENTS_KIND, PAIR_KIND, TRACE_KIND
from harness.store.names import COMMANDS, ENVIRONMENT, GRADIENTS, HASHES, MARK, METRICS, NAME, SUMMARY
from harness.store.schema import BUNDLE_SCHEMA, check_metrics
from harness.store.stated import differing, environment_of
from harness.store.untrusted import BROKEN, JSON_LIMIT_BYTES, Fault, Tree, read_json, read_plain, tree_of
from harness.tracing.bundle import TracePart, is_trace, trace_bundle_metrics
from system_io.verdict_words import Word

HASH_LINE = re.compile(r"([0-9a-f]{64})  (\S[^\n]*)")
ALONE = "."


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
    return [Part.load(folder / _inside(folder, name)) for name in metrics["parts"]]


def load_trace(folder: Path) -> TracePart | None:
    """Return the traced pixels of a result folder of trace-harness, None for any other bundle."""
    return TracePart.load(folder) if is_trace(folder) else None


def load_gradients(folder: Path) -> list[GradientPart]:
    """Return the compared gradients of a bundle; a result folder of nb-gradients is its own only part."""
    metrics = load_metrics(folder)
    if metrics["kind"] != GRADIENTS_KIND:
        return []
    return [GradientPart.load(folder / _inside(folder, name)) for name in metrics["parts"]]


def _inside(folder: Path, name: str) -> str:
    """Return the name of a part that is a plain folder of the bundle. Raises: BundleError for any other."""
    if name == ALONE and not (folder / METRICS).exists():
        return name
    if not NAME.fullmatch(name) or ".." in name:
        raise BundleError(f"{METRICS}: part {name!r:.60} points outside the bundle; the bundle is damaged")
    if (folder / name).is_symlink() or not (folder / name).is_dir():
        raise BundleError(f"{METRICS}: part '{name}' is no folder of the bundle; the bundle is damaged")
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
    }


def _pair_title(summary: Mapping[str, Any]) -> str:
    """Return what was compared: files, two programs, or one program with itself."""
    kinds = {run["provenance"].get("kind") for run in summary["runs"].values()}
    if kinds == {FILE_KIND}:
        return "two image files"
    same = any(row["kind"] == SAME for row in summary.get("findings", ()))
    what = "one program twice (determinism only)" if same else "two programs"
    return f"{what} on one command line, parity mode {summary['parity_mode']}"


def verify(folder: Path, *, pictures: bool = False) -> Check:
    """Check a bundle: every hash, every schema, and everything that the raw files give again.

    Args:
        folder: the bundle.
        pictures: draw the pictures again, too (about a second each).

    Returns:
        PASS, or FAIL with each fault and the file it is in; NOT COMPARABLE for a bundle that is marked
        incomplete, with what is wrong among its finished files.

    Raises:
        BundleError: there is no bundle.
    """
    check, tree = _hash_check(folder)
    if check.word is Word.NOT_COMPARABLE or tree.faults:
        return check
    faults = (*check.faults, *_content_faults(folder, tree, pictures))
    return Check(folder, Word.FAIL if faults else Word.PASS, faults, check.checked)


def verify_hashes(folder: Path) -> Check:
    """Check only that a bundle holds the files that its hash list names: cheap, and no proof.

    Raises:
        BundleError: there is no bundle.
    """
    return _hash_check(folder)[0]


def _hash_check(folder: Path) -> tuple[Check, Tree]:
    require_bundle(folder)
    tree = tree_of(folder)
    faults = [Fault(name, what) for name, what in tree.faults]
    if not is_complete(folder):
        return _verify_incomplete(folder, tree, faults), tree
    stated, wrong = _stated_hashes(folder / HASHES)
    faults += [*wrong, *_hash_faults(folder, tree, stated)]
    return Check(folder, Word.FAIL if faults else Word.PASS, tuple(faults), len(stated)), tree


def _verify_incomplete(folder: Path, tree: Tree, faults: list[Fault]) -> Check:
    faults.insert(0, Fault(MARK if (folder / MARK).exists() else HASHES, _why_incomplete(folder)))
    stated: dict[str, str] = {}
    try:
        mark = read_json(folder / MARK) if (folder / MARK).exists() else {}
        stated = {str(name): str(digest) for name, digest in mark.get("finished", {}).items()}
    except BROKEN as error:
        faults.append(Fault(MARK, f"cannot be read: {error}"))
    faults += [fault for fault in _hash_faults(folder, tree, stated) if fault.file in stated]
    faults += [Fault(name, "finished") for name in stated if name not in {fault.file for fault in faults}]
    return Check(folder, Word.NOT_COMPARABLE, tuple(faults), len(stated))


def _why_incomplete(folder: Path) -> str:
    if (folder / MARK).exists():
        return "the bundle is marked incomplete: its writer was interrupted"
    return "is missing: the bundle was never finished, or its hashes were removed"


def _stated_hashes(path: Path) -> tuple[dict[str, str], list[Fault]]:
    stated: dict[str, str] = {}
    faults: list[Fault] = []
    try:
        text = read_plain(path, JSON_LIMIT_BYTES).decode("utf-8", "replace")
    except BundleError as error:
        return {}, [Fault(HASHES, str(error))]
    body, mark, _ = text.rpartition("# ")
    if ((path.parent / METRICS).exists() or mark) and text != sealed(body):
        faults.append(Fault(HASHES, "was changed: it does not end with its own hash"))
    lines = (body if mark else text).split("\n")
    if lines.pop():
        faults.append(Fault(HASHES, "does not end with a whole line"))
    for number, line in enumerate(lines, 1):
        match = HASH_LINE.fullmatch(line)
        if match is None or match[2] in stated:
            faults.append(Fault(HASHES, f"line {number} is not 'SHA256  NAME' of one more file"))
        else:
            stated[match[2]] = match[1]
    return stated, faults


def _hash_faults(folder: Path, tree: Tree, stated: Mapping[str, str]) -> list[Fault]:
    names = [name for name in tree.files if name not in (MARK, HASHES)]
    there = {name: _hash_or_none(folder / name) for name in names}
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
        return sha256_of_file(path)
    except OSError:
        return None


def _content_faults(folder: Path, tree: Tree, pictures: bool) -> list[Fault]:
    faults: list[Fault] = []
    try:
        metrics = load_metrics(folder)
        check_metrics(metrics, METRICS)
        checked = KINDS.get(metrics["kind"])
        if checked is None or (metrics["kind"] == PAIR_KIND and (folder / METRICS).exists()):
            return [Fault(METRICS, f"kind is {metrics['kind']!r:.60}, no kind of bundle of this program")]
        if len(set(metrics["parts"])) != len(metrics["parts"]):
            faults.append(Fault(METRICS, "parts: one is named twice"))
        faults += _layout_faults(metrics, tree)
        for fault in checked(folder, metrics, pictures):
            faults.append(fault)
    except BROKEN as error:
        faults.append(Fault(_first_file(folder), str(error) or type(error).__name__))
    return faults


def _layout_faults(metrics: Mapping[str, Any], tree: Tree) -> list[Fault]:
    """Return the files that lie in no part, and those that every bundle must have and this one has not."""
    parts = {*metrics["parts"], *(MODES if metrics["kind"] == GRADIENTS_KIND else ())}
    strange = [name for name in tree.files if "/" in name and name.partition("/")[0] not in parts]
    deep = [name for name in tree.files if name.count("/") > 1]
    lacking = [name for name in (COMMANDS, ENVIRONMENT) if name not in tree.files]
    return [
        *(Fault(name, "lies in no part of the bundle") for name in dict.fromkeys([*strange, *deep])),
        *(Fault(name, "is missing from the bundle") for name in lacking),
    ]


def _first_file(folder: Path) -> str:
    return next((name for name in (METRICS, SUMMARY, GRADIENTS) if (folder / name).exists()), METRICS)


def _check_pairs(folder: Path, metrics: Mapping[str, Any], pictures: bool) -> Iterator[Fault]:
    from harness.images.pair_check import pair_faults

    for part in load_parts(folder):
        name = part.folder.name
        if metrics["parts"] != [ALONE] and part.mode != name:
            yield Fault(f"{name}/{SUMMARY}", f"parity_mode: states {part.mode!r:.60}, the part is '{name}'")
        yield from pair_faults(folder, part, pictures=pictures)


def _check_gate(folder: Path, metrics: Mapping[str, Any], pictures: bool) -> Iterator[Fault]:
    from harness.gates.check import frame_faults, gate_faults

    yield from _check_pairs(folder, metrics, pictures)
    yield from frame_faults(folder, metrics)
    yield from gate_faults(folder, metrics, load_parts(folder))


def _check_closing(folder: Path, metrics: Mapping[str, Any], _pictures: bool) -> Iterator[Fault]:
    from harness.gates.check import closing_faults, frame_faults

    yield from frame_faults(folder, metrics)
    yield from closing_faults(folder, metrics)


def _check_gradients(folder: Path, metrics: Mapping[str, Any], _pictures: bool) -> Iterator[Fault]:
    from harness.gradients.check import gradient_faults

    parts = load_gradients(folder)
    for part in parts:
        yield from gradient_faults(folder, part)
    if not (folder / METRICS).exists():
        return
    from harness.gates.check import frame_faults, gradient_gate_faults

    yield from frame_faults(folder, metrics)
    yield from gradient_gate_faults(metrics, [part.mode for part in parts], folder)
    fresh = gradients_judged(parts) if parts else {}
    for key, value in fresh.items():
        yield from (Fault(METRICS, text) for text in differing(value, metrics[key], key))


def _check_trace(folder: Path, _metrics: Mapping[str, Any], _pictures: bool) -> Iterator[Fault]:
    from harness.tracing.check import trace_faults

    yield from trace_faults(TracePart.load(folder))


KINDS = {
    PAIR_KIND: _check_pairs,
    GATE_KIND: _check_gate,
    CLOSING_KIND: _check_closing,
    GRADIENTS_KIND: _check_gradients,
    TRACE_KIND: _check_trace,
}
"""What is checked of each kind of bundle."""
