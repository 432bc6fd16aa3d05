"""The table of the continuous inputs can be read without torch, and reads the same as with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from simulator import RunConfig
from simulator.fit.parameters import value_of, with_values
from simulator.limits.parameter_table import PARAMETERS, numbers_of

RUN = "-cell 60 70 40 90 95 90 -misset 1 2 3 -default_F 100 -N 4 -detpixels 16 -hdivrange 1 -hdivsteps 2"


def run_with_table_and_sources(folder) -> RunConfig:
    (folder / "few.hkl").write_text("0 0 1 10\n1 0 1 20\n-1 2 0 30\n", encoding="ascii")
    (folder / "two.txt").write_text("-10 0 0 1 1e-10\n-10 1 0 2 2e-10\n", encoding="ascii")
    words = [*RUN.split(), "-hkl", str(folder / "few.hkl"), "-sourcefile", str(folder / "two.txt")]
    return RunConfig.from_args(words)


def test_components_are_those_of_the_tensor(tmp_path):
    config = run_with_table_and_sources(tmp_path)
    assert numbers_of(config, "structure_factors").size > 3
    assert numbers_of(config, "source_positions_m").tolist() == [-10.0, 0.0, 0.0, -10.0, 1.0, 0.0]
    for name in PARAMETERS:
        expected = value_of(config, name).flatten().numpy()
        np.testing.assert_array_equal(numbers_of(config, name), expected, err_msg=name)


def test_components_of_inputs_with_a_gradient_are_numbers(tmp_path):
    config = run_with_table_and_sources(tmp_path)
    lengths = torch.tensor([61.0, 62.0, 63.0], dtype=torch.float64, requires_grad=True)
    assert numbers_of(with_values(config, {"cell_lengths_A": lengths}), "cell_lengths_A").tolist() == [
        61,
        62,
        63,
    ]
    parts = tuple(lengths.unbind())
    mixed = replace(config, crystal=replace(config.crystal, cell_lengths_A=parts))
    assert numbers_of(mixed, "cell_lengths_A").tolist() == [61, 62, 63]
