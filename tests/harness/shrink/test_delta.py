"""Lists, options, numbers and headers become smaller, and never another thing."""

from __future__ import annotations

from typing import cast

import pytest

from golden_suite_generator.inputs.extra import header_with_exact_keys
from harness.fuzz.case import FuzzCase
from harness.shrink.delta import fewer
from harness.shrink.items import OptionItem, case_of, items_of, one_pixel, pixel_of
from harness.shrink.passes import shrunk
from harness.shrink.simpler import header_lines, simpler_items, simpler_numbers
from harness.shrink.trial import Trials, Tried
from simulator.io.smv import read_smv


@pytest.mark.parametrize("needed", [set(), {0}, {3, 17}, {0, 1, 18, 19}, set(range(20))])
def test_what_is_needed_stays_and_nothing_else(needed: set[int]) -> None:
    assert set(fewer(range(20), lambda kept: needed <= set(kept))) == needed


def test_few_trials_find_two_of_a_thousand() -> None:
    tried = []

    def holds(kept: object) -> bool:
        tried.append(1)
        return {17, 703} <= set(kept)  # type: ignore[call-overload]

    assert fewer(range(1000), holds) == [17, 703]
    assert len(tried) < 120


def test_words_come_apart_into_options_and_together_again() -> None:
    words = ("-cell", "50", "60", "-misset", "random", "-nopolar", "-osc", "-1")
    items = items_of(words)
    assert [item.name for item in items] == ["-cell", "-misset", "-nopolar", "-osc"]
    assert case_of(items, {"a.hkl": b""}, "spec").words == words
    assert not case_of(items, {"a.hkl": b""}, "spec").files


def test_a_region_of_one_pixel_is_known() -> None:
    item = one_pixel(3, 5)
    assert item == OptionItem("-roi", ("5", "5", "3", "3"))
    assert pixel_of((item.option, *item.words)) == (3, 5)
    assert pixel_of(("-roi", "0", "5", "3", "3")) is None


class _FailsOnLargeDetectors:
    """Trials of a fault that shows on detectors of eight pixels a side and more, with a region or without."""

    look = None

    def holds(self, case: FuzzCase) -> bool:
        counts = [item.words[0] for item in items_of(case.words) if item.name == "-detpixels"]
        return bool(counts) and int(counts[0]) >= 8

    def try_out(self, _: FuzzCase) -> Tried:
        return Tried("images differ", "polar", (2, 7))


@pytest.mark.parametrize("words", ["-cell 9 -detpixels 64", "-detpixels 16 -roi 0 9 0 9 -polar 1"])
def test_what_is_left_computes_one_pixel_whatever_detector_it_needs(words: str) -> None:
    trials = cast("Trials", _FailsOnLargeDetectors())
    state = shrunk(trials, FuzzCase(tuple(words.split()), {}, "spec"), lambda _items: None)
    assert state.case.words == ("-detpixels", "8", "-roi", "7", "7", "2", "2")


def test_numbers_become_rounder_only() -> None:
    assert "60" in simpler_numbers("60.53")
    assert "0.98" in simpler_numbers("0.9768")
    assert simpler_numbers("1") == ["0"]
    assert simpler_numbers("random") == []


def test_a_file_gives_way_to_a_number() -> None:
    assert OptionItem("-default_F", ("100",)) in list(simpler_items(OptionItem("-hkl", ("a.hkl",))))
    assert OptionItem("-cell", ("100",)) in list(simpler_items(OptionItem("-mat", ("a.mat",))))


def test_keys_of_a_header_can_be_left_out(tmp_path) -> None:
    data = header_with_exact_keys(1)
    lines, made = header_lines(data)
    assert made(lines) == data
    path = tmp_path / "x.img"
    path.write_bytes(made([line for line in lines if b"WAVELENGTH" in line]))
    assert path.stat().st_size == len(data)
    assert read_smv(path, "-img", True, pixels_used=True).pixels.shape == (24, 24)
