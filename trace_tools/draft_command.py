"""Command line of ``trace-diff draft-graph``: proposes a tap graph from logs of one program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from system_io.files import write_whole
from system_io.parser import CommandParser
from system_io.shown import printable
from trace_tools.errors import TraceError
from trace_tools.judging.draft_graph import draft_graph
from trace_tools.reading.trace_file import TraceLog, read_trace

NAME = "trace-diff draft-graph"
EXAMPLES = (
    "trace-diff draft-graph base.log > graph.json",
    "trace-diff draft-graph base.log k=k.log t0=t0.log --to graph.json",
)
_EPILOG = """BASE is a log of a program as it is, each MOVED one of it with one input moved a little.
The draft says how each edge was found and what stays open. Edit it, fill in units and formulas, and use it:
trace-diff A.log B.log --graph graph.json. `nbp pair draft-graph` makes the runs of a parity.toml itself.
exit status: 0, or 3 ERROR."""


def make_draft_parser() -> CommandParser:
    """Return the parser of ``trace-diff draft-graph``."""
    parser = CommandParser(NAME, "Propose a tap graph: which tap is computed from which.", _EPILOG, EXAMPLES)
    parser.add_argument("base", metavar="BASE", help="log of the program as it is")
    parser.add_argument(
        "moved",
        metavar="[NAME=]MOVED",
        nargs="*",
        help="log with one input moved, and the name of that input",
    )
    parser.add_argument("--to", type=Path, metavar="FILE", help="new file to write; default: print")
    return parser


def run_draft(words: Sequence[str]) -> int:
    """Write the draft that words ask for and return the exit status."""
    options = make_draft_parser().parse_args(list(words))
    if options.to is not None:
        require_no_file(options.to)
    base = read_trace(options.base)
    content = draft_graph(base, [_moved_log(word, base) for word in options.moved])
    publish_draft(content, options.to)
    return 0


def _moved_log(word: str, base: TraceLog) -> tuple[str, TraceLog]:
    name, equals, path = word.partition("=")
    if not equals or Path(word).exists():
        name, path = Path(word).name, word
    log = read_trace(path)
    if log.program != base.program:
        raise TraceError(
            f"{log.source} is of program '{printable(log.program)}', {base.source} of "
            f"'{printable(base.program)}'; give logs of one program"
        )
    return name, log


def require_no_file(path: Path) -> None:
    """Check that a draft would replace nothing.

    Raises:
        TraceError: there is a file of that name.
    """
    if path.exists() or path.is_symlink():
        raise TraceError(
            f"'{printable(str(path))}' is there already; name a new file, drafts replace nothing"
        )


def publish_draft(content: Mapping[str, Any], to: Path | None) -> None:
    """Write a draft to a new file, or print it, and say on standard error what it does not show.

    Raises:
        TraceError: the file is there, or cannot be written.
    """
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if to is None:
        sys.stdout.write(text)
    else:
        require_no_file(to)
        write_whole(to, [text.encode("utf-8", "backslashreplace")], "tap graph", TraceError)
    sys.stderr.writelines(f"{NAME}: {printable(line)}\n" for line in draft_words(content))


def draft_words(content: Mapping[str, Any]) -> list[str]:
    """Return in words what a draft proposes and what it cannot know."""
    draft, taps = content["draft"], content["taps"]
    blank = sum(not tap["unit"] for tap in taps)
    lines = [f"{len(taps)} taps, {len(draft['edges'])} edges, {blank} units to fill in"]
    if not draft["runs"]:
        lines.append("no edge is measured: give logs of runs with one input moved")
    lines += [
        f"{run['moved']}: moved no record, and shows nothing"
        for run in draft["runs"]
        if not run["records_moved"]
    ]
    if draft["never_moved"]:
        lines.append(f"never moved, so that nothing is known of: {', '.join(draft['never_moved'])}")
    return lines + [f"open: {text}" for text in draft["open"]]
