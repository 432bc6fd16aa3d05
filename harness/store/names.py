"""The names of the files of a bundle; a name stands for one schema."""

from __future__ import annotations

import re

MARK = "INCOMPLETE.json"
HASHES = "sha256.txt"
ENVIRONMENT = "env.json"
COMMANDS = "commands.txt"
METRICS = "metrics.json"
"""Of a bundle with parts."""
SUMMARY = "summary.json"
"""Of a compared pair."""
GRADIENTS = "gradients.json"
"""Of compared gradients."""
TRACES = "traces.json"
"""Of traced pixels; earlier versions called it metrics.json."""
STATEMENT, STATEMENT_PAGE = "gates.json", "gates.md"
"""Of the closing bundle of the gates."""
REFLECTIONS = "reflections.csv"
"""Of a compared pair: a row for each reflection, the largest relative difference first."""
RELATIVE_PICTURE = "relative.png"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def image_name(side: str) -> str:
    """Return the name of the float image of one side."""
    return f"{side}_float.bin"


def output_name(side: str, file: str) -> str:
    """Return the name of a further output of one side, by its name in the directory of the run."""
    return f"{side}_{file}"


def trace_name(side: str) -> str:
    """Return the name of the trace of one side."""
    return f"{side}_trace.log"


def older_trace_name(side: str) -> str:
    """Return the name that earlier versions of trace-harness gave to the trace of one side."""
    return f"trace_{side}.log"
