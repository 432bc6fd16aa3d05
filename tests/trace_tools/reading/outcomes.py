"""What is read of drawn logs, kept as data: `python -m tests.trace_tools.reading.outcomes`.

Each outcome is a hash of all that a reader holds of a log, or the error. The command writes them anew, and
with a name prints that outcome; a difference is a decision, to be read before it is committed.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.trace_tools.reading.drawn_texts import FORMATS, drawn_log
from trace_tools.errors import TraceError
from trace_tools.judging.judge import judge
from trace_tools.judging.render import facts
from trace_tools.reading.stream_check import check_stream
from trace_tools.reading.trace_file import TraceLog, read_stream

KEPT = Path(__file__).with_name("outcomes.json")
SEEDS = range(150)


def read(data: bytes) -> TraceLog:
    """Return a log."""
    return read_stream(io.BytesIO(data), "x.log")


def told_of(data: bytes) -> dict[str, Any]:
    """Return all that is read of a log, the error if it is none, and what its own comparison says."""
    try:
        log = read(data)
    except TraceError as error:
        return {"error": str(error)}
    columns = log.columns
    told: dict[str, Any] = {
        field.name: getattr(log, field.name) for field in fields(log) if field.name != "columns"
    }
    used = set(columns.tap.tolist())
    told["names"] = [name for number, name in enumerate(log.names) if number in used]
    told["columns"] = [
        columns.keys,
        columns.contexts.tolist(),
        columns.context.tolist(),
        columns.tap.tolist(),
        columns.start.tolist(),
    ]
    told["records"] = [repr(record) for record in log.records()]
    told["pixels"] = sorted(log.pixels())
    told["problems"] = list(check_stream(log)) if log.schema else []
    told["digits"] = [log.digits.describe(), log.digits.lossy]
    told["only"] = sorted(log.only)
    told["conversions"] = {str(key): count for key, count in log.conversions.items()}
    return told | {"judged": _judged(log)}


def _judged(log: TraceLog) -> list[str]:
    try:
        report = judge(log, log)
    except TraceError as error:
        return [str(error)]
    return [report.line, *facts(report)]


def every_outcome() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and what is read, for all drawn logs."""
    for form in FORMATS:
        for seed in SEEDS:
            names, data = drawn_log(form, seed)
            yield f"{form} {seed}: {names or 'nothing'}", told_of(data)


def in_short(told: dict[str, Any]) -> str:
    """Return an outcome as it is kept: that it is an error, and a hash of the rest."""
    text = json.dumps(told, default=str)
    return ("error " if "error" in told else "") + sha256(text.encode()).hexdigest()[:12]


def main() -> int:
    """Write all outcomes anew, or print one."""
    if sys.argv[1:]:
        told = dict(every_outcome())[sys.argv[1]]
        sys.stdout.write(json.dumps(told, indent=1, default=str) + "\n")
        return 0
    found = {name: in_short(told) for name, told in every_outcome()}
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} outcomes in {KEPT.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
