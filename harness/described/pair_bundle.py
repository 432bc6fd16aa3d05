"""A run of a described pair as an evidence bundle: written, and held against its raw files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.described.built import BuiltProgram
from harness.described.description import BOTH, DescribedCase, Description
from harness.described.judged import PASSED, judged_case, require_inputs
from harness.described.pair_run import (
    GUESSED,
    CaseResult,
    ignored_arguments,
    one_program,
    run_case_pair,
    with_crystal,
)
from harness.described.read_description import read_description
from harness.errors import BundleError
from harness.files import sha256_of_file
from harness.metric_sets.diffraction_image import IMAGE_METRICS
from harness.pairs.part import PairPart
from harness.programs.environment import describe_environment
from harness.programs.watching import Watch, nobody
from harness.store.bundle import BundleWriter
from harness.store.kind_words import DESCRIBED_KIND
from harness.store.names import COMMANDS, ENVIRONMENT, METRICS, SUMMARY
from harness.store.schema import BUNDLE_SCHEMA, VERDICT, Each, Maybe, check
from harness.store.stated import differing, environment_of
from harness.store.untrusted import BundleFault, read_json
from harness.verdict import STRENGTH, State
from system_io.files import read_regular
from system_io.shell import shell_text
from system_io.shown import json_text
from system_io.verdict_words import EXIT_STATUS, Word
from trace_tools.bounds.floor_file import FLOOR_NAME
from trace_tools.judging.tap_bounds import idle_rows

DESCRIPTION = "parity.toml"
CASE_FILE = "case.json"
INITIATIVE = "pair"
RUN: Mapping[str, Any] = {
    "command": [str], "exit_status": Maybe(int), "signal": Maybe(str), "timed_out": bool, "wall_s": float,
    "peak_bytes": Maybe(int), "failure": Maybe(str),
}  # fmt: skip
CASE: Mapping[str, Any] = {
    "case": str, "word": VERDICT, "reasons": [str], "runs": Each(RUN),
    "parts": [{"kind": str, "name": str, "word": VERDICT, "text": str, "figures": Each(Any)}],
}  # fmt: skip


@dataclass(frozen=True)
class DescribedPart:
    """A case of a bundle, with what case.json says of it."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def mode(self) -> str:
        """Return the name of the case."""
        return str(self.facts["case"])

    @property
    def pair(self) -> PairPart | None:
        """Return the case as a compared pair of nanoBragg's programs, None of other programs."""
        is_pair = (self.folder / SUMMARY).is_file()
        return PairPart.load(self.folder, self.mode) if is_pair else None

    @classmethod
    def load(cls, folder: Path) -> DescribedPart:
        """Return a case.

        Raises:
            BundleError: it is not there, or does not follow its schema.
        """
        facts = read_json(folder / CASE_FILE)
        check(facts, CASE, f"{folder.name}/{CASE_FILE}")
        return cls(folder, facts)


def write_pair_bundle(
    description: Description,
    programs: Mapping[str, BuiltProgram],
    cases: Sequence[Any],
    reports: Path,
    command: Sequence[str],
    told: Callable[[CaseResult], object] = lambda _: None,
    watch: Watch = nobody,
) -> tuple[Path, dict[str, Any], list[dict[str, Any]]]:
    """Run cases, each into a folder of a new bundle, and finish it with the verdict.

    Args:
        description: the pair.
        programs: both, ready to run.
        cases: of the description.
        reports: root of all bundles.
        command: words of the call.
        told: is given each result as it comes.
        watch: shows how far a program is.

    Returns:
        The bundle, its metrics, and what case.json of each case says.

    Raises:
        HarnessError: a case cannot be run, or the bundle cannot be written.
    """
    require_inputs(description, cases)
    writer = BundleWriter.start(reports, INITIATIVE, description.name)
    _keep_description(description, writer)
    results = []
    for result in _runs_of_cases(description, programs, cases, writer, watch):
        told(result)
        results.append(result)
    environment = describe_environment(os.environ) | {
        "created": writer.created,
        "programs": {side: programs[side].facts() for side in BOTH},
    }
    writer.add_text(ENVIRONMENT, json_text(environment))
    writer.add_text(COMMANDS, shell_text(command) + "\n")
    facts = [result.facts() for result in results]
    identities = {side: programs[side].identity for side in BOTH}
    names = [result.case for result in results]
    one = one_program(description, identities)
    against = [*one, *ignored_arguments(description, writer.path, names)]
    settings = {
        "description": str(description.path),
        "sha256": sha256_of_file(description.path),
        "one_program": bool(one),
        "values": {case.name: dict(case.values) for case in cases},
    }
    metrics = {
        **judged_metrics(description, facts, against),
        "created": writer.created,
        "command": list(command),
        "settings": settings,
        "commit": (environment["git"] or {}).get("commit"),
    }
    return writer.finish(metrics), metrics, facts


