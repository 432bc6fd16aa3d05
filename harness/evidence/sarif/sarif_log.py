"""The text of a SARIF 2.1.0 log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from harness.evidence.sarif.findings import CodeFinding
from harness.evidence.sarif.tap_places import SourcePlace
from system_io.shown import json_text, printable
from system_io.verdict_words import EXIT_STATUS, Word
from system_io.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "SRCROOT"
TOOL = "nanobragg-parity"


def sarif_text(metrics: Mapping[str, Any], findings: Sequence[CodeFinding]) -> str:
    """Return a SARIF log of what fails in a bundle, one run with one result for each finding.

    Args:
        metrics: of the bundle.
        findings: in it.
    """
    rules = list(dict.fromkeys(finding.rule for finding in findings))
    driver = {
        "name": TOOL, "version": VERSION, "semanticVersion": VERSION,
        "rules": [{"id": printable(rule), "shortDescription": {"text": _rule(rule)}} for rule in rules],
    }  # fmt: skip
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {ROOT: {"description": {"text": "root of the sources"}}},
        "invocations": [
            {
                "executionSuccessful": metrics["exit_status"] != EXIT_STATUS[Word.ERROR],
                "exitCode": metrics["exit_status"],
            }
        ],
        "results": [_result(finding, rules.index(finding.rule)) for finding in findings],
        "properties": {"verdict": metrics["verdict"], "title": printable(metrics["title"])},
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(rule: str) -> str:
    return f"'{printable(rule)}' is within its bound"


def _result(finding: CodeFinding, number: int) -> dict[str, Any]:
    code = hashlib.sha256(f"{finding.rule}\n{finding.part}".encode()).hexdigest()
    result: dict[str, Any] = {
        "ruleId": printable(finding.rule), "ruleIndex": number, "level": finding.level,
        "message": {"text": printable(finding.message)}, "partialFingerprints": {"parity/v1": code},
    }  # fmt: skip
    if finding.places:
        result["locations"] = [_location(finding.places[-1])]
        result["relatedLocations"] = [
            {"id": number, **_location(place)} for number, place in enumerate(finding.places, 1)
        ]
    return result


def _location(place: SourcePlace) -> dict[str, Any]:
    base = {"uriBaseId": ROOT} if place.relative else {}
    physical = {"artifactLocation": {"uri": place.uri, **base}, "region": {"startLine": place.line}}
    return {"physicalLocation": physical, "message": {"text": printable(place.says)}}
