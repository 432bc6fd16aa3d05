"""Checks of compared gradients: figures, rows and commands against the stored runs and the command line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.gradients.bundle import GradientPart
from harness.gradients.estimate import LEVELS, steps
from harness.gradients.objective import DOUBLE_ROUNDING, FLOAT_ROUNDING, FirstSide, Objective
from harness.gradients.options import NAME, make_parser
from harness.gradients.report import gradient_commands
from harness.gradients.rows import GradientRow
from harness.gradients.table import Place, choose_parameters, find_places, names_of
from harness.programs.programs import MODES
from harness.recorded.restated import called, contradictions, own_words, stated_arguments, stated_program
from harness.store.names import COMMANDS, ENVIRONMENT, GRADIENTS
from harness.store.stated import commands_of, differing, environment_of, text_faults
from harness.store.untrusted import BROKEN, BundleFault

ADDED = "added "
NOISE_SLACK = 1.0 + 1e-9


def gradient_faults(folder: Path, part: GradientPart) -> Iterator[BundleFault]:
    """Derive everything again that the stored runs of a comparison of gradients give.

    Args:
        folder: the bundle that it belongs to; faults are named relative to it.
        part: the comparison.
    """
    stem = part.folder.relative_to(folder)
    where, texts = (stem / GRADIENTS).as_posix(), (stem / COMMANDS).as_posix()
    try:
        yield from (BundleFault(where, text) for text in part.differences())
        yield from (BundleFault(where, text) for text in _asked_faults(part))
        for row in part.report.rows:
            yield from (BundleFault(where, text) for text in _row_faults(row, part))
        words = commands_of(part.folder / COMMANDS)
        expected = gradient_commands(part.data, words)
        yield from (BundleFault(texts, text) for text in text_faults(part.folder / COMMANDS, expected))
        yield from (BundleFault(texts, text) for text in _option_faults(part.data, words))
        programs = environment_of(part.folder).get("programs")
        found = differing(part.data["programs"], programs, "programs")
        yield from (BundleFault((stem / ENVIRONMENT).as_posix(), text) for text in found)
    except BROKEN as error:
        yield BundleFault(where, f"the figures cannot be derived again: {error!r}")


def _asked_faults(part: GradientPart) -> list[str]:
    """Return where rows, objective or command are not those of the command line."""
    data: Any = part.data
    objective = data["objective"]
    pixels, weights = objective["pixels_slow_fast"], objective["weights"]
    found = differing(len(pixels), len(weights), "objective.weights")
    fast0, fast1, slow0, slow1 = objective["roi_fast_min_max_slow_min_max"]
    inside = all(slow0 <= slow <= slow1 and fast0 <= fast <= fast1 for slow, fast in pixels)
    if not inside or len({tuple(pixel) for pixel in pixels}) != len(pixels) or not pixels:
        found.append("objective: its pixels are not some pixels of its region, each once")
    if len(pixels) > data["settings"]["pixels"] or not all(0.5 <= weight <= 1.5 for weight in weights):
        found.append("objective: more pixels than asked for, or weights that are not from 0.5 to 1.5")
    words = _completed(data)
    places = choose_parameters(find_places(words), data["asked"])
    fresh = [(place.component.name, place.word, place.value) for place in places]
    stated = [(row["parameter"], row["word"], row["value"]) for row in data["parameters"]]
    found += differing(fresh, stated, "parameters")
    prepared = stated_arguments(data)
    found += differing([str(path) for path in prepared.inputs], [i["path"] for i in data["inputs"]], "inputs")
    notes = [note for note in data["notes"] if not note.startswith(ADDED)]
    return [*found, *differing(list(prepared.notes), notes, "notes"), *_command_faults(data, words)]


def _completed(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command line with the options that the notes say were added."""
    added = [note.removeprefix(ADDED).split() for note in data["notes"] if note.startswith(ADDED)]
    return (*stated_arguments(data).words, *(word for words in added for word in words))


def _command_faults(data: Mapping[str, Any], words: tuple[str, ...]) -> list[str]:
    side = _first_side(data, words)
    tail, stated = side.command(), data["command"]
    fresh = list(called(side.program, side.settings, tail, stated, {data["parity_mode"]}))
    found = differing(fresh, stated, "command")
    for name, program in data["programs"].items():
        title = stated_program(program).title
        found += differing(title, program.get("title"), f"programs.{name}.title")
    return [*found, *differing(["c", "py"], sorted(data["programs"]), "programs")]


def _first_side(data: Mapping[str, Any], words: tuple[str, ...]) -> FirstSide:
    program = stated_program(data["programs"]["c"])
    arguments = replace(stated_arguments(data), words=words)
    settings = program.settings(data["parity_mode"]).words
    return FirstSide(program, settings, arguments, Objective.of(data["objective"]), 1.0)


def _row_faults(row: GradientRow, part: GradientPart) -> list[str]:
    """Return where the runs of a parameter are not those of its differences."""
    name, place = row.place.component.name, row.place
    if not row.ends:
        return [] if row.refusal.strip() else [f"{name}: neither runs nor a reason why there are none"]
    if row.slope is None or row.refusal or len(row.ends) != LEVELS:
        return [f"{name}: {len(row.ends)} runs on each side, {LEVELS} and no refusal must be"]
    kind = part.data["programs"]["c"]["kind"]
    rounding = FLOAT_ROUNDING if kind == "external" else DOUBLE_ROUNDING
    found = []
    for end, step in zip(row.ends, _steps(place), strict=True):
        typed = [place.value + step, place.value - step]
        found += differing(typed, [end.upper_at, end.lower_at], f"{name}.ends")
        for value in (end.upper, end.lower, row.middle):
            most = rounding * abs(value.photons)
            least = most / math.sqrt(len(part.data["objective"]["weights"]))
            if not least / NOISE_SLACK <= value.noise <= most * NOISE_SLACK:
                found.append(f"{name}.ends: a rounding of {value.noise:.3g} for {value.photons:.9g} photons")
    return found


def _steps(place: Place) -> list[float]:
    return steps(place.component.first_step(place.value))


def _option_faults(data: Mapping[str, Any], words: Sequence[str]) -> list[str]:
    found = own_words(words, NAME)
    if found is None:
        return [f"line 2: {words[:1]} makes no comparison of gradients"]
    own, args = found
    options = make_parser().parse_args(own)
    names = names_of(options.params)
    fresh = {
        "arguments": args, "parity mode": options.parity_mode or MODES[0],
        "pixels": options.pixels, "seed": options.seed,
        "parameters": None if names is None else list(names),
    }  # fmt: skip
    stated = {
        "arguments": data["arguments"], "parity mode": data["parity_mode"],
        "pixels": data["settings"]["pixels"], "seed": data["settings"]["seed"], "parameters": data["asked"],
    }  # fmt: skip
    stated["matched quirks"] = data["settings"].get("matched") is not None
    fresh["matched quirks"] = stated["matched quirks"] and options.match_quirks and not options.parity_mode
    stated["kept results"] = data["settings"].get("kept") is not None
    fresh["kept results"] = stated["kept results"] and not options.no_cache
    return contradictions(fresh, stated, GRADIENTS)
