"""Starts the simulator with a fault in it."""

from __future__ import annotations

from harness.faults.python_seams import put
from harness.faults.table import BY_ID


def run(fault_id: str) -> int:
    """Run the nanoBragg command line of this process with a fault and return the exit status."""
    put(BY_ID[fault_id].py)
    from simulator.cli import main

    return main()
