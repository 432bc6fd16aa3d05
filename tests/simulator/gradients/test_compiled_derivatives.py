"""Machine code gives the slopes and tangents of single operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor

from simulator import RunConfig
from simulator.config import Compile
from simulator.dual_tensors import dual_tensors
from simulator.fit.parameters import value_of
from simulator.image import render_tangents
from tests.simulator import gradient_cases as cases
from tests.simulator.compilers import must_not_run, with_compiler
from tests.simulator.derivatives import INPUTS, drawn, moving, slopes
from tests.simulator.gradient_cases import configured

RUN = (
    "-osc 2 -phisteps 3 -mosaic 1 -mosaic_domains 3 -hdivrange 2 -hdivsteps 2 -nointerpolate -dtype mixed"
    " -Na 5 -Nb 1 -Nc 1"
)
"""A rod takes a third of the time to compile."""
SAME = 1e-5
"""Largest difference of single precision, of the largest number."""


def tangents(config: RunConfig, compile_: Compile) -> Mapping[str, Tensor]:
    """Return the changes of the pixels along each input of a run, [pixels] each."""
    config = replace(config, compute=replace(config.compute, compile=compile_))
    ways = {name: (value := value_of(config, name), drawn(value.shape, 5)) for name in INPUTS}
    with dual_tensors():
        columns = render_tangents(moving(config, ways, [[name] for name in INPUTS]))
    return dict(zip(INPUTS, columns, strict=True))


def differ(made: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Return the inputs whose derivatives differ by more than arithmetic makes them, or are not finite."""
    return [
        name
        for name in expected
        if not float((made[name] - expected[name]).abs().max()) <= SAME * float(expected[name].abs().max())
    ]


def unequal(made: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> bool:
    """Return whether machine code did run: its last bits are others."""
    return any(bool((made[name] != expected[name]).any()) for name in expected)


@pytest.mark.whole
def test_machine_code_gives_the_derivatives_of_single_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_CACHE", str(tmp_path / "cache"))
    cases.write_inputs(tmp_path)
    config = configured(tmp_path, "spec", RUN)
    for derivatives in (slopes, tangents):  # one after the other: they share stages
        expected, made = derivatives(config, "off"), derivatives(config, "on")
        assert differ(made, expected) == []
        assert unequal(made, expected)
    with_compiler(must_not_run, monkeypatch)
    other = configured(tmp_path, "spec", RUN, "-phisteps 5 -detpixels 11")
    for derivatives in (slopes, tangents):  # other sizes of all axes, the same code
        expected, made = derivatives(other, "off"), derivatives(other, "auto")
        assert differ(made, expected) == []
        assert unequal(made, expected)
