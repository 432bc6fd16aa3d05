"""One rule for encodings and line ends."""

import pytest

from system_io.text import decoded, foreign_encoding, text_lines

TEXT = "TRACE_C: F_cell 1\nTRACE_C: F_latt 2\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_logs_are_read_in_any_unicode(codec: str) -> None:
    assert decoded(TEXT.encode(codec)) == TEXT


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_what_is_no_plain_text_is_named(codec: str) -> None:
    assert foreign_encoding(TEXT.encode(codec)) is not None


@pytest.mark.parametrize("data", [b"", b"1 2 3\n", "Å".encode(), b"\xff\xfa"])
def test_plain_text_is_not_named(data: bytes) -> None:
    assert foreign_encoding(data) is None


def test_nul_makes_a_file_binary() -> None:
    assert "NUL" in (foreign_encoding(b"1 2\0 3 4 5 6\n") or "")


def test_bytes_that_are_no_text_come_back() -> None:
    assert decoded(b"a\xffb").encode("utf-8", "surrogateescape") == b"a\xffb"


def test_all_line_ends_are_alike() -> None:
    assert text_lines("a\nb\r\nc\rd") == ["a", "b", "c", "d"]
