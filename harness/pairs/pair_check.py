"""Checks of a compared pair: its summary, commands, environment and pictures against its raw files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.files import evidence_names
from harness.images.judgement import Rules
from harness.outputs.request import output_request, stated_request
from harness.pairs.options import NAME, chosen_bounds, make_parser
from harness.pairs.pair import PairResult
from harness.pairs.pair_again import restored
from harness.pairs.pair_traces import as_stated, read_side, trace_metrics
from harness.pairs.part import PairPart
from harness.pairs.summary import command_text, summary_data, write_pictures
from harness.programs.programs import MODES
from harness.programs.run import ProgramRun, with_last_words
from harness.recorded.pixels import CUTTING, PREFIXES, asked_pixels
from harness.recorded.restated import contradictions, own_words
from harness.sides import SIDES
from harness.store.names import (
    COMMANDS,
    ENVIRONMENT,
    REFLECTIONS,
    RELATIVE_PICTURE,
    SUMMARY,
    image_name,
    output_name,
    trace_name,
)
from harness.store.stated import commands_of, differing, environment_of, text_faults
from harness.store.untrusted import BROKEN, BundleFault, read_plain
from system_io.children import temporary_folder
from trace_tools.errors import TraceError

NEW_KEYS: Mapping[Rules, frozenset[str]] = {
    Rules.APART: frozenset({"findings"}),
    Rules.OWN_SCALE: frozenset({"rules"}),
    Rules.REFLECTIONS: frozenset({"coverage", "reflections"}),
}
"""What summaries have since results are judged by these rules."""
NUMBER = re.compile(r"\d+\.\d")
PNG_HEAD = slice(8, 24)
PICTURE_SLACK = 0.02
"""Mean difference of two drawings of one image, of full scale, that other fonts make."""


def pair_faults(folder: Path, part: PairPart, *, pictures: bool) -> Iterator[BundleFault]:
    """Derive everything again that the raw files of a pair give.

    Args:
        folder: the bundle that it belongs to; faults are named relative to it.
        part: the pair.
        pictures: draw the pictures again, too.
    """
    place = _Place(part.folder.relative_to(folder))
    yield from _image_faults(part, place)
    try:
        result = restored(part)
        traces = as_stated(trace_metrics(part.folder, part.made.arithmetic), part.summary["traces"])
        fresh = {**summary_data(result), "traces": traces}
        fresh = _as_stated(fresh, part)
        stated = part.summary["settings"]
        fresh["settings"] = {key: value for key, value in fresh["settings"].items() if key in stated}
        for key, value in fresh.items():
            yield from place.said(SUMMARY, differing(value, part.summary[key], key))
        for run, side in zip(result.runs, SIDES, strict=False):
            yield from place.said(SUMMARY, _run_faults(run, side))
        yield from place.said(SUMMARY, _trace_faults(part, result))
        yield from place.said(REFLECTIONS, _reflection_faults(part, result))
        yield from place.said(COMMANDS, _command_faults(part, result))
        yield from place.said(ENVIRONMENT, environment_faults(part))
        yield from place.missing(part, expected_files(result))
        if pictures:
            yield from _picture_faults(part, place, result)
    except BROKEN as error:
        yield BundleFault(place.of(SUMMARY), f"the metrics cannot be derived again: {error}")


def _as_stated(fresh: Mapping[str, Any], part: PairPart) -> dict[str, Any]:
    """Return what a version would have written that judged by the rules of a part."""
    unknown = {key for rules, keys in NEW_KEYS.items() if part.rules < rules for key in keys}
    kept = {key: value for key, value in fresh.items() if key not in unknown}
    if part.rules is Rules.CORRELATION:
        kept["settings"] = {key: fresh["settings"][key] for key in ("dtype", "device", "timeout_s")}
    return kept


@dataclass(frozen=True)
class _Place:
    """Where a part lies in its bundle."""

    folder: Path

    def of(self, name: str) -> str:
        return (self.folder / name).as_posix()

    def said(self, name: str, texts: Sequence[str]) -> list[BundleFault]:
        return [BundleFault(self.of(name), text) for text in texts]

    def missing(self, part: PairPart, names: Sequence[str]) -> list[BundleFault]:
        lacking = [name for name in names if not (part.folder / name).is_file()]
        return [BundleFault(self.of(name), "is missing from the compared pair") for name in lacking]


def _image_faults(part: PairPart, place: _Place) -> list[BundleFault]:
    """Return where an image is not the one that the summary names, or of a run that is said to have none."""
    faults = []
    where = place.of(SUMMARY)
    for side in SIDES:
        path = part.folder / image_name(side)
        stated = part.summary["runs"].get(side, {}).get("image_sha256")
        digest = hashlib.sha256(read_plain(path)).hexdigest() if path.is_file() else None
        if digest != stated:
            faults.append(BundleFault(place.of(path.name), f"is not the image that {where} was made from"))
    return faults


def _run_faults(run: ProgramRun, side: str) -> list[str]:
    """Return where exit status, failure and last words of a run do not belong together."""
    ended = run.outcome.failure
    where = f"runs.{side}.failure"
    if run.failure is None:
        return [] if ended is None else [f"{where}: states none, but the program {ended}"]
    start = f"{run.program.title} '{run.program.words[0]}' "
    told = run.failure.removeprefix(start)
    whole = with_last_words(f"{start}{ended}", run.stderr or run.stdout)
    started = run.outcome.exit_status is not None or not told.startswith("did not start")
    if told == run.failure or (ended and started and not _alike(run.failure, whole)):
        return [f"{where}: states {run.failure!r:.80}, the run gives {whole!r:.80}"]
    last = with_last_words("", run.stderr or run.stdout)
    return [] if run.failure.endswith(last) else [f"{where}: does not end with the last words of the program"]


def _alike(first: str, second: str) -> bool:
    """Tell whether two texts are equal but for times."""
    return NUMBER.sub("", first) == NUMBER.sub("", second)


def _trace_faults(part: PairPart, result: PairResult) -> list[str]:
    """Return where a trace is missing, of another program, or not of the pixels asked for."""
    faults = []
    for side, run in zip(SIDES, result.runs, strict=False):
        name = trace_name(side)
        if run.trace is not None and not result.arguments.traces:
            faults.append(f"traces: {name} is there, though no pixel was to be traced")
        prefix = PREFIXES.get(run.program.kind)
        if prefix is None or run.failure is not None or not result.arguments.traces:
            continue
        if run.trace is None:
            faults.append(f"traces: {name} is missing, though pixels were to be traced")
            continue
        faults += _content_faults(part, side, prefix)
    return faults


def _content_faults(part: PairPart, side: str, prefix: str) -> list[str]:
    name = trace_name(side)
    try:
        trace = read_side(part.folder, side)
    except TraceError:
        return []
    words = part.summary["arguments"]
    if trace.prefix != prefix:
        return [f"traces: {name} is a trace of {trace.prefix}, not of {prefix}"]
    asked = asked_pixels(words)
    there = trace.pixels()
    strange = sorted(there - asked)
    lacking = [] if CUTTING & set(words) else sorted(asked - there)
    return [
        f"traces: {name} {what} pixel slow {pixels[0][0]} fast {pixels[0][1]}"
        for what, pixels in (("has the unasked", strange), ("lacks the", lacking))
        if pixels
    ]


def _reflection_faults(part: PairPart, result: PairResult) -> list[str]:
    """Return where the table of reflections is not what images and command line give.

    Where an input file is gone, so that no map can be made, it is held to the figures in the summary.
    """
    found = result.comparison.reflections
    path = part.folder / REFLECTIONS
    if found is None:
        return ["is there, though no reflections were compared"] if path.exists() else []
    if not path.is_file():
        return []  # said among the missing files
    if found.table is not None:
        return text_faults(path, found.table.text())
    lines = read_plain(path).decode("utf-8", "replace").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    figures = found.figures
    counts = {"compared": len(rows), "outside": sum(row[-2:-1] == ["1"] for row in rows)}
    for side in ("first", "second"):
        counts[f"missing_{side}"] = sum(row[-1] == side for row in rows)
    return [
        f"has {count} reflections {name}, the summary states {getattr(figures, name)}"
        for name, count in counts.items()
        if count != getattr(figures, name)
    ]


def _command_faults(part: PairPart, result: PairResult) -> list[str]:
    words = commands_of(part.folder / COMMANDS)
    found = text_faults(part.folder / COMMANDS, command_text(result, words))
    return [*found, *_option_faults(words, part.summary)]


def _option_faults(words: Sequence[str], summary: Mapping[str, Any]) -> list[str]:
    """Return where the command that made a pair asks for something else than the summary states."""
    found = own_words(words, NAME)
    if found is None:
        return [f"line 2: {words[:1]} makes no compared pair"]
    own, args = found
    options = make_parser().parse_args(own)
    asked = summary["asked_region"]
    stated = {
        "arguments": summary["arguments"],
        "parity mode": summary["parity_mode"],
        "dtype": summary["settings"]["dtype"],
        "device": summary["settings"]["device"],
        "region": None if asked is None else [asked[key] for key in ("x_min", "x_max", "y_min", "y_max")],
        "bounds": summary["bounds"]["name"],
        "resampled": summary["resampled"] and not options.resample,
        "threads": summary["settings"].get("threads", 1),
        "determinism": summary["settings"].get("determinism", False),
        "kept results": any("kept" in run for run in summary["runs"].values()),
        "small region": summary["settings"].get("small_region", False),
        "contract": summary["settings"].get("allow", []),
        "outputs": stated_request(summary["settings"]).facts(),
        "matched quirks": summary["settings"].get("matched") is not None,
    }
    fresh = {
        "arguments": args or [],
        "parity mode": options.parity_mode or MODES[0],
        "dtype": options.dtype,
        "device": options.device,
        "region": options.roi,
        "bounds": chosen_bounds(options.published_bounds, options.threshold).name,
        "resampled": False,
        "threads": options.threads,
        "determinism": options.determinism,
        "kept results": stated["kept results"] and not options.no_cache and not options.determinism,
        "small region": options.small_region,
        "contract": list(dict.fromkeys(options.allow)),
        "outputs": output_request(options.outputs, options.noise).facts(),
        "matched quirks": stated["matched quirks"] and options.match_quirks and not options.parity_mode,
    }
    return contradictions(fresh, stated, SUMMARY)


def environment_faults(part: PairPart) -> list[str]:
    """Return where the environment of a pair tells of other programs than ran."""
    environment = environment_of(part.folder)
    programs = {side: run["provenance"] for side, run in part.summary["runs"].items()}
    found = differing(programs, environment.get("programs"), "programs")
    sides = environment.get("sides", {})
    for side, program in programs.items():
        kind = sides.get(side, {}).get("kind", program["kind"])
        found += differing(program["kind"], kind, f"sides.{side}.kind")
    return found


def expected_files(result: PairResult) -> list[str]:
    """Return the names of the files that a compared pair must have."""
    names = [SUMMARY, COMMANDS, ENVIRONMENT]
    for side, run in zip(SIDES, result.runs, strict=False):
        names += [f"{side}_stdout.txt", f"{side}_stderr.txt"]
        names += [output_name(side, name) for name in run.files]
        names += [image_name(side), f"{side}.png"] if run.image is not None and run.image.size else []
    if result.comparison.reflections is not None:
        names.append(REFLECTIONS)
    if result.job.contract is not None:
        names += evidence_names(result.job.contract, result.evidence)
    if result.comparison.first is None:
        return names
    newest = result.comparison.made.rules >= Rules.REFLECTIONS
    return [*names, "diff.png", *([RELATIVE_PICTURE] if newest else [])]


def _picture_faults(part: PairPart, place: _Place, result: PairResult) -> Iterator[BundleFault]:
    with temporary_folder("nb-verify") as scratch:
        write_pictures(Path(scratch), result)
        for path in sorted(Path(scratch).iterdir()):
            if _drawn_otherwise(part.folder / path.name, path):
                yield BundleFault(place.of(path.name), "is not the picture that the images give")


def _drawn_otherwise(stated: Path, fresh: Path) -> bool:
    """Tell whether a picture shows something else; bytes and fonts may differ."""
    old, new = read_plain(stated), fresh.read_bytes()
    if old == new:
        return False
    if old[PNG_HEAD] != new[PNG_HEAD]:
        return True
    from matplotlib.image import imread

    first, second = (np.asarray(imread(path), dtype=np.float64) for path in (stated, fresh))
    return first.shape != second.shape or float(np.abs(first - second).mean()) > PICTURE_SLACK
