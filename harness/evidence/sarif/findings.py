"""What fails in a bundle, each with its criterion, both values, and where in the sources it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.kind import OpenBundle
from harness.evidence.kinds import kind_of
from harness.evidence.sarif.tap_places import SourcePlace, own_place, source_root, told_place
from harness.store.kind_words import (
    CLOSING_KIND,
    DESCRIBED_KIND,
    GATE_KIND,
    GRADIENTS_KIND,
    PAIR_KIND,
    TRACE_KIND,
)
from harness.store.stated import environment_of
from harness.verdict import State
from system_io.verdict_words import EXIT_STATUS, Word

VERDICT = "verdict"
ERROR, WARNING = "error", "warning"
LEVELS: Mapping[int, str] = {
    EXIT_STATUS[Word.FAIL]: ERROR,
    EXIT_STATUS[Word.NOT_COMPARABLE]: WARNING,
    EXIT_STATUS[Word.ERROR]: ERROR,
}
"""How bad a verdict is, by its exit status."""
Records = Mapping[tuple[str, str], Mapping[str, Any]]
"""The first divergence by part and figure; a figure of no name of its own has that of its part."""
SIDES = (("first", "a"), ("second", "b"))


@dataclass(frozen=True)
class CodeFinding:
    """Something that fails: criterion, level, words, and places, the last of which is of the held program."""

    rule: str
    level: str
    message: str
    part: str
    places: tuple[SourcePlace, ...]


def code_findings(folder: Path | None, metrics: Mapping[str, Any]) -> list[CodeFinding]:
    """Return what stands against a bundle, one finding for each output, trace or criterion.

    Args:
        folder: the bundle, None of a result that none holds.
        metrics: verified ones, or those just made; of a bundle that does not verify they have no figures.
    """
    status = int(metrics["exit_status"])
    if status == 0:
        return []
    records = _records(folder, metrics) if folder is not None and metrics["figures"] else {}
    found = []
    for row in metrics["figures"]:
        if row["state"] in (State.FAILED.value, State.NOT_COMPARED.value):
            failed = row["state"] == State.FAILED.value
            record = records.get((row["part"], row["name"])) or records.get((row["part"], ""))
            found.append(_finding(row, ERROR if failed else LEVELS[status], record))
    if metrics["kind"] == DESCRIBED_KIND and metrics["figures"]:
        rows = tuple(f"{row['part']}: {row['name']}: " for row in metrics["figures"])
        left = [reason for reason in metrics["reasons"] if not reason.startswith(rows)]
    else:
        left = [] if found else ["; ".join(metrics["reasons"]) or metrics["verdict"]]
    whole = [CodeFinding(VERDICT, LEVELS[status], reason, "", ()) for reason in left]
    return found + whole


def _finding(row: Mapping[str, Any], level: str, record: Mapping[str, Any] | None) -> CodeFinding:
    measured = "" if row["measured"] is None else f" (measured {row['measured']:.4g})"
    message = f"{row['part']}: {row['name']}{measured}: {row['note'] or row['state']}"
    if record is None:
        return CodeFinding(row["name"], level, message, row["part"], ())
    told = f"{record['tap']} {record['context']}".strip()
    message += (
        f". First divergence: {told} ({record['state']}): {record['a']} and {record['b']}, relative "
        f"{_number(record['relative'])}, {_number(record['ulp'])} ULP"
    )
    return CodeFinding(row["name"], level, message, row["part"], tuple(record["places"]))


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _records(folder: Path, metrics: Mapping[str, Any]) -> Records:
    bundle = OpenBundle(folder)
    return RECORDS[kind_of(bundle).word](bundle, metrics)


def _described(bundle: OpenBundle, metrics: Mapping[str, Any]) -> Records:
    """Return the first divergence of each trace; an output has that of the first trace of its case."""
    root = source_root(Path(str(metrics["settings"].get("description", "parity.toml"))))
    programs = environment_of(bundle.folder).get("programs", {})
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for case in kind_of(bundle).load(bundle):
        for part in case.facts["parts"]:
            record = part["figures"].get("report", {}).get("first_divergence_record")
            if record is None:
                continue
            places = _told_places(record, programs, root)
            if case.pair is not None:
                places = _own_places(record["tap"], case.pair.summary["runs"])
            told = {**record, "places": places}
            found[case.mode, f"{part['kind']} {part['name']}"] = told
            found.setdefault((case.mode, ""), told)
    return found


def _told_places(
    record: Mapping[str, Any], programs: Mapping[str, Mapping[str, Any]], root: Path
) -> list[SourcePlace]:
    """Return where both programs record a tap, as far as their logs say so."""
    found = []
    for side, letter in SIDES:
        home = Path(str(programs.get(side, {}).get("folder", root)))
        says = f"{side} records {record['tap']} here: {record[letter]}"
        found.append(told_place(record.get(f"place_{letter}", ""), home, root, says))
    return [place for place in found if place]


def _of_pairs(bundle: OpenBundle, metrics: Mapping[str, Any]) -> Records:
    """Return the first divergence of the traces of each pair, at its taps in our own sources."""
    told = {
        part.mode: _own(part.summary["traces"], part.summary["runs"]) for part in kind_of(bundle).load(bundle)
    }
    return {(mode, ""): record for mode, record in told.items() if record}


def _of_traces(bundle: OpenBundle, metrics: Mapping[str, Any]) -> Records:
    """Return the first divergence of the traced pixels, for each figure."""
    told = [_own(part.data, part.data["runs"]) for part in kind_of(bundle).load(bundle)]
    return {(row["part"], ""): record for row in metrics["figures"] for record in told if record}


def _own(judged: Mapping[str, Any] | None, runs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first divergence of two nanoBragg programs, with the places of the tap in our own."""
    record = (judged or {}).get("first_divergence_record")
    if record is None:
        return None
    return {**record, "places": _own_places(record["tap"], runs)}


def _own_places(tap: str, runs: Mapping[str, Any]) -> list[SourcePlace]:
    """Return where programs of this package record a tap."""
    kinds = dict.fromkeys(str(run["provenance"].get("kind")) for run in runs.values())
    return [place for kind in kinds if (place := own_place(tap, kind))]


def _none(bundle: OpenBundle, metrics: Mapping[str, Any]) -> Records:
    return {}


RECORDS: Mapping[str, Callable[[OpenBundle, Mapping[str, Any]], Records]] = {
    DESCRIBED_KIND: _described,
    PAIR_KIND: _of_pairs,
    TRACE_KIND: _of_traces,
    GATE_KIND: _of_pairs,
    GRADIENTS_KIND: _none,
    CLOSING_KIND: _none,
}
"""Where the first divergences of each kind of bundle stand."""
