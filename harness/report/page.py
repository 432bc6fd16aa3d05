"""Makes the page: template, style, viewer and packed data in one HTML file that loads nothing."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from harness.bundle_find import is_complete, require_bundle
from harness.errors import BundleError
from harness.evidence import load_gradients, load_metrics, load_parts, load_trace
from harness.part import Part, read_json
from harness.report.budget_view import trace_content
from harness.report.content import part_content
from harness.report.gradient_view import gradient_content
from harness.report.graph import STATE_WORDS, graph_svg
from harness.report.pack import pack_images, packed_json


def _resource(name: str) -> str:
    return (resources.files("harness.report") / name).read_text(encoding="utf-8")


def html_page(bundle: Path, part_name: str | None = None) -> str:
    """Return the report of a bundle as one HTML text.

    Args:
        bundle: the folder.
        part_name: which compared pair has its images in the page; default the first.

    Raises:
        BundleError: no bundle, incomplete, no such part, or it holds no images.
    """
    require_bundle(bundle)
    if not is_complete(bundle):
        raise BundleError(f"bundle '{bundle}' is incomplete; `nb-report verify` says what is finished")
    metrics = load_metrics(bundle)
    parts = load_parts(bundle)
    gradients, trace = load_gradients(bundle), load_trace(bundle)
    part = None if gradients or trace else _choose(bundle, parts, part_name)
    traces = trace.data if trace else part.summary["traces"] if part else None
    env = bundle / "env.json"
    context = {
        "metrics": metrics,
        "bundle": bundle.absolute().name,
        "parts": [one.mode for one in parts or gradients or ([trace] if trace else [])],
        "summary": None if part is None else part.summary,
        "environment": _rows(read_json(env)) if env.is_file() else [],
        "graph": graph_svg(traces),
        "trace": None if trace is None else trace_content(trace),
        "tap_words": STATE_WORDS,
        "style": _resource("style.css"),
        "viewer": _resource("layers.js") + _resource("viewer.js"),
        "gradients": [gradient_content(one) for one in gradients],
        "blobs": {},
        "facts": "null",
    }
    if part is not None and not part.failed:
        if part.first.shape != part.second.shape:
            raise BundleError(f"the images of '{part.folder}' differ in shape; there is nothing to overlay")
        packed = pack_images(part.first, part.second)
        context["blobs"] = {**packed.blobs, "content": packed_json(part_content(part))}
        context["facts"] = json.dumps(packed.facts)
    # the template escapes all text; only our own style, script and SVG are marked as safe in it
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return template.from_string(_resource("page.html.j2")).render(context)


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
