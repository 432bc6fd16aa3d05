"""The counts of sound programs as they are published: false_alarms.json and false_alarms.md."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.alarms.page import TEXTS, alarms_page
from harness.alarms.tally import AlarmOutcome, Tally
from harness.errors import HarnessError
from harness.files import write_text_file
from harness.programs.build import BASE_FLAGS, LIBRARIES, Build
from harness.suite.image_floor_runs import TIES
from harness.trials.published import source_commit
from system_io.files import read_regular

SCHEMA = 1
REMEDY = "name another file, or remove it"


def section_of(
    tallies: Sequence[Tally], cases: int, builds: Mapping[str, Build], missing: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is published of one kind of comparison, as plain data.

    Args:
        tallies: of all programs.
        cases: how many command lines there were.
        builds: that were made.
        missing: that could not be made, with the reason.
    """
    branched = any(tally.counts[AlarmOutcome.BRANCH] for tally in tallies)
    return {
        "commit": source_commit(),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "machine": platform.machine(),
        "cases": cases,
        "builds": {name: _words(build) for name, build in builds.items()},
        "missing": list(missing),
        "branches": dict(TIES) if branched else {},
        "rows": [tally.data() for tally in tallies],
    }


def _words(build: Build) -> tuple[str, str]:
    """Return the compiler, and the flags behind those of every build."""
    facts = build.provenance
    flags = [flag for flag in facts["flags"] if flag not in (*BASE_FLAGS, *LIBRARIES)]
    return facts["compiler"]["version"], " ".join(flags)


def publish_section(name: str, section: Mapping[str, Any], data: Path | None, page: Path | None) -> None:
    """Put a section into the JSON file, where others stay, and write the page from all of them.

    Args:
        name: images or traces.
        section: of `section_of`.
        data: file for the JSON, None for none.
        page: file for the page, None for none.

    Raises:
        HarnessError: the file there is none of this kind, or a file cannot be written.
    """
    before = _earlier(data) if data is not None else {}
    sections = {key: before[key] if key != name else section for key in TEXTS if key in {*before, name}}
    if data is not None:
        write_text_file(data, json.dumps({"schema": SCHEMA, **sections}, indent=1) + "\n")
    if page is not None:
        write_text_file(page, alarms_page(sections))


def _earlier(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(read_regular(path, "false alarms", REMEDY, HarnessError))
    except ValueError as error:
        raise HarnessError(f"'{path}' is not JSON: {error}; {REMEDY}") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise HarnessError(f"'{path}' has not the form of schema {SCHEMA} of this command; {REMEDY}")
    return {name: content[name] for name in TEXTS if name in content}
