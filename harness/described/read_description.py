"""Reads a parity.toml."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.described.description import (
    BOTH,
    ELEMENTS,
    DescribedCase,
    DescribedOutput,
    DescribedProgram,
    DescribedTrace,
    DescribedVariant,
    Description,
)
from harness.described.placeholders import filled, filled_source, filled_words, placeholder_values
from harness.errors import HarnessError
from harness.fields.formats import FORMATS, check_source
from harness.fields.source import FieldSource
from harness.metric_sets.diffraction_image import IMAGE_METRICS, image_options
from harness.metric_sets.nanobragg_run import program_words
from harness.programs.programs import MODES
from harness.store.names import NAME
from harness.time_limits import RUN_S
from system_io.shown import printable
from system_io.toml_table import LIKENESS, TomlTable, read_toml
from trace_tools.bounds.floor_file import PairFloor, read_floor
from trace_tools.bounds.read_bounds import KEY, is_measured, output_bound, tap_rows
from trace_tools.element_bound import ElementBound
from trace_tools.judging.lookup import NO_GRAPH_WORD

SCHEMA = 1
STREAMS = ("stdout", "stderr")
DEFAULT_CASE = "default"
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
"""In the name of a folder, of what the name of one in the reports cannot hold."""
OUTPUT_KEYS = ("file", "format", "bound", "mask", "nan", "zeros", "cases", "metrics", "options", *BOTH)
WORST = "worst"
"""The pixel that is traced where an image fails: the farthest by its own value."""


def read_description(path: Path, *, with_floor: bool = True) -> Description:
    """Return what a parity.toml says; nothing is run, and only the file itself and its floor are read.

    Args:
        path: of the file.
        with_floor: whether a floor beside it counts; to measure it anew, it does not.

    Raises:
        HarnessError: that names the place and the rule.
    """
    top = read_toml(path, "description", "name a parity.toml", HarnessError)
    if (schema := top.take("schema", int)) != SCHEMA:
        raise top.fault("schema", f"is {schema}, this program reads {SCHEMA}; write the file for it")
    folder = path.absolute().parent
    programs = {side: _program(top.table(side), folder, side) for side in BOTH}
    runs = _both_nanobragg(programs, top)
    floor = read_floor(folder) if with_floor else None
    outputs = tuple(_output(name, table, floor, runs) for name, table in top.tables("output"))
    traces = tuple(_trace(name, table, folder, floor, runs) for name, table in top.tables("trace"))
    in_use = any(one.measured for one in outputs) or any(one.measured for one in traces)
    found = Description(
        path.absolute(),
        top.take("title", str, " against ".join(programs[side].name for side in BOTH)),
        programs,
        _cases(top, folder, runs),
        outputs,
        traces,
        top.take("determinism", bool, False),
        tuple(_variant(name, table) for name, table in top.tables("variant")),
        floor.text if floor is not None and in_use else "",
        top.take("name", str, UNFIT.sub("-", folder.name).strip(".-_") or "pair"),
    )
    top.close()
    _check(found, top)
    return found


def _program(table: TomlTable, folder: Path, side: str) -> DescribedProgram:
    nanobragg = table.take("nanobragg", str, "")
    for key in ("run", "version", "environment"):
        if nanobragg and table.has(key):
            raise table.fault(key, "cannot stand beside 'nanobragg', which says how the program is run")
    found = DescribedProgram(
        table.take("name", str, side),
        () if nanobragg else table.words("run"),
        (folder / table.take("folder", str, ".")).resolve(),
        table.commands("build"),
        table.words("version", ()),
        _texts(table, "environment"),
        table.take("timeout_s", float, RUN_S),
        nanobragg,
    )
    table.close()
    if not found.run and not nanobragg:
        raise table.fault("run", "is empty; give the words that run the program")
    if not 0.0 < found.timeout_s < float("inf"):
        raise table.fault("timeout_s", f"is {found.timeout_s:g}, must be a time above 0; give seconds")
    return found


def _both_nanobragg(programs: Mapping[str, DescribedProgram], top: TomlTable) -> bool:
    """Tell whether the programs know nanoBragg's command line.

    Raises:
        HarnessError: one of them does, or names our program of the other side.
    """
    named = [side for side in BOTH if programs[side].nanobragg]
    if len(named) == 1:
        raise top.fault(
            f"{named[0]}.nanobragg", "stands for one program only; give it for both, or 'run' for both"
        )
    for side in named:
        program_words(side, programs[side].nanobragg, programs[side].folder)
    return bool(named)


def _cases(top: TomlTable, folder: Path, runs: bool) -> tuple[DescribedCase, ...]:
    """Return the cases; words and values that stand at the top are those of a case without its own."""
    shared = DescribedCase("", top.words("arguments", ()), values=_texts(top, "values"))
    found = tuple(_case(name, table, folder, shared, runs) for name, table in top.tables("case"))
    return found or (replace(shared, name=DEFAULT_CASE),)


def _case(name: str, table: TomlTable, folder: Path, shared: DescribedCase, runs: bool) -> DescribedCase:
    values = {**shared.values, **_texts(table, "values")}
    files = tuple((folder / one).resolve() for one in table.texts("files"))
    mode = table.take("parity_mode", str, "") if runs else ""
    found = DescribedCase(name, table.words("arguments", shared.arguments), files, values, mode)
    table.close()
    if mode and mode not in MODES:
        raise table.fault("parity_mode", f"is '{printable(mode)}'; it is one of {', '.join(MODES)}")
    if files and runs:
        raise table.fault("files", "is not needed: programs with 'nanobragg' read them where they are")
    names = [file.name for file in files]
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise table.fault("files", f"has two files '{printable(twice)}', which would be one; rename one")
    return found


def _output(name: str, table: TomlTable, floor: PairFloor | None, runs: bool) -> DescribedOutput:
    metrics = table.take("metrics", str, IMAGE_METRICS if runs else ELEMENTS)
    if metrics not in METRIC_SETS or (runs and metrics != IMAGE_METRICS):
        known = (IMAGE_METRICS,) if runs else METRIC_SETS
        raise table.fault("metrics", f"is '{printable(metrics)}'; it is one of {', '.join(known)}")
    return METRIC_SETS[metrics](name, table, floor, runs)


def _image_output(name: str, table: TomlTable, _floor: PairFloor | None, runs: bool) -> DescribedOutput:
    """Return an output that is judged as a diffraction image; nanoBragg's programs name its file."""
    for key in ("bound", "mask", "nan", "zeros"):
        if table.has(key):
            raise table.fault(
                key,
                f"goes with metrics = '{ELEMENTS}'; an image has bounds of its own: use 'options'",
            )
    options = table.words("options", ())
    image_options(options, f"{table.where}.options", runs=runs)
    cases = table.texts("cases")
    sources = {} if runs else _sources(table)
    table.close()
    return DescribedOutput(name, sources, ElementBound(), cases=cases, metrics=IMAGE_METRICS, options=options)


