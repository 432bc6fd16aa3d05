"""A comparison of gradients as it lies in a folder: read back, judged again, and told like any result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.gradients.rows import GradientReport, report_of
from harness.store.kind_words import GRADIENTS_KIND
from harness.store.names import GRADIENTS
from harness.store.schema import BUNDLE_SCHEMA, GRADIENTS_ABOUT, check_gradients
from harness.store.stated import differing, environment_of
from harness.store.untrusted import read_json
from harness.verdict import State
from system_io.verdict_words import EXIT_STATUS, Word

STATES: Mapping[str, State] = {
    Word.PASS.value: State.HELD,
    Word.FAIL.value: State.FAILED,
    Word.NOT_COMPARABLE.value: State.NOT_COMPARED,
}


@dataclass(frozen=True)
class GradientPart:
    """The gradients of one command line in one parity mode, in a folder."""

    folder: Path
    data: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> GradientPart:
        """Read and check gradients.json.

        Raises:
            BundleError: if it does not follow the schema.
        """
        data = read_json(folder / GRADIENTS)
        check_gradients(data, str(folder / GRADIENTS))
        return cls(folder, data)

    @property
    def mode(self) -> str:
        """Return the parity mode that both programs ran in."""
        return str(self.data["parity_mode"])

    @cached_property
    def report(self) -> GradientReport:
        """Return the comparison, its slopes and verdicts derived from the runs that are stored.

        Raises:
            KeyError: for a parameter that this program does not know.
        """
        return report_of(self.data, tuple(GRADIENTS_ABOUT))

    def differences(self) -> list[str]:
        """Judge the stored runs again and say where gradients.json states something else."""
        fresh = self.report.facts()
        return [text for key in fresh for text in differing(fresh[key], self.data[key], key)]

    def figures(self) -> list[dict[str, Any]]:
        """Return the relative difference of each parameter with its bound, as metrics.json has it."""
        return [
            {
                "name": row["parameter"], "part": self.mode, "measured": row["relative_difference"],
                "published": None, "strict": row["relative_bound"], "published_held": None,
                "state": STATES.get(row["verdict"], State.NOT_COMPARED).value, "note": row["reason"],
            }
            for row in self.data["parameters"]
        ]  # fmt: skip


def gradients_judged(parts: Sequence[GradientPart]) -> dict[str, Any]:
    """Return verdict and figures of gradients in some parity modes as the keys of metrics.json."""
    word = max((Word(part.data["verdict"]) for part in parts), key=lambda word: EXIT_STATUS[word])
    return {
        "verdict": word.value,
        "exit_status": EXIT_STATUS[word],
        "reasons": [f"{part.mode}: {reason}" for part in parts for reason in part.data["reasons"]],
        "figures": [figure for part in parts for figure in part.figures()],
        "first_divergence": None,
        "causal_taps": [],
    }


def gradient_metrics(part: GradientPart) -> dict[str, Any]:
    """Return a comparison of gradients in the schema of metrics.json."""
    environment = environment_of(part.folder)
    return {
        "schema": BUNDLE_SCHEMA,
        "kind": GRADIENTS_KIND,
        "title": f"gradients of {len(part.data['parameters'])} parameters, parity mode {part.mode}",
        "created": environment.get("created", ""),
        **gradients_judged([part]),
        "reasons": list(part.data["reasons"]),
        "notes": list(part.data["notes"]),
        "command": [],
        "parts": ["."],
        "settings": {},
        "commit": (environment.get("git") or {}).get("commit"),
    }
