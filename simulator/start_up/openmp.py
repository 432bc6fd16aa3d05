"""How threads wait for each other; to be said before torch is imported."""

from __future__ import annotations

import os

POLICY = "OMP_WAIT_POLICY"


def wait_asleep() -> None:
    """Let threads of OpenMP sleep while they wait, unless the environment says otherwise.

    By default they spin. Where other programs use the machine, one thread then spins on the core that the
    one it waits for should have: compiled code took eight times as long beside one busy program.
    """
    os.environ.setdefault(POLICY, "PASSIVE")
