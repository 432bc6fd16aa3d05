"""Seams of both programs: what is changed in the C sources, and what is replaced in the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.faults.c_seams import CAround, CConstant, CFunction, CSeam, CText, put_into
from harness.faults.changes import (
    argument,
    begin_run,
    first_kept,
    member,
    result,
    rounded_to_single,
    swapped,
    times,
)
from harness.faults.python_seams import PySeam, put

OTHER = "static int other(void)\n{\n    return f(1,\n             2);\n}\n\n"
SOUND = "{\n    return x;\n}\n"


def changed(text: str, seam: CSeam, folder: Path) -> str:
    (folder / "a.c").write_text(text)
    assert put_into(folder, [seam]) == [folder / "a.c"]
    return (folder / "a.c").read_text()


@pytest.mark.parametrize(("definitions", "count"), [(("g",), 0), (("f", "f"), 2)])
def test_table_that_does_not_fit_the_sources_is_an_error(
    definitions: Sequence[str], count: int, tmp_path: Path
) -> None:
    (tmp_path / "a.c").write_text("".join(f"int {name}(int x)\n{SOUND}" for name in definitions))
    with pytest.raises(HarnessError, match=rf"'f' is defined {count} times in the C sources"):
        put_into(tmp_path, [CFunction("f", "return sound(x) + 1;")])


def test_a_faulty_function_has_the_head_of_the_sound_one(tmp_path: Path) -> None:
    head = "long long f(int x,\n            int y)"
    text = changed(f"{OTHER}{head}\n{SOUND}", CFunction("f", "return sound(x, y) + 1;"), tmp_path)
    assert text.startswith(f"{OTHER}{head.replace(' f(', ' sound_f(')}\n{SOUND}\n")
    assert text.endswith(f"{head}\n{{\n    return sound_f(x, y) + 1;\n}}\n")


def test_statements_go_around_a_function_with_all_its_parameters(tmp_path: Path) -> None:
    head = "static double f(const struct s *at, vec3 *v, double node[64])"
    text = changed(f"{head}\n{SOUND}", CAround("f", "v += 1;", "result *= 2.0;"), tmp_path)
    assert text.endswith(
        "{\n    v += 1; double result = sound_f(at, v, node); result *= 2.0; return result;\n}\n"
    )


def test_nothing_is_made_of_a_result_that_is_not_there(tmp_path: Path) -> None:
    text = changed(f"static void f(void)\n{SOUND}", CAround("f", after="g();"), tmp_path)
    assert text.endswith("{\n     sound_f(); g();\n}\n")


def test_text_is_changed_in_its_function_only(tmp_path: Path) -> None:
    text = changed(f"int g(int x)\n{SOUND}int f(int x)\n{SOUND}", CText("f", "x;", "y;"), tmp_path)
    assert text == f"int g(int x)\n{SOUND}int f(int x)\n{SOUND.replace('x', 'y')}"


def test_text_that_is_there_twice_is_an_error_unless_every_one_is_meant(tmp_path: Path) -> None:
    twice = "int f(int x)\n{\n    return x * x;\n}\n"
    assert "y * y" in changed(twice, CText("f", "x", "y", every=True), tmp_path)
    (tmp_path / "a.c").write_text(twice)
    with pytest.raises(HarnessError, match="'x' is defined 3 times"):
        put_into(tmp_path, [CText("f", "x", "y")])


@pytest.mark.parametrize(
    ("line", "faulty"),
    [
        ("#define A 1.5\n", "#define A 2\n"),
        (
            "static const double B = 3.0, A = 1.0 - 1.2e-7, C = 4.0;\n",
            "static const double B = 3.0, A = 2, C = 4.0;\n",
        ),
    ],
)
def test_a_constant_gets_another_value(line: str, faulty: str, tmp_path: Path) -> None:
    assert changed(line, CConstant("A", "2"), tmp_path) == faulty


@pytest.mark.parametrize("name", ["nothing", "Nothing.of", "PI"])
def test_table_that_does_not_fit_the_simulator_is_an_error(name: str) -> None:
    with pytest.raises(HarnessError, match=rf"the simulator has no simulator.units.{name}"):
        put([PySeam("simulator.units", name, lambda sound: sound)])


def test_changes_of_numbers_keep_the_form_of_a_value() -> None:
    assert times(2.0)((1.0, None, [2.0])) == (2.0, None, [4.0])
    assert member(1, times(3.0))((1.0, 2.0)) == (1.0, 6.0)
    assert swapped(0, 2)((1, 2, 3)) == (3, 2, 1)
    assert rounded_to_single(0.1) != 0.1
    assert abs(rounded_to_single(0.1) - 0.1) < 1e-8


def test_arguments_and_results_of_a_function_are_changed() -> None:
    assert result(times(2.0))(lambda x: x + 1.0)(1.0) == 4.0
    assert argument(1, times(10.0))(lambda x, y: x + y)(1.0, 2.0) == 21.0


def test_what_is_kept_ends_with_the_run() -> None:
    kept = first_kept(lambda x: x)
    assert [kept(1.0), kept(2.0)] == [1.0, 1.0]
    begin_run()
    assert kept(3.0) == 3.0
