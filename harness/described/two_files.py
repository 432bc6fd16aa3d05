"""Two files of numbers that exist already, compared without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.described.description import BOTH, FIRST, DescribedOutput
from harness.described.judged import JudgedPart, plain_figures, worded_figures
from harness.described.read_description import SUFFIXES
from harness.errors import UsageError
from harness.fields.compared import compare_fields
from harness.fields.formats import FORMATS, check_source, read_field
from harness.fields.source import FieldSource
from system_io.files import identity
from system_io.shown import printable
from system_io.verdict_words import Word
from trace_tools.element_bound import ElementBound


@dataclass(frozen=True)
class FileRequest:
    """Two files, their format with its settings, and the bounds of their elements."""

    first: str
    second: str
    format: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    combined: bool = False
    mask: str | None = None
    nan: bool = False
    zeros: bool = False


def compare_two_files(request: FileRequest) -> JudgedPart:
    """Return the verdict on two files.

    Raises:
        HarnessError: one cannot be read, or they cannot be held against each other.
    """
    if identity(Path(request.first)) == identity(Path(request.second)):
        return JudgedPart(
            "output", FIRST, Word.NOT_COMPARABLE, "both are one file; name those of two programs", {}
        )
    sources = {
        side: _source(request, path) for side, path in zip(BOTH, (request.first, request.second), strict=True)
    }
    bound = ElementBound(**request.bounds, combined=request.combined)
    output = DescribedOutput("files", sources, bound, None, request.nan, request.zeros)
    fields = [read_field(sources[side], Path()) for side in BOTH]
    mask = None if request.mask is None else read_field(_source(request, request.mask, own=True), Path())
    figures = compare_fields(fields[0], fields[1], bound, mask)
    word, text = worded_figures(figures, output, fields[0])
    return JudgedPart("output", "files", word, text, plain_figures(figures, output, fields))


def _source(request: FileRequest, path: str, *, own: bool = False) -> FieldSource:
    """Return how a file is read; own: a mask, whose format follows from its name."""
    ending = SUFFIXES.get(Path(path).suffix.lstrip("."), "")
    kind = ending if own else request.format or ending
    if kind not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"the format of '{printable(path)}' does not show; give --format, one of {known}")
    settings = {} if own else {key: _numbered(value) for key, value in request.settings.items()}
    source = FieldSource(path, kind, settings)
    check_source(source, f"'{printable(path)}'")
    return source


def _numbered(value: Any) -> Any:
    """Return columns as numbers where they are written so."""
    if isinstance(value, list):
        return [int(one) if isinstance(one, str) and one.isdecimal() else one for one in value]
    return value