def _keep_description(description: Description, writer: BundleWriter) -> None:
    """Add the description, and the floor that its bounds rest on, to a bundle."""
    text = read_regular(description.path, "description", "name a parity.toml", BundleError)
    writer.add_text(DESCRIPTION, text.decode("utf-8"))
    if description.measured:
        floor = read_regular(description.folder / FLOOR_NAME, "floor", "measure it again", BundleError)
        writer.add_text(FLOOR_NAME, floor.decode("utf-8"))


def _runs_of_cases(
    description: Description,
    programs: Mapping[str, BuiltProgram],
    cases: Sequence[DescribedCase],
    writer: BundleWriter,
    watch: Watch,
) -> Iterator[CaseResult]:
    """Run cases, each into a folder of a bundle, and yield the results as they come."""
    with with_crystal(cases) as ready:
        for case in ready:
            with writer.folder(case.name) as folder:
                result = run_case_pair(description, programs, case, folder, watch)
                (folder / CASE_FILE).write_text(json_text(result.facts()), encoding="utf-8")
            yield result


def judged_metrics(
    description: Description, cases: Sequence[Mapping[str, Any]], against: Sequence[str]
) -> dict[str, Any]:
    """Return what follows from the facts of the cases: verdict, reasons, figures, causes.

    Args:
        description: the pair.
        cases: what case.json of each says.
        against: what makes the whole say nothing.
    """
    unused = list(unused_rows(description, cases))
    words = [Word(case["word"]) for case in cases]
    words += [Word.NOT_COMPARABLE] * bool(against) + [Word.ERROR] * bool(unused)
    word = max(words, key=STRENGTH.index)
    figures = [row for case in cases for part in case["parts"] for row in _figures(case["case"], part)]
    traces = [part["figures"] for case in cases for part in case["parts"] if part["kind"] == "trace"]
    diverging = [trace for trace in traces if trace.get("first_divergence")]
    return {
        "schema": BUNDLE_SCHEMA,
        "kind": DESCRIBED_KIND,
        "title": description.title,
        "verdict": word.value,
        "exit_status": EXIT_STATUS[word],
        "reasons": [
            *unused,
            *against,
            *(f"{case['case']}: {reason}" for case in cases for reason in case["reasons"]),
        ],
        "notes": _bound_notes(description, traces),
        "parts": [case["case"] for case in cases],
        "figures": figures,
        "first_divergence": diverging[0]["first_divergence"] if diverging else None,
        "causal_taps": sorted({tap for trace in diverging for tap in trace["causal_taps"]}),
        "coverage": [
            _covered(description, cases),
            *(f"{case['case']}: {part['text']}" for case in cases for part in case["parts"] if _passed(part)),
        ],
    }


