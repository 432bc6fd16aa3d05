"""What is said of drawn pairs of images is what was kept, figure by figure, and no verdict is lacking."""

from __future__ import annotations

import json

from system_io.verdict_words import Word
from tests.harness.images.outcomes import KEPT, every_outcome, in_short

REMEDY = "read what changed; if it is meant: python -m tests.harness.images.outcomes"
WORDS = {Word.PASS, Word.ROUNDING, Word.LOOSENED, Word.FAIL, Word.NOT_COMPARABLE}


def test_every_outcome_is_as_kept():
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    names = set()
    for name, told in every_outcome():
        names.add(name)
        assert in_short(told) == kept.get(name), f"{name}: {REMEDY}"
    assert names == kept.keys()


def test_the_draws_show_every_verdict():
    words = {text.rpartition(" ")[0] for text in json.loads(KEPT.read_text(encoding="utf-8")).values()}
    assert words >= {str(word) for word in WORDS}
