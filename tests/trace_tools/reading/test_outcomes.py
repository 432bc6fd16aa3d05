"""What is read of drawn logs is what was kept, whole or in small pieces; most are read, some are refused."""

from __future__ import annotations

import json

import pytest

from tests.trace_tools.reading.drawn_texts import FORMATS, drawn_log
from tests.trace_tools.reading.outcomes import KEPT, every_outcome, in_short, told_of
from trace_tools.reading import trace_file

PIECES = (50, 100)
REMEDY = "read what changed; if it is meant: python -m tests.trace_tools.reading.outcomes"


def test_every_outcome_is_as_kept():
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    names = set()
    for name, told in every_outcome():
        names.add(name)
        assert in_short(told) == kept.get(name), f"{name}: {REMEDY}"
    assert names == kept.keys()


def test_the_draws_are_mostly_read_and_sometimes_refused():
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    for form in FORMATS:
        errors = [text.startswith("error") for name, text in kept.items() if name.startswith(form)]
        assert 0.02 < sum(errors) / len(errors) < 0.5, form


ALIKE = ("error", "pixels", "aside_count", "behind_count", "broken", "treated", "words", "skipped_lines")


@pytest.mark.parametrize("form", FORMATS)
def test_a_log_is_the_same_in_small_pieces(form, monkeypatch):
    """The columns of a log of named taps may stand in another order."""
    for seed in range(*PIECES):
        _, data = drawn_log(form, seed)
        whole = told_of(data)
        monkeypatch.setattr(trace_file, "BLOCK_BYTES", 150)
        pieces = told_of(data)
        monkeypatch.undo()
        assert {key: whole.get(key) for key in ALIKE} == {key: pieces.get(key) for key in ALIKE}, seed
        records = [[letters_of(text) for text in told.get("records", ())] for told in (whole, pieces)]
        assert records[0] == records[1], seed


def letters_of(text):
    """Return the letters of a record, whatever the order of its loop indices."""
    return sorted(text)