def _sources(table: TomlTable) -> dict[str, FieldSource]:
    """Return the file of an output on each side: what both have in common, and what is different for one."""
    special = {side: table.table(side).rest() for side in BOTH}
    general = table.rest()
    return {side: _source({**general, **special[side]}, f"{table.where}.{side}") for side in BOTH}


def _element_output(name: str, table: TomlTable, floor: PairFloor | None, _runs: bool) -> DescribedOutput:
    bound = output_bound(name, table, floor)
    mask = table.table("mask").rest() if table.has("mask") else None
    known = {
        "nan_allowed": table.take("nan", str, "refused"),
        "zeros_allowed": table.take("zeros", str, "refused"),
    }
    for key, word in known.items():
        if word not in ("refused", "allowed"):
            raise table.fault(key.partition("_")[0], f"is '{printable(word)}'; it is 'refused' or 'allowed'")
    cases = table.texts("cases")
    return DescribedOutput(
        name,
        _sources(table),
        bound,
        None if mask is None else _source(mask, f"{table.where}.mask"),
        known["nan_allowed"] == "allowed",
        known["zeros_allowed"] == "allowed",
        cases=cases,
        measured=is_measured(table) and floor is not None,
    )


OutputReader = Callable[[str, TomlTable, PairFloor | None, bool], DescribedOutput]
METRIC_SETS: Mapping[str, OutputReader] = {ELEMENTS: _element_output, IMAGE_METRICS: _image_output}
"""How an output may be judged, with what reads its table."""


