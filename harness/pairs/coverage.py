"""What a compared pair covers, as plain data and in words: pixels, photons, reflections, taps, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.images.coverage import ImageCoverage
from harness.programs.arguments import OUTPUT_OPTIONS
from harness.programs.programs import FILE_KIND, Program
from harness.programs.side_words import UNKNOWN
from harness.verdict import Criterion, State
from simulator.command_line.option_table import BY_SPELLING

NOT_COMPARED = {"options not compared": "options_not_told", "not compared": "criteria_not_compared"}
MOST_NAMED = 3
"""Options and criteria that the verdict line names; the summary has all."""


def coverage_data(
    images: ImageCoverage | None,
    criteria: Sequence[Criterion],
    args: Sequence[str],
    programs: Sequence[Program],
    limits: Sequence[str],
) -> dict[str, Any]:
    """Return what is covered but for the taps, as plain data.

    Args:
        images: of the compared images, None where none were compared.
        criteria: of the verdict.
        args: the compared command line as it was given.
        programs: of both sides.
        limits: what a pass says less than it seems to.

    Returns:
        images: shares of pixels, photons and reflections; options: given, and told to both programs; and by
        name the options that were not, and the criteria for which there was nothing to compare.
    """
    given = given_options(args)
    kinds = [program.kind for program in programs]
    untold = [] if FILE_KIND in kinds else [word for word in given if not _told(word, kinds)]
    lacking = [row.name for row in criteria if row.state is State.NOT_COMPARED]
    return {
        "images": None if images is None else {**asdict(images), "small": images.small},
        "options": {"given": len(given), "told": len(given) - len(untold)},
        "options_not_told": untold,
        "criteria_not_compared": lacking,
        "limits": list(limits),
    }


def given_options(args: Sequence[str]) -> list[str]:
    """Return the options of a command line without their values."""
    rest = list(args)
    found = []
    while rest:
        word = rest.pop(0)
        if word in BY_SPELLING:
            found.append(word)
            del rest[: len(BY_SPELLING[word].kinds)]
    return found


def _told(word: str, kinds: Sequence[str]) -> bool:
    """Tell whether both programs are told an option, and their answers to it compared."""
    return word not in OUTPUT_OPTIONS and not any(word in UNKNOWN[kind] for kind in kinds)


def coverage_words(coverage: Mapping[str, Any], traces: Mapping[str, Any] | None) -> list[str]:
    """Return a coverage in words, what was compared first and what was not behind it.

    Args:
        coverage: of `coverage_data`.
        traces: metrics of two traces, None without.
    """
    images, options = coverage["images"], coverage["options"]
    known = {key: value for key, value in (images or {}).items() if key != "small"}
    parts = ImageCoverage(**known).words() if images else ["no pixel"]
    parts.append(_taps(traces))
    if options["given"]:
        parts.append(f"{options['told']} of {options['given']} options")
    words = ["compared: " + ", ".join(parts)]
    for what, key in NOT_COMPARED.items():
        if coverage[key]:
            words.append(f"{what}: {_named(coverage[key])}")
    return [*words, *coverage["limits"]]


def _taps(traces: Mapping[str, Any] | None) -> str:
    """Return how much of both traces was compared, as their own verdict says it."""
    known = traces or {}
    return "no taps" if known.get("error") or not known.get("coverage") else f"traces {known['coverage']}"


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
