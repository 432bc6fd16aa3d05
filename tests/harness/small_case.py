"""A case that both programs compute in a second, as a plan for the gates."""

import subprocess
import sys
from pathlib import Path

from harness.gates.plan import GatePlan
from harness.images.compare import Region

WORDS = (
    "-cell 100 100 100 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1 -distance 100 -pixel 0.4 "
    "-detpixels 64 -N 5 -oversample 1 -osc 1 -phi 0 -phisteps 2"
)
TRACED = ((20, 30), (33, 28))
ROOT = Path(__file__).resolve().parents[2]


def small_plan(first, second):
    return GatePlan(
        first=first,
        second=second,
        args=tuple(WORDS.split()),
        command=("nb-gates", "run"),
        label="small case",
        roi=Region(5, 60, 5, 60),
        blocks=((20, 21, 30, 31),),
        timeout_s=120.0,
    )


def run_script(code, *words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    """Start Python on a script that can import this checkout."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
