"""What nb-shrink leaves: the smallest failing and the nearest passing command, files, a row of the suite."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden_suite_generator.inputs.write import CASE_FOLDER
from harness.files import write_text_file
from harness.fuzz.case import FuzzCase
from harness.shrink.items import items_of
from harness.shrink.nearest import Passing
from harness.shrink.outputs import FailingOutput
from harness.shrink.passes import Shrinking
from harness.shrink.trial import Tried
from system_io.files import write_whole
from system_io.shell import shell_text
from system_io.shown import json_text

RESULT, ROW, COMMANDS_NAME = "shrink.json", "case.toml", "commands.txt"
SCHEMA = "nb-shrink 1"


def comparing(
    case: FuzzCase, look: tuple[int, int] | None, outputs: FailingOutput | None = None
) -> list[str]:
    """Return the words of nb-compare on a case, or those of trace-harness on a pixel (slow, fast) of it."""
    compare = ["nb-compare", *(() if outputs is None else outputs.words)]
    tool = compare if look is None else ["trace-harness", "--pixel", *map(str, look)]
    return [*tool, "--parity-mode", case.mode, "--", *case.words]


def shrunk_data(first: FuzzCase, state: Shrinking, passing: Passing | None, seconds: float) -> dict[str, Any]:
    """Return what came out as plain data.

    Args:
        first: the command line that was to be made small.
        state: the end of the shrinking.
        passing: the nearest passing command line.
        seconds: how long it took, s.
    """
    tried, shelf = state.tried, state.trials.bench.shelf
    return {
        "schema": SCHEMA,
        "came": tried.came,
        "cause": tried.cause or None,
        "pixel": None if tried.pixel is None else list(tried.pixel),
        "mode": state.mode,
        "first": list(first.words),
        "smallest": list(state.case.words),
        "options_first": len(items_of(first.words)),
        "options": len(state.items),
        "files": {name: len(data) for name, data in state.case.files.items()},
        "passing": None if passing is None else list(passing.case.words),
        "difference": None if passing is None else passing.difference,
        "finished": state.finished,
        "trials": state.trials.made,
        "kept results": None if shelf is None else shelf.told(),
        "seconds": round(seconds, 2),
    }


def write_results(folder: Path, data: Mapping[str, Any], state: Shrinking, passing: Passing | None) -> None:
    """Write the result, its commands, a row of the suite, and the input files that the commands name."""
    case, outputs = state.case, state.trials.outputs
    files = {**(passing.case.files if passing else {}), **case.files}
    for name, content in files.items():
        (folder / CASE_FOLDER).mkdir(exist_ok=True)
        write_whole(folder / CASE_FOLDER / name, [content], "input file")
    lines = [
        f"# in {CASE_FOLDER}: the smallest failing command",
        shell_text(comparing(case, state.looked_at, outputs)),
    ]
    if passing is not None:
        lines += [
            f"# passes: {passing.difference}",
            shell_text(comparing(passing.case, state.looked_at, outputs)),
        ]
    write_text_file(folder / COMMANDS_NAME, "\n".join(lines) + "\n")
    write_text_file(folder / ROW, case_row(case, state.tried) + "\n")
    write_text_file(folder / RESULT, json_text(data))


def case_row(case: FuzzCase, tried: Tried) -> str:
    """Return the row of cases.toml that a case is, with its input files as inputs/NAME."""
    words = [f"{CASE_FOLDER}/{word}" if word in case.files else word for word in case.words]
    name = re.sub(r"[^a-z0-9]+", "-", f"{tried.cause or tried.came}".lower()).strip("-")
    row = {
        "id": f"shrunk-{name}-{case.digest[:6]}",
        "tags": "shrunk",
        "args": " ".join(words),
        "out": "float",
        "note": f"{tried.came} in {case.mode} mode" + (f": {tried.cause}" if tried.cause else ""),
    }
    cells = [f"{key} = {json.dumps(value)}" for key, value in row.items()]
    if tried.pixel is not None:
        cells.insert(4, f"trace = [[{tried.pixel[0]}, {tried.pixel[1]}]]")
    return f"{{ {', '.join(cells)} }},"
