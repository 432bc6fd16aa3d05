"""Records what the simulator answers to the tables: `python -m harness.probing.make_answers`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.probing.answers import NAME, data_of
from harness.probing.looks import Left, looked
from harness.probing.questions import TableQuestion, questions, table_version
from harness.programs.programs import simulator_program
from system_io.children import execute, temporary_folder
from system_io.shown import json_text

BATCH = "harness.invariants.batch"
RUN_S = 60.0
ALL_S = 600.0


def made_answers(asked: Iterable[TableQuestion]) -> dict[str, Any]:
    """Return the simulator's answers, as plain data, by the keys of the questions.

    Raises:
        HarnessError: the simulator does not run.
    """
    wanted = {question.key: question for question in asked}
    with temporary_folder("nb-answers") as scratch:
        runs = [_planned(Path(scratch), question) for question in wanted.values()]
        plan = Path(scratch, "plan.json")
        plan.write_text(json.dumps({"limit_s": RUN_S, "runs": runs}), encoding="utf-8")
        environ = {**os.environ, **simulator_program().environ, "OMP_NUM_THREADS": "1"}
        outcome, _, _ = execute((sys.executable, "-m", BATCH, str(plan)), Path(scratch), environ, ALL_S)
        if outcome.failure is not None:
            raise HarnessError(f"PyTorch simulator {outcome.failure}; run nanoBragg alone to see why")
        return {key: _answer(Path(scratch, key), question) for key, question in sorted(wanted.items())}


def _planned(scratch: Path, question: TableQuestion) -> dict[str, Any]:
    folder = scratch / question.key / "work"
    folder.mkdir(parents=True)
    for name, content in question.run.files.items():
        (folder / name).write_bytes(content)
    words = (*question.words, "--reproducible", *question.run.words)
    return {"folder": str(folder), "words": words, "threads": 1}


def _answer(place: Path, question: TableQuestion) -> Any:
    status, stdout = (place / name for name in ("status", "stdout"))
    failure = None if status.read_text(encoding="ascii") == "0" else "refused"
    left = Left.of(place / "work", failure, stdout.read_bytes(), b"")
    return data_of(looked(left, question.look))


def main() -> int:
    """Write data/answers.json."""
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    found = {"schema": 1, "table": table_version(), "answers": made_answers(questions())}
    (folder / NAME).write_text(json_text(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
