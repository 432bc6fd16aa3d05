"""Seeded faults: whichever program has one, the trace tools name the tap at which it strikes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.commands.faults import main
from harness.errors import HarnessError
from harness.faults.c_seams import CFunction, put_into
from harness.faults.python_seams import PySeam, put
from harness.faults.seed import make_faulty
from harness.faults.table import FAULTS, SeededFault
from harness.store.names import trace_name
from simulator import cli
from trace_tools.judging.judge import Options, Report, judge_files

MODE = ("-parity_mode", "c-parity", "-noprogress", "-nonoise", "-nopgm")


@pytest.fixture(scope="module")
def hkl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hkl") / "all-different.hkl"
    span = range(-6, 7)
    indices = [(h, k, m) for h in span for k in span for m in span]
    path.write_text("".join(f"{h} {k} {m} {50 + n}\n" for n, (h, k, m) in enumerate(indices)))
    return path


def trace(
    words: Sequence[str], fault: SeededFault, hkl: Path, folder: Path, side: str, dtype: str = "float64"
) -> Path:
    """Run a program on the command line of a fault and return its trace; no words: the simulator, in here."""
    log = folder / trace_name(side)
    slow, fast = map(str, fault.pixel)
    args = fault.args.format(hkl=hkl).split()
    arithmetic = ("-dtype", dtype) if side == "py" else ()
    line = [*args, *MODE, *arithmetic, "-trace_pixel", slow, fast, "-trace_file", str(log)]
    if words:
        result = subprocess.run([*words, *line], cwd=folder, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
    else:
        with contextlib.chdir(folder):
            assert cli.main(line) == 0
    return log


@pytest.fixture(scope="module")
def healthy(
    tmp_path_factory: pytest.TempPathFactory, c_binary: Path, hkl: Path
) -> dict[str, tuple[Path, Path]]:
    """The traces of both programs as they are, by fault."""
    words = {"c": (str(c_binary),), "py": ()}
    logs = {}
    for fault in FAULTS:
        folder = tmp_path_factory.mktemp(fault.id)
        logs[fault.id] = (
            trace(words["c"], fault, hkl, folder, "c"),
            trace(words["py"], fault, hkl, folder, "py"),
        )
    return logs


def causes(report: Report) -> set[str]:
    return {found.tap for found in report.causes}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_healthy_programs_agree_on_the_command_line_of_a_fault(
    fault: SeededFault, healthy: dict[str, tuple[Path, Path]]
) -> None:
    report = judge_files(*map(str, healthy[fault.id]))
    assert report.verdict == "PASS", report.first


@pytest.mark.parametrize("side", ["c", "py"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_cause_is_the_tap_at_which_the_fault_strikes(
    fault: SeededFault, side: str, healthy: dict[str, tuple[Path, Path]], hkl: Path, tmp_path: Path
) -> None:
    faulty = trace(make_faulty(fault, side, tmp_path / "program").words, fault, hkl, tmp_path, side)
    c, py = healthy[fault.id]
    report = judge_files(*map(str, (faulty, py) if side == "c" else (c, faulty)))
    assert report.verdict == "FAIL"
    assert report.first is not None
    assert report.first.tap == fault.taps[0]
    assert causes(report) <= set(fault.taps), causes(report)
    assert report.first.state == "causal"


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed", "float32"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_found_beside_a_program_of_single_precision(
    fault: SeededFault, dtype: str, healthy: dict[str, tuple[Path, Path]], hkl: Path, tmp_path: Path
) -> None:
    """What single precision leaves open covers no fault, and is none itself."""
    single = str(trace((), fault, hkl, tmp_path, "py", dtype))
    options = Options(arithmetic=dtype)
    assert judge_files(str(healthy[fault.id][0]), single, options).verdict == "PASS"
    faulty = trace(make_faulty(fault, "c", tmp_path / "program").words, fault, hkl, tmp_path, "c")
    report = judge_files(str(faulty), single, options)
    assert report.verdict == "FAIL"
    assert report.first is not None
    assert report.first.tap == fault.taps[0]
    assert causes(report) <= set(fault.taps)


def test_there_are_at_least_twelve_faults_of_different_kind() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) >= 12
    assert len({fault.taps for fault in FAULTS}) >= 10


@pytest.mark.parametrize(("definitions", "count"), [(("g",), 0), (("f", "f"), 2)])
def test_table_that_does_not_fit_the_sources_is_an_error(
    definitions: Sequence[str], count: int, tmp_path: Path
) -> None:
    (tmp_path / "a.c").write_text(
        "".join(f"int {name}(int x)\n{{\n    return x;\n}}\n" for name in definitions)
    )
    with pytest.raises(HarnessError, match=rf"'f' is defined {count} times in the C sources"):
        put_into(tmp_path, [CFunction("f", "return sound(x) + 1;")])


def test_a_faulty_function_has_the_head_of_the_sound_one(tmp_path: Path) -> None:
    head = "long long f(int x,\n            int y)"
    other = "static int other(void)\n{\n    return f(1,\n             2);\n}\n\n"
    text = f"{other}{head}\n{{\n    return x;\n}}\n"
    (tmp_path / "a.c").write_text(text)
    put_into(tmp_path, [CFunction("f", "return sound(x, y) + 1;")])
    changed = (tmp_path / "a.c").read_text()
    assert changed.startswith(f"{other}{head.replace(' f(', ' sound_f(')}\n{{\n    return x;\n}}\n")
    assert changed.endswith(f"{head}\n{{\n    return sound_f(x, y) + 1;\n}}\n")


@pytest.mark.parametrize("name", ["nothing", "Nothing.of", "PI"])
def test_table_that_does_not_fit_the_simulator_is_an_error(name: str) -> None:
    with pytest.raises(HarnessError, match=rf"the simulator has no simulator.units.{name}"):
        put([PySeam("simulator.units", name, lambda sound: sound)])


def test_command_lists_faults_and_refuses_unknown_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(FAULTS)
    assert main(["make", "no-such-fault", "--outdir", str(tmp_path / "x")]) == 3
    assert "make needs the id of a fault" in capsys.readouterr().err
