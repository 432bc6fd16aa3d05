"""Starts the simulator with a fault in it."""

from __future__ import annotations

import sys

from harness.errors import HarnessError
from harness.faults.python_seams import put
from harness.faults.table import BY_ID
from harness.fuzz.worker import SERVE, serve

NOT_PUT_IN = 3


def run_with_fault(fault_id: str) -> int:
    """Run the nanoBragg command line of this process with a fault and return the exit status."""
    try:
        put(BY_ID[fault_id].py)
    except HarnessError as error:
        sys.stderr.write(f"fault '{fault_id}': error: {error}\n")
        return NOT_PUT_IN
    from simulator.cli import main

    return serve(main) if sys.argv[1:] == [SERVE] else main()
