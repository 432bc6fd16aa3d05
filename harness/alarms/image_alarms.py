"""Images of sound programs beside those of the plain build, judged as `nb-compare` judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden_suite_generator.cases import Case
from harness.alarms.tally import AlarmOutcome, Tally
from harness.errors import HarnessError
from harness.images.compare import compare_images, image_request
from harness.images.judgement import STRICT
from harness.programs.build import Build, build_reference
from harness.programs.programs import Program
from harness.suite.arithmetic_floor import simulator_trace
from harness.suite.figures import CaseImage
from harness.suite.floor_runs import BASE_BUILD, TraceCase, trace_of
from harness.suite.image_floor_runs import TIES
from harness.suite.rendered import rendered_case
from harness.suite.runner import reference_program, run_case
from system_io.verdict_words import Word
from trace_tools.judging.arithmetic import ARITHMETICS, DOUBLE
from trace_tools.judging.judge import Options, judge
from trace_tools.reading.trace_file import TraceLog

WHAT, SIMULATOR = "images", "simulator"
THREADS = (1, 3)
"""Of the simulator: a block after the other, and more threads than an even cut has parts."""
Heard = Callable[[str], None]


@dataclass(frozen=True)
class PlainImage:
    """A case in a mode: its words, where its inputs are, and the image of the plain build (None: refused)."""

    case: Case
    mode: str
    inputs: Path
    expected: CaseImage | None

    @property
    def where(self) -> str:
        """Name of the case and the mode."""
        return f"{self.case.id} {self.mode}"

    def traced_at(self, slow: int, fast: int) -> TraceCase:
        """Return the case with a pixel to trace."""
        return TraceCase(self.case.id, tuple(self.case.words(self.inputs)), ((slow, fast),), self.case)


@dataclass(frozen=True)
class SoundMaker:
    """A sound program: what it is called, and how it makes the image of a case, and its trace."""

    tally: Tally
    image: Callable[[PlainImage], CaseImage | None]
    trace: Callable[[TraceCase, PlainImage], TraceLog]


def image_tallies(
    cases: Sequence[Case], builds: Mapping[str, Build], inputs: Path, heard: Heard = lambda _: None
) -> list[Tally]:
    """Return what the images of all sound programs came to.

    Args:
        cases: rows of the suite; those that end with an error must end so in every build.
        builds: of the C reference, by name.
        inputs: folder with inputs/.
        heard: is told each case.
    """
    base = build_reference(BASE_BUILD)
    makers = [*_built(builds), *_simulated()]
    for case, mode in _runs(cases):
        heard(f"{case.id} {mode}")
        here = PlainImage(case, mode, inputs, _image(reference_program(base), case, mode, inputs))
        for maker in makers:
            if here.expected is not None or maker.tally.maker != SIMULATOR:
                maker.tally.add(*_held(maker, here, base))
    return [maker.tally for maker in makers]


def _runs(cases: Iterable[Case]) -> Iterable[tuple[Case, str]]:
    return [
        (case, mode) for case in cases for mode in case.modes if "float" in case.outputs or case.status[mode]
    ]


def _image(program: Program, case: Case, mode: str, inputs: Path) -> CaseImage | None:
    images = run_case(program, case, mode, inputs).outputs.images
    return images.get("float")


def _built(builds: Mapping[str, Build]) -> list[SoundMaker]:
    def maker(name: str, build: Build) -> SoundMaker:
        program = reference_program(build)
        return SoundMaker(
            Tally(WHAT, name, DOUBLE),
            lambda here: _image(program, here.case, here.mode, here.inputs),
            lambda case, here: trace_of(build, case, case.words, here.mode, here.inputs),
        )

    return [maker(name, build) for name, build in builds.items()]


def _simulated() -> list[SoundMaker]:
    def maker(arithmetic: str, threads: int) -> SoundMaker:
        return SoundMaker(
            Tally(WHAT, SIMULATOR, arithmetic, threads),
            lambda here: _rendered(here, arithmetic, threads),
            lambda case, here: simulator_trace(case, here.mode, arithmetic, here.inputs),
        )

    return [maker(arithmetic, threads) for arithmetic in ARITHMETICS for threads in THREADS]


def _rendered(here: PlainImage, arithmetic: str, threads: int) -> CaseImage:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    words = ["--parity-mode", here.mode, "-dtype", arithmetic, "-noprogress", *here.case.words(here.inputs)]
    try:
        return rendered_case(here.case, words, here.inputs).image
    finally:
        torch.set_num_threads(before)


def _held(maker: SoundMaker, here: PlainImage, base: Build) -> tuple[AlarmOutcome, str, str]:
    """Return what an image came to, where it is of, and the reason of an alarm."""
    try:
        image = maker.image(here)
    except HarnessError as error:
        return AlarmOutcome.ALARM, here.where, str(error)
    if here.expected is None or image is None:
        return AlarmOutcome.REFUSED, here.where, ""
    if here.expected.shape == image.shape and here.expected.tobytes() == image.tobytes():
        return AlarmOutcome.EQUAL, here.where, ""
    outcome, why = _judged(maker, here, image, base)
    known = outcome is AlarmOutcome.ALARM and here.case.id in TIES and maker.tally.maker != SIMULATOR
    return (AlarmOutcome.BRANCH if known else outcome), here.where, why


def _judged(maker: SoundMaker, here: PlainImage, image: CaseImage, base: Build) -> tuple[AlarmOutcome, str]:
    assert here.expected is not None
    made = image_request(here.case.words(here.inputs), maker.tally.arithmetic)
    with np.errstate(all="ignore"):
        found = compare_images(here.expected, image, bounds=STRICT, made=made)
    word = found.verdict.word
    if word is Word.ROUNDING and found.metrics is not None and found.metrics.own is not None:
        return _by_trace(maker, here, base, found.metrics.own.worst_at)
    if word is Word.FAIL:
        return AlarmOutcome.ALARM, "; ".join(found.verdict.reasons)
    return (AlarmOutcome.PASS if word in (Word.PASS, Word.ROUNDING) else AlarmOutcome.EMPTY), ""


def _by_trace(
    maker: SoundMaker, here: PlainImage, base: Build, worst: tuple[int, int]
) -> tuple[AlarmOutcome, str]:
    """Trace the pixel that is farthest off by its own value, as `nb-compare` does where it says rounding."""
    case = here.traced_at(*worst)
    logs = trace_of(base, case, case.words, here.mode, here.inputs), maker.trace(case, here)
    report = judge(*logs, Options(arithmetic=maker.tally.arithmetic))
    if report.verdict is Word.FAIL:
        return AlarmOutcome.ALARM, f"rounding, and the trace of its worst pixel fails: {report.line}"
    return AlarmOutcome.ROUNDING, ""
