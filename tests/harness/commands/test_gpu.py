"""The checks on a device: run on the CPU here, they find what they are for, and no device is no success."""

import json

import numpy as np
import pytest

from harness.commands import gpu
from harness.suite.device_checks import BOUNDS, Checked, CheckState, judged
from harness.suite.device_run import statement

NAME = ("a-case", "spec", "mixed")


def square(value):
    return np.full((3, 3), value, np.float32)


def row(agrees):
    return {"summary": {"agrees": agrees}}


def checked(state):
    return Checked(*NAME, state)


def test_without_a_cuda_device_the_command_says_so_and_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert gpu.main(["--reports", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip().endswith("no CUDA device that torch can use; nothing was checked")
    assert list(tmp_path.iterdir()) == []


def test_suite_and_speed_are_checked_on_a_device(tmp_path, capsys):
    words = ["--device", "cpu", "--cases", "conv-xds*", "shape-gauss", "--speed", "domains-10"]
    status = gpu.main([*words, "--rounds", "1", "--reports", str(tmp_path), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (status, result["verdict"], result["failures"]) == (0, "PASS", [])
    assert len(result["suite"]) == result["images"] * len(BOUNDS)
    assert {check["state"] for check in result["suite"]} == {"held"}
    assert {(check["mode"], check["dtype"]) for check in result["suite"]} == {
        (mode, dtype) for mode in ("c-parity", "spec") for dtype in BOUNDS
    }
    assert {entry["dtype"] for entry in result["speed"]} == set(BOUNDS)
    assert all(entry["summary"]["samples_per_s"] > 0.0 for entry in result["speed"])
    (folder,) = (tmp_path / "gpu").iterdir()
    assert json.loads((folder / "gpu.json").read_text(encoding="utf-8")) == result


def test_device_that_fails_is_an_error_of_the_case(monkeypatch, tmp_path, capsys):
    def explode(_scene):
        raise RuntimeError("device\nlost")

    monkeypatch.setattr("simulator.image.render", explode)
    words = ["--device", "cpu", "--cases", "shape-gauss", "--speed", "--dtypes", "mixed"]
    assert gpu.main([*words, "--reports", str(tmp_path)]) == 3
    assert "error: RuntimeError: device lost" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("image", "state"),
    [
        (square(8.0), CheckState.HELD),
        (square(8.0 * (1.0 + 5e-7)), CheckState.HELD),
        (square(8.0 * (1.0 + 5e-6)), CheckState.FAILED),
        (square(np.nan), CheckState.FAILED),
        (square(np.inf), CheckState.FAILED),
        (np.full((2, 3), 8.0, np.float32), CheckState.FAILED),
    ],
)
def test_image_is_held_to_the_bound_of_its_number_type(image, state):
    found = judged(square(8.0), image, NAME)
    assert found.state is state
    json.dumps(found.data(), allow_nan=False)


def test_zero_images_compare_nothing_and_must_be_zero_in_both():
    assert judged(square(0.0), square(0.0), NAME).state is CheckState.ZERO
    assert judged(square(0.0), square(1e-30), NAME).state is CheckState.FAILED


@pytest.mark.parametrize(
    ("states", "rows", "failures", "status"),
    [
        ([CheckState.HELD, CheckState.ZERO], [], [], 0),
        ([CheckState.HELD], [row(True)], [], 0),
        ([CheckState.HELD], [row(False)], [], 1),
        ([CheckState.HELD, CheckState.FAILED], [row(True)], [], 1),
        ([CheckState.ZERO], [], [], 2),
        ([], [], [], 2),
        ([CheckState.FAILED, CheckState.ERROR], [], [], 3),
        ([CheckState.HELD], [], [{"case": "x", "dtype": "mixed", "why": "y"}], 3),
    ],
)
def test_worst_state_decides_and_nothing_compared_never_passes(states, rows, failures, status):
    found = statement([checked(state) for state in states], len(states), rows, failures)
    assert found["exit_status"] == status


def test_unknown_case_is_wrong_usage(capsys, tmp_path):
    assert gpu.main(["--device", "cpu", "--cases", "no-such-*", "--reports", str(tmp_path)]) == 3
    assert gpu.main(["--device", "cpu", "--speed", "no-such", "--reports", str(tmp_path)]) == 3
    assert capsys.readouterr().err.count("\n") == 2