def _variant(name: str, table: TomlTable) -> DescribedVariant:
    found = DescribedVariant(
        name,
        table.take("of", str, BOTH[0]),
        table.take("held_out", bool, False),
        table.commands("build"),
        table.words("run", ()),
        _texts(table, "environment"),
        _texts(table, "values"),
    )
    table.close()
    if found.of not in BOTH:
        raise table.fault("of", f"is '{printable(found.of)}'; it is one of {', '.join(BOTH)}")
    if not (found.build or found.run or found.environment or found.values):
        raise table.fault("", "changes nothing; give build, run, environment or values")
    return found


def _texts(table: TomlTable, key: str) -> dict[str, str]:
    """Return a table of texts and numbers as texts."""
    found = table.take(key, dict, {})
    for name, value in found.items():
        if isinstance(value, bool | list | dict):
            raise table.fault(f"{key}.{name}", f"is {value!r:.60}, must be a text or a number; give one")
    return {name: str(value) for name, value in found.items()}


def _source(words: Mapping[str, Any], where: str) -> FieldSource:
    settings = dict(words)
    table = TomlTable(settings, where, HarnessError)
    path, kind = table.take("file", str), table.take("format", str, "")
    require_inside(path, where)
    usual = "text" if path in STREAMS else SUFFIXES.get(Path(path).suffix.lstrip("."), "")
    kind = kind or usual
    if not kind:
        raise HarnessError(
            f"{where}: the name '{printable(path)}' does not tell the format; give format, one of "
            f"{', '.join(FORMATS)}"
        )
    if kind not in FORMATS:
        raise HarnessError(f"{where}.format is '{printable(kind)}'; it is one of {', '.join(FORMATS)}")
    rest = table.rest()
    of_formats = {key for known in FORMATS.values() for key in known.settings}
    for key in sorted(rest.keys() - of_formats):
        if near := difflib.get_close_matches(key, (*OUTPUT_KEYS, *FORMATS[kind].settings), 1, LIKENESS):
            raise table.fault(key, f"is no key of this table; did you mean '{near[0]}'?")
    return FieldSource(path, kind, rest)


SUFFIXES: Mapping[str, str] = {
    "npy": "npy", "npz": "npz", "csv": "csv", "txt": "text", "dat": "text", "h5": "hdf5", "hdf5": "hdf5",
    "nc": "netcdf", "img": "smv",
}  # fmt: skip
"""Formats by the ending of a file, where none is named."""


def require_inside(path: str, where: str) -> None:
    """Check that a file of a run lies in its working folder, which is new and empty for every run.

    Raises:
        HarnessError: it is named elsewhere, where it may be left over from another run.
    """
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts:
        raise HarnessError(
            f"{where}.file is '{printable(path)}', must lie in the working folder of the run, which "
            "is empty before it; have the program write it there"
        )


def _trace(name: str, table: TomlTable, folder: Path, floor: PairFloor | None, runs: bool) -> DescribedTrace:
    files = _pixel_logs(table) if runs else _log_files(table)
    graph = "" if runs else table.take("graph", str, "")
    tolerances = {key: table.take(key, float) for key in ("rtol", "atol") if table.has(key)}
    bounds = tap_rows(name, table, floor)
    table.may_have(("rtol", "atol", KEY))
    cases = table.texts("cases")
    table.close()
    path = None if graph in ("", NO_GRAPH_WORD) else (folder / graph).resolve()
    return DescribedTrace(
        name, files, path, **tolerances, cases=cases, bounds=bounds, no_graph=graph == NO_GRAPH_WORD
    )


