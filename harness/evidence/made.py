"""A page that is ready to be written: its text, and what a caller has to be told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.evidence.html_index import index_page
from harness.evidence.html_page import html_page
from harness.evidence.verify import verify_bundle
from system_io.shown import printable
from system_io.verdict_words import Word


@dataclass(frozen=True)
class MadePage:
    """A page; `facts` are for `--json`, `warnings` for standard error."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def made_page(bundle: Path, part: str | None) -> MadePage:
    """Return the page of a bundle; one that does not verify is shown with its faults, and a warning.

    Raises:
        BundleError: it cannot be shown.
    """
    check = verify_bundle(bundle)
    verified = check.word is Word.PASS
    warning = f"{printable(str(bundle))} does not verify: {len(check.faults)} faults, named in the page"
    return MadePage(html_page(bundle, part, check), {"verified": verified}, () if verified else (warning,))


def made_index(root: Path, home: Path) -> MadePage:
    """Return the index of a reports folder, to lie in a folder `home`."""
    return MadePage(index_page(root, home))
