"""What a bundle says together with whether it was verified: a claim that does not hold is never handed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.evidence.hashes import Verification
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.store.schema import BUNDLE_SCHEMA
from system_io.verdict_words import EXIT_STATUS, Word

MOST_REASONS = 10
TAMPERED, INCOMPLETE = "NOT VERIFIED", "INCOMPLETE"
WORDS: Mapping[Word, str] = {
    Word.PASS: "verified",
    Word.FAIL: TAMPERED,
    Word.NOT_COMPARABLE: INCOMPLETE,
}


def verified_facts(check: Verification) -> dict[str, Any]:
    """Return the outcome of a verification as plain data."""
    return {
        "verdict": check.word.value,
        "exit_status": EXIT_STATUS[check.word],
        "checked": check.checked,
        "underived": list(check.underived),
        "faults": [{"file": fault.file, "what": fault.what} for fault in check.faults],
    }


def verified_word(check: Verification) -> str:
    """Return the verdict of a verification as people are told it."""
    return INCOMPLETE if check.word is Word.NOT_COMPARABLE else check.word.value


def verified_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a bundle with the outcome of its verification as 'verified'.

    The verdict of one that is tampered with or incomplete is that of the verification, and it has no figures:
    what it claims is in the reasons only.

    Raises:
        BundleError: there is no bundle.
    """
    check = verify_bundle(folder)
    metrics = _claimed(folder)
    if check.word is Word.PASS:
        return {**metrics, "verified": verified_facts(check)}
    shown = [f"{WORDS[check.word]}: {fault}" for fault in check.faults[:MOST_REASONS]]
    more = len(check.faults) - MOST_REASONS
    return {
        **metrics,
        "verdict": check.word.value,
        "exit_status": EXIT_STATUS[check.word],
        "reasons": [
            *shown,
            *([f"and {more} faults more"] if more > 0 else []),
            f"the bundle itself states {metrics['verdict']}",
        ],
        "figures": [],
        "first_divergence": None,
        "causal_taps": [],
        "verified": verified_facts(check),
    }


def _claimed(folder: Path) -> dict[str, Any]:
    """Return what a bundle states, or an empty statement if it cannot be read."""
    try:
        return load_metrics(folder)
    except BundleError as error:
        return {
            "schema": BUNDLE_SCHEMA, "kind": "", "title": folder.absolute().name, "created": "",
            "verdict": "nothing that can be read", "exit_status": EXIT_STATUS[Word.ERROR],
            "reasons": [str(error)], "notes": [], "command": [], "parts": [], "figures": [],
            "first_divergence": None, "causal_taps": [], "settings": {}, "commit": None,
        }  # fmt: skip
