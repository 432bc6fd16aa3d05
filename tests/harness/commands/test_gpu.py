"""The checks on a device: run on the CPU here, they find what they are for, and no device is no success."""

import json
import math

import numpy as np
import pytest
import torch

from harness.bench.cases import device_case
from harness.commands import gpu
from harness.device.checked import Checked, CheckState, judged
from harness.device.gradient_checks import checked_gradients
from harness.device.pieces import Done, Piece, WallBudget, run_pieces
from harness.device.plan import SAME_CODE, Wanted, covering, first_pieces, later_pieces
from harness.device.speed import timed_case
from harness.device.stage_calls import calls_of
from harness.device.statement import statement
from harness.device.suite_checks import checked_images
from simulator import RunConfig

CAMERA = [
    "-cell",
    "60",
    "70",
    "80",
    "90",
    "90",
    "90",
    "-default_F",
    "10",
    "-lambda",
    "1",
    "-distance",
    "100",
    "-nonoise",
    "-dtype",
    "mixed",
]
NAME = ("a-case", "spec", "mixed")
WANTED = Wanted(
    device="cuda", dtypes=("mixed", "float64"), ways=("off", "on"), images=(("one", "spec"), ("two", "spec")),
    speed=("authoritative", "domains-10"), inputs="in", data="data", cache="cache", reference="c",
    timed_reference="c", rounds=1, jobs=2, quick=True, limited=True,
)  # fmt: skip


def square(value):
    return np.full((3, 3), value, np.float32)


def timed(agrees, compared=True):
    figures = {
        "unmeasured": [], "summary": {"agrees": agrees}, "max_diff_of_max": {"c": 0.0} if compared else {},
    }  # fmt: skip
    return {"kind": "speed", "figures": figures}


def checked(state):
    return {"kind": "images", **Checked(*NAME, state).data()}


