"""Where a failing command line comes from: typed words, a bundle of nb-compare, or a finding of nb-fuzz."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BundleError, UsageError
from harness.fuzz.case import FuzzCase
from harness.fuzz.finding import PAIR
from harness.fuzz.outcome import divergent_pixel
from harness.pairs.part import PairPart
from harness.programs.arguments import INPUT_OPTIONS
from harness.programs.programs import FILE_KIND, Program
from harness.programs.side_words import without_traces
from harness.recorded.rerun import Chosen, Inputs
from harness.shrink.items import OptionItem, items_of
from harness.shrink.outputs import FailingOutput, failing_output, with_own_outputs
from harness.shrink.trial import FIRST_PIXEL
from harness.sides import SIDES
from harness.store.names import SUMMARY, TRACES
from harness.tracing.bundle import TracePart
from harness.tracing.job import PHI_MODES
from harness.verdict import State
from simulator.command_line.option_table import BY_SPELLING
from system_io.shown import printable
from system_io.verdict_words import Word

SETTINGS_WORDS = {"dtype": "-dtype", "device": "-device"}
MOST_INPUT_BYTES = 1 << 28


@dataclass(frozen=True)
class FailingCase:
    """A command line with its files, and the two programs that may disagree about it.

    `look`: the pixel (slow, fast) whose traces differ, `outputs`: the part of an output, where these are what
    fails.
    """

    case: FuzzCase
    first: Program
    second: Program
    look: tuple[int, int] | None = None
    outputs: FailingOutput | None = None


def typed_case(words: Sequence[str], caller: Path, mode: str) -> FuzzCase:
    """Return a typed command line with the files that it reads; they get bare names of their own.

    Args:
        words: the nanoBragg command line.
        caller: the folder that its names refer to.
        mode: parity mode.

    Raises:
        UsageError: an input file is too large to be made smaller.
    """
    files: dict[str, bytes] = {}
    items = [_with_bare_name(item, place, caller, files) for place, item in enumerate(items_of(words))]
    return FuzzCase(tuple(word for item in items for word in (item.option, *item.words)), files, mode)


def _with_bare_name(item: OptionItem, place: int, caller: Path, files: dict[str, bytes]) -> OptionItem:
    option = BY_SPELLING.get(item.option)
    if option is None or option.kinds != ("file",) or not item.words:
        return item
    path = caller / item.words[0]
    read = item.option in INPUT_OPTIONS or option.name == "-dump"
    name = f"{place}-{path.name}" if read else path.name
    if read and path.is_file():
        if path.stat().st_size > MOST_INPUT_BYTES:
            raise UsageError(
                f"input file '{printable(str(path))}' has {path.stat().st_size} bytes, at most"
                f" {MOST_INPUT_BYTES} can be made smaller; take lines out of it first"
            )
        files[name] = path.read_bytes()
    return OptionItem(item.option, (name, *item.words[1:]))


def bundle_case(folder: Path, data: Path | None, chosen: Chosen) -> FailingCase:
    """Return the command line of a bundle that verifies, with its inputs found by their content.

    Nothing that lies in the bundle runs: programs are ours, or those that are given.

    Args:
        folder: result of nb-compare or trace-harness, or a finding of nb-fuzz with one in it.
        data: where else to look for input files.
        chosen: which programs may run.

    Raises:
        BundleError: it does not verify, an input is nowhere, or a program may not run.
        UsageError: it compares no two programs.
    """
    from harness.evidence.verify import verify_bundle

    place = folder / PAIR if (folder / PAIR).is_dir() else folder
    part = next((made for name, made in PARTS.items() if (place / name).is_file()), None)
    if part is None:
        raise UsageError(
            f"'{printable(str(folder))}' is no result of nb-compare or trace-harness and no finding of "
            "nb-fuzz; name such a folder, for example the c-parity folder of a gate, or write the command "
            "line behind --"
        )
    check = verify_bundle(place)
    if check.word is not Word.PASS:
        raise BundleError(
            f"'{printable(str(place))}' does not verify: {printable(str(check.faults[0]))}; it is not run"
        )
    facts, look = part(place)
    runs = facts["runs"]
    programs = [chosen.program(runs[side]["provenance"], side) for side in SIDES if side in runs]
    if len(programs) != len(SIDES) or any(program.kind == FILE_KIND for program in programs):
        raise UsageError(
            f"'{printable(str(place))}' did not run two programs; there is nothing to run smaller"
        )
    with ExitStack() as stack:
        inputs = Inputs(data or _beside(folder), stack)
        words = (*_settings(facts), *without_traces(inputs.arguments(facts)))
        case = typed_case(words, inputs.caller, str(facts["parity_mode"]))
    outputs = failing_output(facts) if "outputs" in facts else None
    case = case if outputs is None else with_own_outputs(case, outputs.request)
    return FailingCase(case, programs[0], programs[1], look if outputs is None else None, outputs)


def _pair_facts(place: Path) -> tuple[Mapping[str, Any], tuple[int, int] | None]:
    summary = PairPart.load(place).summary
    return summary, pair_look(summary)


def pair_look(summary: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the pixel at which the traces of a compared pair differ, where these fail and not the images."""
    judged = summary.get("traces") or {}
    broken = [item for item in summary["criteria"] if item["state"] == State.FAILED]
    fails = judged.get("verdict") == Word.FAIL and not broken
    return (divergent_pixel(judged) or FIRST_PIXEL) if fails else None


def _trace_facts(place: Path) -> tuple[Mapping[str, Any], tuple[int, int] | None]:
    """Return what traced pixels state, and the one at which they first differ, or the first one."""
    data = TracePart.load(place).data
    asked = data["settings"]
    roi = asked["roi"]
    first = asked["pixels"][0] if asked["pixels"] else (roi[0], roi[2]) if roi else FIRST_PIXEL
    return data, divergent_pixel(data) or (int(first[0]), int(first[1]))


PARTS: Mapping[str, Callable[[Path], tuple[Mapping[str, Any], tuple[int, int] | None]]] = {
    SUMMARY: _pair_facts,
    TRACES: _trace_facts,
}
"""What can be made small, by the file that tells it."""


def _settings(facts: Mapping[str, Any]) -> list[str]:
    """Return the words of the settings that a bundle states beside its command line."""
    told = {option: facts["settings"].get(name) for name, option in SETTINGS_WORDS.items()}
    words = [word for option, value in told.items() if value for word in (option, str(value))]
    carry = facts.get("phi_mode")
    return [*words, *(("--quirk", f"Q-PHI-CARRYOVER={PHI_MODES[carry]}") if carry else ())]


def _beside(folder: Path) -> Path | None:
    """Return the folder of inputs that lies in a finding of nb-fuzz, which may have been moved."""
    inputs = folder / "inputs"
    return inputs if inputs.is_dir() else None
