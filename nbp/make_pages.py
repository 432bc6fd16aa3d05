"""Makes completion scripts and man pages from the parsers: `python -m nbp.make_pages [--check]`.

It needs shtab and argparse-manpage, which users do not: what they make is part of the package.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbp.commands import COMMANDS, CommandRow
from nbp.entry import EXAMPLES, EXTRA, NAME
from nbp.pages import SHELLS
from simulator.command_line.option_table import OPTIONS
from system_io.command import Command
from system_io.errors import UserError
from system_io.files import write_whole
from system_io.parser import CommandParser

DATA = Path(__file__).parent / "data"
WIDTH_COLUMNS = 100
STATUSES = "0 PASS, 1 FAIL, 2 NOT COMPARABLE, 3 ERROR (nanoBragg: 9), 130 interrupted"


def parser_of(row: CommandRow) -> argparse.ArgumentParser:
    """Return the parser of a command; that of nanoBragg, which has its own, is made from the option table."""
    if row.name != "nanoBragg":
        return row.parser()
    parser = argparse.ArgumentParser("nanoBragg", description="Simulate a diffraction image.", add_help=False)
    for option in OPTIONS:
        words = "" if not option.kinds else f" ({' '.join(option.kinds)} {option.unit})".rstrip()
        text = f"{option.help}{words}".replace("%", "%%")
        values = None if not option.kinds else "+"
        metavar = option.name.lstrip("-").upper()
        spellings = [name for name in option.spellings if name.startswith("-")]
        if values is None:
            parser.add_argument(*spellings, action="store_true", help=text, dest=option.name)
        else:
            parser.add_argument(*spellings, nargs=values, metavar=metavar, help=text, dest=option.name)
    return parser


def umbrella() -> argparse.ArgumentParser:
    """Return a parser of `nbp` with all commands below it."""
    parser = argparse.ArgumentParser(
        NAME,
        description="nanoBragg, and the proof that two programs are one.",
        epilog="examples:\n" + "".join(f"  {line}\n" for line in EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    actions = parser.add_subparsers(metavar="COMMAND", parser_class=argparse.ArgumentParser)
    for row in COMMANDS:
        actions.add_parser(row.word, help=row.summary, parents=[parser_of(row)], add_help=False)
    for word, text in EXTRA:
        actions.add_parser(word, help=text)
    return parser


def pages() -> Mapping[str, str]:
    """Return the text of each file below `data`."""
    import shtab

    parsers = {row: parser_of(row) for row in COMMANDS}
    typed = [umbrella(), *(parser for row, parser in parsers.items() if row.is_script)]
    made = {
        f"completion.{shell}": "\n".join(shtab.complete(parser, shell) for parser in typed)
        for shell in SHELLS
    }
    pages_of = {NAME: umbrella(), **{row.page: parser for row, parser in parsers.items()}}
    return {**made, **{f"man/{name}.1": _man_page(name, parser) for name, parser in pages_of.items()}}


def _man_page(name: str, parser: argparse.ArgumentParser) -> str:
    from argparse_manpage.manpage import Manpage

    epilog, parser.epilog = parser.epilog, None
    page = Manpage(parser)
    page.date, page.manual, page.source = "", "nanobragg-parity", name
    body = str(page)
    parser.epilog = epilog
    notes = "".join(f"{_roff(line)}\n" for line in (epilog or "").splitlines())
    statuses = f".SH EXIT STATUS\n{_roff(STATUSES)}\n"
    return f"{body.rstrip()}\n{statuses}.SH NOTES\n.nf\n{notes}.fi\n"


def _roff(line: str) -> str:
    plain = line.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def make_parser() -> CommandParser:
    """Return the parser of this module."""
    parser = CommandParser("make_pages", "Make completion scripts and man pages from the parsers.")
    parser.add_argument("--check", action="store_true", help="only check that they are current")
    return parser


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    for name, text in pages().items():
        path = DATA / name
        if not options.check:
            write_whole(path, [text.encode()], "page")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise UserError(f"'{name}' is not what the parsers make; run python -m nbp.make_pages")
    return 0


if __name__ == "__main__":
    sys.exit(Command("make_pages", _command)())
