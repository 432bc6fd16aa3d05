"""The table of bounds of a parity.toml where trace-diff takes it, and the floor of measured rows."""

import json

import pytest

from trace_tools.cli import main

TABLE = '[trace.steps.bound]\nflux = { rel = 1e-3 }\n"*" = { ulp = 2 }\n'
OTHER = '[trace.rest]\nfile = "x.log"\n[trace.last.bound]\n"*" = { abs = 1.0 }\n'
NEED = {"rel": 1e-3, "abs": 0.0, "unequal": 1, "compared": 4}
FLOOR = {
    "schema": 1, "k": 4.0, "variants": ["O0"], "held_out": [], "cases": ["a"], "outputs": {"x": NEED},
    "traces": {"steps": {"taps": {"flux": NEED, "rod": NEED}, "left_out": []}},
}  # fmt: skip


@pytest.fixture
def diff(tmp_path, capsys):
    """Run trace-diff on two logs of which flux differs by a part; returns the status and what was said."""

    def run(part, table, *words, floor=None):
        for name, flux in (("a", 1.0), ("b", 1.0 + part)):
            text = (
                f"TAP_LOG: tap-log 1\nTAP_LOG: program {name} 1\nTRACE_C: flux {flux!r}\nTRACE_C: rod 3.5\n"
            )
            (tmp_path / f"{name}.log").write_text(text)
        (tmp_path / "parity.toml").write_text(table)
        if floor is not None:
            (tmp_path / "parity-floor.json").write_text(json.dumps(floor))
        logs = [str(tmp_path / f"{name}.log") for name in "ab"]
        status = main([*logs, "--bounds", str(tmp_path / "parity.toml"), *words])
        found = capsys.readouterr()
        return status, found.out + found.err

    return run


@pytest.mark.parametrize(("part", "status"), [(0.0, 0), (0.9e-3, 0), (1.1e-3, 1)])
def test_rows_of_the_table_decide(diff, part, status):
    found, said = diff(part, TABLE)
    assert found == status
    assert "bound 'flux', as written: rel 0.001" in said


@pytest.mark.parametrize(
    ("table", "words", "status", "named"),
    [
        (TABLE + OTHER, ("--trace", "steps"), 0, "rel 0.001"),
        (TABLE + OTHER, (), 3, "has bounds of steps, last; name one"),
        (TABLE + OTHER, ("--trace", "rest"), 3, "there are those of steps, last"),
        ("schema = 1\n", (), 3, "write [trace.NAME.bound]"),
        ("trace = 3\n", (), 3, "must be a table"),
        (TABLE + 'none = { rel = 1 }\n', (), 3, "'none' fits no tap"),
        ('[trace.steps.bound]\n"fl?" = { rel = 1 }\n', (), 3, "the nearest are flux"),
        ('[trace.steps.bound]\nflux = { rle = 1 }\n', (), 3, "did you mean 'rel'"),
        ("[trace.steps", (), 3, "no TOML"),
        (TABLE, ("--rtol", "1"), 3, "takes the place of --rtol"),
    ],
)  # fmt: skip
def test_each_table_that_is_none_is_one_line(diff, table, words, status, named):
    found, said = diff(0.0, table, *words)
    assert found == status
    assert named in said
    assert status == 0 or said.count("\n") == 1


def test_a_row_that_decides_nothing_is_said_beside_a_divergence(diff):
    status, said = diff(0.5, "[trace.steps.bound]\nflux = { rel = 1e-9 }\nnone = { rel = 1 }\n")
    assert status == 1
    assert "'none' fits no tap" in said


def test_measured_rows_take_the_floor_beside_the_file(diff):
    table = '[trace.steps]\nbound = "measured"\n'
    assert diff(0.5e-3, table)[0] == 1
    assert diff(0.5e-3, table, floor=FLOOR)[0] == 0
    assert diff(2e-3, table, floor=FLOOR)[0] == 1


@pytest.mark.parametrize(
    "change", [{"schema": 2}, {"k": "4"}, {"more": 1}, {"outputs": {"x": {**NEED, "rel": -1.0}}},
               {"variants": 3}, {"traces": {"steps": {"taps": {"flux": {"rel": 1.0}}, "left_out": []}}}]
)  # fmt: skip
def test_a_floor_that_is_none_is_refused(diff, change):
    status, said = diff(0.0, '[trace.steps]\nbound = "measured"\n', floor=FLOOR | change)
    assert (status, said.count("\n")) == (3, 1)
    assert "parity-floor.json" in said


def test_bounds_need_a_table_and_a_table_a_file(tmp_path, capsys):
    assert main(["a.log", "b.log", "--trace", "steps"]) == 3
    assert "--bounds" in capsys.readouterr().err
    assert main(["a.log", "b.log", "--bounds", str(tmp_path / "none.toml")]) == 3
    assert "name a parity.toml" in capsys.readouterr().err
