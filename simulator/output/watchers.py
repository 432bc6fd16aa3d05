"""Several observers of one run."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from simulator.kernel.taps import Level, Offered, Show, Spot, Tap, no_tap


class _Together:
    """Hands every value on to several taps."""

    active = True

    def __init__(self, taps: Sequence[Tap]) -> None:
        self._taps = tuple(taps)

    def at(self, level: Level, spot: Spot) -> Show:
        """Return the receiver of values of one level and place."""
        shows = [tap.at(level, spot) for tap in self._taps]

        def show(name: str, value: Offered, where: Tensor | None = None) -> Offered:
            for one in shows:
                one(name, value, where)
            return value

        return show


def both(taps: Sequence[Tap]) -> Tap:
    """Return one tap that stands for all of them; `no_tap` for none."""
    if not taps:
        return no_tap
    return taps[0] if len(taps) == 1 else _Together(taps)
