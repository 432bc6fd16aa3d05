"""What stands against a pass beside the images: one program twice, programs that ignore what they are told,
traces that were asked for and not made; and what explains a failure.

Findings of `STATED` kinds follow from what a summary says, and are derived again when a bundle is verified;
those of `TRIED` kinds come from further runs of the programs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.contract.judge import CONTRACT
from harness.images.compare import ImageComparison, Region, compare_images
from harness.outputs.rows import COMPARED, OUTPUT
from harness.probing.match import Match
from harness.programs.arguments import QUIRK_OPTIONS, PreparedArguments, last_numbers, values_of
from harness.programs.programs import FILE_KIND, Program
from harness.programs.quirk_options import relevant_quirks
from harness.programs.run import ProgramRun, run_program
from harness.programs.side_words import without_traces
from harness.verdict import PairFinding
from system_io.verdict_words import Word

SAME, TRACES, PROBE, RERUN, QUIRK = "one program", "traces", "probe", "rerun", "quirk"
ORIGIN, DECIDED, MATCHED = "origin", "trace of the worst pixel", "matched quirks"
STATED = (SAME, TRACES, ORIGIN, MATCHED, CONTRACT, OUTPUT, COMPARED)
TRIED = (PROBE, RERUN, QUIRK, DECIDED)
LIMITING = (SAME, ORIGIN, MATCHED, CONTRACT, COMPARED)
"""Kinds of findings that a verdict line states even where they do not change its word."""
DEFAULT_FLUENCE = 125932015286227086360700780544.0
PROBE_RADIUS_PX = 3
MOST_QUIRKS = 8
"""Single quirks that are tried to explain a failure."""


def same_program(
    first: Mapping[str, Any], second: Mapping[str, Any], dtype: str | None, determinism: bool
) -> list[PairFinding]:
    """Return what follows from both sides being one program: it can show determinism, nothing else.

    Args:
        first: provenance of the first program.
        second: provenance of the second.
        dtype: number type that the second was told, None for the same as the first.
        determinism: whether this was asked for.
    """
    why = _why_same(first, second)
    if why is None:
        return []
    if dtype not in (None, "float64") and second["kind"] == "simulator":
        return [PairFinding(SAME, Word.PASS, f"both sides are one program, in float64 and {dtype} ({why})")]
    if determinism:
        return [
            PairFinding(SAME, Word.PASS, f"both sides are one program ({why}): this shows determinism only")
        ]
    what = (
        "an image agrees with itself"
        if first["kind"] == FILE_KIND
        else ("agreement would show determinism only")
    )
    remedy = "give another program or image, or --determinism if that is the question"
    return [PairFinding(SAME, Word.NOT_COMPARABLE, f"both sides are one file ({why}): {what}; {remedy}")]


def origin(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[PairFinding]:
    """Return what agreement cannot show of two sides whose origin is not known, as limits of a pass.

    Args:
        first: provenance of each side.
        second: provenance of each side.
    """
    kinds = [first.get("kind"), second.get("kind")]
    if kinds == [FILE_KIND] * 2:
        if first["sha256"] != second["sha256"]:
            return []
        reason = "both files hold the same bytes: nothing shows that two programs made them"
        return [PairFinding(ORIGIN, Word.PASS, reason)]
    ours = ["sources_sha256" in facts for facts in (first, second)]
    if any(ours) and kinds[0] != kinds[1]:
        return []
    reasons = []
    if not any(ours):
        reasons.append(
            "neither side is a program of this installation: only that both answer to some options is shown"
        )
    if kinds[0] == kinds[1] and FILE_KIND not in kinds and _why_same(first, second) is None:
        reasons.append(f"both sides are of the kind '{kinds[0]}' and may be builds of one program")
    return [PairFinding(ORIGIN, Word.PASS, reason) for reason in reasons]


def _why_same(first: Mapping[str, Any], second: Mapping[str, Any]) -> str | None:
    if {first.get("kind"), second.get("kind")} == {FILE_KIND}:
        return f"'{first['path']}'" if first["path"] == second["path"] else None
    digest = first.get("binary_sha256")
    if digest is not None and digest == second.get("binary_sha256"):
        return f"sha256 {str(digest)[:12]}"
    packages = [_package(facts) for facts in (first, second)]
    if packages[0] is not None and packages[0] == packages[1]:
        return f"simulator with sources {packages[0][:12]}"
    return None


def _package(facts: Mapping[str, Any]) -> str | None:
    """Return the hash of the sources of a simulator, None for any other program."""
    if facts.get("kind") != "simulator":
        return None
    found = facts.get("package_sha256", facts.get("sources_sha256"))
    return None if found is None else str(found)


def matched_findings(match: Match | None) -> list[PairFinding]:
    """Return what tiny runs told of a program: the quirks that both sides ran with, and its faults."""
    if match is None:
        return []
    stated = [match.statement, *match.notes] if match.quirks else match.notes
    return [
        *(PairFinding(MATCHED, Word.FAIL, f"{match.side}: {fault}") for fault in match.faults),
        *(PairFinding(MATCHED, Word.PASS, text) for text in stated),
    ]


def trace_findings(asked: bool, traced: Mapping[str, Any] | None) -> list[PairFinding]:
    """Return what stands against a verdict where traces were asked for and cannot be compared."""
    if not asked:
        return []
    if traced is None:
        reason = "no program wrote a trace, though -trace_pixel or -trace_roi asks for one"
        return [PairFinding(TRACES, Word.ERROR, reason)]
    if not traced.get("error"):
        return []
    word = Word(traced["verdict"])
    return [
        PairFinding(TRACES, word, f"the traces that were asked for cannot be compared: {traced['error']}")
    ]


@dataclass(frozen=True)
class Bench:
    """The runs of a comparison, and the place and the limits for further ones."""

    scratch: Path
    timeout_s: float
    threads: int
    programs: Mapping[str, Program]
    settings: Mapping[str, Sequence[str]]
    words: Mapping[str, PreparedArguments]
    runs: Mapping[str, ProgramRun]

    def again(self, side: str, name: str, *more: str, words: Sequence[str] | None = None) -> ProgramRun:
        """Run the program of a side once more, untraced, with further words behind its own."""
        told = self.words[side]
        asked = without_traces(told.words if words is None else words)
        prepared = PreparedArguments((*asked, *more), told.copies, (), told.inputs, told.last)
        place = self.scratch / name
        run = run_program(
            self.programs[side], self.settings[side], prepared, place, self.timeout_s, self.threads
        )
        shutil.rmtree(place, ignore_errors=True)
        return run


def tried_findings(bench: Bench, compared: ImageComparison) -> Iterator[PairFinding]:
    """Run programs again where that can overturn a pass or explain a failure."""
    if compared.verdict.word in (Word.PASS, Word.ROUNDING, Word.LOOSENED):
        for side, program in bench.programs.items():
            if program.kind != FILE_KIND and "sources_sha256" not in program.provenance:
                yield probe(bench, side, compared)
    if compared.verdict.word is Word.FAIL:
        external = [side for side, program in bench.programs.items() if program.kind == "external"]
        for side in external:
            yield from rerun(bench, side)
        if len(external) == 1 and compared.metrics is not None:
            yield from explained(bench, external[0], compared)


def probe(bench: Bench, side: str, compared: ImageComparison) -> PairFinding:
    """Run a program with twice the photons around one pixel: an image that stays is not one of this run."""
    image = bench.runs[side].image
    assert image is not None  # it was compared
    assert compared.first is not None
    region = probed_region(image, compared.roi or Region.whole(image.shape))
    told = bench.words[side].words
    shown = [str(value) for value in (region.x_min, region.x_max, region.y_min, region.y_max)]
    run = bench.again(side, f"{side}-probe", *_doubled(told), "-roi", *shown)
    if run.image is None:
        reason = f"{side} did not run with twice the fluence: {run.failure}"
        return PairFinding(PROBE, Word.NOT_COMPARABLE, reason)
    if run.image.shape != image.shape or np.array_equal(region.crop(run.image), region.crop(image)):
        return PairFinding(
            PROBE, Word.NOT_COMPARABLE,
            f"{side} gives the same image with twice the fluence: it is not made from this command line",
        )  # fmt: skip
    return PairFinding(PROBE, Word.PASS, f"{side} answers to twice the fluence")


def probed_region(image: FloatImage, region: Region) -> Region:
    """Return a square around the brightest pixel of a region, cut off at its sides."""
    part = region.crop(image)
    slow, fast = (int(place) for place in np.unravel_index(int(part.argmax()), part.shape))
    slow, fast = slow + region.y_min, fast + region.x_min
    square = Region(
        fast - PROBE_RADIUS_PX, fast + PROBE_RADIUS_PX, slow - PROBE_RADIUS_PX, slow + PROBE_RADIUS_PX
    )
    return square.within(region)


def _doubled(words: Sequence[str]) -> tuple[str, str]:
    """Return the option that doubles the photons of a command line: a flux takes the place of a fluence."""
    flux = last_numbers(words, {"-flux"}, 1)
    if flux is not None and flux[0] != 0.0:
        return "-flux", repr(2.0 * flux[0])
    fluence = last_numbers(words, {"-fluence"}, 1)
    return "-fluence", repr(2.0 * (DEFAULT_FLUENCE if fluence is None else fluence[0]))


def rerun(bench: Bench, side: str) -> Iterator[PairFinding]:
    """Run a program a second time and say if its image is another one."""
    first, second = bench.runs[side].image, bench.again(side, f"{side}-again").image
    if first is None or second is None or first.shape != second.shape:
        return
    apart = int(np.count_nonzero(first.view(np.int32) != second.view(np.int32)))
    if apart:
        yield PairFinding(
            RERUN, Word.FAIL,
            f"two runs of {side} differ in {apart} pixels: the program is not deterministic "
            "(Q-OMP: the number of threads changes the original's image)",
        )  # fmt: skip


def explained(bench: Bench, external: str, compared: ImageComparison) -> Iterator[PairFinding]:
    """Look for one quirk of the registry that makes our program give the image of an external one."""
    ours = next(side for side in bench.programs if side != external)
    option = bench.programs[ours].dialect.quirk_option
    theirs = bench.runs[external].image
    if option is None or theirs is None:
        return
    words = bench.words[ours].words
    told = (*bench.settings[ours], *words)
    set_by_hand = dict(value[0].partition("=")[::2] for value in values_of(told, QUIRK_OPTIONS, 1))
    usual = "on" if "c-parity" in bench.settings[ours] else "off"
    for quirk in relevant_quirks(words)[:MOST_QUIRKS]:
        other = "off" if set_by_hand.get(quirk, usual) == "on" else "on"
        image = bench.again(ours, f"{ours}-{quirk}", option, f"{quirk}={other}").image
        if image is None or image.shape != theirs.shape:
            continue
        if compare_images(theirs, image, compared.roi).verdict.word is Word.PASS:
            why = _explanation(quirk, other, ours, external, theirs, image)
            where = _where(theirs, bench.runs[ours].image)
            yield PairFinding(QUIRK, Word.FAIL, f"{why}; the images differ as it makes them, {where}")
            return


def _where(theirs: FloatImage, ours: FloatImage | None) -> str:
    """Return in words in which pixels two images of one shape differ."""
    assert ours is not None  # it was compared
    places = np.argwhere(theirs.view(np.int32) != ours.view(np.int32))
    if len(places) == 1:
        return f"in pixel (slow {places[0][0]}, fast {places[0][1]}) only"
    return f"in {len(places)} of {theirs.size} pixels"


def _explanation(
    quirk: str, state: str, ours: str, external: str, theirs: FloatImage, image: FloatImage
) -> str:
    equal = float(np.mean(theirs.view(np.int32) == image.view(np.int32)))
    how = "bit for bit" if equal == 1.0 else f"within the strict bounds ({100.0 * equal:.4g} % bit for bit)"
    return (
        f"{quirk} explains it: with --quirk {quirk}={state} {ours} gives the image of {external} {how}; "
        "give that option if it is meant"
    )
