"""What only the command line does to the process: a call of the library leaves it as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CALL = """
import ctypes, gc, os, sys
import torch
from simulator import RunConfig, simulate
from simulator.start_up import allocator
from simulator.start_up.deferred import PARTS

def state():
    fakes = [name for name in PARTS if "__file__" not in vars(sys.modules[name])]
    return dict(os.environ), gc.isenabled(), gc.get_threshold(), torch.get_num_threads(), fakes

def refused(*_):
    raise AssertionError("the library calls the C library")

before = state()
allocator.keep_freed = ctypes.CDLL = refused
config = RunConfig.from_args(sys.argv[1:])
assert simulate(config).max() > 0.0
assert state() == before
assert not before[-1]
"""
WORDS = "-cell 50 60 70 90 90 90 -default_F 10 -lambda 1 -distance 100 -detpixels 64 -pixel 1 -N 5"


def test_a_call_of_the_library_leaves_the_process_as_it_was() -> None:
    for epsilon in ([], ["--epsilon", "1e-3"]):
        subprocess.run([sys.executable, "-c", CALL, *WORDS.split(), *epsilon], cwd=ROOT, check=True)
