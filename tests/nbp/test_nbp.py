"""One command for all: words, help, completion, man pages, and packages of other people with our names."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nbp.commands import COMMANDS, CommandRow
from nbp.entry import PACKAGES, foreign_package, main
from nbp.make_pages import DATA, pages, parser_of
from system_io.parser import CommandParser, UsageError
from system_io.version import VERSION
from trace_tools.draft_command import make_draft_parser

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.word)
def test_every_command_has_help_and_version(row: CommandRow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([row.word, "--help"]) == 0
    assert row.name in capsys.readouterr().out
    assert main([row.word, "--version"]) == 0
    assert capsys.readouterr().out == f"{row.name.split()[0]} {VERSION}\n"


@pytest.mark.parametrize("row", COMMANDS[:-1], ids=lambda row: row.word)
def test_examples_of_the_help_are_commands_that_parse(row: CommandRow) -> None:
    parser = parser_of(row)
    assert isinstance(parser, CommandParser)
    assert parser.examples
    for line in parser.examples:
        words = shlex.split(line.partition(" > ")[0].partition(" | ")[0])
        start = len(row.name.split())
        assert words[:start] == row.name.split()
        own = words[start : words.index("--")] if "--" in words else words[start:]
        if own[:1] == ["draft-graph"] and row.name == "trace-diff":
            make_draft_parser().parse_args(own[1:])
        elif own[:1] != ["explain"]:
            parser.parse_args(own)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.word)
def test_wrong_words_have_the_status_of_errors(row: CommandRow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([row.word, "--bogus"]) == row.error_status
    shown = capsys.readouterr().err
    assert shown.startswith(f"{row.name}: error: ")
    assert shown.count("\n") == 1


def test_every_console_script_is_a_row_and_every_row_has_a_page() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert declared.keys() == {"nbp", *(row.name for row in COMMANDS if row.is_script)}
    assert {path.stem for path in (DATA / "man").iterdir()} == {"nbp", *(row.page for row in COMMANDS)}


def test_pages_are_what_the_parsers_make() -> None:
    stale = [name for name, text in pages().items() if (DATA / name).read_text(encoding="utf-8") != text]
    assert not stale, f"run python -m nbp.make_pages: {stale}"


def test_options_of_one_meaning_have_one_name() -> None:
    parser = CommandParser("x")
    with pytest.raises(UsageError, match="see x --help"):
        parser.parse_args(["--vers"])


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("kind", ["package", "module", "folder first"])
def test_a_package_of_somebody_else_is_one_clear_line(name: str, kind: str, tmp_path: Path) -> None:
    if kind == "module":
        (tmp_path / f"{name}.py").write_text("")
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("" if kind == "package" else "raise ImportError")
    code = "import sys; from nbp.entry import nb_report; sys.exit(nb_report())"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith(f"nb-report: error: package '{name}' is taken from '{tmp_path / name}")
    assert done.stderr.count("\n") == 1


def test_our_own_packages_are_found() -> None:
    assert foreign_package() is None
