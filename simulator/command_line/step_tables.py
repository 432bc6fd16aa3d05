"""How ranges, step sizes and counts are completed (spec 04 sections 1, 2, 4, 5); -1: not typed."""

from __future__ import annotations

import math

from simulator.config import Steps
from simulator.errors import InputError, Warnings
from simulator.limits.value_table import LARGEST_COUNT
from simulator.quirks import Quirks
from simulator.units import DEFAULT_LAYER_STACK_M, rad_of_deg

ONE = Steps(0.0, 0.0, 0.0, 1)
StepRow = tuple[float, float, int]
MOST_STEPS = LARGEST_COUNT


def _count(range_: float, step: float, name: str) -> int:
    """Return ceil(range / step).

    Raises:
        InputError: where it is beyond any use.
    """
    quotient = range_ / step
    if not quotient <= MOST_STEPS:
        raise InputError(
            f"{name}: range over step size gives {quotient:.3g} steps; at most {MOST_STEPS} can be"
        )
    return math.ceil(quotient)


def limited(count: int, name: str) -> int:
    """Return a count of steps.

    Raises:
        InputError: where it is beyond any use.
    """
    if count > MOST_STEPS:
        raise InputError(f"{name} {count}: at most {MOST_STEPS} are possible")
    return count


def phi_steps(start_rad: float, range_rad: float, step_rad: float, count: int, quirks: Quirks) -> Steps:
    """Return the rotation steps.

    Step i has phi = start + D i.

    Args:
        range_rad: as typed, negative where not typed.
        step_rad: as typed, negative where not typed.
        count: as typed, negative where not typed.

    Source: spec 04 sections 1 and 8.
    """
    limited(count, "-phisteps")
    if range_rad == 0.0 and ("Q-OSC-ZERO" not in quirks or (count < 0 and step_rad > 0.0)):
        return Steps(start_rad, 0.0, 0.0, 1)
    if count < 0:
        return Steps(start_rad, *_phi_without_count(range_rad, step_rad))
    count = max(count, 1)
    if range_rad >= 0.0:
        return Steps(start_rad, range_rad, range_rad / count if step_rad < 0.0 else step_rad, count)
    if step_rad <= 0.0:
        one_degree = rad_of_deg(1.0)
        return Steps(start_rad, one_degree, one_degree / count, count)
    if "Q-PHISTEP-WINS" in quirks:
        return Steps(start_rad, step_rad, step_rad, 2)
    return Steps(start_rad, step_rad * count, step_rad, count)


def _phi_without_count(range_rad: float, step_rad: float) -> tuple[float, float, int]:
    """Return (R, D, n) where no count was typed (spec 04 section 1, rows n < 0)."""
    if range_rad < 0.0:
        return (0.0, 0.0, 1) if step_rad <= 0.0 else (step_rad, step_rad, 2)
    if step_rad <= 0.0:
        return range_rad, range_rad / 2, 2
    return range_rad, step_rad, _count(range_rad, step_rad, "-osc")


def spread_steps(range_: float, step: float, count: int, quirks: Quirks, name: str) -> Steps:
    """Return the steps of a divergence or of the dispersion, centred on 0 where upstream centres them.

    Step i is at D i - R/2.

    Args:
        range_: full width in rad (or 1) as typed, negative where not typed.
        step: in rad (or 1) as typed, negative where not typed.
        count: as typed, negative where not typed.
        name: the option to blame.

    Raises:
        InputError: for a negative dispersion with a count in spec mode.

    Source: spec 04 sections 2 and 8.
    """
    limited(count, name)
    typed_step = step > 0.0
    range_, step, count = _spread_table(range_, step, count, quirks, name)
    if range_ <= 0.0 or step <= 0.0 or count <= 0:
        return ONE
    if typed_step and "Q-DIV-ASYMMETRIC" not in quirks:
        return Steps(-(step * ((count - 1) / 2)), range_, step, count)
    return Steps(-(range_ / 2), range_, step, count)


def _spread_table(range_: float, step: float, count: int, quirks: Quirks, name: str) -> StepRow:
    """Return (R, D, n) by the table of spec 04 section 2."""
    if count <= 0:
        if range_ < 0.0:
            return (0.0, 0.0, 1) if step <= 0.0 else (step, step, 2)
        return (range_, range_, 2) if step <= 0.0 else (range_, step, _count(range_, step, name))
    if range_ < 0.0:
        return _spread_without_range(range_, step, count, quirks, name)
    if step > 0.0:
        return range_, step, count
    if count == 1 and "Q-STEPS-ONE" not in quirks:
        return 0.0, 0.0, 1
    count = max(count, 2)
    return range_, range_ / (count - 1), count


def _spread_without_range(range_: float, step: float, count: int, quirks: Quirks, name: str) -> StepRow:
    """Return (R, D, n) for a count without a range (spec 04 sections 2 and 8)."""
    if step > 0.0:
        return (step, step, 2) if "Q-DIV-STEP-WINS" in quirks else (step * (count - 1), step, count)
    if "Q-DIV-ONE-RADIAN" in quirks:
        return 1.0, 1.0 / count, count
    if name == "-dispersion":
        raise InputError("-dispersion: a negative width with -dispsteps has no meaning; give 0 or more")
    return 0.0, 0.0, 1


def sensor_layers(thickness_m: float, count: int, quirks: Quirks) -> Steps:
    """Return the sensor layers: step i starts at depth D i (spec 04 sections 4 and 8)."""
    limited(count, "-detector_thicksteps")
    if count <= 0:
        range_m, step_m, count = (0.0, 0.0, 1) if thickness_m < 0.0 else (thickness_m, thickness_m / 2, 2)
    elif thickness_m < 0.0:
        range_m, step_m = DEFAULT_LAYER_STACK_M, DEFAULT_LAYER_STACK_M / count
    elif "Q-THICK-STEPS" in quirks:
        count = max(count, 2)
        range_m, step_m = thickness_m, thickness_m / (count - 1)
    else:
        range_m, step_m = thickness_m, thickness_m / count
    return ONE if range_m <= 0.0 or step_m <= 0.0 else Steps(0.0, range_m, step_m, count)


def mosaic_domains(spread_rad: float, count: int) -> tuple[float, int, Warnings]:
    """Return the mosaic spread, the number of domains and warnings.

    Args:
        spread_rad: as typed, negative where not typed.
        count: as typed, negative where not typed.

    Source: spec 04 section 5.
    """
    limited(count, "-mosaic_domains")
    if spread_rad > 0.0:
        if count > 0:
            return spread_rad, count, ()
        return spread_rad, 10, ("a mosaic spread without -mosaic_domains: 10 domains",)
    if count <= 0:
        return 0.0, 1, ()
    return 0.0, 1, (f"-mosaic_domains {count} without a mosaic spread: 1 domain",)
