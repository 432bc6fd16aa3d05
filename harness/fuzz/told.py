"""What the cases of one run, or of several parts of it, came to and covered, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from harness.errors import UsageError
from harness.fuzz.coverage import NAMES
from harness.fuzz.journal import FINDINGS_FOLDER, CaseLine, FuzzRecord, coverage_of
from harness.fuzz.outcome import Came
from harness.kept.shelf import Shelf
from simulator.quirks import SWITCHABLE
from system_io.shown import printable

SCHEMA = "nb-fuzz-summary 1"


def fuzz_summary(record: FuzzRecord, shelf: Shelf | None = None) -> dict[str, Any]:
    """Return what all cases of a folder came to, and what they covered, as plain data.

    Args:
        record: the folder.
        shelf: tells how many results of this run were kept ones.
    """
    head = {"schema": SCHEMA, "seed": record.settings.seed, "shard": list(record.settings.shard)}
    kept = None if shelf is None else shelf.told()
    return {**head, **_told(record.lines), "kept results": kept, "findings": list(_findings(record, ""))}


def merged_summary(records: Sequence[FuzzRecord]) -> dict[str, Any]:
    """Return what the cases of several folders came to, and what they covered together.

    Args:
        records: of one pair of programs, with no case in common.

    Raises:
        UsageError: of other programs, or a case is in two of them.
    """
    _require_apart(records)
    lines = [line for record in records for line in record.lines]
    return {
        "schema": SCHEMA,
        "folders": [
            {
                "path": str(one.path), "seed": one.settings.seed, "shard": list(one.settings.shard),
                "cases": len(one.lines),
            }
            for one in records
        ],
        "shards missing": _shards_missing(records),
        **_told(lines),
        "findings": [
            found for one in records for found in _findings(one, f"{one.path}/{FINDINGS_FOLDER}/")
        ],
    }  # fmt: skip


def _require_apart(records: Sequence[FuzzRecord]) -> None:
    """Check that folders can be added up: one pair of programs, and no case twice.

    Raises:
        UsageError.
    """
    where: dict[tuple[int, str, int], FuzzRecord] = {}
    for record in records:
        name = printable(str(record.path))
        if record.settings.programs != records[0].settings.programs:
            raise UsageError(
                f"'{name}' compares other programs than '{printable(str(records[0].path))}'; "
                "their cases cannot be added up, merge them by themselves"
            )
        for line in record.lines:
            other = where.setdefault((record.settings.seed, record.settings.mode, line.index), record)
            if other is not record:
                raise UsageError(
                    f"case {line.index} of seed {record.settings.seed} is in '{name}' and in "
                    f"'{printable(str(other.path))}'; name folders of shards i/n that differ, each once"
                )


def _shards_missing(records: Sequence[FuzzRecord]) -> list[str]:
    """Return the parts of each seed that no folder is of, as SEED: i/n."""
    there = {(one.settings.seed, *one.settings.shard) for one in records}
    counts = sorted({(seed, count) for seed, _, count in there})
    return [
        f"seed {seed}: {number}/{count}"
        for seed, count in counts
        for number in range(1, count + 1)
        if (seed, number, count) not in there
    ]


def _told(lines: Sequence[CaseLine]) -> dict[str, Any]:
    coverage = coverage_of(lines)
    came = Counter(line.came for line in lines)
    covered, possible = coverage.pair_counts()
    options = coverage.options_covered()
    return {
        "cases": len(lines),
        "came": {one.value: came[one] for one in Came if came[one]},
        "bitwise": sum(line.bitwise for line in lines),
        "options": {
            "covered": len(options),
            "of": len(NAMES),
            "missing": sorted(set(NAMES) - set(options)),
        },
        "pairs": {
            "covered": covered,
            "of": possible,
            "missing": [list(pair) for pair in coverage.missing()],
            "exclude each other": [list(pair) for pair in coverage.refused_pairs()],
        },
        "quirks": {
            "shown": sorted(coverage.quirks),
            "of": len(SWITCHABLE),
            "missing": coverage.quirks_missing(),
        },
    }


def _findings(record: FuzzRecord, before: str) -> Iterator[dict[str, Any]]:
    for line in record.lines:
        if line.finding is not None:
            yield {
                "folder": before + line.finding,
                "came": line.came.value,
                "reasons": list(line.reasons),
            }
