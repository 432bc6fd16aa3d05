"""The command nbp cache: the kept results of C programs, shown and removed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from harness.kept.entry import BrokenEntryError
from harness.kept.shelf import Book, Shelf
from system_io.command import Command
from system_io.parser import CommandParser
from system_io.shown import json_text, printable

NAME = "nbp cache"
SHOW, CLEAR = "list", "clear"
DESCRIPTION = "Show or remove the kept results of C programs."
EPILOG = """\
nb-compare, nb-gates, nb-gradients, nb-fuzz and nb-shrink keep what a C program gave: image, traces, outputs,
what it printed. The folder is results in the one that NB_CACHE names, else in the user's cache folder. A
result is found again by the hash of the program and its libraries, the processor, the words, the content of
the inputs, and the variables OMP_*, GOMP_*, KMP_*, LD_*, GLIBC_*, MALLOC_*, LC_*, LANG, TZ. What a program
reads on its own, such as a file that no option names, is not covered: --no-cache of those commands runs it
anew. Runs that take a random number from the clock are not kept.

The folder holds 1 GiB at most (and a sixteenth of it more while it is written); what was used longest ago
goes first. An entry whose content has not the hash that it states is never used; list says BROKEN.
Compiled code of the simulator is kept beside it: nanoBragg --cache list, clear, warm.

exit status: 0 shown or removed; 3 wrong usage, no folder
"""
EXAMPLES = ("nbp cache list", "nbp cache clear")


def main(argv: Sequence[str] | None = None) -> int:
    """Run nbp cache and return its exit status."""
    return Command(NAME, _command)(argv)


def make_parser() -> CommandParser:
    """Return the parser of nbp cache."""
    parser = CommandParser(NAME, DESCRIPTION, EPILOG, EXAMPLES)
    parser.add_argument("what", choices=(SHOW, CLEAR), help="show all results, or remove all")
    parser.add_argument("--json", action="store_true", help="write JSON to standard output, nothing else")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    shelf = Shelf.of(os.environ)
    folder = printable(str(shelf.folder))
    if options.what == CLEAR:
        count = shelf.clear()
        told = f"{count} results removed from {folder}\n"
        sys.stdout.write(json_text({"folder": str(shelf.folder), "removed": count}) if options.json else told)
        return 0
    rows = [_facts(shelf, book) for book in shelf.books()]
    if options.json:
        sys.stdout.write(json_text({"folder": str(shelf.folder), "results": rows}))
        return 0
    sys.stdout.writelines(f"{_line(row)}\n" for row in rows)
    sizes = [size / 2**20 for size in (sum(row["bytes"] for row in rows), shelf.most_bytes)]
    sys.stdout.write(f"{len(rows)} results, {sizes[0]:.1f} of {sizes[1]:.0f} MiB, in {folder}\n")
    return 0


def _facts(shelf: Shelf, book: Book) -> dict[str, Any]:
    used = datetime.fromtimestamp(book.used_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    facts = {"key": book.key, "bytes": book.size_bytes, "used": used}
    try:
        result = shelf.peek(book.key)
    except BrokenEntryError as error:
        return {**facts, "broken": str(error)}
    return {**facts, "computed": result.made, "title": result.title, "command": list(result.words)}


def _line(row: dict[str, Any]) -> str:
    """Return one line about an entry: key, size, times, program, and the end of its words."""
    start = f"{row['key'][:12]}  {row['bytes'] / 1024:8.1f} KiB  used {row['used']}"
    if "broken" in row:
        return f"{start}  BROKEN: {row['broken']}"
    words = printable(" ".join(row["command"][1:]))
    return f"{start}  computed {row['computed']}  {row['title']}: {words[:120]}"
