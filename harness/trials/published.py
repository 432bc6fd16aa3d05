"""The results of all trials as they are published: trust.json, trust.md and trust.svg."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.files import write_text_file
from harness.suite.row_table import table_text
from harness.trials.campaign import Campaign
from harness.trials.page import trust_page
from harness.trials.plot import price_drawing
from harness.trials.price import score_by_cases
from harness.trials.score import single_faults
from harness.trials.summary import short_trial

DRAWING = "trust.svg"
ANSWER_S = 20.0


def results_of(campaign: Campaign) -> dict[str, Any]:
    """Return what is published of a campaign, as plain data."""
    trials = [short_trial(row, campaign.faults[row["fault"]]) for row in campaign.trials]
    return {
        "schema": 1,
        "commit": source_commit(),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "lines": campaign.lines,
        "alarms": list(campaign.alarms),
        "broken": campaign.broken,
        "cases": [list(pair) for pair in score_by_cases(single_faults(campaign.trials))],
        "rows": sorted(trials, key=lambda row: (row["side"], row["fault"])),
    }


def source_commit() -> str:
    """Return the commit of the sources, `unknown` outside a checkout."""
    words = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    try:
        told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=ANSWER_S)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told.stdout.strip()


def publish_results(results: Mapping[str, Any], data: Path | None, page: Path | None) -> None:
    """Write the results; the drawing goes beside the page.

    Args:
        results: of `results_of`.
        data: file for the JSON, None for none.
        page: file for the page, None for none.

    Raises:
        HarnessError: a file cannot be written.
    """
    head = {key: value for key, value in results.items() if key != "rows"}
    if data is not None:
        write_text_file(data, table_text(head, results["rows"]))
    if page is not None:
        write_text_file(page, trust_page(results))
        write_text_file(page.parent / DRAWING, price_drawing(results))
