"""Reads a parity.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.described.description import (
    BOTH,
    DescribedCase,
    DescribedOutput,
    DescribedProgram,
    DescribedTrace,
    DescribedVariant,
    Description,
)
from harness.described.floor_file import PairFloor, read_floor
from harness.described.read_bounds import KEY, is_measured, output_bound, tap_rows
from harness.errors import HarnessError
from harness.fields.formats import FORMATS
from harness.fields.source import FieldSource
from harness.store.names import NAME
from harness.time_limits import RUN_S
from system_io.shown import printable
from system_io.toml_table import TomlTable, read_toml
from trace_tools.judging.lookup import NO_GRAPH_WORD

SCHEMA = 1
STREAMS = ("stdout", "stderr")
DEFAULT_CASE = "default"


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
    floor = read_floor(folder) if with_floor else None
    outputs = tuple(_output(name, table, floor) for name, table in top.tables("output"))
    traces = tuple(_trace(name, table, folder, floor) for name, table in top.tables("trace"))
    in_use = any(one.measured for one in outputs) or any(one.measured for one in traces)
    found = Description(
        path.absolute(),
        top.take("title", str, " against ".join(programs[side].name for side in BOTH)),
        programs,
        tuple(_case(name, table, folder) for name, table in top.tables("case"))
        or (DescribedCase(DEFAULT_CASE),),
        outputs,
        traces,
        top.take("determinism", bool, False),
        tuple(_variant(name, table) for name, table in top.tables("variant")),
        floor.text if floor is not None and in_use else "",
    )
    top.close()
    _check(found, top)
    return found


def _program(table: TomlTable, folder: Path, side: str) -> DescribedProgram:
    found = DescribedProgram(
        table.take("name", str, side),
        table.words("run"),
        (folder / table.take("folder", str, ".")).resolve(),
        table.commands("build"),
        table.words("version", ()),
        _texts(table, "environment"),
        table.take("timeout_s", float, RUN_S),
    )
    table.close()
    if not found.run:
        raise table.fault("run", "is empty; give the words that run the program")
    if not 0.0 < found.timeout_s < float("inf"):
        raise table.fault("timeout_s", f"is {found.timeout_s:g}, must be a time above 0; give seconds")
    return found


def _case(name: str, table: TomlTable, folder: Path) -> DescribedCase:
    values = _texts(table, "values")
    files = tuple((folder / one).resolve() for one in table.texts("files"))
    found = DescribedCase(name, table.words("arguments", ()), files, values)
    table.close()
    names = [file.name for file in files]
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise table.fault("files", f"has two files '{printable(twice)}', which would be one; rename one")
    return found


def _output(name: str, table: TomlTable, floor: PairFloor | None) -> DescribedOutput:
    special = {side: table.table(side).rest() for side in BOTH}
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
    general = table.rest()
    return DescribedOutput(
        name,
        {side: _source({**general, **special[side]}, f"{table.where}.{side}") for side in BOTH},
        bound,
        None if mask is None else _source(mask, f"{table.where}.mask"),
        **{key: word == "allowed" for key, word in known.items()},
        cases=cases,
        measured=is_measured(table) and floor is not None,
    )


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
    table = TomlTable(settings, where)
    path, kind = table.take("file", str), table.take("format", str, "")
    require_inside(path, where)
    suffix = Path(path).suffix.lstrip(".")
    kind = kind or SUFFIXES.get(suffix, "")
    if kind not in FORMATS:
        raise HarnessError(f"{where}.format is '{printable(kind)}'; it is one of {', '.join(FORMATS)}")
    return FieldSource(path, kind, table.rest())


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


def _trace(name: str, table: TomlTable, folder: Path, floor: PairFloor | None) -> DescribedTrace:
    general = table.take("file", str, "")
    files = {}
    for side in BOTH:
        one = table.table(side)
        files[side] = one.take("file", str, general)
        one.close()
        if files[side] not in STREAMS:
            require_inside(files[side], f"{table.where}.{side}")
    graph = table.take("graph", str, "")
    tolerances = {key: table.take(key, float) for key in ("rtol", "atol") if table.has(key)}
    bounds = tap_rows(name, table, floor)
    table.may_have(("rtol", "atol", KEY))
    cases = table.texts("cases")
    table.close()
    path = None if graph in ("", NO_GRAPH_WORD) else (folder / graph).resolve()
    return DescribedTrace(
        name, files, path, **tolerances, cases=cases, bounds=bounds, no_graph=graph == NO_GRAPH_WORD
    )


def _check(found: Description, top: TomlTable) -> None:
    """Check what no single table shows.

    Raises:
        HarnessError: a name that cannot be that of a folder, a case that is none, nothing to compare.
    """
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
    for name in sorted(cases):
        if not [*found.outputs_of(name), *found.traces_of(name)]:
            raise top.fault(
                f"case.{name}", "has no output and no trace; name one, or there is nothing to compare"
            )
