"""Taps of version 2: both programs print the same, and a fault in what they show ends at its own tap."""

from __future__ import annotations

import contextlib
import io
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from torch import Tensor

from harness.faults.c_seams import CFunction
from harness.faults.seed import make_faulty
from harness.faults.table import SeededFault
from simulator import RunConfig
from simulator.image import render
from simulator.kernel import factors, finish, rays
from simulator.output.trace import NEWER, recorder_of, trace_text
from simulator.physics import detector, sources
from simulator.scene import scene as scenes
from simulator.scene.scene import prepare
from trace_tools.judging.blame import RecordState
from trace_tools.judging.judge import judge
from trace_tools.reading.trace_file import TraceLog, read_stream
from trace_tools.tap_points import TAP_POINTS

BASE = (
    "-cell 60 70 80 90 95 90 -misset 10 20 30 -lambda 1 -distance 100 -detpixels 4 -pixel 0.4 -N 5"
    " -nonoise -nopgm -noprogress -trace_pixel 1 2 -trace_schema 2"
)
PLAIN = "-default_F 100 -oversample 1"
SOURCES = f"{PLAIN} -sourcefile ../sources.txt"
EVERY = "-oversample_thick -oversample_polar -oversample_omega"
SENSOR = "-detector_abs 500 -detector_thick 100 -detector_thicksteps 2"
TURNED = f"{PLAIN} -twotheta 15 -detector_rotx 3"
LINES = {
    "plain": PLAIN,
    "spec": f"-parity_mode spec {SOURCES} {EVERY} {SENSOR} -oversample 2 -water 10",
    "last": f"-parity_mode spec {SOURCES} {SENSOR} -water 10 -dmin 3",
    "c": f"-parity_mode c-parity {SOURCES} {EVERY} {SENSOR} -oversample 2 -water 10 -dmin 3",
    "mosaic": f"{TURNED} -mosaic 1 -mosaic_domains 2 -osc 1 -phisteps 2",
    "round": f"{PLAIN} -round_xtal",
    "gauss": f"-parity_mode c-parity {PLAIN} -gauss_xtal",
    "table": "-oversample 1 -hkl ../table.hkl -interpolate",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place, span = tmp_path_factory.mktemp("run"), range(-9, 10)
    (place / "sources.txt").write_text("-10 0 0 1 1e-10\n-10 0.1 0 2.5 1.01e-10\n")
    rows = (f"{h} {k} {m} {60 + h + 2 * k + 3 * m}\n" for h in span for k in span for m in span)
    (place / "table.hkl").write_text("".join(rows))
    return place


def of_simulator(line: str, folder: Path) -> TraceLog:
    with contextlib.chdir(mkdtemp(dir=folder)):  # of its own, since a dump of factors would be read again
        mode = () if "-parity_mode" in line else ("-parity_mode", "c-parity")
        config = RunConfig.from_args([*BASE.split(), *line.split(), *mode, "-dtype", "float64"])
        scene, recorder = prepare(config), recorder_of(config)
        render(scene, recorder)
    return read_stream(io.BytesIO(trace_text(scene, recorder).encode()), "simulator")


def of_reference(words: Sequence[str | Path], line: str, folder: Path) -> TraceLog:
    command = [*words, *BASE.split(), *line.split(), "-trace_file", "t.log"]
    place = Path(mkdtemp(dir=folder))
    subprocess.run(command, cwd=place, capture_output=True, check=True)
    return read_stream(io.BytesIO((place / "t.log").read_bytes()), "reference")


def printed(log: TraceLog) -> list[tuple[str, tuple[tuple[str, int], ...]]]:
    return [(record.tap, record.context) for record in log.records()]


@pytest.fixture(scope="module")
def healthy(c_binary: Path, folder: Path) -> dict[str, TraceLog]:
    return {name: of_reference([c_binary], line, folder) for name, line in LINES.items()}


@pytest.mark.parametrize("name", LINES)
def test_both_programs_print_the_same_taps_in_the_same_order(
    name: str, healthy: dict[str, TraceLog], folder: Path
) -> None:
    second = of_simulator(LINES[name], folder)
    assert printed(healthy[name]) == printed(second)
    report = judge(healthy[name], second)
    assert report.verdict == "PASS", report.line


def test_each_tap_is_printed_somewhere(healthy: dict[str, TraceLog]) -> None:
    found = {record.tap for log in healthy.values() for record in log.records()}
    assert found == {tap.name for tap in TAP_POINTS}


def test_simulator_and_trace_tools_agree_on_what_is_newer() -> None:
    assert {tap.name for tap in TAP_POINTS if tap.since > 1} == NEWER


@pytest.mark.parametrize(("mode", "version"), [("c-parity", 1), ("spec", 2)])
def test_version_follows_the_parity_mode_unless_told(
    mode: str, version: int, c_binary: Path, tmp_path: Path
) -> None:
    words = [*BASE.replace(" -trace_schema 2", "").split(), *PLAIN.split(), "-parity_mode", mode]
    subprocess.run([c_binary, *words, "-trace_file", "v.log"], cwd=tmp_path, capture_output=True, check=True)
    first = (tmp_path / "v.log").read_text()
    with contextlib.chdir(tmp_path):
        config = RunConfig.from_args(words)
    scene, recorder = prepare(config), recorder_of(config)
    render(scene, recorder)
    for text in (first, trace_text(scene, recorder)):
        log = read_stream(io.BytesIO(text.encode()), mode)
        assert log.schema == version
        assert bool(NEWER & {record.tap for record in log.records()}) is (version > 1)


WRONG_BY = 1.0 + 1e-6


def times(sound: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result is wrong by a millionth."""

    def faulty(*given: Any, **named: Any) -> Any:
        result = sound(*given, **named)
        return tuple(part * WRONG_BY for part in result) if isinstance(result, tuple) else result * WRONG_BY

    return faulty


def first_times(sound: Callable[..., Any]) -> Callable[..., Any]:
    """The first of two results is wrong by a millionth."""

    def faulty(*given: Any) -> Any:
        first, *rest = sound(*given)
        return None if first is None else first * WRONG_BY, *rest

    return faulty


def of_factor(stem: str) -> Callable[..., Any]:
    """The factors as they are applied, one of them wrong by a millionth."""

    def wrap(sound: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*given: Any) -> Any:
            return (
                (name, how, factor * WRONG_BY if name == stem else factor)
                for name, how, factor in sound(*given)
            )

        return faulty

    return wrap


def first_only(sound: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The weight of the first source alone is wrong by a millionth."""

    def faulty(*given: Any) -> Tensor:
        weights = sound(*given).clone()
        weights[0] *= WRONG_BY
        return weights

    return faulty


FAULTS: tuple[tuple[str, object, str, Callable[..., Any], set[str]], ...] = (
    ("spec", sources.Sources, "relative_weight", first_only, {"source_relative_weight"}),
    ("spec", rays, "each_factor", of_factor("capture_fraction"), {"capture_fraction_inside"}),
    ("last", rays, "each_factor", of_factor("capture_fraction"), {"capture_fraction_inside"}),
    ("c", rays, "each_factor", of_factor("polar"), {"polar_inside"}),
    ("spec", rays, "each_factor", of_factor("omega_pixel"), {"omega_pixel_inside"}),
    ("spec", factors, "kahn_factor", times, {"polar"}),
    ("spec", rays, "_applied", first_times, {"term_factor"}),
    ("spec", rays, "_water_share", times, {"water_factor"}),
    ("last", finish, "R_E_SQR_M2", None, {"water_photons"}),
    ("spec", scenes, "water_electrons_sqr", times, {"water_electrons_sqr"}),
    ("mosaic", detector, "rot_axis", times, {"detector_turn"}),
)  # fmt: skip


@pytest.mark.parametrize(("name", "owner", "seam", "fault", "taps"), FAULTS)
def test_fault_of_the_simulator_ends_at_its_own_tap(
    name: str, owner: Any, seam: str, fault: Callable[..., Any] | None, taps: set[str],
    healthy: dict[str, TraceLog], folder: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    sound = getattr(owner, seam)
    monkeypatch.setattr(owner, seam, sound * WRONG_BY if fault is None else fault(sound))
    assert blamed(healthy[name], of_simulator(LINES[name], folder)) == taps


def blamed(first: TraceLog, second: TraceLog) -> set[str]:
    report = judge(first, second)
    assert report.verdict == "FAIL"
    return set(report.blame.count_by_tap(RecordState.CAUSAL))


@dataclass(frozen=True)
class InC:
    """A fault of the C reference: the function, its body, the command line and the tap."""

    name: str
    body: str
    line: str
    tap: str


IN_C = (
    InC("turned", "struct geometry o = *g; o.twotheta_rad *= 1.000001; return sound(&o, v);", "mosaic",
        "detector_turn"),
    InC("make_beamlet", "struct beamlet b = sound(loop, p, n, q); b.weight *= 1.000001; return b;", "spec",
        "term_factor"),
    InC("weigh_sources", "sound(o, q, s); s->relative_weight[1] *= 1.000001;", "spec",
        "source_relative_weight"),
)  # fmt: skip


@pytest.mark.parametrize("fault", IN_C, ids=lambda fault: fault.name)
def test_fault_of_the_reference_ends_at_its_own_tap(fault: InC, folder: Path, tmp_path: Path) -> None:
    seeded = SeededFault(fault.name, "", "plain", (), c=(CFunction(fault.name, fault.body),))
    faulty = of_reference(make_faulty(seeded, "c", tmp_path / "c").words, LINES[fault.line], folder)
    found = blamed(faulty, of_simulator(LINES[fault.line], folder))
    assert found == {fault.tap} | ({"water_factor"} if fault.name == "make_beamlet" else set())


def test_swing_that_is_not_applied_to_one_vector_is_blamed_on_that_vector(
    healthy: dict[str, TraceLog], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = detector.place

    def faulty(*given: Any) -> Any:
        made = sound(*given)
        return replace(made, normal=made.normal * WRONG_BY)

    monkeypatch.setattr(scenes, "place", faulty)
    assert blamed(healthy["mosaic"], of_simulator(LINES["mosaic"], folder)) == {"odet_vec"}


def test_wrong_angle_is_the_cause_of_all_that_it_turns(
    healthy: dict[str, TraceLog], c_binary: Path, folder: Path
) -> None:
    other = of_reference([c_binary], LINES["mosaic"].replace("-twotheta 15", "-twotheta 15.001"), folder)
    assert blamed(healthy["mosaic"], other) == {"twotheta_rad"}
