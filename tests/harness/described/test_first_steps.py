"""What a new user does, as docs/own_programs.md says it: from two programs without taps to a named cause."""

import json
from pathlib import Path

import pytest

from harness.commands.own.pair import main as pair
from trace_tools.taps.command import main as taps

PAGE = (Path(__file__).parents[3] / "docs" / "own_programs.md").read_text()
STEPS = PAGE.partition("## From nothing to a cause")[2].partition("## The file")[0]
DESCRIPTION = STEPS.partition("```toml\n")[2].partition("```")[0]
TRACE = """[trace.steps]
file = "taps.log"
"""
LOG = 'environment = { TAPS_FILE = "taps.log" }'
IN_C = """#include "taps.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    double angle = atof(argv[1]), speed = 0.0, dt = 0.1, length = 1.2, drag = 0.3;
    TAPS_START("swing-c", "1");
    for (int step = 0; step < 10; step++) {
        TAP_INDEX("step", step);
        double pull = -9.81 / length * sin(angle);
        TAP_REAL("pull", "", pull);
        double air = -drag * speed * fabs(speed);
        TAP_REAL("air", "", air);
        double half = speed + 0.5 * dt * (pull + air);
        TAP_REAL("half", "", half);
        angle = angle + dt * half;
        TAP_REAL("angle", "", angle);
        pull = -9.81 / length * sin(angle);
        air = -drag * half * fabs(half);
        TAP_REAL("air2", "", air);
        speed = half + 0.5 * dt * (pull + air);
        TAP_REAL("speed", "", speed);
    }
    TAP_LEAVE("step");
    double energy = 0.5 * length * length * speed * speed + 9.81 * length * (1.0 - cos(angle));
    printf("%.17g %.17g %.17g\\n", angle, speed, energy);
    return 0;
}
"""
IN_PYTHON = """import math
import sys

import taps
taps.start("swing-python", "1")

angle, speed, dt, length, drag = float(sys.argv[1]), 0.0, 0.1, 1.2, 0.3
for step in taps.over("step", range(10)):
    pull = -9.81 / length * math.sin(angle)
    taps.tap("pull", pull)
    air = -drag * speed * abs(speed)
    taps.tap("air", air)
    half = speed + 0.5 * dt * (pull + air)
    taps.tap("half", half)
    angle = angle + dt * half
    taps.tap("angle", angle)
    pull = -9.81 / length * math.sin(angle)
    air = -drag * half * half
    taps.tap("air2", air)
    speed = half + 0.5 * dt * (pull + air)
    taps.tap("speed", speed)
energy = 0.5 * length * length * speed * speed + 9.81 * length * (1.0 - math.cos(angle))
print(angle, speed, energy)
"""
MARKS = ("TAP", "taps")
OPEN = {"pull": ["angle"], "air": ["speed"]}
"""What the moved value cannot show, and the page says to add."""


def without_taps(text):
    """Return a program as it was before anybody traced it."""
    plain = text.replace('taps.over("step", range(10))', "range(10)")
    lines = plain.splitlines()
    return "\n".join(line for line in lines if not any(mark in line for mark in MARKS)) + "\n"


def write(folder, description, in_c, in_python):
    for name, text in (("parity.toml", description), ("swing.c", in_c), ("swing.py", in_python)):
        (folder / name).write_text(text)


def run(folder):
    status = pair(["run", "--file", str(folder / "parity.toml"), "--reports", str(folder / "reports")])
    return status, json.loads(sorted((folder / "reports").rglob("metrics.json"))[-1].read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("swing")


def test_the_steps_of_the_page_lead_to_the_cause(folder, capsys):
    write(folder, DESCRIPTION, without_taps(IN_C), without_taps(IN_PYTHON))
    status, metrics = run(folder)
    assert (status, metrics["first_divergence"]) == (1, None)
    for language in ("c", "python"):
        assert taps([language, "--to", str(folder)]) == 0
    traced = DESCRIPTION.replace("run =", f"{LOG}\nrun =") + TRACE
    write(folder, traced, IN_C, IN_PYTHON)
    status, metrics = run(folder)
    assert metrics["first_divergence"] == "air2 step=0"
    draft = folder / "taps.json"
    assert pair(["draft-graph", "--file", str(folder / "parity.toml"), "--to", str(draft)]) == 0
    graph = json.loads(draft.read_text())
    for tap in graph["taps"]:
        tap["inputs_before"] += OPEN.get(tap["name"], [])
    draft.write_text(json.dumps(graph))
    write(folder, f'{traced}graph = "taps.json"\n', IN_C, IN_PYTHON)
    capsys.readouterr()
    status, metrics = run(folder)
    assert metrics["causal_taps"] == ["air2"]
    shown = capsys.readouterr().out
    assert "air2 step=0  [causal]" in shown
    assert "A records it at swing.c:21" in shown


def test_no_more_is_written_than_the_page_says():
    added = [
        line for text in (IN_C, IN_PYTHON) for line in text.splitlines() if any(m in line for m in MARKS)
    ]
    described = [*DESCRIPTION.splitlines(), LOG, LOG, *TRACE.splitlines(), "graph"]
    assert f"{len(added)} lines of taps, {len(described)} of description" in STEPS
    assert len(added) + len(described) + len(OPEN) <= 40
