"""A journal: whole lines stay, a half-written last one is cut off, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.journal import note, open_journal


def row(item: dict[str, int]) -> int:
    return item["n"]


def test_a_half_written_last_line_is_cut_off_and_the_journal_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with open_journal(path, "nb-test", row) as (stream, rows):
        assert rows == []
        note(stream, {"n": 1})
    path.write_bytes(path.read_bytes() + b'{"n": 2')
    with open_journal(path, "nb-test", row) as (stream, rows):
        assert rows == [1]
        note(stream, {"n": 3})
    assert path.read_bytes() == b'{"n": 1}\n{"n": 3}\n'


@pytest.mark.parametrize("line", [b"{}", b"[]", b"no json", b"\xff", b"null"])
def test_a_whole_line_that_is_no_row_is_refused_and_left_alone(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    content = b'{"n": 1}\n' + line + b'\n{"n": 3}\n{"n"'
    path.write_bytes(content)
    with pytest.raises(UsageError, match="line 2: no result of this version of nb-test"):
        open_journal(path, "nb-test", row).__enter__()
    assert path.read_bytes() == content


def test_two_processes_do_not_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with (
        open_journal(path, "nb-test", row),
        pytest.raises(UsageError, match="another nb-test is writing"),
        open_journal(path, "nb-test", row),
    ):
        pass
