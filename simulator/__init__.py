"""The PyTorch nanoBragg: a differentiable simulator of X-ray diffraction images."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.from_args import read_with
from system_io.version import VERSION

if TYPE_CHECKING:
    from simulator.computed import Computed
    from simulator.config import RunConfig
    from simulator.fit.experiment import Experiment
    from simulator.simulation import simulate, simulate_with_facts

__version__ = VERSION
__all__ = ["Computed", "Experiment", "RunConfig", "__version__", "simulate", "simulate_with_facts"]
_HOMES = {
    "Computed": "simulator.computed",
    "Experiment": "simulator.fit.experiment",
    "RunConfig": "simulator.config",
    "simulate": "simulator.simulation",
    "simulate_with_facts": "simulator.simulation",
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that the command line starts without torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def _read(args: Sequence[object]) -> RunConfig:
    from simulator.command_line.resolve import resolve_args
    from simulator.command_line.words import words_of

    return resolve_args(words_of(args)).config


read_with(_read)
