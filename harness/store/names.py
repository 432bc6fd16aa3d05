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
STATEMENT, STATEMENT_PAGE = "gates.json", "gates.md"
"""Of the closing bundle of the gates."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
