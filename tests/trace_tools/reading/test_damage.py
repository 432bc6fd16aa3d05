"""Damaged logs: never a traceback, and never PASS where a value of the other log was changed or lost."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trace_tools.made import contract_log, older_log
from trace_tools.cli import main

Make = Callable[[int, str], str]
Damage = Callable[[str, random.Random], str | bytes]
STYLES: dict[str, Make] = {"contract": contract_log, "older": older_log}
VALUE = re.compile(r"(?<= )\d\.\d+")


def changed_line(
    text: str, chance: random.Random, change: Callable[[str], str], pattern: str = r"\d\.\d"
) -> str:
    lines = text.splitlines(keepends=True)
    place = chance.choice([n for n, line in enumerate(lines) if re.search(pattern, line)])
    return "".join([*lines[:place], change(lines[place]), *lines[place + 1 :]])


def changed_value(change: str | Callable[[str], str]) -> Damage:
    """Change the first number of a random line."""

    def new(found: re.Match[str]) -> str:
        return change if isinstance(change, str) else change(found[0])

    return one_line(lambda line: VALUE.sub(new, line, count=1), r"\d\.\d")


def one_line(change: Callable[[str], str], pattern: str = "TRACE_") -> Damage:
    return lambda text, chance: changed_line(text, chance, change, pattern)


def all_lines(change: Callable[[str], str]) -> Damage:
    return lambda text, _: "".join(change(line) + "\n" for line in text.splitlines())


def truncated(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(1, len(text) - 2)]


def without_block(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    start = chance.randrange(len(lines) - 6)
    return "".join(lines[:start] + lines[start + 6 :])


def glued(text: str, chance: random.Random) -> str:
    return changed_line(text, chance, lambda line: "25% done" + line)


def without_one_newline(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    place = chance.randrange(len(lines) - 1)
    return "".join([*lines[:place], lines[place].rstrip("\n"), *lines[place + 1 :]])


def nul_filled(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) - 40)
    return text[:place] + "\0" * 40 + text[place + 40 :]


def digit_swapped(value: str) -> str:
    return f"{(int(value[0]) + 4) % 10}{value[1:]}"


LOSSY: dict[str, Damage] = {
    "truncated": truncated,
    "a line gone": lambda text, chance: changed_line(text, chance, lambda _: ""),
    "six lines gone": without_block,
    "beginning gone": lambda text, _: text.split("\n", 1)[1],
    "another digit": changed_value(digit_swapped),
    "value cut short": changed_value(lambda value: value[:3]),
    "sign": changed_value(lambda value: "-" + value),
    "exponent": changed_value(lambda value: value + "e5"),
    "NaN": changed_value("NaN"),
    "infinity": changed_value("Infinity"),
    "too large": changed_value("1e400"),
    "decimal comma": changed_value(lambda value: value.replace(".", ",")),
    "word": changed_value("none"),
    "Fortran stars": changed_value("******"),
    "value gone": changed_value(""),
    "text behind the value": changed_value(lambda value: value + "25% done"),
    "other name": one_line(lambda line: re.sub(r"(: \w+)", r"\1_x", line, count=1), r": \w+ "),
    "prefix broken": one_line(lambda line: line.replace("TRACE_", "TRCE_", 1), r"\d\.\d"),
    "hole of NUL": nul_filled,
    "bytes of another encoding": lambda text, chance: changed_line(
        text, chance, lambda line: VALUE.sub("4\udcff2", line, count=1)
    ).encode("utf-8", "surrogateescape"),
}  # fmt: skip

HARMLESS: dict[str, Damage] = {
    "CR LF": lambda text, _: text.replace("\n", "\r\n"),
    "lone CR": lambda text, _: text.replace("\n", "\r"),
    "UTF-8 with a mark": lambda text, _: text.encode("utf-8-sig"),
    "UTF-16 with a mark": lambda text, _: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text, _: text.encode("utf-16-le"),
    "big-endian UTF-16": lambda text, _: b"\xfe\xff" + text.encode("utf-16-be"),
    "tabs": all_lines(lambda line: line.replace(" ", "\t")),
    "more blanks": all_lines(lambda line: "  " + line.replace(" ", "  ") + " "),
    "time stamps": all_lines(lambda line: f"2001-02-03T04:05:06.789 {line}"),
    "logger": all_lines(lambda line: f"INFO:root:{line}"),
    "colours": all_lines(lambda line: f"\x1b[32m{line}\x1b[0m"),
    "progress with CR": all_lines(lambda line: f" 25% done\r{line}"),
    "progress without newline": glued,
    "a newline lost": without_one_newline,
    "last newline lost": lambda text, _: text.rstrip("\n"),
    "Fortran exponents": lambda text, _: re.sub(r"(?<= )(\d)\.(\d+)(?=[ \n])", r"\1.\2D+00", text),
    "program output between": all_lines(lambda line: f"some output 1 2 3\n{line}\nTraceback"),
}  # fmt: skip

SAME_ON_BOTH = ("NaN", "decimal comma", "Fortran stars", "too large", "value gone")


def compared(folder: Path, a: str | bytes, b: str | bytes, capsys: pytest.CaptureFixture[str]) -> int:
    for name, content in (("a.log", a), ("b.log", b)):
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    status = main([str(folder / "a.log"), str(folder / "b.log")])
    said = capsys.readouterr()
    assert "fault of trace-diff" not in said.err
    assert status in (0, 1, 2, 3)
    assert said.err.count("\n") <= 1
    return status


@pytest.mark.parametrize("style", STYLES)
def test_whole_logs_pass(style, tmp_path, capsys):
    assert compared(tmp_path, STYLES[style](1, "C"), STYLES[style](1, "PY"), capsys) == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("damage", LOSSY)
def test_changed_or_lost_value_never_passes(damage, style, seed, tmp_path, capsys):
    a, b = (STYLES[style](seed, side) for side in ("C", "PY"))
    spoilt = LOSSY[damage](b, random.Random(seed))
    assert compared(tmp_path, a, spoilt, capsys) != 0
    assert compared(tmp_path, spoilt, a, capsys) != 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("damage", HARMLESS)
def test_other_spelling_of_the_same_values_passes(damage, style, seed, tmp_path, capsys):
    a, b = (STYLES[style](seed, side) for side in ("C", "PY"))
    assert compared(tmp_path, a, HARMLESS[damage](b, random.Random(seed)), capsys) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("damage", SAME_ON_BOTH)
def test_what_neither_log_says_stands_against_a_pass(damage, style, seed, tmp_path, capsys):
    a, b = (LOSSY[damage](STYLES[style](seed, side), random.Random(seed)) for side in ("C", "PY"))
    assert compared(tmp_path, a, b, capsys) in (2, 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("style", STYLES)
def test_repeated_lines_never_crash_and_never_pass(style, seed, tmp_path, capsys):
    a, b = (STYLES[style](seed, side) for side in ("C", "PY"))
    again = changed_line(b, random.Random(seed), lambda line: line * 2)
    assert compared(tmp_path, a, again, capsys) != 0
    assert compared(tmp_path, a, b + b, capsys) in (2, 3)
