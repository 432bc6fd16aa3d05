"""Reads a PLAN.toml, and checks all that it says before anything is computed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shots.geometry.panel import Panel
from shots.geometry.panel_words import PLACING
from shots.geometry.read_detector import read_detector
from shots.plan.arithmetic import with_arithmetic
from shots.plan.cell import read_cell_change, whole_cell
from shots.plan.digest import plan_parts
from shots.plan.distribution import Distribution, read_distribution
from shots.plan.options import (
    REFUSED,
    files_in,
    in_folder,
    is_of_crystal,
    rival_of,
    typed_options,
    variable_keys,
    variable_option,
)
from shots.plan.orientation import Orientation, read_orientation, read_several
from shots.plan.output_settings import read_output
from shots.plan.planned_shot import CELL, LATTICES, ORIENTATION, SCALE, SHIFT
from shots.plan.read_spectrum import read_spectrum, refuse_varied
from shots.plan.shot_plan import AS_THEY_ARE, ONE, ShotPlan, Variation, VariedOption
from shots.plan.spectrum import Spectrum
from shots.plan.structure_words import NO_FILE, read_plan_structure
from shots.plan.truth_settings import read_truth
from shots.recording.settings import recording_of
from simulator.command_line.options import parse
from simulator.command_line.resolve_crystal import cell_numbers
from simulator.errors import InputError
from simulator.limits.value_table import range_of
from system_io.errors import UserError
from system_io.files import read_regular
from system_io.shown import printable
from system_io.toml_table import TomlTable, read_toml

SCHEMA = 1
MOST_SHOTS = 10**9
LARGEST_SEED = 2**63 - 1
MOST_LATTICES = 1000
AXES = 3
LIKENESS = 0.5
OWN_KEYS = (ORIENTATION, CELL, SCALE, LATTICES, SHIFT)
"""Of [vary], besides the options of the command line."""
RANDOM = "random"


class PlanError(UserError):
    """A plan that cannot be meant: the message names place, value, rule and remedy."""


def read_plan(path: Path) -> ShotPlan:
    """Return the plan that a file states.

    Args:
        path: a PLAN.toml; files in it are named from its folder.

    Raises:
        UserError: naming place, value, rule and remedy of what is unknown, contradicts or is out of range.
    """
    top = read_toml(path, "plan", "name a PLAN.toml", PlanError)
    if (schema := top.take("schema", int)) != SCHEMA:
        raise top.fault("schema", f"is {schema}, this program reads {SCHEMA}; write the plan for it")
    title = top.take("title", str, path.stem)
    shots = _whole(top, "shots", None, 1, MOST_SHOTS)
    seed = _whole(top, "seed", None, 0, LARGEST_SEED)
    typed = _command(top, path.parent)
    structure = NO_FILE
    if top.has("structure"):
        structure = read_plan_structure(top.table("structure"), path.parent, typed)
    spectrum = None
    if top.has("spectrum"):
        spectrum = read_spectrum(top.table("spectrum"), path.parent, shots, typed, structure.factors)
    elif structure.factors is not None:
        raise top.fault("structure", "has f' and f\" follow the spectrum, and there is none; give [spectrum]")
    typed = (*typed, *structure.words_at(spectrum.middle_eV if spectrum else 0.0))
    detector_file = _detector_file(top, path.parent)
    panels = read_detector(detector_file) if detector_file.name else ()
    recording = AS_THEY_ARE
    if top.has("recording"):
        recording = recording_of(top.take("recording", dict), path.parent)
    output = read_output(top.table("output"), path.parent)
    truth = read_truth(top.table("truth"))
    varied = top.table("vary")
    top.close()
    pixels = sum(panel.fast_pixels * panel.slow_pixels for panel in panels)
    command = with_arithmetic(typed, pixels, len(spectrum.energies_eV) if spectrum else 1)
    cell = whole_cell(cell_numbers(parse(typed)))
    plan = ShotPlan(
        path=path, title=title, shots=shots, seed=seed, command=command, cell=cell,
        variation=_variation(varied, shots, typed, cell, panels, spectrum), output=output,
        panels=panels, detector_file=detector_file, recording=recording, truth=truth, spectrum=spectrum,
    )  # fmt: skip
    return replace(plan, parts=plan_parts(top.content, path.parent, files_in(command)))


def _whole(table: TomlTable, key: str, default: int | None, least: int, most: int) -> int:
    value = table.take(key, int, default)
    if not least <= value <= most:
        raise table.fault(key, f"is {value}, must be a whole number from {least} to {most}; give such a one")
    return value


def _detector_file(top: TomlTable, folder: Path) -> Path:
    """Return the detector file that a plan names, the empty path without one."""
    if not top.has("detector"):
        return Path()
    table = top.table("detector")
    file = folder / table.take("file", str)
    table.close()
    return file


def _command(top: TomlTable, folder: Path) -> tuple[str, ...]:
    """Return the words of the command line, files named from the folder of the plan."""
    words = top.words("command")
    try:
        typed = typed_options(words)
        for item in typed:
            if item.name in REFUSED:
                raise top.fault("command", f"has {item.words[0]}: {REFUSED[item.name]}")
        placed = in_folder(words, folder)
    except InputError as error:
        raise top.fault("command", f"is no nanoBragg command line: {error}") from error
    for file in files_in(placed):
        read_regular(file, "input file", f"mend command in '{printable(str(top.where))}'", PlanError)
    if parse(placed).last("-hkl", "-dump", "-default_F") is None and not top.has("structure"):
        raise top.fault("command", "names no structure factors; give -hkl FILE, -default_F F or [structure]")
    return placed


def _variation(
    table: TomlTable, shots: int, command: Sequence[str], cell: tuple[float, ...], panels: Sequence[Panel],
    spectrum: Spectrum | None,
) -> Variation:  # fmt: skip
    table.may_have((*OWN_KEYS, *variable_keys()))
    raw = parse(command)
    options = tuple(_varied_option(table, key, shots) for key in table.content if key not in OWN_KEYS)
    orientation = _orientation(table, shots, command)
    change = None
    if table.has(CELL):
        if raw.has("-mat") or not cell:
            raise table.fault(CELL, "varies -cell, and the command has none or -mat; type -cell alone")
        change = read_cell_change(table, CELL, shots, cell)
    scale = read_distribution(table, SCALE, shots) if table.has(SCALE) else None
    if scale is not None and min(scale.ends(shots)) < 0.0:
        raise table.fault(SCALE, f"reaches {min(scale.ends(shots)):g}, must be 0 or more; mend it")
    names = [option.name for option in options]
    _refuse_rivals(table, options, [item.name for item in typed_options(command)])
    _refuse_unplaced(table, options, panels)
    if spectrum is not None:
        refuse_varied(table, spectrum, names)
    random = raw.last("-misset") is not None and raw.last("-misset").values == (RANDOM,)  # type: ignore[union-attr]
    seeds = []
    if (raw.has("-mosaic", "-mosaic_domains") or "-mosaic" in names) and not raw.has("-mosaic_seed"):
        seeds.append("-mosaic_seed")
    if random and not raw.has("-misset_seed"):
        seeds.append("-misset_seed")
    lattices = _lattices(table, shots, orientation, "-misset_seed" in seeds)
    shift = read_several(table, SHIFT, AXES, shots) if table.has(SHIFT) else ()
    return Variation(options, orientation, change, scale, lattices, shift, tuple(seeds))


def _orientation(table: TomlTable, shots: int, command: Sequence[str]) -> Orientation | None:
    if not table.has(ORIENTATION):
        return None
    found = read_orientation(table, ORIENTATION, shots)
    misset = parse(command).last("-misset")
    if misset is not None and (misset.values == (RANDOM,) or not found.starts):
        shown = "random" if misset.values == (RANDOM,) else "a start"
        raise table.fault(
            ORIENTATION, f"draws what -misset ({shown}) of the command says, too; leave one of them out"
        )
    return found


def _lattices(table: TomlTable, shots: int, orientation: Orientation | None, random: bool) -> Distribution:
    if not table.has(LATTICES):
        return ONE
    found = read_distribution(table, LATTICES, shots)
    ends = found.ends(shots)
    if found.kind in ("fixed", "choice", "list") and any(value != int(value) for value in ends):
        raise table.fault(LATTICES, f"has {next(v for v in ends if v != int(v)):g}, must be whole; mend it")
    if min(ends) < 1.0 or max(ends) > MOST_LATTICES:
        raise table.fault(
            LATTICES, f"reaches from {min(ends):g} to {max(ends):g}, must stay from 1 to {MOST_LATTICES};"
            " give bounds (least, most)"
        )  # fmt: skip
    if max(ends) > 1.0 and not random and (orientation is None or not orientation.differs):
        raise table.fault(LATTICES, "asks for crystals that would all lie alike; give orientation, too")
    return found


def _varied_option(table: TomlTable, key: str, shots: int) -> VariedOption:
    try:
        option = variable_option(key)
    except UserError as error:
        raise table.fault(key, str(error)) from error
    if option is None:
        known = (*OWN_KEYS, *variable_keys())
        near = difflib.get_close_matches(key, known, 1, LIKENESS)
        remedy = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
        raise table.fault(key, f"is no quantity that varies; {remedy}")
    count = len(option.kinds)
    numbers = (
        (read_distribution(table, key, shots),) if count == 1 else read_several(table, key, count, shots)
    )
    whole = tuple(kind == "i" for kind in option.kinds)
    for index, (one, is_whole) in enumerate(zip(numbers, whole, strict=True)):
        _check_ends(table, key, option.name, index, one.ends(shots), is_whole, one.kind)
    return VariedOption(option.name, option.name[1:], numbers, whole, is_of_crystal(option.name))


def _check_ends(
    table: TomlTable, key: str, name: str, index: int, ends: Sequence[float], whole: bool, kind: str
) -> None:
    """Hold the ends of a distribution to the range of the option (spec 01 section 2)."""
    exact = kind in ("fixed", "choice", "list", "sweep")
    if whole and exact and any(value != int(value) for value in ends):
        raise table.fault(
            key, f"has {next(v for v in ends if v != int(v)):g}, must be whole numbers; mend it"
        )
    if whole and not exact and int(max(ends) // 1) < -int(-min(ends) // 1):
        raise table.fault(key, f"has no whole number from {min(ends):g} to {max(ends):g}; widen the bounds")
    allowed = range_of(name, index)
    for value in ends:
        problem = "" if allowed is None else allowed.problem(value) or allowed.tiny(value)
        if problem:
            raise table.fault(key, f"reaches {value:g}: {name} {problem}")
    if allowed is not None and not allowed.zero and min(ends) < 0.0 < max(ends):
        raise table.fault(key, f"goes through 0, which {name} must not be; give bounds on one side")


def _refuse_rivals(table: TomlTable, options: Sequence[VariedOption], typed: Sequence[str]) -> None:
    """Refuse a quantity that is typed and varied, or varied by two options."""
    for place, option in enumerate(options):
        rival = rival_of(option.name, typed)
        if rival is not None:
            raise table.fault(option.key, f"varies what {rival} of the command says; leave one of them out")
        other = rival_of(option.name, [one.name for one in options[:place]])
        if other is not None:
            raise table.fault(option.key, f"and {other[1:]} vary the same quantity; leave one of them out")


def _refuse_unplaced(table: TomlTable, options: Sequence[VariedOption], panels: Sequence[Panel]) -> None:
    """Refuse what a detector file takes the place of, and a shift of a detector that is not in a file."""
    for option in options:
        if panels and option.name in PLACING:
            raise table.fault(
                option.key, f"has no effect on the panels of [detector]; vary {SHIFT} = [x, y, z] instead"
            )
    if table.has(SHIFT) and not panels:
        raise table.fault(
            SHIFT, "shifts the panels of [detector], and there is none; vary distance and centre"
        )
