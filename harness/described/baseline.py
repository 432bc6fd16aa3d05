"""Verdicts that are known: a file beside which a run shows what is newly red and newly green."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files import stamp
from harness.store.schema import STAMP, VERDICT, Each, Maybe, Perhaps, check
from harness.verdict import STRENGTH
from system_io.files import read_regular, write_whole
from system_io.shown import json_text, printable
from system_io.verdict_words import EXIT_STATUS, Word

SCHEMA = 1
WHOLE = "whole: comparison"
RED, GREEN, KNOWN = "newly red", "newly green", "known red"
ENTRY: Mapping[str, Any] = {"word": VERDICT, "causal_taps": [str], "first_divergence": Perhaps(Maybe(str))}
SHAPE: Mapping[str, Any] = {
    "schema": int, "entries": Each(ENTRY),
    "changes": [
        {"created": STAMP, "reason": str, "newly_red": [str], "newly_green": [str], "causal_taps": [str]},
    ],
}  # fmt: skip
REMEDY = "write it anew with --update-baseline REASON"


@dataclass(frozen=True)
class Flips:
    """What differs from a baseline: names `case: output T` of what is worse, better, and as it was."""

    newly_red: tuple[str, ...]
    newly_green: tuple[str, ...]
    known_red: tuple[str, ...]
    unchanged: int
    exit_status: int

    @property
    def lines(self) -> list[str]:
        """Return them in words."""
        shown = ((RED, self.newly_red), (GREEN, self.newly_green), (KNOWN, self.known_red))
        return [f"{what}: {name}" for what, names in shown for name in names] + [
            f"{self.unchanged} as before"
        ]


def entries_of(cases: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return word and causal taps of each output and trace, of cases whose runs failed, and of the whole.

    Args:
        cases: content of case.json of each.
        metrics: of the bundle; what makes the whole say nothing shows there only.
    """
    found: dict[str, dict[str, Any]] = {}
    for case in cases:
        for part in case["parts"]:
            name = f"{case['case']}: {part['kind']} {part['name']}"
            told = part["figures"]
            found[name] = {
                "word": part["word"], "causal_taps": list(told.get("causal_taps", [])),
                "first_divergence": told.get("first_divergence"),
            }  # fmt: skip
        if not case["parts"]:
            found[f"{case['case']}: runs"] = {"word": case["word"], "causal_taps": []}
    explained = metrics["verdict"] in {entry["word"] for entry in found.values()}
    whole = Word.PASS.value if explained else metrics["verdict"]
    return {**found, WHOLE: {"word": whole, "causal_taps": []}}


def read_baseline(path: Path) -> dict[str, Any]:
    """Return a baseline.

    Raises:
        HarnessError: it is not there, or damaged.
    """
    data = read_regular(path, "baseline", REMEDY, HarnessError)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"baseline '{printable(str(path))}' is no JSON ({error}); {REMEDY}") from None
    check(content, SHAPE, printable(path.name))
    if content["schema"] != SCHEMA:
        raise HarnessError(
            f"{path.name}: schema is {content['schema']}, this program reads {SCHEMA}; {REMEDY}"
        )
    return dict(content)


def flips(baseline: Mapping[str, Any], now: Mapping[str, Mapping[str, Any]]) -> Flips:
    """Return what differs from a baseline.

    What is new counts against PASS; what is worse, or red for another cause, is newly red. An entry that
    belongs to a case that was run and is gone is newly red, too: nothing may stop being compared unseen.
    """
    ran = {_case(name) for name in now}
    before = {name: entry for name, entry in baseline["entries"].items() if _case(name) in ran}
    changed = [_change(name, before.get(name), now.get(name)) for name in {**before, **now}]
    red, green, known = (
        tuple(text for found, text, _ in changed if found == what) for what in (RED, GREEN, KNOWN)
    )
    worst = max((status for found, _, status in changed if found == RED), default=0)
    return Flips(red, green, known, len(changed) - len(red) - len(green) - len(known), worst)


def _change(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[str, str, int]:
    """Return whether an entry is newly red, newly green, known red or none of them, words, and a status."""
    if new is None:
        return RED, f"{name} (is gone)", EXIT_STATUS[Word.NOT_COMPARABLE]
    was = Word.PASS if old is None else Word(old["word"])
    now = Word(new["word"])
    status = EXIT_STATUS[now]
    text = f"{name} ({was.value} before, {now.value} now)"
    if STRENGTH.index(now) > STRENGTH.index(was):
        return RED, text, status
    if STRENGTH.index(now) < STRENGTH.index(was):
        return GREEN, text, status
    if status and old is not None and _cause(old) != _cause(new):
        return RED, f"{name} ({now.value} for another cause)", status
    return (KNOWN, f"{name} ({now.value})", status) if status else ("", "", 0)


def _cause(entry: Mapping[str, Any]) -> object:
    """Return what tells one cause from another: the causal taps, or the tap that diverges first."""
    first = entry.get("first_divergence")
    return entry["causal_taps"] or (first and first.partition(" ")[0])


def _case(name: str) -> str:
    return name.partition(":")[0]


def write_baseline(path: Path, now: Mapping[str, Mapping[str, Any]], reason: str) -> None:
    """Write a baseline anew with the reason; entries of other cases stay, and so do older reasons.

    Raises:
        HarnessError: no reason is given, the file there is none, or it cannot be written.
    """
    if not reason.strip():
        raise HarnessError(
            "--update-baseline needs a reason, which is kept in the file; say why the verdicts changed"
        )
    content: dict[str, Any] = (
        read_baseline(path) if path.exists() else {"schema": SCHEMA, "entries": {}, "changes": []}
    )
    changed = flips(content, now)
    ran = {_case(name) for name in now}
    kept = {name: entry for name, entry in content["entries"].items() if _case(name) not in ran}
    taps = sorted({tap for entry in now.values() for tap in entry["causal_taps"]})
    content["changes"].append(
        {
            "created": stamp(), "reason": reason.strip(), "newly_red": list(changed.newly_red),
            "newly_green": list(changed.newly_green), "causal_taps": taps,
        }
    )  # fmt: skip
    content["entries"] = dict(sorted({**kept, **now}.items()))
    write_whole(path, [(json_text(content) + "\n").encode()], "baseline", HarnessError)
