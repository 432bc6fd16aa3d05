"""The outputs and traces of a case, judged from the files that are kept of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.described.description import (
    BOTH,
    ELEMENTS,
    DescribedCase,
    DescribedOutput,
    DescribedTrace,
    Description,
)
from harness.described.placeholders import filled, filled_source, placeholder_values
from harness.described.run_case import stored_name
from harness.errors import HarnessError
from harness.fields.compared import FieldFigures, compare_fields, shown_place
from harness.fields.field import FieldArray
from harness.fields.formats import check_source, read_field
from harness.fields.source import FieldSource
from harness.metric_sets.diffraction_image import (
    IMAGE_METRICS,
    image_options,
    judged_arrays,
    judged_summary,
)
from harness.metric_sets.nanobragg_run import telling_pixel
from harness.pairs.part import PairPart
from system_io.files import irregular, read_regular
from system_io.shown import printable
from system_io.verdict_words import Word
from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError
from trace_tools.judging.arithmetic import DOUBLE
from trace_tools.judging.blame import RecordState
from trace_tools.judging.judge import Options, judge_files, require_used
from trace_tools.judging.lookup import NO_GRAPH_WORD
from trace_tools.judging.render import finding_lines, metrics

PASSED = (Word.PASS, Word.ROUNDING, Word.LOOSENED)
CAUSAL = RecordState.CAUSAL


@dataclass(frozen=True)
class JudgedPart:
    """The verdict on one output or trace: its word, one line that says why, and its figures as plain data."""

    kind: str
    name: str
    word: Word
    text: str
    figures: Mapping[str, Any]

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "kind": self.kind, "name": self.name, "word": self.word.value, "text": self.text,
            "figures": dict(self.figures),
        }  # fmt: skip


def judged_case(description: Description, case: DescribedCase, kept: Path) -> list[JudgedPart]:
    """Return the verdict on each output and trace of a case.

    Args:
        description: what is compared, and how.
        case: which.
        kept: folder with the files of both runs, and of masks.
    """
    if description.nanobragg:
        return judged_run(description, case, kept)
    traces = [judged_trace(one, kept) for one in description.traces_of(case.name)]
    outputs = [judged_output(description, one, case, kept) for one in description.outputs_of(case.name)]
    return [*(_with_place(one, traces) for one in outputs), *traces]


def _with_place(output: JudgedPart, traces: Sequence[JudgedPart]) -> JudgedPart:
    """Add to an output that fails what the traces of the case say of where it begins to differ."""
    if output.word is not Word.FAIL or not traces:
        return output
    first = next((one for one in traces if one.figures.get("first_divergence")), None)
    if first is not None:
        place = f"{first.figures['first_divergence']}{_places(first.figures)}"
        told = f"first divergent tap of trace {first.name}: {place}"
    elif all(one.word in PASSED for one in traces):
        told = "all taps agree, so that it begins to differ behind the last of them"
    else:
        return output
    return replace(output, text=f"{output.text}; {told}")


def _places(figures: Mapping[str, Any]) -> str:
    """Return where both programs record the first divergent tap, as far as their logs say so."""
    record = figures["report"]["first_divergence_record"]
    found = dict.fromkeys(record[key] for key in ("place_a", "place_b") if record.get(key))
    return f" ({', '.join(found)})" if found else ""


def judged_run(description: Description, case: DescribedCase, kept: Path) -> list[JudgedPart]:
    """Return the verdict on the image of programs that know nanoBragg's command line, and on its worst pixel.

    Args:
        description: what is compared.
        case: which.
        kept: the result folder of nb-compare, with the logs of the worst pixel where the image fails.

    Raises:
        BundleError: there is no result, or it does not follow its schema.
    """
    part = PairPart.load(kept)
    output = next(description.outputs_of(case.name))
    image = JudgedPart("output", output.name, *judged_summary(part.summary))
    if telling_pixel(part.summary) is None:
        return [image]
    traces = [judged_trace(one, kept, part.made.arithmetic) for one in description.traces_of(case.name)]
    return [_with_place(image, traces), *traces]


def mask_name(output: DescribedOutput, source: FieldSource) -> str:
    """Return the name under which the mask of an output is kept."""
    return stored_name("mask", "output", output.name, source.path)


def graph_name(trace: DescribedTrace) -> str:
    """Return the name under which the tap graph of a trace is kept."""
    return f"graph_trace_{trace.name}.json"


def keep_inputs(description: Description, case: DescribedCase, target: Path) -> None:
    """Copy what the judgement of a case needs beside the runs: masks and tap graphs.

    Raises:
        HarnessError: one is not there.
    """
    for source, name in _inputs(description, case):
        content = read_regular(source, "mask or tap graph", "name an existing file", HarnessError)
        (target / name).write_bytes(content)


def require_inputs(description: Description, cases: Sequence[DescribedCase]) -> None:
    """Check, before anything is run, that masks, tap graphs and input files of cases are there.

    Raises:
        HarnessError: one is not, or is no regular file.
    """
    for case in cases:
        needed = [("mask or tap graph", path) for path, _ in _inputs(description, case)]
        needed += [(f"case.{case.name}: input file", path) for path in case.files]
        for what, path in needed:
            odd = irregular(path) if path.exists() else "not there"
            if odd:
                raise HarnessError(f"{what} '{printable(str(path))}' is {odd}; name an existing file")


def _inputs(description: Description, case: DescribedCase) -> list[tuple[Path, str]]:
    """Return the masks and tap graphs of a case, and the names under which they are kept."""
    values = placeholder_values(case, description.folder)
    files = [
        (
            description.folder / filled(one.mask.path, values, f"output.{one.name}.mask"),
            mask_name(one, one.mask),
        )
        for one in description.outputs_of(case.name)
        if one.mask is not None
    ]
    files += [
        (one.graph, graph_name(one)) for one in description.traces_of(case.name) if one.graph is not None
    ]
    return files


def judged_output(
    description: Description, output: DescribedOutput, case: DescribedCase, kept: Path
) -> JudgedPart:
    """Return the verdict on one output."""
    try:
        return JUDGES[output.metrics](description, output, case, kept)
    except HarnessError as error:
        return JudgedPart("output", output.name, Word.NOT_COMPARABLE, str(error), {})


def _judged_image(
    description: Description, output: DescribedOutput, case: DescribedCase, kept: Path
) -> JudgedPart:
    fields = [kept_field(output, side, description, case, kept) for side in BOTH]
    options = image_options(output.options, f"output.{output.name}.options", runs=False)
    return JudgedPart("output", output.name, *judged_arrays(fields[0], fields[1], options))


def _judged_elements(
    description: Description, output: DescribedOutput, case: DescribedCase, kept: Path
) -> JudgedPart:
    where = f"output.{output.name}"
    fields = [kept_field(output, side, description, case, kept) for side in BOTH]
    mask = None
    if output.mask is not None:
        source = filled_source(output.mask, placeholder_values(case, description.folder), f"{where}.mask")
        mask = _stored(source, mask_name(output, source), kept, f"{where}.mask")
    figures = compare_fields(fields[0], fields[1], output.bound, mask)
    word, text = worded_figures(figures, output, fields[0])
    return JudgedPart("output", output.name, word, text, plain_figures(figures, output, fields))


Judge = Callable[[Description, DescribedOutput, DescribedCase, Path], JudgedPart]
JUDGES: Mapping[str, Judge] = {ELEMENTS: _judged_elements, IMAGE_METRICS: _judged_image}
"""What judges an output by its metrics."""


def kept_field(
    output: DescribedOutput, side: str, description: Description, case: DescribedCase, kept: Path
) -> FieldArray:
    """Return an output of one side from the files that are kept of a case.

    Raises:
        HarnessError: it cannot be read.
    """
    where = f"output.{output.name}"
    values = placeholder_values(case, description.programs[side].folder)
    ready = filled_source(output.sources[side], values, where)
    return _stored(ready, stored_name(side, "output", output.name, ready.path), kept, f"{where} of {side}")


def _stored(source: FieldSource, name: str, kept: Path, where: str) -> FieldArray:
    check_source(source, where)
    return read_field(FieldSource(name, source.format, source.settings), kept)


def worded_figures(figures: FieldFigures, output: DescribedOutput, field: FieldArray) -> tuple[Word, str]:
    """Return the word for figures, and why: a broken bound first, then what says nothing."""
    bound, shape = output.bound.text, field.shape
    if figures.outside:
        first = shown_place(shape, figures.first)
        return Word.FAIL, (
            f"{figures.outside} of {figures.compared} elements are not within '{bound}', the first at "
            f"{first}; largest relative difference {_short(figures.relative.value)}, "
            f"{_short(figures.steps.value)} ULP"
        )
    if figures.no_number and not output.nan_allowed:
        return (
            Word.NOT_COMPARABLE,
            f"{figures.no_number} elements are NaN on both sides; nan = 'allowed' takes them as equal",
        )
    if figures.compared == 0:
        why = "is empty" if figures.elements == 0 else "has no element that is compared"
        return Word.NOT_COMPARABLE, f"{why}; compare one that holds numbers"
    if not figures.nonzero and not figures.unequal and not output.zeros_allowed:
        return Word.NOT_COMPARABLE, "is 0 everywhere on both sides; zeros = 'allowed' takes that as a result"
    return Word.PASS, _passed(figures, bound)


def _passed(figures: FieldFigures, bound: str) -> str:
    told = f"{figures.compared} elements within '{bound}'"
    if figures.unequal:
        told += f", {figures.unequal} of them unequal, by {_short(figures.relative.value)} at most"
    else:
        told += ", all equal"
    left = [(figures.masked, "masked"), (figures.no_number, "NaN on both sides")]
    return told + "".join(f"; {count} {what}" for count, what in left if count)


def _short(value: float) -> str:
    return f"{value:.3g}"


def plain_figures(figures: FieldFigures, output: DescribedOutput, fields: list[FieldArray]) -> dict[str, Any]:
    """Return figures as plain data; an infinity is a word."""
    names = ("elements", "masked", "unequal", "outside", "one_sided", "no_number", "nonzero", "compared")
    extremes = {"absolute": figures.absolute, "relative": figures.relative, "steps": figures.steps}
    shape = fields[0].shape
    return {
        **{name: getattr(figures, name) for name in names},
        **{name: _plain(one.value) for name, one in extremes.items()},
        **{f"{name}_at": shown_place(shape, one) for name, one in extremes.items()},
        "first_outside": shown_place(shape, figures.first),
        "sum_first": _plain(figures.sum_first), "sum_second": _plain(figures.sum_second),
        "bound": output.bound.text, "shape": list(shape), "dtypes": [str(one.dtype) for one in fields],
    }  # fmt: skip


def _plain(value: complex) -> float | str:
    if isinstance(value, complex):
        return str(value)
    return value if math.isfinite(value) else str(value)


def trace_log(trace: DescribedTrace, side: str, kept: Path) -> Path:
    """Return the log of a trace among the files that are kept of a case."""
    return kept / stored_name(side, "trace", trace.name, trace.files[side])


def judged_trace(trace: DescribedTrace, kept: Path, arithmetic: str = DOUBLE) -> JudgedPart:
    """Return the verdict on one trace; arithmetic: that of the less precise program."""
    logs = [trace_log(trace, side, kept) for side in BOTH]
    graph = None if trace.graph is None else kept / graph_name(trace)
    return judged_logs(trace, logs[0], logs[1], graph, (logs[0].name, logs[1].name), arithmetic)


def judged_logs(
    trace: DescribedTrace, first_log: Path, second_log: Path, graph: Path | None,
    sources: tuple[str, str] = ("", ""), arithmetic: str = DOUBLE, *, every_row: bool = False,
) -> JudgedPart:  # fmt: skip
    """Return the verdict on two trace logs, by the bounds and tolerances of a trace.

    Args:
        trace: which, with its bounds.
        first_log: of the trusted program.
        second_log: of the other.
        graph: file of the tap graph.
        sources: the names to call both logs by, their paths without one.
        arithmetic: that of the less precise program.
        every_row: whether each row of the bounds must decide a tap of these two logs.
    """
    told = NO_GRAPH_WORD if trace.no_graph else None if graph is None else str(graph)
    options = Options(trace.rtol, trace.atol, graph=told, bounds=trace.bounds, arithmetic=arithmetic)
    try:
        report = judge_files(str(first_log), str(second_log), options, sources)
        if every_row:
            require_used(report)
    except NotComparableError as error:
        return JudgedPart("trace", trace.name, Word.NOT_COMPARABLE, str(error), {})
    except TraceError as error:
        return JudgedPart("trace", trace.name, Word.ERROR, str(error), {})
    first = report.first
    figures = {
        "first_divergence": None if first is None else f"{first.tap} {first.context}".strip(),
        "causal_taps": sorted({cause.tap for cause in report.causes if cause.state == CAUSAL.word}),
        "told": [] if first is None else finding_lines(first)[:-1],
        "report": metrics(report),
    }
    return JudgedPart("trace", trace.name, report.verdict, report.line, figures)
