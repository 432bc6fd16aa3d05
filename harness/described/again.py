"""Runs a described pair again and holds what it writes against a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.described.built import make_ready
from harness.described.description import BOTH
from harness.described.pair_bundle import DESCRIPTION, DescribedPart, stated_description
from harness.described.pair_run import run_case_pair, with_crystal
from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.recorded.rerun import Chosen, Replayed
from harness.store.stated import environment_of
from system_io.children import temporary_folder
from system_io.shown import printable
from system_io.verdict_words import Word


def replay_described(
    folder: Path, parts: Sequence[DescribedPart], metrics: Mapping[str, Any], chosen: Chosen
) -> list[Replayed]:
    """Run the programs of a bundle again, as its description says, where it was.

    Args:
        folder: the bundle.
        parts: its cases.
        metrics: of the bundle, which name the description and the values of its run.
        chosen: whether programs that the bundle names may run.

    Raises:
        BundleError: running them was not asked for, or the description or a program is another one now.
    """
    stated = str(metrics["settings"].get("description", ""))
    path = Path(stated)
    if not chosen.run_recorded:
        raise BundleError(
            f"the bundle names programs of '{printable(stated)}', which a replay does not run unasked; give "
            "--run-recorded if you know them"
        )
    if not path.is_file() or sha256_of_file(path) != sha256_of_file(folder / DESCRIPTION):
        raise BundleError(
            f"description '{printable(stated)}' is not there, or not the recorded one; put it back"
        )
    description = stated_description(path, metrics)
    recorded = environment_of(folder).get("programs", {})
    programs = {}
    for side in BOTH:
        programs[side] = make_ready(description.programs[side], side, chosen.say)
        before, now = recorded.get(side, {}).get("files", {}), programs[side].files
        for word, digest in before.items():
            if now.get(word) != digest:
                raise BundleError(
                    f"{side}: '{printable(word)}' is not the recorded one any more; put it back"
                )
    found = []
    with with_crystal(description.cases) as cases:
        known = {case.name: case for case in cases}
        for part in parts:
            with temporary_folder("nb-replay") as scratch:
                target = Path(scratch)
                result = run_case_pair(description, programs, known[part.mode], target)
                found.append(_compared(part, target, result.facts()))
    return found


def _compared(part: DescribedPart, target: Path, facts: dict[str, Any]) -> Replayed:
    """Hold the files and the word of a case against those recorded."""
    lines, word = [], Word.PASS
    for path in sorted(target.iterdir()):
        before = part.folder / path.name
        same = before.is_file() and sha256_of_file(before) == sha256_of_file(path)
        if not same and not path.name.endswith(("_stdout.txt", "_stderr.txt")):
            word = Word.FAIL
            lines.append(f"{path.name}: not as recorded")
    now, stated = facts["word"], part.facts["word"]
    lines.append(f"verdict: recorded {stated}, now {now}")
    if now != stated:
        word = Word.FAIL
    return Replayed(part.mode, word, tuple(lines))
