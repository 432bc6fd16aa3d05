"""Makes the drawing of the rooms and the tables of rooms: `python -m nbp.make_drawing [--check]`.

The picture `docs/architecture.svg` is drawn from the imports. The tables in `docs/architecture.md` and in
`README.md` hold the first lines of the rooms. All of it is committed; a test says when it is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbp.drawing import drawing
from nbp.rooms import PACKAGES, House, read_house
from system_io.command import Command
from system_io.errors import UserError
from system_io.files import write_whole
from system_io.parser import CommandParser

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- rooms: made by python -m nbp.make_drawing -->\n", "<!-- end of rooms -->\n"


def files(root: Path) -> Mapping[str, str]:
    """Return the text of each file that shows the rooms, by its path below the root."""
    house = read_house(root)
    made = {"docs/architecture.svg": drawing(house)}
    for name, table in (("docs/architecture.md", room_table(house)), ("README.md", package_table(house))):
        made[name] = _with_table((root / name).read_text(encoding="utf-8"), table, name)
    return made


def room_table(house: House) -> str:
    """Return a table of all rooms, the ground floor last."""
    lines = ["| room | what it holds |", "|---|---|"]
    for package in reversed(PACKAGES):
        lines += [f"| `{name}` | {house.rooms[name].purpose} |" for name in house.of(package)]
    return "\n".join(lines) + "\n"


def package_table(house: House) -> str:
    """Return a table of the packages with the names of their folders."""
    lines = ["| package | what it holds | rooms |", "|---|---|---|"]
    for package in reversed(PACKAGES):
        folders = [name for name in house.of(package) if name != package and not name.endswith(".py")]
        rooms = [f"`{name.removeprefix(f'{package}/')}`" for name in folders]
        lines.append(f"| `{package}` | {house.rooms[package].purpose} | {', '.join(rooms)} |")
    return "\n".join(lines) + "\n"


def make_parser() -> CommandParser:
    """Return the parser of this module."""
    parser = CommandParser("make_drawing", "Make the drawing of the rooms and the tables of rooms.")
    parser.add_argument("--check", action="store_true", help="only check that they are current")
    return parser


def _with_table(text: str, table: str, name: str) -> str:
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"'{name}' needs one line '{BEGIN.strip()}' and one '{END.strip()}' around its table")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def _command(argv: Sequence[str]) -> int:
    options = make_parser().parse_args(argv)
    for name, text in files(ROOT).items():
        path = ROOT / name
        if not options.check:
            write_whole(path, [text.encode()], "drawing")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise UserError(f"'{name}' is not what the imports make; run python -m nbp.make_drawing")
    return 0


if __name__ == "__main__":
    sys.exit(Command("make_drawing", _command)())
