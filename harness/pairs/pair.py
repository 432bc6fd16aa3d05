"""Runs two programs on one nanoBragg command line and compares their images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.arithmetic import arithmetic_of
from harness.contract.gather import OWN, gathered
from harness.contract.judge import ContractResult, judge_contract
from harness.contract.pixels import NO_EVIDENCE, ContractEvidence, can_judge
from harness.contract.rules import Contract, DeclaredQuirk
from harness.files import input_facts
from harness.images.compare import ImageComparison, Region, compare_images, image_request
from harness.images.judgement import NEWEST, STRICT, ImageBounds, Rules
from harness.kept.runs import kept_note, kept_or_run
from harness.kept.shelf import Shelf
from harness.outputs.request import NO_MORE, OutputRequest, with_outputs
from harness.outputs.rows import OutputRow, output_findings, with_rows
from harness.pairs.findings import (
    LIMITING,
    Bench,
    matched_findings,
    origin,
    same_program,
    trace_findings,
    tried_findings,
)
from harness.pairs.pair_outputs import output_rows
from harness.pairs.pair_traces import traced
from harness.pairs.predicted import NOTHING_PREDICTED, Prediction, predicting
from harness.pairs.probes import option_probes
from harness.pairs.rounding import decided_by_trace
from harness.probing.match import Match
from harness.programs.arguments import PreparedArguments, prepare_arguments
from harness.programs.programs import Program, first_program
from harness.programs.run import ProgramRun
from harness.programs.side_words import require_known, side_words
from harness.programs.watching import Watch, nobody
from harness.sides import SIDES
from harness.time_limits import RUN_S
from harness.verdict import PairFinding, Verdict, limited_verdict
from system_io.children import temporary_folder
from system_io.verdict_words import Word


@dataclass(frozen=True)
class PairJob:
    """What is to be run and compared.

    `args` are the words of the nanoBragg command line, relative names in them refer to `caller`.
    `dtype` and `device` are for the second program, `threads` for external ones. `determinism` says that both
    programs may be one, `small_region` that a region may be one which says nothing about the image. `matched`
    are the quirks that tiny runs told of a program that a user brought, and that the other side gets. `shelf`
    keeps results of C programs from run to run; None runs them anew. `contract` is what a patch may change,
    everything else being equal bit for bit; None holds the images to the bounds.
    """

    first: Program
    second: Program
    args: tuple[str, ...]
    caller: Path
    mode: str = "c-parity"
    dtype: str | None = None
    device: str | None = None
    roi: Region | None = None
    bounds: ImageBounds = STRICT
    resample: bool = False
    timeout_s: float = RUN_S
    threads: int = 1
    determinism: bool = False
    small_region: bool = False
    outputs: OutputRequest = NO_MORE
    matched: Match | None = None
    shelf: Shelf | None = None
    contract: Contract | None = None

    @property
    def programs(self) -> dict[str, Program]:
        """Return the program of each side."""
        return dict(zip(SIDES, (self.first, self.second), strict=True))

    @property
    def shelf_in_force(self) -> Shelf | None:
        """Return where results are kept: nowhere if runs are to repeat, or a program is known not to."""
        doubtful = self.matched is not None and bool(self.matched.faults)
        return None if self.determinism or doubtful else self.shelf

    @property
    def declared_quirks(self) -> tuple[DeclaredQuirk, ...]:
        """Return the quirks that may come or go."""
        return () if self.contract is None else self.contract.quirks

    def facts(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {
            "dtype": self.dtype,
            "device": self.device,
            "timeout_s": self.timeout_s,
            "threads": self.threads,
            "determinism": self.determinism,
            "small_region": self.small_region,
            **self.outputs.facts(),
            **({} if self.contract is None else {"allow": self.contract.texts()}),
            "matched": None if self.matched is None else self.matched.facts(),
        }


@dataclass(frozen=True)
class PairResult:
    """The runs that were made (the second is missing if the first failed) and their comparison.

    `inputs` are the files that were read: path, sha256 and size as they were before the first run. `findings`
    are what the verdict takes into account beside the images; `evidence` is what `contract` was judged by.
    """

    job: PairJob
    arguments: PreparedArguments
    runs: tuple[ProgramRun, ...]
    comparison: ImageComparison
    inputs: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[PairFinding, ...] = ()
    outputs: tuple[OutputRow, ...] = ()
    contract: ContractResult | None = None
    evidence: ContractEvidence = NO_EVIDENCE

    @property
    def limits(self) -> list[str]:
        """Return what makes a pass say less than it seems to."""
        return [row.reason for row in self.findings if row.kind in LIMITING and row.word is Word.PASS]

    @property
    def notes(self) -> list[str]:
        """Return what a reader should know and what limits no verdict."""
        ran = {side: run.program for side, run in zip(SIDES, self.runs, strict=False)}
        told = side_words(self.arguments, ran)
        return [
            *self.arguments.notes,
            *(note for side in told.values() for note in side.notes),
            *(kept_note(run.program.title, [run.kept]) for run in self.runs if run.kept is not None),
            *self.comparison.notes,
            *(finding.reason for finding in self.findings if finding.word is Word.PASS),
        ]

    def computed(self) -> dict[str, str | None]:
        """Return how each program that ran says that it computed its image."""
        return {side: run.computed for side, run in zip(SIDES, self.runs, strict=False)}


def run_pair(job: PairJob, watch: Watch = nobody) -> PairResult:
    """Run both programs, one after the other, each in a scratch directory of its own, and compare.

    A program that may not be one of ours is run again where that can overturn a pass or explain a failure.

    Args:
        job: programs, command line, settings and bounds.
        watch: shows how far the programs are.

    Returns:
        The runs and the comparison; a program that fails makes the verdict ERROR.

    Raises:
        UsageError: the command line cannot be compared.
        ProgramError: a program does not know the mode, dtype or device asked for.
    """
    arguments = with_outputs(prepare_arguments(job.args, job.caller), job.args, job.outputs)
    require_known(arguments.words, job.programs)
    told = side_words(arguments, job.programs)
    settings = dict(zip(SIDES, side_settings(job), strict=True))
    inputs = tuple(input_facts(arguments.inputs))
    runs: dict[str, ProgramRun] = {}
    with temporary_folder("nb-run") as scratch, predicting(arguments.words, job.mode) as prediction:
        for side, program in job.programs.items():
            place = Path(scratch) / side
            runs[side] = kept_or_run(
                program, settings[side], told[side].arguments, place, job.timeout_s, job.threads, watch,
                job.shelf_in_force,
            )  # fmt: skip
            if runs[side].failure is not None:
                break
        compared = compared_runs(job, arguments, list(runs.values()), prediction)
        words = {side: one.arguments for side, one in told.items()}
        bench = Bench(Path(scratch), job.timeout_s, job.threads, job.programs, settings, words, runs)
        evidence = contract_evidence(job, arguments, bench, compared)
        compared, contract = under_contract(job, compared, runs, evidence)
        findings = stated_findings(job, arguments, runs, compared, contract)
        outputs = output_rows(
            job.outputs, job.args, words, runs, job.mode, compared.roi, declared=job.declared_quirks
        )
        findings += output_findings(job.outputs, outputs)
        if limited_verdict(compared.verdict, findings).word is compared.verdict.word:
            findings += tried_findings(bench, compared)
            findings += option_probes(bench, compared)
            findings += decided_by_trace(bench, compared)
    verdict = with_rows(limited_verdict(compared.verdict, findings), outputs)
    made = tuple(runs.values())
    compared = replace(compared, verdict=verdict)
    return PairResult(job, arguments, made, compared, inputs, tuple(findings), outputs, contract, evidence)


def contract_evidence(
    job: PairJob, arguments: PreparedArguments, bench: Bench, compared: ImageComparison
) -> ContractEvidence:
    """Run what the contract of a comparison needs beside the two images; nothing without one.

    Raises:
        UsageError: a rule fits no image of this size.
    """
    if job.contract is None or not can_judge(compared):
        return NO_EVIDENCE
    programs = job.programs
    if job.contract.quirks:
        programs = {**programs, OWN: first_program(None, {})}
        told = side_words(arguments, programs)[OWN].arguments
        settings = own_settings(job, programs[OWN])
        bench = replace(
            bench, programs=programs, words={**bench.words, OWN: told},
            settings={**bench.settings, OWN: settings},
        )  # fmt: skip
    image = bench.runs[SIDES[0]].image
    assert image is not None  # it was compared
    shape = (image.shape[0], image.shape[1])
    return gathered(job.contract, compared, shape, programs, bench.again)


def own_settings(job: PairJob, reference: Program) -> tuple[str, ...]:
    """Return the words that set mode and matched quirks of the C reference beside a comparison."""
    told = reference.settings(job.mode).words
    return told if job.matched is None else (*told, *job.matched.words(job.matched.told, reference))


def under_contract(
    job: PairJob, compared: ImageComparison, runs: Mapping[str, ProgramRun], evidence: ContractEvidence
) -> tuple[ImageComparison, ContractResult | None]:
    """Return a comparison as its contract judges it, and what became of the contract; None without one."""
    if job.contract is None or not can_judge(compared):
        return compared, None
    first, second = (run.image for run in runs.values())
    assert first is not None  # both were compared
    assert second is not None
    result = judge_contract(job.contract, compared, (first, second), evidence, small_region=job.small_region)
    return result.applied(compared, first), result


def side_settings(job: PairJob) -> list[tuple[str, ...]]:
    """Return the words that set parity mode, dtype and device of each program.

    Raises:
        ProgramError: a program does not know what is asked.
    """
    told = (
        job.first.settings(job.mode).words,
        job.second.settings(job.mode, job.dtype, job.device).words,
    )
    if job.matched is None:
        return list(told)
    quirks = (job.matched.words(side, program) for side, program in job.programs.items())
    return [(*words, *more) for words, more in zip(told, quirks, strict=True)]


def compared_runs(
    job: PairJob,
    arguments: PreparedArguments,
    runs: Sequence[ProgramRun],
    prediction: Callable[[], Prediction] = lambda: NOTHING_PREDICTED,
    rules: Rules = NEWEST,
) -> ImageComparison:
    """Return the comparison of the images of both runs; ERROR if one failed or was not made.

    Args:
        prediction: is asked for the reflections of the command line where two images are compared.
    """
    failures = tuple(run.failure for run in runs if run.failure is not None)
    images = [run.image for run in runs if run.image is not None]
    made = image_request(arguments.words, arithmetic_of(job.dtype, [run.computed for run in runs]), rules)
    if failures or len(images) != len(SIDES):
        return ImageComparison(Verdict(Word.ERROR, failures), made.in_force(job.bounds), job.roi, made=made)
    if rules >= Rules.REFLECTIONS:
        made = replace(prediction().added_to(made), small_region=job.small_region)
    return compare_images(images[0], images[1], job.roi, job.bounds, resample=job.resample, made=made)


def stated_findings(
    job: PairJob,
    arguments: PreparedArguments,
    runs: Mapping[str, ProgramRun],
    compared: ImageComparison,
    contract: ContractResult | None = None,
) -> list[PairFinding]:
    """Return the findings that follow from programs, settings and traces, without a further run.

    Args:
        compared: the images; the traces are judged in the arithmetic that they have.
        contract: what became of a contract; two builds of one program are its very purpose.
    """
    if len(runs) != len(SIDES) or any(run.failure is not None for run in runs.values()):
        return []
    logs = {side: run.trace for side, run in runs.items()}
    first, second = job.first.provenance, job.second.provenance
    return [
        *same_program(first, second, job.dtype, job.determinism),
        *matched_findings(job.matched),
        *(() if contract is None else contract.findings),
        *trace_findings(arguments.traces, traced(logs, compared.made.arithmetic)),
        *(origin(first, second) if contract is None and _may_pass(compared) else ()),
    ]


def _may_pass(compared: ImageComparison) -> bool:
    """Tell whether images agree, by rules that ask for the limits of that."""
    return compared.made.rules >= Rules.REFLECTIONS and compared.verdict.exit_status == 0
