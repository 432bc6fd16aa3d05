"""Makes the page: template, style, viewer and packed data in one HTML file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.evidence.hashes import Verification
from harness.evidence.kind import OpenBundle
from harness.evidence.kinds import kind_of
from harness.evidence.page.cause_view import cause_content
from harness.evidence.page.content import part_content
from harness.evidence.page.graph import STATE_WORDS, graph_svg
from harness.evidence.page.output_view import output_content
from harness.evidence.page.pack import pack_images, packed_json
from harness.evidence.page.reflection_view import covered_words, reflection_content
from harness.evidence.page.templates import resource, script_json, shown_data, template
from harness.evidence.verify import verify_bundle
from harness.files import stamp
from harness.pairs.part import PairPart
from harness.store.find import is_complete, require_bundle
from harness.store.names import ENVIRONMENT
from harness.store.untrusted import read_json
from system_io.verdict_words import Word

SCRIPTS = (
    "layers.js", "pyramid.js", "lattice.js", "viewer.js", "plots.js", "graph.js", "state.js", "controls.js",
)  # fmt: skip
MOST_FAULTS = 25
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def html_page(bundle: Path, part_name: str | None = None, check: Verification | None = None) -> str:
    """Return the report of a bundle as one HTML text; it says whether the bundle verifies.

    Args:
        bundle: the folder.
        part_name: which compared pair has its images in the page; default the first.
        check: the outcome of its verification; made here if it is not given.

    Raises:
        BundleError: no bundle, incomplete, no such part, or its files do not follow their schemas.
    """
    require_bundle(bundle)
    if not is_complete(bundle):
        raise BundleError(f"bundle '{bundle}' is incomplete; `nb-report verify` says what is finished")
    check = check or verify_bundle(bundle)
    try:
        return _page(bundle, part_name, check)
    except UNREADABLE as error:
        if check.word is Word.PASS:
            raise
        raise BundleError(
            f"bundle '{bundle}' cannot be shown ({type(error).__name__} {error}); "
            "`nb-report verify` names its faults"
        ) from error


def _page(bundle: Path, part_name: str | None, check: Verification) -> str:
    opened = OpenBundle(bundle)
    kind = kind_of(opened)
    shown = kind.page(opened, part_name)
    cause = cause_content(shown.traces)
    env = bundle / ENVIRONMENT
    script = "".join(resource(name) for name in SCRIPTS)
    context = {
        "metrics": kind.metrics(opened),
        "check": check_content(check),
        "bundle": bundle.absolute().name,
        "parts": shown.parts,
        "criteria": shown.criteria,
        "summary": None if shown.pair is None else shown.pair.summary,
        "covered": covered_words(shown.pair),
        "reflections": reflection_content(shown.pair),
        "outputs": output_content(shown.pair),
        "environment": _rows(read_json(env)) if env.is_file() else [],
        "taps": shown.taps,
        "contract_taps": shown.contract_taps,
        "graph": graph_svg(shown.traces, cause["tap"]),
        "cause": cause,
        "trace": shown.trace,
        "tap_words": STATE_WORDS,
        "style": resource("style.css"),
        "gradients": shown.gradients,
        "no_images": "",
        **_images(shown.pair),
    }
    context["script"] = f"const FACTS = {context['facts']};\n{script}"
    context["script_hash"] = base64.b64encode(hashlib.sha256(context["script"].encode()).digest()).decode(
        "ascii"
    )
    return template("page.html.j2").render(context)


def check_content(check: Verification) -> dict[str, Any]:
    """Return what a page says of a verification: whether it passed, when, and the first faults."""
    return {
        "verified": check.word is Word.PASS,
        "files": check.checked,
        "faults": [str(fault) for fault in check.faults[:MOST_FAULTS]],
        "count": len(check.faults),
        "made": stamp(),
    }


def _images(part: PairPart | None) -> dict[str, Any]:
    """Return the packed images and what the viewer needs besides, or why there are none."""
    nothing = {"blobs": {}, "facts": "null"}
    if part is None or part.failed:
        return nothing
    if part.first.shape != part.second.shape:
        shapes = " and ".join(f"{image.shape[1]} x {image.shape[0]}" for image in (part.first, part.second))
        return {**nothing, "no_images": f"The images have {shapes} pixels; there is nothing to overlay."}
    packed = pack_images(part.first, part.second)
    content = packed_json(shown_data(part_content(part)))
    return {"blobs": {**packed.blobs, "content": content}, "facts": script_json(packed.facts)}


def _rows(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return nested data as rows of a table."""
    if isinstance(value, dict) and value:
        return [row for key, item in value.items() for row in _rows(item, f"{name}.{key}" if name else key)]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [(name, shown if len(shown) < 300 else f"{shown[:300]} ...")]