def _log_files(table: TomlTable) -> dict[str, str]:
    """Return the log of each side."""
    general = table.take("file", str, "")
    files = {}
    for side in BOTH:
        one = table.table(side)
        files[side] = one.take("file", str, general)
        one.close()
        if not files[side]:
            raise table.fault("file", f"is missing; name the log, or one of {', '.join(STREAMS)}")
        if files[side] not in STREAMS:
            require_inside(files[side], f"{table.where}.{side}")
    return files


def _pixel_logs(table: TomlTable) -> dict[str, str]:
    """Return how the logs of a pixel are called that programs with nanoBragg's command line are traced on."""
    if (pixel := table.take("pixel", str)) != WORST:
        raise table.fault("pixel", f"is '{printable(pixel)}'; it is '{WORST}'")
    return dict.fromkeys(BOTH, "pixel.log")


def _check_nanobragg(found: Description, top: TomlTable) -> None:
    """Check what programs with nanoBragg's command line can be asked for.

    Raises:
        HarnessError: a case without an image or with several, more than one trace, variants.
    """
    if found.variants:
        found.require_runs(f"{top.where}.variant")
    for case in found.cases:
        images, traces = ([*of(case.name)] for of in (found.outputs_of, found.traces_of))
        if len(images) != 1 or len(traces) > 1:
            raise top.fault(
                f"case.{case.name}",
                "needs one output, and at most one trace: programs with 'nanobragg' give one image; name it",
            )


def _check_sources(found: Description, where: str) -> None:
    """Check what is said of command lines and of the files of outputs, as it reads in each case.

    Raises:
        HarnessError: a setting that its format does not have, or a name in braces that stands for nothing.
    """
    for case in found.cases:
        for program in found.programs.values():
            values = placeholder_values(case, program.folder)
            filled_words(program.run, values, case.arguments, f"{where}.case.{case.name}")
            for word in case.arguments:
                filled(word, values, f"{where}.case.{case.name}.arguments")
        for output in found.outputs_of(case.name):
            for side, source in output.sources.items():
                place = f"{where}.output.{output.name} of {side}"
                values = placeholder_values(case, found.programs[side].folder)
                check_source(filled_source(source, values, place), place)


def _check(found: Description, top: TomlTable) -> None:
    """Check what no single table shows.

    Raises:
        HarnessError: a name that cannot be that of a folder, a case that is none, nothing to compare.
    """
    if not NAME.fullmatch(found.name):
        raise top.fault("name", "is no plain name; use letters, digits, '.', '_' and '-'")
    for kind, names in (
        ("case", [one.name for one in found.cases]),
        ("output", [one.name for one in found.outputs]),
        ("trace", [one.name for one in found.traces]),
    ):
        for name in names:
            if not NAME.fullmatch(name):
                raise top.fault(f"{kind}.{name}", "is no plain name; use letters, digits, '.', '_' and '-'")
    cases = {one.name for one in found.cases}
    asked: Iterable[DescribedOutput | DescribedTrace] = (*found.outputs, *found.traces)
    for one in asked:
        if strange := sorted({*one.cases} - cases):
            raise top.fault(
                one.name, f"names the case '{printable(strange[0])}'; there are {', '.join(sorted(cases))}"
            )
    _check_sources(found, top.where)
    if found.nanobragg:
        _check_nanobragg(found, top)
    for name in sorted(cases):
        if not [*found.outputs_of(name), *found.traces_of(name)]:
            raise top.fault(
                f"case.{name}", "has no output and no trace; name one, or there is nothing to compare"
            )
