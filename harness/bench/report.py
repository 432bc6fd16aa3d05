"""Shows what the benchmark measured: tables for screen, CSV and Markdown, a line of history.

Speeds are stated in million samples a second.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.errors import HarnessError

MIB = 1 << 20
NOTHING = "-"
CaseRow = Mapping[str, Any]
Column = tuple[str, Callable[..., str]]


def _number(value: float | None, unit: float = 1.0) -> str:
    return NOTHING if value is None else f"{value / unit:.3g}"


def _spread(value: Mapping[str, float] | None) -> str:
    return NOTHING if value is None else f"{value['median']:.3g} ({value['least']:.3g}-{value['most']:.3g})"


def _at(*keys: str) -> Callable[[CaseRow], Any]:
    def find(row: CaseRow) -> Any:
        value: Any = row["summary"]
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return find


def _rendering(names: Sequence[str]) -> list[Column]:
    """Return the columns about rendering alone."""
    found: list[Column] = [
        ("case", lambda row: row["id"]),
        ("number type", lambda row: row["precision"]),
        ("10^6 samples", lambda row: _number(row["samples"], 1e6)),
        ("10^6/s", lambda row: _number(_at("samples_per_s")(row), 1e6)),
        ("no set-up", lambda row: _number(_at("samples_per_s_without_setup")(row), 1e6)),
        ("cores", lambda row: _number(_at("cores_busy")(row))),
    ]
    for name in names:
        speed, ratio, differs = (_at(name, key) for key in ("samples_per_s", "ratio", "max_diff_of_max"))
        found += [
            (f"{name} 10^6/s", lambda row, at=speed: _number(at(row), 1e6)),
            (f"ratio to {name}", lambda row, at=ratio: _spread(at(row))),
            (f"max diff/max, {name}", lambda row, at=differs: _number(at(row))),
        ]
    return found


def _processes(names: Sequence[str]) -> list[Column]:
    """Return the columns about whole processes and memory."""
    found: list[Column] = [
        ("case", lambda row: row["id"]),
        ("cold s", lambda row: _number(_at("whole", "cold_s")(row))),
        ("warm s", lambda row: _number(_at("whole", "warm_s")(row))),
    ]
    for name in names:
        ends = _at(name, "process_s")
        ratios = [_at("whole", f"of_{name}", kind) for kind in ("cold", "warm")]
        found += [
            (f"{name} s", lambda row, at=ends: _number(at(row))),
            (f"cold/{name}", lambda row, at=ratios[0]: _spread(at(row))),
            (f"warm/{name}", lambda row, at=ratios[1]: _spread(at(row))),
        ]
    return [
        *found,
        ("peak MiB", lambda row: _number(_at("peak_bytes")(row), MIB)),
        ("above import", lambda row: _number(_at("peak_above_import_bytes")(row), MIB)),
    ]


PARTS: Mapping[str, Callable[[Sequence[str]], list[Column]]] = {
    "rendering": _rendering,
    "whole processes and memory": _processes,
}


def cells(result: CaseRow, part: str) -> list[list[str]]:
    """Return a table of results as text, headings first; `part` is a key of `PARTS`."""
    shown = PARTS[part](list(result["programs"]["c"]))
    rows = [[content(row) for _, content in shown] for row in result["cases"]]
    return [[heading for heading, _ in shown], *rows]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    parts = [_flat(part, f"{name}.{key}" if name else key) for key, part in value.items()]
    return {key: figure for part in parts for key, figure in part.items()}


def csv_text(result: CaseRow) -> str:
    """Return every figure of the summaries as CSV, a line for each case."""
    rows = [
        {"case": row["id"], "samples": row["samples"], "c_samples": row["c_samples"], **_flat(row["summary"])}
        for row in result["cases"]
    ]
    headings = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, headings, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def bench_markdown(result: CaseRow) -> str:
    """Return machine, settings, tables and notes as Markdown, for a page of the documentation."""
    lines = [machine_line(result)]
    for part in PARTS:
        head, *rows = cells(result, part)
        lines += ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    if any(row["profile"] for row in result["cases"]):
        lines += ["", "Where the time of a rendering goes, by torch's profiler:", ""]
        lines += [
            f"- {row['id']}: {profile_text(row['profile'])}" for row in result["cases"] if row["profile"]
        ]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes(result))]) + "\n"


def profile_text(profile: Mapping[str, Any]) -> str:
    """Return the shares of processor time of the operators, and of what is no operator."""
    total = max(profile["cpu_s"], profile["operators_own_s"])
    shares = [(one["operator"].removeprefix("aten::"), one["own_s"]) for one in profile["operators"]]
    named = sum(own_s for _, own_s in shares)
    shares += [("other operators", profile["operators_own_s"] - named)]
    shares += [("compiled code, Python and the profiler", total - profile["operators_own_s"])]
    return ", ".join(f"{name} {100.0 * own_s / total:.0f} %" for name, own_s in shares)


def machine_title(result: CaseRow) -> str:
    """Return processor and cores."""
    return f"{result['machine']['processor']}, {result['machine']['cpus_usable']} cores"


def machine_line(result: CaseRow) -> str:
    """Return one line that names machine, software and settings."""
    software, settings = result["software"], result["settings"]
    shown = {key: value for key, value in settings.items() if value not in (None, [], False)}
    options = ", ".join(f"{key} {value}" for key, value in shown.items())
    commit = (result["git"] or {}).get("commit", "not a checkout")[:12]
    return (
        f"{machine_title(result)}; torch {software['torch']}, "
        f"Python {software['python']}, {software['compiler']}; {options}; "
        f"commit {commit}, {result['created']}"
    )


def notes(result: CaseRow) -> list[str]:
    """Return what a reader of the table has to know: parts measured, scaling, failures, disagreement."""
    found = []
    for row in result["cases"]:
        if row["c_rows"] is not None:
            first, last = row["c_rows"]
            found.append(
                f"{row['id']}: the C programs compute rows {first} to {last} only "
                f"({_number(row['c_samples'], 1e6)} M samples)"
            )
        found += [f"{row['id']}: {note}" for note in row["notes"]]
        found += [f"{row['id']}: {one['figure']} not measured: {one['why']}" for one in row["unmeasured"]]
        if not row["summary"]["agrees"]:
            bound = row["summary"]["bound_of_max"]
            found.append(f"{row['id']}: the images differ by more than {bound:g} of the maximum")
    for name, slope in result["scaling"].items():
        if slope is not None:
            found.append(f"time of a pixel grows as domains^{slope:.3f} ({name})")
    found += [f"{failure['case']}: not measured: {failure['why']}" for failure in result["failures"]]
    return found


def screen_tables(result: CaseRow) -> list[Table]:
    """Return the tables for a terminal."""
    tables = []
    for part in PARTS:
        head, *rows = cells(result, part)
        table = Table(title=part)
        for number, heading in enumerate(head):
            table.add_column(heading, justify="right" if number else "left", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        tables.append(table)
    return tables


def history_line(result: CaseRow) -> str:
    """Return the result as one short line of JSON."""
    figures = {
        row["id"]: {key: value for key, value in row["summary"].items() if key != "device_bytes"}
        for row in result["cases"]
    }
    keys = ("schema", "created", "git", "machine", "software", "settings", "scaling")
    return json.dumps({**{key: result[key] for key in keys}, "cases": figures}, allow_nan=False)


def append_history(path: Path, result: CaseRow) -> None:
    """Add the line of a result to the history, in one write.

    Raises:
        HarnessError: the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(history_line(result) + "\n")
    except OSError as error:
        raise HarnessError(f"cannot append to '{path}': {error.strerror}; name another --reports") from error
