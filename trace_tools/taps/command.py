"""Command line of ``nbp taps``: prints or copies the taps of a language."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from system_io.command import Command
from system_io.files import write_whole
from system_io.parser import CommandParser
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.errors import TraceError

NAME = "nbp taps"
EXAMPLES = ("nbp taps c --to src", "nbp taps fortran > taps.F90", "nbp taps python --to . --example")
_EPILOG = """Without --to the file is printed. A program with taps writes a log where TAPS_FILE says:
    TAPS_FILE=c.log ./program_in_c; TAPS_FILE=py.log python port.py; trace-diff c.log py.log
exit status: 0, or 3 ERROR."""
FILES: Mapping[str, tuple[str, str]] = {
    "c": ("taps.h", "example.c"),
    "fortran": ("taps.F90", "example.F90"),
    "python": ("taps.py", "example.py"),
}
"""For each language the file to copy, and the example that uses it."""


def make_parser() -> CommandParser:
    """Return the parser of ``nbp taps``."""
    parser = CommandParser(
        NAME, "Print or copy the taps with which a program of your own writes a trace.", _EPILOG, EXAMPLES
    )
    parser.add_argument("language", choices=tuple(FILES), help="that of the program")
    parser.add_argument("--to", metavar="DIR", help="folder to copy it into; default: print it")
    parser.add_argument("--example", action="store_true", help="the example program, too")
    return parser


def _text(name: str) -> bytes:
    text = (resources.files("trace_tools") / "taps" / name).read_bytes()
    return text.replace(b"from trace_tools.taps import taps", b"import taps")


def _run(words: Sequence[str]) -> int:
    options = make_parser().parse_args(list(words))
    names = FILES[options.language][: 2 if options.example else 1]
    if options.to is None:
        sys.stdout.write("".join(_text(name).decode() for name in names))
        return 0
    folder = Path(options.to)
    changed = [folder / name for name in names if not _is_copy(folder / name)]
    there = next((path for path in changed if path.exists()), None)
    if there:
        raise TraceError(
            f"'{there}' is there already and is another file; take it away, or give another folder with --to"
        )
    for path in changed:
        write_whole(path, [_text(path.name)], "taps", TraceError)
    sys.stdout.write("".join(f"{folder / name}\n" for name in names))
    return 0


def _is_copy(path: Path) -> bool:
    """Tell whether a file is the one that would be written, as where a build copies it each time."""
    return path.is_file() and path.read_bytes() == _text(path.name)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nbp taps``; returns its exit status."""
    return Command(NAME, _run, EXIT_STATUS[Word.ERROR])(argv)


if __name__ == "__main__":
    sys.exit(main())
