"""What a command prints for a person: at most eight rows, what follows from them, the place, a verdict line.

The same form for all commands. It is readable at 40 columns: where the rows do not fit side by side, each
value stands below its name. A path stands unbroken on a line of its own, so that it can be copied.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.verdict import State
from system_io.parser import QUIET, VERBOSE
from system_io.shown import printable
from system_io.verdict_words import Word

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MOST_ROWS = 8
GAP = "  "
STATE_STYLE = {
    State.HELD: "green",
    State.FAILED: "bold red",
    State.NOT_COMPARED: "yellow",
    State.NOT_ASKED: "dim",
}
WORD_STYLE = {
    Word.PASS.value: "bold green",
    Word.ROUNDING.value: "bold green",
    Word.LOOSENED.value: "bold yellow",
    "REFINED": "bold yellow",
}
FAILED_STYLE = "bold red"


@dataclass(frozen=True)
class ShownRow:
    """A quantity: name, value, bound and state; the last two may be empty."""

    name: str
    value: str
    bound: str = ""
    state: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """Return the four texts, safe to print."""
        return printable(self.name), printable(self.value), printable(self.bound), printable(self.state)


@dataclass(frozen=True)
class Shown:
    """All that a command has to say; `details` are for -v only."""

    command: str
    word: str
    verdict: str
    rows: Sequence[ShownRow]
    lines: Sequence[str] = ()
    place: str | None = None
    details: Sequence[ShownRow] = field(default_factory=tuple)
    most_rows: int = MOST_ROWS


def criterion_row(criterion: Mapping[str, Any]) -> ShownRow:
    """Return the row of a criterion as a summary states it."""
    value = criterion["measured"]
    measured = "-" if value is None else f"{value:.6g}"
    return ShownRow(criterion["name"], measured, criterion["bound"], criterion["state"])


def show(shown: Shown, verbosity: int, console: Console | None = None) -> None:
    """Print for a person: -q the verdict line, usually rows and what matters, -v all there is."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if verbosity != QUIET:
        _print_rows(console, shown.rows if verbosity == VERBOSE else shown.rows[: shown.most_rows])
        _print_rows(console, shown.details if verbosity == VERBOSE else [])
        for line in shown.lines:
            console.print(Text(printable(line)), soft_wrap=True)
        if shown.place is not None:
            console.print(Text("files in"))
            console.print(Text(printable(shown.place)), soft_wrap=True)
    last = Text(f"{shown.command}: ").append(shown.word, word_style(shown.word))
    if shown.verdict:
        last.append(f": {printable(shown.verdict)}")
    console.print(last, soft_wrap=True)


def word_style(word: str) -> str:
    """Return the style of a verdict word; of one that is no pass, that of a failure."""
    return WORD_STYLE.get(word, FAILED_STYLE)


def _print_rows(console: Console, rows: Iterable[ShownRow]) -> None:
    cells = [row.cells() for row in rows]
    if not cells:
        return
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    room = console.width - widths[0] - len(GAP)
    bounded = sum(widths[1:]) + 2 * len(GAP)
    for row in cells:
        plain = not row[2] and not row[3] and len(row[1]) <= room
        console.print(_in_columns(row, widths) if plain or bounded <= room else _stacked(row), soft_wrap=True)


def _in_columns(row: tuple[str, str, str, str], widths: Sequence[int]) -> Text:
    from rich.text import Text

    name, value, bound = (text.ljust(width) for text, width in zip(row[:3], widths[:3], strict=True))
    if not row[2] and not row[3]:
        return Text(f"{name}{GAP}{row[1]}")
    return Text(f"{name}{GAP}{value}{GAP}{bound}{GAP}").append(row[3], _style(row[3]))


def _stacked(row: tuple[str, str, str, str]) -> Text:
    from rich.text import Text

    name, value, bound, state = row
    text = Text(f"{name}: " if state else name).append(state, _style(state))
    return text.append(f"\n  {value}{f' ({bound})' if bound else ''}")


def _style(state: str) -> str:
    return STATE_STYLE[State(state)] if state in set(State) else ""


def divergence_line(traces: Mapping[str, Any] | None) -> list[str]:
    """Return the line that names the first divergence of two traces with both values, none without traces."""
    if traces is None:
        return []
    if traces.get("error"):
        return [f"traces: {traces['verdict']}: {traces['error']}"]
    record = traces.get("first_divergence_record")
    if record is None:
        return ["first divergence: none"]
    context = f" {record['context']}" if record["context"] else ""
    return [f"first divergence: {record['tap']}{context}: c {record['a']}, py {record['b']}"]
