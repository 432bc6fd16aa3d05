"""How an image was computed: what its last bits depend on, and what was left out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.config import Precision

HOW = {False: "operation by operation", True: "compiled"}


@dataclass(frozen=True)
class Computed:
    """How the image of a run came about."""

    compiled: bool
    """Whether machine code computed it, whose last bits differ from those of the single operations."""
    precision: Precision
    """Arithmetic of the pixel loop."""
    device: str = "cpu"
    """Where the pixel loop ran."""
    begun: float = 0.0
    """Share of the pixels that was computed operation by operation before the machine code was there."""
    slopes_compiled: bool | None = None
    """Whether machine code computed its gradient, None for an image without one."""

    def continued(self, begun: float) -> Computed:
        """Return how an image came about whose pixels behind a share of them were compiled; 1: none."""
        return replace(self, compiled=True, begun=begun) if begun < 1.0 else self

    def __str__(self) -> str:
        """Return the words of the command line, `compiled, mixed`."""
        how = HOW[self.compiled]
        if self.begun:
            how = f"{HOW[False]} up to {100 * self.begun:.0f} % of the pixels, then {how}"
        words = [how, self.precision]
        if self.device != "cpu":
            words.append(f"on {self.device}")
        if self.slopes_compiled is not None:
            words.append(f"gradient {HOW[self.slopes_compiled]}")
        return ", ".join(words)


@dataclass(frozen=True)
class LeftOut:
    """What a run with `--epsilon` left out."""

    epsilon: float
    """As asked for."""
    evaluations: int
    """Of the whole run."""
    left_out: int
    """Of these."""
    bound_photons: float
    """Largest charge of a pixel."""
    maximum_photons: float
    """Of the image."""

    @property
    def bound(self) -> float:
        """The most that any pixel may have lost, as a fraction of the maximum."""
        return self.bound_photons / self.maximum_photons if self.bound_photons > 0.0 else 0.0
