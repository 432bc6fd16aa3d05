"""Bounds, limits and defaults of the comparators are those that were decided."""

from __future__ import annotations

import importlib
import json

import pytest

from tests.comparator_mutants import modules_of
from tests.decisions import KEPT, decisions

REMEDY = "read what changed; if it is meant: python -m tests.decisions"


@pytest.mark.parametrize("name", modules_of([]))
def test_decisions_of_a_comparator_are_as_kept(name):
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert decisions(importlib.import_module(name)) == kept[name], REMEDY
