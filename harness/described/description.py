"""What a parity.toml says: two programs, cases, outputs and traces, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import UsageError
from harness.fields.source import FieldSource
from trace_tools.element_bound import ElementBound
from trace_tools.judging.tap_bounds import MEASURED, TapBoundRow

FIRST, SECOND = "first", "second"
"""The program that is trusted, and the one that is held to it."""
BOTH = (FIRST, SECOND)
ELEMENTS = "elements"
"""The metrics of an output of which nothing is known but that it holds numbers."""


@dataclass(frozen=True)
class DescribedProgram:
    """How a program is built, asked for its version, and run.

    `folder` is where it is built; in a command line `{folder}` stands for it. `nanobragg` says that it knows
    nanoBragg's command line, and which one it is: ours by its name, or the path of another; it has no `run`.
    """

    name: str
    run: tuple[str, ...]
    folder: Path
    build: tuple[tuple[str, ...], ...] = ()
    version: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 600.0
    nanobragg: str = ""


@dataclass(frozen=True)
class DescribedCase:
    """The words behind a program's own, files copied into its working folder, and values for placeholders.

    `parity_mode` is that of programs with `nanobragg`, empty for what they are found to have.
    """

    name: str
    arguments: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    parity_mode: str = ""


@dataclass(frozen=True)
class DescribedOutput:
    """An array of numbers that both programs write.

    `nan_allowed`: NaN on both sides counts as equal; `zeros_allowed`: all 0 on both sides is a result.
    `cases`: those that write it, empty for all. `measured`: the bound is that of the floor. `metrics` names
    how it is judged, `options` what that is told; as a diffraction image it has bounds of its own.
    """

    name: str
    sources: Mapping[str, FieldSource]
    bound: ElementBound
    mask: FieldSource | None = None
    nan_allowed: bool = False
    zeros_allowed: bool = False
    cases: tuple[str, ...] = ()
    measured: bool = False
    metrics: str = ELEMENTS
    options: tuple[str, ...] = ()

    @property
    def bounds(self) -> str:
        """Return in words how far it may be apart."""
        return self.bound.text if self.metrics == ELEMENTS else " ".join((self.metrics, *self.options))


@dataclass(frozen=True)
class DescribedTrace:
    """A trace log that both programs write: a file, or `stdout` or `stderr`.

    `bounds`: of taps by pattern; they take the place of tolerances. `no_graph`: not even that of the taps of
    nanoBragg tells causes.
    Programs with `nanobragg` are run again on their worst pixel where their image fails.
    """

    name: str
    files: Mapping[str, str]
    graph: Path | None = None
    rtol: float | None = None
    atol: float | None = None
    cases: tuple[str, ...] = ()
    bounds: tuple[TapBoundRow, ...] = ()
    no_graph: bool = False

    @property
    def measured(self) -> bool:
        """Tell whether a floor gives bounds of it."""
        return any(row.basis == MEASURED for row in self.bounds)


@dataclass(frozen=True)
class DescribedVariant:
    """A change of one program that must not matter: other flags, threads, a value moved by its last digit."""

    name: str
    of: str
    held_out: bool = False
    build: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """A pair of programs and everything that is compared of them."""

    path: Path
    title: str
    programs: Mapping[str, DescribedProgram]
    cases: tuple[DescribedCase, ...]
    outputs: tuple[DescribedOutput, ...]
    traces: tuple[DescribedTrace, ...]
    determinism: bool = False
    variants: tuple[DescribedVariant, ...] = ()
    measured: str = ""
    """What measured bounds rest on, empty where none is in use."""
    name: str = ""
    """Of the folder of its bundles."""

    @property
    def nanobragg(self) -> bool:
        """Tell whether both programs know nanoBragg's command line."""
        return bool(self.programs[FIRST].nanobragg)

    def require_runs(self, action: str) -> None:
        """Check that the description itself says how its programs are run.

        Raises:
            UsageError: they are run as nanoBragg's are.
        """
        if self.nanobragg:
            raise UsageError(
                f"{action} is for programs with 'run'; for those with 'nanobragg' the bounds of images and "
                "taps are measured (`nbp floor`), and the tap graph is known: leave it out"
            )

    def with_values(self, values: Mapping[str, str]) -> Description:
        """Return the description with other values for names in braces, in every case that has them.

        Raises:
            UsageError: no case has such a name.
        """
        known = {name for case in self.cases for name in case.values}
        for name in values:
            if name not in known:
                raise UsageError(
                    f"--set {name}: {self.path.name} has no value of this name; it has "
                    f"{', '.join(sorted(known)) or 'none'}"
                )
        changed = [
            replace(case, values={key: values.get(key, old) for key, old in case.values.items()})
            for case in self.cases
        ]
        return replace(self, cases=tuple(changed))

    @property
    def folder(self) -> Path:
        """Return the folder that relative names in the file refer to."""
        return self.path.parent

    def outputs_of(self, case: str) -> Iterator[DescribedOutput]:
        """Yield the outputs of a case."""
        return (one for one in self.outputs if not one.cases or case in one.cases)

    def traces_of(self, case: str) -> Iterator[DescribedTrace]:
        """Yield the traces of a case."""
        return (one for one in self.traces if not one.cases or case in one.cases)
