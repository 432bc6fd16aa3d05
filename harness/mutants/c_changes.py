"""Small changes of a C function: an operator turned, a number 1e-5 larger, a value through a 4-byte float."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.faults.c_seams import Definition

TURNED: Mapping[str, str] = {
    r" < ": " <= ", r" <= ": " < ", r" > ": " >= ", r" >= ": " > ", r" == ": " != ", r" != ": " == ",
    r" \+ ": " - ", r" - ": " + ", r" \* ": " / ", r" / ": " * ", r" && ": " || ", r" \|\| ": " && ",
    r"\bsin\(": "cos(", r"\bcos\(": "sin(", r"\bfloor\(": "ceil(", r"\bceil\(": "floor(",
    r"\bfmin\(": "fmax(", r"\bfmax\(": "fmin(", r"\.x\b": ".y", r"\.y\b": ".z", r"\.z\b": ".x",
    r"\btrue\b": "false", r"\bfalse\b": "true", r"\[0\]": "[1]", r"\[1\]": "[0]", r"\[2\]": "[1]",
}  # fmt: skip
"""Patterns, and what stands in their place."""
NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[-+]?\d+)?\b")
VALUE = re.compile(r"(?P<head>\bdouble \w+ = )(?P<value>[^;{}]+);")
RESULT = re.compile(r"(?P<head>\breturn )(?P<value>[^;{}]+);")
CONDITION = re.compile(r"\bif \((?P<value>.+)\)(?= \{$|$)", re.MULTILINE)
SILENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/|\'(?:[^\'\\]|\\.)+\'', re.DOTALL)
"""Texts, letters and comments, in which nothing is changed."""


@dataclass(frozen=True)
class ChangedBlock:
    """A change of a function: its line in the block, what it is, and the whole block with it."""

    line: int
    what: str
    block: str


def changed_blocks(found: Definition) -> list[ChangedBlock]:
    """Return all small changes of the block of a function."""
    block = found.block
    bare = SILENT.sub(lambda part: " " * len(part[0]), block)
    changes = []
    for start, end, new, what in _changes(bare, block, found.kind):
        text = block[:start] + new + block[end:]
        changes.append(ChangedBlock(block.count("\n", 0, start) + 1, what, text))
    return changes


def _changes(bare: str, block: str, kind: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield the start, the end, the new text and a word for each change."""
    for pattern, new in TURNED.items():
        for place in re.finditer(pattern, bare):
            yield *place.span(), new, f"'{place[0].strip()}' is '{new.strip()}'"
    for place in NUMBER.finditer(bare):
        larger = f"{float(place[0]) * 1.00001 + (1e-5 if float(place[0]) == 0.0 else 0.0)!r}"
        yield *place.span(), larger, f"{place[0]} is 1e-5 larger"
    for pattern in (VALUE, *((RESULT,) if kind == "double" else ())):
        for place in pattern.finditer(bare):
            start, end = place.span("value")
            value = block[start:end]
            shown = " ".join(f"{place['head']}{value}".split())
            yield start, end, f"({value}) * 1.00001", f"'{shown}' 1e-5 larger"
            yield start, end, f"(double)(float)({value})", f"'{shown}' through a 4-byte float"
    for place in CONDITION.finditer(bare):
        start, end = place.span("value")
        if bare[start:end].count("(") == bare[start:end].count(")"):
            yield start, end, f"!({block[start:end]})", f"'{block[place.start() : end]})' turned round"
