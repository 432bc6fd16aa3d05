"""Makes the page: template, style, viewer and packed data in one HTML file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.evidence.page.budget_view import trace_content
from harness.evidence.page.cause_view import cause_content
from harness.evidence.page.content import part_content
from harness.evidence.page.gradient_view import gradient_content
from harness.evidence.page.graph import STATE_WORDS, graph_svg
from harness.evidence.page.pack import pack_images, packed_json
from harness.evidence.page.templates import resource, script_json, shown_data, template
from harness.evidence.verify import Check, load_gradients, load_metrics, load_parts, load_trace, verify
from harness.files import stamp
from harness.images.part import Part
from harness.store.find import is_complete, require_bundle
from harness.store.untrusted import read_json
from system_io.verdict_words import Word

SCRIPTS = (
    "layers.js", "pyramid.js", "lattice.js", "viewer.js", "plots.js", "graph.js", "state.js", "controls.js",
)  # fmt: skip
MOST_FAULTS = 25
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def html_page(bundle: Path, part_name: str | None = None, check: Check | None = None) -> str:
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
    check = check or verify(bundle)
    try:
        return _page(bundle, part_name, check)
    except UNREADABLE as error:
        if check.word is Word.PASS:
            raise
        raise BundleError(
            f"bundle '{bundle}' cannot be shown ({type(error).__name__} {error}); "
            "`nb-report verify` names its faults"
        ) from error


def _page(bundle: Path, part_name: str | None, check: Check) -> str:
    metrics = load_metrics(bundle)
    parts = load_parts(bundle)
    gradients, trace = load_gradients(bundle), load_trace(bundle)
    part = None if gradients or trace else _choose(bundle, parts, part_name)
    traces = trace.data if trace else part.summary["traces"] if part else None
    cause = cause_content(traces)
    env = bundle / "env.json"
    script = "".join(resource(name) for name in SCRIPTS)
    context = {
        "metrics": metrics,
        "check": check_content(check),
        "bundle": bundle.absolute().name,
        "parts": [one.mode for one in parts or gradients or ([trace] if trace else [])],
        "criteria": _criteria(metrics, parts),
        "summary": None if part is None else part.summary,
        "environment": _rows(read_json(env)) if env.is_file() else [],
        "graph": graph_svg(traces, cause["tap"]),
        "cause": cause,
        "trace": None if trace is None else trace_content(trace),
        "tap_words": STATE_WORDS,
        "style": resource("style.css"),
        "gradients": [gradient_content(one) for one in gradients],
        "no_images": "",
        **_images(part),
    }
    context["script"] = f"const FACTS = {context['facts']};\n{script}"
    context["script_hash"] = base64.b64encode(hashlib.sha256(context["script"].encode()).digest()).decode(
        "ascii"
    )
    return template("page.html.j2").render(context)


def check_content(check: Check) -> dict[str, Any]:
    """Return what a page says of a verification: whether it passed, when, and the first faults."""
    return {
        "verified": check.word is Word.PASS,
        "files": check.checked,
        "faults": [str(fault) for fault in check.faults[:MOST_FAULTS]],
        "count": len(check.faults),
        "made": stamp(),
    }


def _images(part: Part | None) -> dict[str, Any]:
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


def _criteria(metrics: Mapping[str, Any], parts: list[Part]) -> list[dict[str, Any]]:
    """Return the criteria of a compared pair with the bounds in force; empty for other bundles."""
    if metrics["kind"] != "pair":
        return []
    return [
        {**criterion, "part": part.mode, "bounds": part.summary["bounds"].get("name", "")}
        for part in parts
        for criterion in part.summary["criteria"]
    ]


def _choose(bundle: Path, parts: list[Part], name: str | None) -> Part | None:
    if name is None:
        return parts[0] if parts else None
    for part in parts:
        if name == part.mode:
            return part
    known = ", ".join(part.mode for part in parts) or "none"
    raise BundleError(f"bundle '{bundle}' has no part '{name}'; there are: {known}")


def _rows(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return nested data as rows of a table."""
    if isinstance(value, dict) and value:
        return [row for key, item in value.items() for row in _rows(item, f"{name}.{key}" if name else key)]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [(name, shown if len(shown) < 300 else f"{shown[:300]} ...")]