def test_without_a_cuda_device_the_command_says_so_and_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert gpu.main(["--reports", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip().endswith("no CUDA device that torch can use; nothing was checked")
    assert list(tmp_path.iterdir()) == []


def test_suite_gradients_and_speed_are_checked_on_a_device(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("harness.device.plan.RUNS", ["square"])
    words = ["--device", "cpu", "--cases", "conv-xds*", "shape-gauss", "--speed", "domains-10"]
    words += ["--dtypes", "mixed", "--quick", "--rounds", "1", "--reports", str(tmp_path), "--json"]
    status = gpu.main(words)
    result = json.loads(capsys.readouterr().out)
    assert (status, result["verdict"], result["failures"], result["left_out"]) == (0, "PASS", [], [])
    assert len(result["suite"]) == result["images"] == result["images_held"]
    assert {check["state"] for check in (*result["suite"], *result["gradients"])} == {"held"}
    assert {check["mode"] for check in result["suite"]} == {"c-parity", "spec"}
    (row,) = result["speed"]
    assert row["figures"]["summary"]["samples_per_s"] > 0.0
    (folder,) = (tmp_path / "gpu").iterdir()
    assert json.loads((folder / "gpu.json").read_text(encoding="utf-8")) == result


def test_no_time_checks_nothing_and_says_what_it_left_out(tmp_path, capsys):
    words = ["--device", "cpu", "--cases", "shape-gauss", "--budget", "1s"]
    assert gpu.main([*words, "--reports", str(tmp_path), "--json"]) == 2
    result = json.loads(capsys.readouterr().out)
    assert (result["complete"], result["verdict"], result["suite"]) == (True, "NOT COMPARABLE", [])
    assert "images, each form" in result["left_out"]


def test_device_that_fails_is_an_error_of_the_case(monkeypatch):
    def explode(*_given):
        raise RuntimeError("device\nlost")

    monkeypatch.setattr("harness.device.suite_checks.rendered_case", explode)
    monkeypatch.setattr("harness.device.suite_checks.oracle_of", lambda _path: lambda *_image: square(1.0))
    given = {"images": [["shape-gauss", "spec", "mixed"]], "inputs": "", "words": [], "reference": ""}
    (row,) = checked_images(given)
    assert (row["state"], row["detail"]) == ("error", "RuntimeError: device lost")


def test_wrong_gradient_is_found(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    given = {"runs": ["square"], "dtypes": ["float64"], "device": "cpu", "compile": "off"}
    found = iter({"distance_m": torch.tensor(value, dtype=torch.float64)} for value in (2.0, 2.0 + 4e-6))
    monkeypatch.setattr("harness.device.gradient_checks._gradients", lambda *_words: next(found))
    (row,) = checked_gradients(given)
    assert (row["state"], row["input"]) == ("failed", "distance_m")


def test_case_that_cannot_be_compiled_is_timed_without(monkeypatch):
    from harness.errors import ProgramError

    def measure(plan, case):
        if "on" in plan.extra:
            raise ProgramError("no compiler")
        return {"case": case.id}

    monkeypatch.setattr("harness.device.speed.measure_case", measure)
    given = {
        "case": "domains-10", "dtype": "mixed", "device": "cpu", "compile": "on", "folder": "x", "rounds": 1,
        "reference": None, "quick": True,
    }  # fmt: skip
    failed, found = timed_case(given)
    assert (failed["compile"], failed["figures"], failed["why"]) == ("on", None, "no compiler")
    assert (found["compile"], found["why"]) == ("off", "")


def test_piece_that_crashes_hangs_or_finds_no_time_costs_itself_alone():
    environ = {"environ": {}}
    given = {"device": "cpu", "abilities": [], **environ}
    pieces = [
        Piece("crashes", "no-such-kind", environ, 60.0),
        Piece("hangs", "about", given, 0.01),
        Piece("works", "about", given, 60.0),
    ]
    done, order = Done(), []
    run_pieces(pieces, WallBudget(math.inf), done, lambda piece, _: order.append(piece.name))
    assert order == ["crashes", "hangs", "works"]
    assert [failure["piece"] for failure in done.failures] == ["crashes", "hangs"]
    assert "KeyError: 'no-such-kind'" in done.failures[0]["why"]
    assert "time-out" in done.failures[1]["why"]
    assert {row["piece"] for row in done.rows} == {"works"}
    run_pieces(pieces[2:], WallBudget(0.0), done, lambda *_: None)
    assert done.left_out == ["works"]


def test_images_with_every_form_come_first():
    images = [("one", "spec", "mixed"), ("two", "spec", "mixed"), ("three", "spec", "mixed")]
    forms = {images[0]: ["a"], images[1]: ["a"], images[2]: ["a", "b"]}
    assert covering(images, forms) == ([images[2], images[0], images[1]], 1)
    assert covering(images, {}) == (images, 3)


def test_every_image_is_checked_once_in_each_way_and_cases_are_compiled_before_they_are_timed():
    pieces = [*first_pieces(WANTED), *later_pieces(WANTED, {})]
    for way in ("off", "on"):
        shares = [
            share["images"]
            for piece in pieces
            if piece.kind == "images" and piece.given["words"][-1] == way
            for share in piece.shares()
        ]
        images = [tuple(image) for share in shares for image in share]
        assert sorted(images) == sorted((*image, dtype) for image in WANTED.images for dtype in WANTED.dtypes)
    names = [piece.name for piece in pieces]
    assert names.index("compiling for the timed cases") < names.index("authoritative, mixed")
    assert names.index("compiling for other number types") < names.index("authoritative, float64")
    assert "domains-10, float64" not in names  # other number types are timed where it matters most
    assert len(set(names)) == len(names)


def test_cases_that_are_not_compiled_for_share_the_code_of_others():
    for case, other in SAME_CODE.items():
        forms = [
            set(
                calls_of(RunConfig.from_args([*CAMERA, *device_case(name).words.split(), "-detpixels", "16"]))
            )
            for name in (case, other)
        ]
        assert forms[0] == forms[1]


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


HELD, FAILED, ZERO, ERROR = (
    checked(state) for state in (CheckState.HELD, CheckState.FAILED, CheckState.ZERO, CheckState.ERROR)
)


@pytest.mark.parametrize(
    ("rows", "failures", "status"),
    [
        ([HELD, ZERO], [], 0),
        ([HELD, timed(True)], [], 0),
        ([HELD, timed(True, compared=False)], [], 0),
        ([timed(True, compared=False)], [], 2),
        ([HELD, timed(False)], [], 1),
        ([HELD, FAILED, timed(True)], [], 1),
        ([ZERO], [], 2),
        ([], [], 2),
        ([FAILED, ERROR], [], 3),
        ([HELD, {"kind": "speed", "figures": None}], [], 3),
        ([HELD, {"kind": "warm", "why": "no compiler"}], [], 3),
        ([HELD, {"kind": "about", "there": False}], [], 3),
        ([HELD, {"kind": "gradients", "state": "failed"}], [], 1),
        ([HELD], [{"piece": "x", "why": "y"}], 3),
    ],
)
def test_worst_state_decides_and_nothing_compared_never_passes(rows, failures, status):
    assert statement(Done(rows, failures), len(rows))["exit_status"] == status


def test_unknown_case_is_wrong_usage(capsys, tmp_path):
    assert gpu.main(["--device", "cpu", "--cases", "no-such-*", "--reports", str(tmp_path)]) == 3
    assert gpu.main(["--device", "cpu", "--speed", "no-such", "--reports", str(tmp_path)]) == 3
    assert capsys.readouterr().err.count("\n") == 2
