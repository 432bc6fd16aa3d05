"""Outputs of programs of one's own that are judged as diffraction images."""

import json

import pytest

from harness.commands.nb_report import main as report
from harness.commands.own.pair import main as pair

PROGRAM = """import sys
from array import array
from math import exp
n = int(sys.argv[1])
photons = [1e4 * exp(-0.5 * ((i // n - 12) ** 2 + (i % n - 9) ** 2) / 2.0) + 3.0 for i in range(n * n)]
{change}
with open("image.bin", "wb") as file:
    array("f", photons).tofile(file)
head = "{\\nHEADER_BYTES=512;\\nSIZE1=%d;\\nSIZE2=%d;\\n}\\n" % (n, n)
with open("image.img", "wb") as file:
    file.write(head.ljust(512).encode())
    array("H", [int(photon) for photon in photons]).tofile(file)
"""
TEXT = """schema = 1
[first]
run = "{python} -S -E {folder}/one.py {arguments}"
[second]
run = "{python} -S -E {folder}/two.py {arguments}"
[case.small]
arguments = "24"
[output.float]
metrics = "diffraction-image"
file = "image.bin"
format = "raw"
dtype = "float32"
shape = [24, 24]
[output.counts]
metrics = "diffraction-image"
file = "image.img"
"""


def run(folder, change, text=TEXT):
    """Compare a program with a changed one; returns the exit status and the bundle."""
    (folder / "one.py").write_text(PROGRAM.replace("{change}", ""))
    (folder / "two.py").write_text(PROGRAM.replace("{change}", change))
    (folder / "parity.toml").write_text(text)
    reports = folder / "reports"
    status = pair(["run", "--file", str(folder / "parity.toml"), "--reports", str(reports), "-q"])
    found = sorted(reports.rglob("metrics.json"))
    return status, found[-1].parent if found else None


def metrics(bundle):
    return json.loads((bundle / "metrics.json").read_text())


SPOT = "photons[12 * n + 9] *= 1.01"
MOVED = "photons = photons[1:] + photons[:1]"


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ("photons = photons + []", 0, "all 576 pixels"), (SPOT, 1, "slow 12 fast 9"),
        (MOVED, 1, "mean peak distance"), ("photons = [0.0] * n * n", 1, "all zero"),
        ("n = n // 2; photons = photons[: n * n]", 2, "shape"),
        ("photons[5] *= 1 + 2e-7", 0, "within rounding; a [trace.NAME] that both"),
    ],
)  # fmt: skip
def test_an_image_has_the_verdict_of_nb_compare(change, status, named, tmp_path):
    found, bundle = run(tmp_path, change)
    assert found == status
    assert named in json.dumps(metrics(bundle))
    assert report(["verify", str(bundle)]) == 0


def test_each_criterion_is_a_figure(tmp_path):
    _, bundle = run(tmp_path, SPOT)
    rows = {row["name"]: row for row in metrics(bundle)["figures"]}
    assert rows["float: pixels outside"]["measured"] == 1.0
    assert rows["float: pixels outside"]["state"] == "failed"
    assert rows["counts: mean peak distance (px)"]["state"] == "held"


def test_options_say_how_it_is_judged(tmp_path):
    assert run(tmp_path, SPOT, TEXT.replace("file =", 'options = "--roi 0 23 0 8"\nfile ='))[0] == 0
    assert run(tmp_path, SPOT, TEXT.replace("file =", 'options = "--outputs all"\nfile ='))[0] == 3


def test_an_array_that_is_no_image_is_not_comparable(tmp_path):
    status, bundle = run(tmp_path, SPOT, TEXT.replace("[24, 24]", "[4, 6, 24]"))
    assert status == 1  # the counts still fail
    assert "an image has two axes" in json.dumps(metrics(bundle))