def unused_rows(description: Description, cases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield which bounds decide no tap of any case, as far as all cases of their trace were judged."""
    for trace in description.traces:
        reports = [
            part["figures"]["report"] for case in cases for part in case["parts"]
            if (part["kind"], part["name"]) == ("trace", trace.name) and "report" in part["figures"]
        ]  # fmt: skip
        asked = [case for case in description.cases if not trace.cases or case.name in trace.cases]
        if len(reports) < len(asked):
            continue
        taps = list(dict.fromkeys(tap for report in reports for tap in report["taps"]))
        decided = [report["bounds"].get("decided", {}) for report in reports]
        patterns = [row.pattern for row in trace.bounds]
        yield from (f"trace.{trace.name}.bound: {why}" for why in idle_rows(patterns, decided, taps))


def _bound_notes(description: Description, traces: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the bounds rest on."""
    written = any(not output.bound.exact for output in description.outputs if not output.measured)
    written |= any(trace.get("report", {}).get("bounds", {}).get("guesses") for trace in traces)
    return [*([description.measured] if description.measured else []), *([GUESSED] if written else [])]


def _figures(case: str, part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of an output or trace: one for each criterion of an image."""
    criteria = part["figures"].get("criteria")
    if criteria is None:
        return [figure_of(case, part)]
    return [
        {
            "name": f"{part['name']}: {row['name']}", "part": case, "measured": row["measured"],
            "published": None, "strict": None, "published_held": None, "state": row["state"],
            "note": f"bound {row['bound']}",
        }
        for row in criteria
    ]  # fmt: skip


def figure_of(case: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of an output or trace: the largest relative difference against its bound."""
    relative = part["figures"].get("relative")
    word = Word(part["word"])
    state = State.HELD if word in PASSED else State.FAILED if word is Word.FAIL else State.NOT_COMPARED
    return {
        "name": f"{part['kind']} {part['name']}", "part": case,
        "measured": relative if isinstance(relative, float | int) else None, "published": None,
        "strict": None, "published_held": None, "state": state.value, "note": part["text"],
    }  # fmt: skip


def _passed(part: Mapping[str, Any]) -> bool:
    """Tell whether a part is an image that passed; what stands against others is among the reasons."""
    return "criteria" in part["figures"] and part["word"] == Word.PASS.value


def _covered(description: Description, cases: Sequence[Mapping[str, Any]]) -> str:
    """Return which part of the description was compared."""
    parts = [part for case in cases for part in case["parts"]]
    held = sum(part["figures"].get("compared", 0) for part in parts if part["kind"] == "output")
    images = all(output.metrics == IMAGE_METRICS for output in description.outputs)
    what = "pixels" if images and description.outputs else "elements"
    return f"{len(cases)} of {len(description.cases)} cases, {len(parts)} outputs and traces, {held} {what}"


def described_faults(
    folder: Path, metrics: Mapping[str, Any], parts: Sequence[DescribedPart], *, pictures: bool = False
) -> Iterator[BundleFault]:
    """Yield where a bundle states something else than its raw files give; pictures: draw them again, too."""
    description = stated_description(folder / DESCRIPTION, metrics)
    known = {case.name: case for case in description.cases}
    for part in parts:
        name = part.folder.name
        if part.mode != name or name not in known:
            yield BundleFault(
                f"{name}/{CASE_FILE}", f"case: states {part.mode!r:.60}, the folder is '{name}'"
            )
            continue
        if description.nanobragg:
            from harness.pairs.pair_check import pair_faults

            yield from pair_faults(folder, PairPart.load(part.folder), pictures=pictures)
        yield from _case_faults(description, part, known[name])
    against = list(ignored_arguments(description, folder, [part.mode for part in parts]))
    if metrics["settings"].get("one_program"):
        against = [*one_program(description, dict.fromkeys(BOTH, ())), *against]
    fresh = judged_metrics(description, [part.facts for part in parts], against)
    for key, value in fresh.items():
        yield from (BundleFault(METRICS, text) for text in differing(value, metrics.get(key), key))
    environment = environment_of(folder)
    identical = _identities(environment)
    said = bool(metrics["settings"].get("one_program"))
    if identical is not None and (identical and not description.determinism) != said:
        yield BundleFault(METRICS, "settings.one_program is not what the programs in env.json give")
    if environment.get("created") != metrics["created"]:
        yield BundleFault(ENVIRONMENT, "created: is not that of the metrics")
    if sha256_of_file(folder / DESCRIPTION) != metrics["settings"].get("sha256"):
        yield BundleFault(DESCRIPTION, "is not the one of which the metrics state the sha256")


def stated_description(path: Path, metrics: Mapping[str, Any]) -> Description:
    """Return a description with the values that a run of it had, as the metrics of its bundle state them.

    Raises:
        HarnessError: it is none, or has no such case or value.
    """
    description = read_description(path)
    stated = metrics["settings"].get("values", {})

    def values(case: DescribedCase) -> dict[str, str]:
        changed = stated.get(case.name, {})
        return {key: str(changed.get(key, old)) for key, old in case.values.items()}

    cases = tuple(replace(case, values=values(case)) for case in description.cases)
    return replace(description, cases=cases)


def _identities(environment: Mapping[str, Any]) -> bool | None:
    """Tell whether both programs of env.json are one, None if it does not name them."""
    programs = environment.get("programs", {})
    if set(programs) != set(BOTH):
        return None
    seen = [
        (
            facts.get("nanobragg", ""),
            [facts["files"].get(word, word) for word in facts["run"]],
            sorted(facts["environment"].items()),
        )
        for facts in (programs[side] for side in BOTH)
    ]
    return bool(seen[0] == seen[1])


def _case_faults(description: Description, part: DescribedPart, case: Any) -> Iterator[BundleFault]:
    """Yield where a case states something else than its files give."""
    name, facts = f"{part.folder.name}/{CASE_FILE}", part.facts
    failed = [run["failure"] for run in facts["runs"].values() if run["failure"] is not None]
    strange = sorted({*facts["runs"]} - {*BOTH})
    if strange or (not failed and set(facts["runs"]) != set(BOTH)):
        yield BundleFault(
            name, f"runs are of {', '.join(sorted(facts['runs']))}, must be of {', '.join(BOTH)}"
        )
    for side, run in facts["runs"].items():
        ended = run["exit_status"] == 0 and run["signal"] is None and not run["timed_out"]
        if run["failure"] is None and not ended:
            yield BundleFault(name, f"runs.{side}: states no failure, but did not end with status 0")
    parts = () if failed else tuple(judged_case(description, case, part.folder))
    fresh = CaseResult(part.mode, {}, parts)
    given = {
        "parts": [one.facts() for one in parts],
        "word": Word.ERROR.value if failed else fresh.word.value,
        "reasons": failed or fresh.reasons,
    }
    stated = {key: facts[key] for key in given}
    yield from (BundleFault(name, text) for text in differing(given, stated, "case"))
