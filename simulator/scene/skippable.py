"""What `--epsilon` cannot be combined with: runs in which an evaluation counts besides what it adds."""

from __future__ import annotations

from simulator.config import RunConfig, check_epsilon
from simulator.errors import InputError
from simulator.scene.policy import Policy

WATCHED = "a trace or printout shows every evaluation; leave out one of the two"


def require_skippable(config: RunConfig, interpolate: bool) -> None:
    """Raise InputError for a run with `--epsilon` whose evaluations cannot be left out.

    Args:
        interpolate: as the pixel loop starts.
    """
    epsilon = config.compute.epsilon
    if epsilon == 0.0:
        return
    check_epsilon(epsilon)
    quirks = config.quirks
    obstacles = (
        (
            config.output.printout or config.trace.wanted,
            WATCHED,
        ),
        (
            Policy.of(config).running,
            "the running sum in loop order (Q-OVERSAMPLE-RUNNING-PRODUCT) needs every evaluation; give"
            " --quirk Q-OVERSAMPLE-RUNNING-PRODUCT=off",
        ),
        (
            interpolate and "Q-INTERP-LATCH" in quirks,
            "every evaluation may end the interpolation (Q-INTERP-LATCH); give -nointerpolate or"
            " --quirk Q-INTERP-LATCH=off",
        ),
    )
    for there, words in obstacles:
        if there:
            raise InputError(f"--epsilon {epsilon:g}: {words}")
