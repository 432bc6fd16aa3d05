"""Foreign text is shown, never obeyed."""

import json

import pytest

from system_io.shown import json_text, markdown_text, printable, xml_text

HOSTILE = [
    "\x1b[31mred",
    "a\x00b",
    "bell\x07",
    "back\x08",
    "\x9b31m",
    "right\u202eto left",
    "zero\u200bwidth",
    "\u2028",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_steers_a_terminal_is_escaped(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) != text


def test_bytes_that_are_no_text_are_shown_in_hexadecimal() -> None:
    assert printable(b"bad\xff.hkl") == "bad\\xff.hkl"


def test_letters_of_any_language_stay() -> None:
    assert printable("Ångström 回折 é") == "Ångström 回折 é"


def test_line_feeds_stay_only_where_they_are_wanted() -> None:
    assert printable("a\nb", lines=True) == "a\nb"
    assert printable("a\nb") == "a\\nb"


@pytest.mark.parametrize(
    "text", ["a | b", "<script>", "# title", "[x](y)", "*bold*", "`code`", "a\nb", "&amp;"]
)
def test_markdown_has_no_effect(text: str) -> None:
    shown = markdown_text(text)
    assert not set("|<>[]*`\n") & set(shown)
    assert not shown.startswith("# ")


def test_markup_is_escaped_in_xml() -> None:
    assert xml_text('<a b="\'">&\x01') == "&lt;a b=&quot;&#x27;&quot;&gt;&amp;\\x01"


def test_names_of_files_survive_json() -> None:
    text = json_text({"path": "bad\udcff"})
    assert json.loads(text.encode("utf-8"))["path"] == "bad\udcff"
