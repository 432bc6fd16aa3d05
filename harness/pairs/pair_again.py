"""A compared pair put together again from its raw files: what its summary and its commands must say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.contract.files import read_evidence, stated_contract
from harness.contract.pixels import NO_EVIDENCE, ContractEvidence, can_judge
from harness.errors import BundleError
from harness.images.compare import ImageComparison, Region
from harness.images.judgement import Rules
from harness.outputs.request import stated_request, with_outputs
from harness.outputs.rows import output_findings, with_rows
from harness.pairs.findings import TRIED
from harness.pairs.pair import (
    PairJob,
    PairResult,
    compared_runs,
    side_settings,
    stated_findings,
    under_contract,
)
from harness.pairs.pair_outputs import recorded_rows
from harness.pairs.part import PairPart
from harness.probing.match import Match
from harness.programs.programs import Program
from harness.programs.run import ProgramRun, words_behind_settings
from harness.programs.side_words import side_words
from harness.recorded.restated import called, stated_arguments, stated_program
from harness.sides import SIDES
from harness.store.names import output_name, trace_name
from harness.store.untrusted import read_plain
from harness.verdict import PairFinding, limited_verdict
from system_io.children import Outcome
from system_io.verdict_words import Word


def restored(part: PairPart) -> PairResult:
    """Return the comparison that a folder must come from: programs and words as stated, images as they are.

    Raises:
        BundleError: something is missing or cannot have been run.
        HarnessError: the command line cannot be compared.
    """
    summary = part.summary
    runs = summary["runs"]
    _require_sides(runs)
    programs = {side: stated_program(run["provenance"]) for side, run in runs.items()}
    asked = summary["asked_region"]
    settings = summary["settings"]
    job = PairJob(
        programs[SIDES[0]], programs.get(SIDES[1], programs[SIDES[0]]), tuple(summary["arguments"]),
        Path(summary["caller"]), part.mode, settings["dtype"], settings["device"],
        None if asked is None else Region(**asked), part.bounds(), summary["resampled"],
        settings["timeout_s"],
        settings.get("threads", 1), settings.get("determinism", False),
        settings.get("small_region", False), stated_request(settings), Match.of(settings.get("matched")),
        contract=stated_contract(part.folder, settings),
    )  # fmt: skip
    arguments = with_outputs(stated_arguments(summary), job.args, job.outputs)
    words = side_settings(job) if len(runs) == len(SIDES) else [job.first.settings(job.mode).words]
    told = side_words(arguments, programs)
    asked_words = {part.mode, settings["dtype"], settings["device"]}
    made = {
        side: _run(
            part,
            side,
            programs[side],
            arguments.kept,
            called(
                programs[side],
                chosen,
                words_behind_settings(told[side].arguments),
                runs[side]["command"],
                asked_words,
            ),
        )
        for side, chosen in zip(SIDES, words, strict=False)
    }
    compared = compared_runs(job, arguments, list(made.values()), lambda: part.prediction, part.rules)
    evidence = _evidence(part, job, compared)
    compared, contract = under_contract(job, compared, made, evidence)
    stated = stated_findings(job, arguments, made, compared, contract)
    words_told = {side: one.arguments for side, one in told.items()}
    outputs = recorded_rows(summary, job.outputs, words_told, made, compared.roi, job.declared_quirks)
    stated += output_findings(job.outputs, outputs)
    findings = (*stated, *tried(summary)) if part.rules > Rules.CORRELATION else ()
    verdict = with_rows(limited_verdict(compared.verdict, findings), outputs)
    compared = replace(compared, verdict=verdict)
    inputs = tuple(summary["inputs"])
    ran = tuple(made.values())
    return PairResult(job, arguments, ran, compared, inputs, findings, outputs, contract, evidence)


def _evidence(part: PairPart, job: PairJob, compared: ImageComparison) -> ContractEvidence:
    """Return what the contract of a comparison was judged by, as it lies in the folder."""
    if job.contract is None or not can_judge(compared):
        return NO_EVIDENCE
    shape = (part.first.shape[0], part.first.shape[1])
    return read_evidence(part.folder, job.contract, shape, part.summary["contract"])


def tried(summary: Mapping[str, Any]) -> list[PairFinding]:
    """Return the findings that further runs of the programs gave, which only a replay can check."""
    found = [PairFinding(row["kind"], Word(row["word"]), row["reason"]) for row in summary["findings"]]
    return [finding for finding in found if finding.kind in TRIED]


def _require_sides(runs: Mapping[str, Any]) -> None:
    """Check that both programs ran, or that the first failed.

    Raises:
        BundleError: if one lacks without a reason, or there is another.
    """
    strange = sorted(runs.keys() - set(SIDES))
    if strange:
        raise BundleError(f"runs has the side '{strange[0]}'; there are {' and '.join(SIDES)}")
    first = runs.get(SIDES[0])
    if first is None or (SIDES[1] not in runs and first["failure"] is None):
        lacking = SIDES[0] if first is None else SIDES[1]
        raise BundleError(f"runs lacks the side '{lacking}', though nothing kept it from being run")


def _run(
    part: PairPart, side: str, program: Program, kept: Sequence[str], command: tuple[str, ...]
) -> ProgramRun:
    stated = part.summary["runs"][side]
    outcome = Outcome(
        stated["exit_status"], stated["signal"], stated["timed_out"], stated["wall_s"], stated["peak_bytes"]
    )
    stdout, stderr = (read_plain(part.folder / f"{side}_{name}.txt") for name in ("stdout", "stderr"))
    log = part.folder / trace_name(side)
    files = {name: part.folder / output_name(side, name) for name in kept}
    return ProgramRun(
        program=program,
        command=command,
        outcome=outcome,
        stdout=stdout,
        stderr=stderr,
        image=part.image(side) if stated["failure"] is None else None,
        shape_source=stated["shape_source"],
        failure=stated["failure"],
        trace=read_plain(log) if log.is_file() else None,
        files={name: read_plain(path) for name, path in files.items() if path.is_file()},
        kept=stated.get("kept"),
    )
