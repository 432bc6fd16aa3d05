"""Where capture fraction, polarization and solid angle are applied in a run (spec 06 sections 4 to 6)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.config import RunConfig


@dataclass(frozen=True)
class Application:
    """Where a factor is applied."""

    each: bool
    """Whether an oversample flag forms it anew in each iteration."""
    inside: bool
    """Whether it multiplies each term; otherwise it does the pixel, at its end."""


@dataclass(frozen=True)
class Policy:
    """Where the three factors are applied."""

    capture: Application
    polar: Application
    omega: Application
    running: bool
    """Factors with a flag multiply the running sum (Q-OVERSAMPLE-RUNNING-PRODUCT)."""
    polar_everywhere: bool
    """The polarization cache may still be empty after the first sub-pixel."""
    unpolarized: bool
    """-nopolar holds, P is 1."""
    unitize: bool
    """The polarization step normalises its vectors in place."""
    no_sensor: bool
    """The capture fraction is 1 whatever the flags say."""

    @classmethod
    def of(cls, config: RunConfig) -> Policy:
        """Return the policy of a run (spec 06 sections 4 to 6, 12, 13 and 15)."""
        sampling, quirks = config.sampling, config.quirks
        thickness = config.detector.thickness_m.range
        nopolar = config.beam.nopolar
        polar_each = sampling.oversample_polar and (not nopolar or "Q-NOPOLAR-OVERSAMPLE-POLAR" in quirks)
        blind = bool(thickness == 0.0) and (
            not sampling.oversample_thick or "Q-OVERSAMPLE-THICK-NO-SENSOR" not in quirks
        )
        clear = bool(config.detector.attenuation_per_m <= 0.0) and "Q-THICK-ABS-ORDER" not in quirks
        strong = sampling.dmin_m > 0.0 or bool(abs(config.beam.kahn_factor) >= 1.0)
        any_flag = sampling.oversample_thick or sampling.oversample_polar or sampling.oversample_omega
        return cls(
            capture=Application(
                sampling.oversample_thick, sampling.oversample_thick or "Q-THICK-LAST-LAYER" not in quirks
            ),
            polar=Application(polar_each, polar_each),
            omega=Application(sampling.oversample_omega, sampling.oversample_omega),
            running=any_flag and "Q-OVERSAMPLE-RUNNING-PRODUCT" in quirks,
            polar_everywhere=strong and "Q-DMIN-ZERO-POLAR" in quirks,
            unpolarized=nopolar and not polar_each,
            unitize="Q-POLAR-UNITIZE" in quirks,
            no_sensor=blind or (clear and bool(thickness > 0.0)),
        )
