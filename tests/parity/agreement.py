"""Runs the PyTorch simulator inside this process, and says where two images differ."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from golden_suite_generator.cases import Case
from harness.suite.images import Outputs, read_outputs
from harness.suite.runner import lay_out

FLOAT_BOUND_OF_MAX = 1e-7
"""Half a step of the reference's 4-byte floats is 6e-8 of the pixel; the rest is for rounding in the loop."""

Wide = NDArray[np.float64]


def simulator_words(mode: str, case: Case, inputs: Path, extra: Sequence[str] = ()) -> list[str]:
    return ["--parity-mode", mode, "-dtype", "float64", "-noprogress", *case.words(inputs), *extra]


def run_command_line(
    case: Case, mode: str, inputs: Path, folder: Path, extra: Sequence[str] = ()
) -> tuple[int, str, str]:
    """Run the whole command line in `folder`; return exit status, standard output and error."""
    from simulator.cli import main

    lay_out(case, inputs, folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(simulator_words(mode, case, inputs, extra))
    return status, out.getvalue(), err.getvalue()


def simulated_image(case: Case, mode: str, inputs: Path, folder: Path, extra: Sequence[str] = ()) -> Wide:
    """Return the image of the Python interface, [slow, fast], before it is rounded to 4 bytes."""
    from simulator import RunConfig, simulate

    lay_out(case, inputs, folder)
    with contextlib.chdir(folder), torch.no_grad():
        image = simulate(RunConfig.from_args(simulator_words(mode, case, inputs, extra)))
    return np.asarray(image.numpy(), dtype=np.float64)


def simulated_outputs(
    case: Case, mode: str, inputs: Path, folder: Path, extra: Sequence[str] = ()
) -> tuple[Outputs, str]:
    """Return the images that the command line writes, and what it prints."""
    status, printed, message = run_command_line(case, mode, inputs, folder, extra)
    assert status == 0, f"{case.label} in {mode}: PyTorch ended with {status}: {message}"
    return read_outputs(folder, case.outputs), printed


def assert_floats_agree(case: Case, what: str, expected: Wide, image: Wide) -> None:
    """Fail with the worst pixel if the images differ by more than 1e-7 of the maximum."""
    assert image.shape == expected.shape, (
        f"{case.label}: {what}: shape {image.shape}, {expected.shape} expected"
    )
    assert np.isfinite(expected).all(), f"{case.label}: {what}: the expected image is not finite"
    difference = np.abs(image - expected)
    slow, fast = np.unravel_index(int(np.argmax(difference)), image.shape)
    bound = FLOAT_BOUND_OF_MAX * float(np.abs(expected).max())
    worst = float(difference.max())
    assert worst <= bound, (
        f"{case.label}: {what}: pixel [{slow},{fast}] is {image[slow, fast]:.9g}, "
        f"{expected[slow, fast]:.9g} expected; max|diff| {worst:.3g} > {bound:.3g} (1e-7 of the maximum)"
    )


def assert_counts_equal(
    case: Case, what: str, expected: NDArray[np.integer], image: NDArray[np.integer]
) -> None:
    """Fail with the number of differing pixels unless the images are equal."""
    assert image.shape == expected.shape, (
        f"{case.label}: {what}: shape {image.shape}, {expected.shape} expected"
    )
    different = np.flatnonzero(image != expected)
    first = int(different[0]) if different.size else 0
    assert different.size == 0, (
        f"{case.label}: {what}: {different.size} of {image.size} pixels differ, "
        f"first {divmod(first, image.shape[1])}: {image.ravel()[first]}, {expected.ravel()[first]} expected"
    )
