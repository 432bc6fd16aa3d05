"""The files that continuous integration reads of a verdict: their options, and one road to write them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.ci import publish_summary, require_free, write_new
from harness.store.schema import BUNDLE_SCHEMA
from system_io.errors import UserError
from system_io.verdict_words import EXIT_STATUS, Word

HEADING = "Parity"


def add_ci_options(parser: argparse.ArgumentParser) -> None:
    """Add --junit, --markdown and --sarif."""
    add = parser.add_argument
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--markdown", type=Path, metavar="FILE", help="write a Markdown summary")
    add("--sarif", type=Path, metavar="FILE", help="write SARIF 2.1.0: what fails, at the source of its tap")


@dataclass(frozen=True)
class CiFiles:
    """The files that a command was asked for, each None where it was not."""

    junit: Path | None
    markdown: Path | None
    sarif: Path | None

    @classmethod
    def of(cls, options: argparse.Namespace) -> CiFiles:
        """Return the files that options name, each of them new.

        Raises:
            HarnessError: one exists, two are one, or one lies in a bundle.
        """
        named = {f"--{key}": getattr(options, key) for key in ("junit", "markdown", "sarif")}
        require_free(named)
        return cls(*named.values())

    def publish(self, metrics: Mapping[str, Any], bundle: Path | None = None) -> None:
        """Write the files, and append to GitHub's step summary where that variable is set.

        Args:
            metrics: what is said.
            bundle: that they are of, whose traces tell places in sources; None without one.

        Raises:
            HarnessError: one cannot be written.
        """
        if self.sarif is not None:
            from harness.evidence.sarif.findings import code_findings
            from harness.evidence.sarif.sarif_log import sarif_text

            write_new(self.sarif, sarif_text(metrics, code_findings(bundle, metrics)))
        publish_summary([metrics], HEADING, os.environ, self.junit, self.markdown)

    @contextmanager
    def also_of_errors(self, title: str) -> Iterator[None]:
        """Write the files for an error, too, by which the command ends before there is a result.

        Args:
            title: of what was to be compared.
        """
        try:
            yield
        except UserError as error:
            self.publish(stated_metrics(title, Word.ERROR, [str(error)]))
            raise


def stated_metrics(
    title: str, word: Word, reasons: list[str], figures: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return a verdict that no bundle holds, as the metrics of one."""
    return {
        "schema": BUNDLE_SCHEMA, "kind": "", "title": title, "verdict": word.value,
        "exit_status": EXIT_STATUS[word], "reasons": reasons, "figures": figures or [],
        "first_divergence": None, "causal_taps": [],
    }  # fmt: skip
