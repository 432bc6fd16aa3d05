"""Runs and writes a comparison, and states before it what the two sides do not have in common."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.pairs.pair import PairJob, PairResult, run_pair
from harness.programs.environment import described
from harness.programs.programs import DTYPES, FILE_KIND, Program, asked
from harness.programs.watching import Watch
from simulator.quirks import REGISTRY

SILENT = ("external", FILE_KIND)
"""Kinds of programs that are not asked for version and quirks."""
QUIRK = re.compile(r"\bQ-[A-Z0-9-]+\b")
VERSION = re.compile(r"\d+(\.\d+)+")
WRITER = "harness.pairs.summary"


def compared_into(
    folder: Path, job: PairJob, command: Sequence[str], watch: Watch
) -> tuple[PairResult, list[str]]:
    """Run both programs of a job, compare, and write all files of the result into an empty folder.

    Args:
        folder: where they go.
        job: what is run and compared.
        command: the words that ask for it.
        watch: shows how far the programs are.

    Returns:
        The result, and what the sides do not have in common.

    Raises:
        HarnessError: the command line cannot be compared, or a program does not know what is asked of it.
    """
    environment, sides = described(os.environ), check_sides(job)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(import_module, WRITER)  # loads matplotlib while the programs run
        result = run_pair(job, watch)
    from harness.pairs.summary import write_pair_results

    sides = as_said(sides, result.computed())
    write_pair_results(folder, result, {**environment, "sides": sides}, command)
    return result, list(sides["differences"])


def side_facts(program: Program, job: PairJob, second: bool) -> dict[str, Any]:
    """Return what matters about one side: kind, version, parity mode, number type, quirks it can switch."""
    settings = program.settings(job.mode, *((job.dtype, job.device) if second else ()))
    said = str(program.provenance.get("version") or "")
    version = VERSION.search(said)
    if version is None and program.kind not in SILENT:
        version = VERSION.search(_answer(program, "--version", job.timeout_s))
    return {
        "kind": program.kind,
        "version": version[0] if version else None,
        "parity_mode": settings.mode,
        "dtype": settings.dtype,
        "quirks": _quirks(program, job.timeout_s),
    }


def _quirks(program: Program, limit_s: float) -> list[str] | None:
    """Return the switchable quirks; the simulator's are read from its table, which costs no start."""
    if program.kind in SILENT:
        return None
    if program.words[1:] == ("-m", "simulator"):
        return sorted(REGISTRY)
    return sorted(set(QUIRK.findall(_answer(program, "--list-quirks", limit_s))))


def _answer(program: Program, word: str, limit_s: float) -> str:
    outcome, out, _ = asked([*program.words, word], program.environ, limit_s)
    return out.decode("utf-8", "replace") if outcome.failure is None else ""


def check_sides(job: PairJob) -> dict[str, Any]:
    """Return the facts about both sides and, in words, what differs between them."""
    first, second = side_facts(job.first, job, False), side_facts(job.second, job, True)
    return {"c": first, "py": second, "differences": differences(first, second)}


def as_said(sides: Mapping[str, Any], said: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the facts about both sides with the number type that each program said that it used.

    Args:
        sides: of `check_sides`.
        said: of each side that ran, how it computed its image (`ProgramRun.computed`).
    """
    facts = dict(sides)
    for side, words in said.items():
        used = next((word for word in (words or "").split(", ") if word in DTYPES), None)
        facts[side] = sides[side] | ({"dtype": used} if used else {})
    return facts | {"differences": differences(facts["c"], facts["py"])}


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return what differs between two descriptions, one line each; kinds may differ, they are the point."""
    lines = [
        f"{key}: {first[key]} and {second[key]}"
        for key in ("version", "parity_mode", "dtype")
        if first[key] != second[key]
    ]
    known = [set(side["quirks"] or ()) for side in (first, second)]
    if all(known) and known[0] != known[1]:
        lines.append(f"quirks that only one side knows: {', '.join(sorted(known[0] ^ known[1]))}")
    return lines
