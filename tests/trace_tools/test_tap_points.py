from pathlib import Path

import pytest

from trace_tools.tap_points import (
    CONTEXT_KEYS,
    FORMAT,
    TAP_ID,
    TAP_POINTS,
    TapLevel,
    c_header,
    main,
    tap_point,
)

HEADER = Path(__file__).parents[2] / "golden_suite_generator" / "reference" / "tap_points.h"


def test_committed_c_header_equals_generated_one():
    assert HEADER.read_text() == c_header()


def test_names_are_unique_and_inputs_exist():
    assert len(TAP_ID) == len(TAP_POINTS)
    for tap in TAP_POINTS:
        rules = [rule[1:] for _, rule in tap.input_rules]
        assert {*tap.inputs, *tap.decided_by, *rules} <= TAP_ID.keys(), tap.name
        assert {name for name, _ in tap.input_rules} <= set(tap.inputs), tap.name


def test_graph_has_no_cycle():
    done: set[str] = set()
    waiting = {tap.name: set(tap.inputs) for tap in TAP_POINTS}
    while ready := [name for name, inputs in waiting.items() if inputs <= done]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    assert not waiting


def test_every_tap_states_formula_and_source_of_its_value():
    for tap in TAP_POINTS:
        assert tap.formula, tap.name
        assert tap.inputs or tap.externals, tap.name
        assert tap.kind in {"float", "int", "word"}, tap.name


def test_levels_grow_inwards_and_innermost_has_all_keys():
    assert (
        TapLevel.setup < TapLevel.pixel < TapLevel.subpixel < TapLevel.source < TapLevel.phi < TapLevel.mosaic
    )
    assert tap_point("hkl_frac").keys == CONTEXT_KEYS


def test_first_appearance_in_golden_traces_follows_the_table(shared_dir):
    for path in sorted((shared_dir / "golden" / "traces").glob("*.trace")):
        names = list(dict.fromkeys(line.split()[1] for line in path.read_text().splitlines()[2:]))
        order = [TAP_ID[name] for name in names]
        pixel_end = TAP_ID["I_before_scaling"]
        first_pixel = order[: order.index(pixel_end)] if pixel_end in order else order
        assert first_pixel == sorted(first_pixel), path.name


def test_unknown_tap_names_its_neighbours():
    with pytest.raises(KeyError, match="F_latt_a"):
        tap_point("latt")


def test_main_prints_header_and_listing(capsys):
    assert main(["--c-header"]) == 0
    assert FORMAT in capsys.readouterr().out
    assert main([]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(TAP_POINTS)
