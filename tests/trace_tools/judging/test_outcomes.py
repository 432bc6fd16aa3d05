"""What the judge says of drawn pairs of traces is what was kept, figure by figure."""

from __future__ import annotations

import json

import pytest

from tests.trace_tools.judging.outcomes import KEPT, every_outcome, in_short

REMEDY = "read what changed; if it is meant: python -m tests.trace_tools.judging.outcomes"


@pytest.fixture(scope="module")
def kept():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def test_every_outcome_is_as_kept(kept):
    names = set()
    for name, told in every_outcome():
        names.add(name)
        assert in_short(told) == kept.get(name), f"{name}: {REMEDY}"
    assert names == kept.keys()
