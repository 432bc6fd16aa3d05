"""Measures how far sound variants of a program move its outputs, and makes bounds of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.described.built import Announce, BuiltProgram, make_ready
from harness.described.description import DescribedCase, DescribedOutput, DescribedVariant, Description
from harness.described.floor_file import SCHEMA
from harness.described.judged import kept_field
from harness.described.run_case import run_on_case
from harness.errors import HarnessError
from harness.fields.compared import compare_fields, distances, require_comparable
from harness.fields.field import BLOCK, FieldArray
from system_io.children import temporary_folder
from trace_tools.element_bound import ElementBound

DEFAULT_K = 4.0
BRIGHT = 1e-3
"""Elements above this part of the largest set the relative part of a bound, the others the absolute one."""


@dataclass
class _Need:
    """What all variants need for one output so far."""

    rel: float = 0.0
    abs: float = 0.0
    unequal: int = 0
    compared: int = 0

    def bound(self, k: float) -> dict[str, Any]:
        """Return the bound that follows, as plain data."""
        return {
            "rel": k * self.rel, "abs": k * self.abs, "unequal": self.unequal, "compared": self.compared,
        }  # fmt: skip


def measured_pair_floor(
    description: Description, cases: Sequence[DescribedCase], k: float, say: Announce
) -> dict[str, Any]:
    """Return the floor of the outputs of a description as plain data.

        |a - b| <= k (A + R max(|a|, |b|))

    R is the largest relative difference among elements above 1e-3 of the largest, and half a unit in the last
    place at least; A what the others need beyond that.

    Args:
        description: with variants of its programs.
        cases: on which they are run.
        k: factor from what was seen to the bound.
        say: is told what is run.

    Raises:
        HarnessError: there are no variants, or none held out; one fails; a held-out one is beyond the bound.
    """
    made = [one for one in description.variants if not one.held_out]
    held = [one for one in description.variants if one.held_out]
    if not made or not held:
        raise HarnessError(
            f"{description.path.name} has {len(made)} variants and {len(held)} held out; a floor needs "
            "one of each: add [variant.NAME] with what it changes, and held_out = true to one"
        )
    needs: dict[str, _Need] = {}
    with _runs(description, cases, say) as run:
        for variant in made:
            for output, one, other in run(variant):
                _add(needs.setdefault(output.name, _Need()), one, other)
        bounds = {name: need.bound(k) for name, need in needs.items()}
        for variant in held:
            for output, one, other in run(variant):
                _hold(variant, output, bounds[output.name], one, other)
    return {
        "schema": SCHEMA, "k": k, "variants": [one.name for one in made],
        "held_out": [one.name for one in held], "cases": [case.name for case in cases], "outputs": bounds,
    }  # fmt: skip


@contextmanager
def _runs(description: Description, cases: Sequence[DescribedCase], say: Announce) -> Iterator[Any]:
    """Give a function that runs a variant and yields each output beside that of the program as it is."""
    with temporary_folder("nb-floor") as scratch:
        home = Path(scratch)
        plain: dict[str, Path] = {}

        def run(variant: DescribedVariant) -> Iterator[tuple[DescribedOutput, FieldArray, FieldArray]]:
            side = variant.of
            if side not in plain:
                ready = make_ready(description.programs[side], side, say)
                plain[side] = _on_cases(description, side, ready, cases, home / side)
            with _varied(description, variant, home / "build", say) as (program, changed):
                folder = _on_cases(
                    description, side, program, changed(cases), home / f"variant_{variant.name}"
                )
            for case in cases:
                for output in description.outputs_of(case.name):
                    pair = [
                        kept_field(output, side, description, case, at / case.name)
                        for at in (plain[side], folder)
                    ]
                    require_comparable(pair[0], pair[1])
                    yield output, pair[0], pair[1]
            shutil.rmtree(folder)

        yield run


@contextmanager
def _varied(
    description: Description, variant: DescribedVariant, build: Path, say: Announce
) -> Iterator[tuple[BuiltProgram, Any]]:
    """Give a variant, built in a copy of the folder of its program, and what it makes of cases."""
    program = description.programs[variant.of]
    if variant.build:
        shutil.copytree(
            program.folder, build, ignore=shutil.ignore_patterns("reports", ".git"), symlinks=True
        )
        program = replace(program, folder=build, build=variant.build)
    else:
        program = replace(program, build=())
    environment = {**program.environment, **variant.environment}
    program = replace(program, environment=environment, run=variant.run or program.run)

    def changed(cases: Sequence[DescribedCase]) -> list[DescribedCase]:
        return [replace(case, values={**case.values, **variant.values}) for case in cases]

    try:
        yield make_ready(program, variant.of, say), changed
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _on_cases(
    description: Description, side: str, program: BuiltProgram, cases: Sequence[DescribedCase], home: Path
) -> Path:
    for case in cases:
        folder = home / case.name
        folder.mkdir(parents=True)
        done = run_on_case(description, side, program, case, folder)
        if done.failure is not None:
            raise HarnessError(
                f"case {case.name}, {home.name}: {done.failure}; a floor needs programs that run"
            )
    return home


def _add(need: _Need, a: FieldArray, b: FieldArray) -> None:
    """Add what one variant needs: first the relative part, then what is left."""
    least = float(np.finfo(a.dtype).eps) / 2 if a.dtype.kind in "fc" else 0.0
    brightest = max((float(np.max(scale)) for _, scale in _blocks(a, b) if len(scale)), default=0.0)
    for absolute, scale in _blocks(a, b):
        bright = scale > BRIGHT * brightest
        if bright.any():
            need.rel = max(need.rel, least, float(np.max(absolute[bright] / scale[bright])))
        need.unequal += int(np.count_nonzero(absolute))
        need.compared += len(absolute)
    for absolute, scale in _blocks(a, b):
        if len(absolute):
            need.abs = max(need.abs, float(np.max(absolute - need.rel * scale)))


def _blocks(a: FieldArray, b: FieldArray) -> Iterator[tuple[Any, Any]]:
    """Yield |a - b| and max(|a|, |b|) of the elements that are numbers on both sides."""
    for start in range(0, a.size, BLOCK):
        pair = [side.block(start, start + BLOCK) for side in (a, b)]
        usable = np.isfinite(pair[0]) & np.isfinite(pair[1])
        yield distances(pair[0][usable], pair[1][usable])


def _hold(
    variant: DescribedVariant, output: DescribedOutput, bound: Mapping[str, Any], a: FieldArray, b: FieldArray
) -> None:
    figures = compare_fields(a, b, ElementBound(bound["rel"], bound["abs"], combined=True))
    if figures.outside:
        raise HarnessError(
            f"variant {variant.name}, which was held out, moves {figures.outside} of {figures.compared} "
            f"elements of output {output.name} beyond the bound that the others give; add variants, or a "
            "larger --k"
        )
