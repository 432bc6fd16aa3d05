"""HTML for foreign text: templates that show whatever a bundle says, and obey none of it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from system_io.shown import printable


def resource(name: str) -> str:
    """Return a file of the page's own: style, script or template."""
    return (resources.files("harness.evidence.page") / name).read_text(encoding="utf-8")


def template(name: str) -> Template:
    """Return a template that escapes all text, control characters too; only our own parts are safe."""
    made = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    return made.from_string(resource(name))


def _shown(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def shown_data(value: Any) -> Any:
    """Return plain data with every text in it as it can be shown."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(key)): shown_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown_data(item) for item in value]
    return value


def script_json(value: Any) -> str:
    """Return plain data as JSON for a script element; no text in it can end the element or a line."""
    text = json.dumps(value, allow_nan=False)
    return "".join(f"\\u{ord(char):04x}" if char in "<>&" else char for char in text)
