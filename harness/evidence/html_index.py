"""The index of a reports folder: verdict, verification and date of every bundle, with links to them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.evidence.html_page import UNREADABLE, check_content
from harness.evidence.kinds import load_metrics
from harness.evidence.page.templates import resource, template
from harness.evidence.verify import verify_bundle
from harness.store.find import find_bundles, is_complete
from system_io.errors import UserError
from system_io.verdict_words import Word

DAMAGED, INCOMPLETE = "DAMAGED", "INCOMPLETE"
STATES = {
    Word.PASS: "verified",
    Word.FAIL: "NOT VERIFIED",
    Word.NOT_COMPARABLE: "incomplete",
}


def index_page(root: Path, home: Path) -> str:
    """Return the index of all bundles below a folder as one HTML text, the newest first.

    Args:
        root: the reports folder.
        home: the folder that the index will lie in; its links are relative to it.
    """
    rows = sorted((_row(root, bundle, home) for bundle in find_bundles(root)), key=_newest, reverse=True)
    context = {
        "root": root.absolute().name,
        "rows": rows,
        "counts": _counts(rows),
        "style": resource("style.css"),
    }
    return template("index.html.j2").render(context)


def _newest(row: dict[str, Any]) -> tuple[str, str]:
    return row["created"], row["name"]


def _row(root: Path, bundle: Path, home: Path) -> dict[str, Any]:
    """Return what the index says of a bundle; one that cannot be read says so in place of its verdict."""
    page = bundle.with_name(f"{bundle.name}.html")
    facts = {
        "verdict": DAMAGED,
        "exit_status": 1,
        "created": "",
        "kind": "",
        "title": "",
        "commit": None,
        "faults": "",
    }
    try:
        check = verify_bundle(bundle)
        said = check_content(check)
        facts |= {
            "state": STATES[check.word],
            "faults": "; ".join(said["faults"][:1]),
            "count": said["count"],
        }
        metrics = load_metrics(bundle) if is_complete(bundle) else {"verdict": INCOMPLETE}
        facts |= {key: metrics[key] for key in facts.keys() & metrics.keys()}
    except (UserError, OSError, *UNREADABLE) as error:
        facts |= {"state": STATES[Word.FAIL], "faults": str(error), "count": 1}
    return {
        **facts,
        "name": bundle.relative_to(root).as_posix() if bundle != root else bundle.absolute().name,
        "folder": link(bundle, home) + "/",
        "page": link(page, home) if page.is_file() else "",
    }


def link(target: Path, home: Path) -> str:
    """Return the relative address of a file or folder as seen from a folder, every special byte encoded."""
    return quote(os.fsencode(os.path.relpath(target.absolute(), home.absolute())))


def _counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    verified = sum(row["state"] == STATES[Word.PASS] for row in rows)
    return {"bundles": len(rows), "verified": verified, "not_verified": len(rows) - verified}
