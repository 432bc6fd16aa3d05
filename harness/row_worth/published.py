"""What the suite is worth as it is published: suite_worth.json, and suite_worth.md, made from it alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from golden_suite_generator.cases import Case, quirk_cases
from harness.faults.lines import SUITE_LINES
from harness.files import write_text_file
from harness.row_worth.unreached import why_unreached
from harness.row_worth.worth import SuiteWorth
from harness.suite.row_table import table_text
from harness.trials.page import markdown_table

DATA, PAGE = "suite_worth.json", "suite_worth.md"
ADDED = ("branches", "options", "quirks", "taps", "faults")
MOST_NAMED = 3


KEPT: Mapping[str, str] = {
    "noise-exact-integers": "means that are whole numbers, at which a Poisson generator turns",
    "water-square-zeros": "exact zeros of the lattice factor, which no drawn line meets",
    "interpolate-latch-carryover": "two quirks that each change what the other does",
}
"""Cases that add nothing by this measure, and why they stay."""


def definition_of(case: Case) -> str:
    """Return a short hash of what a case runs; the contents of its input files are not part of it."""
    definition = [case.args, case.outputs, case.modes, case.style, dict(case.files), dict(case.status)]
    return sha256(json.dumps(definition).encode()).hexdigest()[:12]


def role_of(case: Case) -> str:
    """Return what else a case is there for, in words, empty for nothing."""
    quirks = [quirk for quirk, shown in quirk_cases().items() if shown.id == case.id]
    shows = [f"shows {', '.join(quirks)}"] if quirks else []
    campaign = ["faults of both programs"] if any(case.id in names for names in SUITE_LINES.values()) else []
    kept = [KEPT[case.id]] if case.id in KEPT else []
    return "; ".join((*shows, *campaign, *kept))


def published_data(worth: SuiteWorth, cases: Sequence[Case]) -> dict[str, Any]:
    """Return what is published, as plain data.

    Args:
        worth: of `suite_worth`.
        cases: those that were measured.
    """
    by_id = {case.id: case for case in cases}
    unreached = Counter(branch.place for branch in worth.unreached)
    return {
        "schema": 1,
        "branches": worth.branches,
        "unreached": dict(sorted(unreached.items())),
        "faults": worth.faults,
        "faults_unshown": sorted(worth.unshown),
        "quirks_unshown": sorted(worth.quirks_unshown),
        "rows": [
            {
                **asdict(row), "definition": definition_of(by_id[row.case]),
                "recorded": by_id[row.case].recorded, "vector": "vectors" in by_id[row.case].tags,
                "role": role_of(by_id[row.case]),
            }
            for row in worth.rows
        ],
    }  # fmt: skip


def idle_cases(data: Mapping[str, Any]) -> list[str]:
    """Return the cases that add nothing and have no role, but for those of recorded or specified values."""
    return [row["case"] for row in data["rows"] if not (_held(row) or row["role"] or _adds(row))]


def _adds(row: Mapping[str, Any]) -> bool:
    return any(row[what] for what in ADDED)


def unsorted_places(data: Mapping[str, Any]) -> list[str]:
    """Return the functions of which no row reaches some branch, and nobody said why."""
    return [place for place in data["unreached"] if why_unreached(place) is None]


def _held(row: Mapping[str, Any]) -> bool:
    return bool(row["recorded"] or row["vector"])


def publish_worth(data: Mapping[str, Any], folder: Path) -> None:
    """Write data and page into a folder.

    Raises:
        HarnessError: a file cannot be written.
    """
    head = {key: value for key, value in data.items() if key != "rows"}
    write_text_file(folder / DATA, table_text(head, data["rows"]))
    write_text_file(folder / PAGE, worth_page(data))


def worth_page(data: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        data: the content of the JSON file.
    """
    return "".join((*_head(data), *_table(data), *_unshown(data), *_unreached(data)))


HEAD = """\
# What each case of the golden suite is for

Cases are taken in the order of the suite. Of each, the table says what it adds to all cases before it:

- lines and branches of the C reference (gcov, `-O0`, with and without a trace of its middle pixel);
- options, each with the class of its values: signs of numbers, words, files; `again` where it stands twice;
- quirks of which the other state changes a file or the exit status;
- taps that are other than in the first case, at the middle pixel;
- faults of the C reference ([trust.md](trust.md)) that change a file or the exit status.

A case that adds nothing is idle and must be changed or go, unless it has another role: the clearest case that
shows a quirk (`[shows]` in `cases.toml`), a command line of `nbp faults run`, which has faults of the
simulator as well, or a number at which a formula turns. A test holds that. Cases recorded from upstream stay,
and so do the vectors of the specification, whose values were published. Made by

    nb-golden worth --outdir docs

"""


def _head(data: Mapping[str, Any]) -> Iterator[str]:
    rows = data["rows"]
    own = [row for row in rows if not _held(row)]
    idle = [row["case"] for row in rows if not _adds(row)]
    reached = data["branches"] - sum(data["unreached"].values())
    faults = data["faults"] - len(data["faults_unshown"])
    yield HEAD
    yield markdown_table(
        ["", "cases", "of these add nothing", "and have no role"],
        [
            ["recorded from upstream", *_counted([row["case"] for row in rows if row["recorded"]], idle), ""],
            [
                "vectors of the specification",
                *_counted([row["case"] for row in rows if row["vector"]], idle),
                "",
            ],
            ["of this project", *_counted([row["case"] for row in own], idle), str(len(idle_cases(data)))],
        ],
    )
    yield (
        f"Together they reach {reached} of {data['branches']} lines and branches"
        f" ({100.0 * reached / data['branches']:.1f} %) and show {faults} of {data['faults']} faults.\n\n"
    )


def _counted(names: Sequence[str], idle: Sequence[str]) -> tuple[str, str]:
    return str(len(names)), str(len(set(names) & set(idle)))


def _table(data: Mapping[str, Any]) -> Iterator[str]:
    yield "## What the cases of this project add\n\n"
    lines = []
    for row in data["rows"]:
        if _held(row):
            continue
        count = sum(row["branches"].values())
        branches = f"{count}: {_named([f'`{place}`' for place in row['branches']])}" if count else ""
        lines.append(
            [
                f"`{row['case']}`",
                branches,
                *(
                    _named([f"`{name}`" for name in row[what]])
                    for what in ("options", "quirks", "taps", "faults")
                ),
                row["role"],
            ]
        )
    yield markdown_table(["case", "branches", "options", "quirks", "taps", "faults", "role"], lines)


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _unshown(data: Mapping[str, Any]) -> Iterator[str]:
    yield "## What no case shows\n\n"
    for what, names in (("Faults", data["faults_unshown"]), ("Quirks", data["quirks_unshown"])):
        yield f"{what}: {', '.join(f'`{name}`' for name in names) or 'none'}.\n\n"
    yield (
        "The faults are found by other checks of [trust.md](trust.md): printed lines, traces, own lines.\n"
        "Of quirks without a case `tests/golden_suite_generator/test_cases.py` says why.\n\n"
    )


def _unreached(data: Mapping[str, Any]) -> Iterator[str]:
    yield "## Branches that no case reaches\n\n"
    by_reason: dict[str, list[str]] = {}
    for place, count in data["unreached"].items():
        by_reason.setdefault(why_unreached(place) or "not sorted yet", []).append(f"`{place}` {count}")
    yield markdown_table(
        ["why", "function and number of its lines and branches"],
        [[reason, ", ".join(places)] for reason, places in sorted(by_reason.items())],
    )
