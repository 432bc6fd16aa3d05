"""nb-compare --allow on two builds of one program, with faults inside and outside of what is declared."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from harness.commands.nb_compare import main
from harness.contract.files import log_name
from harness.contract.rules import below
from harness.contract.tap_records import read_log, tap_judgement
from harness.evidence.replay import replay, replay_word
from harness.evidence.verify import verify_bundle
from harness.recorded.rerun import Chosen
from harness.sides import SIDES
from harness.store.names import SUMMARY
from system_io.verdict_words import Word

LINE = (
    "-cell 100 100 100 90 90 90 -misset 10 20 30 -default_F 100 -lambda 1 -distance 100 -pixel 0.4 "
    "-detpixels 16 -N 5 -oversample 1 -osc 1 -phi 0 -phisteps 2"
)
WORDS = LINE.split()
QUIRK = "Q-PHI-CARRYOVER"


@pytest.fixture(scope="module")
def programs(tmp_path_factory, c_binary):
    """An old build, one with the quirk repaired, and one that changes a byte of pixel slow 3 fast 5."""
    folder = tmp_path_factory.mktemp("builds")
    shutil.copy(c_binary, folder / "old")
    run = f'"{c_binary}" "$@"'
    scripts = {
        "repaired": f"exec {run} -quirk {QUIRK}=off",
        "pixel": f"{run} || exit $?\n[ ! -f floatimage.bin ] || printf '\\125' | dd of=floatimage.bin bs=1 "
        "seek=212 conv=notrunc 2>/dev/null",
        "header": f"exec {run} -quirk Q-HEADER-ADC-OFFSET=off",
    }
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def compared(tmp_path, programs, second, *own, words=WORDS):
    folder = tmp_path / "out"
    told = ["-q", "--c-bin", str(programs / "old"), "--py-bin", str(programs / second), "--outdir"]
    status = main([*told, str(folder), *own, "--", *words])
    return status, json.loads((folder / SUMMARY).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("second", "rules", "status", "first"),
    [
        ("pixel", ["pixels:5,3"], 0, None),
        ("pixel", ["pixels:4-6,4-6"], 1, "slow 3 fast 5"),
        ("pixel", ["taps:F_cell"], 1, "behind the last tap of py: slow 3 fast 5"),
        ("repaired", [f"quirk:{QUIRK}"], 0, None),
        ("repaired", [f"taps:rot_{axis}_angstroms" for axis in "abc"], 0, None),
        ("repaired", ["taps:F_cell"], 1, "tap rot_a_angstroms"),
        ("repaired", ["taps:F_cell", f"quirk:{QUIRK}"], 0, None),
    ],
)
def test_a_patch_may_change_what_it_declares(tmp_path, programs, second, rules, status, first):
    found, summary = compared(
        tmp_path, programs, second, *(word for rule in rules for word in ("--allow", rule))
    )
    assert found == status
    assert summary["settings"]["allow"] == rules
    said = summary["contract"]["first_undeclared"]
    assert said is None if first is None else first in said
    assert verify_bundle(tmp_path / "out").word is Word.PASS


def test_a_bundle_is_run_again_under_its_contract(tmp_path, programs):
    np.save(tmp_path / "mask.npy", np.arange(256).reshape(16, 16) == 53)
    own = ["--allow", f"pixels:{tmp_path}/mask.npy", "--allow", "taps:phi_rad"]
    assert compared(tmp_path, programs, "old", "--determinism", *own)[0] == 0
    (tmp_path / "mask.npy").unlink()
    said = []
    chosen = Chosen(tmp_path / "out", str(programs / "old"), str(programs / "old"), False, said.append)
    assert replay_word(replay(tmp_path / "out", None, chosen)) is Word.PASS


def test_a_contract_that_a_bundle_only_states_is_found_out(tmp_path, programs):
    compared(tmp_path, programs, "pixel", "--allow", "pixels:5,3")
    path = tmp_path / "out" / SUMMARY
    path.write_text(path.read_text(encoding="utf-8").replace("pixels:5,3", "pixels:6,3"), encoding="utf-8")
    assert verify_bundle(tmp_path / "out").word is not Word.PASS


def test_outputs_may_change_as_a_declared_quirk_has_them(tmp_path, programs):
    words = [*WORDS, "-adc", "30"]
    own = ["--outputs", "smv,pgm", "--allow"]
    assert compared(tmp_path, programs, "header", *own, "quirk:Q-HEADER-ADC-OFFSET", words=words)[0] == 0
    shutil.rmtree(tmp_path / "out")
    assert compared(tmp_path, programs, "header", *own, "quirk:Q-HEADER-SEMICOLON", words=words)[0] == 1


@pytest.fixture(scope="module")
def logs(tmp_path_factory, programs):
    """Traces of one program twice."""
    folder = tmp_path_factory.mktemp("logs")
    status, summary = compared(folder, programs, "old", "--determinism", "--allow", "taps:phi_rad")
    assert status == 0
    read = [(folder / "out" / log_name(side)).read_bytes() for side in SIDES]
    return read, [tuple(pixel) for pixel in summary["contract"]["traced"]]


@pytest.mark.parametrize(("tap", "declared"), [("F_latt", True), ("lambda_meters", False), ("steps", False)])
def test_one_digit_of_one_tap_is_undeclared_unless_it_is_below_the_declared_one(logs, tap, declared):
    (first, second), pixels = logs
    found = re.search(rb": %s (\S+)[ \n]" % tap.encode(), second)
    moved = b"%.17g" % np.nextafter(float(found[1]), np.inf) if tap != "steps" else b"3"
    changed = second[: found.start(1)] + moved + second[found.end(1) :]
    traces = {"c": read_log(first, "c"), "py": read_log(changed, "py")}
    judged = tap_judgement(traces, below(["phi_rad"]), pixels)
    assert judged.differing == (tap,)
    assert judged.undeclared == (() if declared else (tap,))
    assert (f"tap {tap}" in judged.place) is not declared


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (["--threshold", "0.9"], "--threshold does not"),
        (["--published-bounds"], "--published-bounds does not"),
        (["--resample"], "--resample does not"),
        (["--outputs", "noise", "--noise", "statistics"], "--noise statistics does not"),
    ],
)
def test_what_asks_for_less_than_bits_is_refused(tmp_path, capsys, own, said):
    assert main(["--allow", "pixels:1,1", "--outdir", str(tmp_path / "out"), *own, "--", *WORDS]) == 3
    assert said in capsys.readouterr().err


def test_images_have_rules_about_pixels_only(tmp_path, capsys):
    one = np.arange(256, dtype=np.float32).reshape(16, 16)
    other = one.copy()
    other[2, 7] = 5000.0
    for name, image in (("a.npy", one), ("b.npy", other)):
        np.save(tmp_path / name, image)
    images = [str(tmp_path / "a.npy"), str(tmp_path / "b.npy")]
    assert main(["-q", "--allow", "pixels:7,2", "--outdir", str(tmp_path / "out"), *images]) == 0
    assert verify_bundle(tmp_path / "out").word is Word.PASS
    assert main(["-q", "--allow", "pixels:2,7", "--outdir", str(tmp_path / "fail"), *images]) == 1
    assert main(["-q", "--allow", "taps:polar", "--outdir", str(tmp_path / "no"), *images]) == 3
    assert "takes further runs of programs" in capsys.readouterr().err


def test_a_rule_that_fits_no_image_is_wrong_usage(tmp_path, programs, capsys):
    told = ["--c-bin", str(programs / "old"), "--py-bin", str(programs / "pixel"), "--outdir"]
    assert main([*told, str(tmp_path / "out"), "--allow", "pixels:99,99", "--", *WORDS]) == 3
    assert "names no pixel of the image" in capsys.readouterr().err
