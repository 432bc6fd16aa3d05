"""Shots of a plan checked before any is computed: values, lattices, and that what varies has an effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from shots.geometry.read_detector import require_same_wavelength, setup_with
from shots.geometry.setup_of import setup_of
from shots.plan.options import ANY_FACTORS, rival_of, without_options
from shots.plan.planned_shot import PlannedShot, place_inputs, planned_shot
from shots.plan.shot_plan import ShotPlan, VariedOption
from simulator.command_line.option_table import BY_SPELLING
from simulator.command_line.options import parse
from simulator.command_line.resolve import Resolved, resolve
from simulator.errors import InputError
from system_io.errors import UserError

if TYPE_CHECKING:
    from simulator.config import RunConfig

MOST_CHECKED = 500
"""Shots whose command lines are checked one by one; of longer plans every n-th."""
READ_FILES = ("-hkl", "-dump", "-stol", "-4stol", "-Q", "-sourcefile")
"""Files that are the same in all shots, and are read once."""
IDLE = ("no effect", "does not change", "not used")
"""In a warning of the simulator: that an option which it names changes nothing."""
WAVELENGTH = ("-lambda",)


def check_plan(plan: ShotPlan) -> tuple[str, ...]:
    """Check the shots of a plan: their files, values and lattices.

    Args:
        plan: as it was read.

    Returns:
        What is odd about its first shot, a line each.

    Raises:
        UserError: naming the shot that cannot be simulated, or what varies without effect.
    """
    first = planned_shot(plan, 0)
    place_inputs(plan, first)
    found = _resolved(first)
    placed = setup_of(found.config)
    if plan.panels:
        setup_with(placed, plan.panels)
        stays = plan.spectrum is None or plan.spectrum.shift_eV is None
        if stays and all(rival_of(option.name, WAVELENGTH) is None for option in plan.variation.options):
            require_same_wavelength(plan.detector_file, placed.wavelength_m)
    for option in plan.variation.options:
        _require_effect(plan, option)
    every = max(1, -(-plan.shots // MOST_CHECKED))
    check_shots(plan, range(0, plan.shots, every))
    return found.warnings


def check_shots(plan: ShotPlan, numbers: Iterable[int]) -> None:
    """Check the command lines of some shots of a plan.

    Raises:
        UserError: naming the first that cannot be simulated.
    """
    from simulator.physics.crystal import orient

    for number in numbers:
        shot = planned_shot(plan, number)
        try:
            for crystal in shot.crystals:
                config = resolve(parse(_without_files(crystal.words))).config
                orient(config.crystal, config.beam.wavelength_m, config.quirks)
        except (InputError, ArithmeticError) as error:
            raise UserError(f"{plan.path.name}: shot {number} cannot be simulated: {error}") from error


def _resolved(shot: PlannedShot) -> Resolved:
    """Return the run of the first crystal of a shot.

    Raises:
        UserError: it would read a file that the plan does not name.
    """
    words = shot.crystals[0].words
    found = resolve(parse(words))
    named = parse(words)
    for option, path in found.inputs:
        if not named.has(option):
            raise UserError(
                f"command: the run would read '{path}', which the plan does not name; give {option}"
            )
    return found


def _without_files(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line that reads no structure factors."""
    return (*without_options(words, (*READ_FILES, "-default_F")), *ANY_FACTORS)


def _require_effect(plan: ShotPlan, option: VariedOption) -> None:
    """Refuse an option whose values change nothing of the run, such as an exposure without a flux."""
    for place, distribution in enumerate(option.numbers):
        ends = distribution.ends(plan.shots)
        if min(ends) == max(ends):
            continue
        values = [[one.ends(plan.shots)[0] for one in option.numbers] for _ in range(2)]
        values[0][place], values[1][place] = min(ends), max(ends)
        told = [_told(plan, option, each) for each in values]
        if told[0] == told[1] and told[0]:
            raise UserError(
                f"{plan.path.name}: vary.{option.key} changes nothing of the run ({option.name} has no effect"
                " beside the other options); leave it out"
            )


def _told(plan: ShotPlan, option: VariedOption, values: Sequence[float]) -> str:
    """Return all that a run is told with some values of an option; empty where they cannot stand together."""
    whole = zip(values, option.whole, strict=True)
    words = [str(int(value)) if is_whole else repr(float(value)) for value, is_whole in whole]
    base = without_options(planned_shot(plan, 0).crystals[0].words, (option.name,))
    default_F = option.name == BY_SPELLING["-default_F"].name
    line = (*(base if default_F else _without_files(base)), option.name, *words)
    try:
        found = resolve(parse(line))
    except InputError:
        return ""
    idle = any(option.name in line and any(word in line for word in IDLE) for line in found.warnings)
    return option.name if idle else _text_of(found.config)


def _text_of(config: RunConfig) -> str:
    detector = {
        item.name: getattr(config.detector, item.name)
        for item in fields(config.detector)
        if item.name != "mask"
    }
    return repr((config.beam, config.crystal, detector, config.structure_factors.default_F, config.sampling))
