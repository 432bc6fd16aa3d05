"""Evidence bundles: what is written, what an interruption leaves, and that tampering is named."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.commands.nb_report import main
from harness.errors import BundleError
from harness.evidence.hashes import verify_hashes
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.gates.plan import GatePlan
from harness.gates.run import run_gates
from harness.gates.table import GATES
from harness.images.compare import Region
from harness.pairs.pair import PairJob, run_pair
from harness.pairs.summary import write_pair_results
from harness.programs.environment import describe_environment
from harness.programs.programs import program_at
from harness.store.bundle import BundleWriter, files_below, sealed
from harness.store.find import find_bundles, is_complete
from harness.store.names import HASHES, MARK, METRICS
from system_io.verdict_words import Word
from tests.harness.small_case import ROOT, run_script

FRAME = {
    "schema": "nb-bundle 1", "kind": "gates", "title": "t", "created": "20260101T000000Z", "verdict": "PASS",
    "exit_status": 0, "reasons": [], "notes": [], "command": [], "parts": [], "figures": [],
    "first_divergence": None, "causal_taps": [], "settings": {}, "commit": None,
}  # fmt: skip
KINDS = (
    "metrics.json", "env.json", "commands.txt", "sha256.txt", "c-parity/summary.json", "c-parity/c.png",
    "c-parity/diff.png", "c-parity/c_float.bin", "c-parity/py_float.bin", "c-parity/py_stdout.txt",
    "c-parity/sha256.txt", "c-parity/c_stderr.txt",
)  # fmt: skip


def plan_of(first, second):
    programs = [program_at(path, "--c-bin") for path in (first, second)]
    return GatePlan(*programs, ("-lambda", "1"), ("nb-gates", "run"), "fakes", Region(5, 70, 5, 50), (), 60.0)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A bundle of VG-5 made with fake programs that know one parity mode only."""
    folder = tmp_path_factory.mktemp("original")
    fake = Path(__file__).parents[2] / "fixtures" / "fake_program.py"
    paths = []
    for name in ("good:nanobragg-reference", "scale:simulator"):
        path = folder / name.partition(":")[0]
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" {name} "$@"\n', encoding="utf-8")
        paths.append(str(path))
        path.chmod(0o755)
    run_gates(plan_of(*paths), GATES[4:], folder / "reports")
    return next(find_bundles(folder / "reports" / "gates" / "VG-5"))


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


def files_of(check):
    return {fault.file for fault in check.faults}


def rehash(folder):
    """Do what a careful forger would: bring all hash lists up to date."""
    for part in [path.parent for path in folder.rglob(HASHES)][::-1]:
        lines = [f"{hashlib.sha256((part / n).read_bytes()).hexdigest()}  {n}\n" for n in files_below(part)]
        text = "".join(lines)
        (part / HASHES).write_text(sealed(text) if part == folder else text, encoding="ascii")


def test_fresh_bundle_verifies(bundle):
    check = verify_bundle(bundle)
    assert (check.word, check.faults) == (Word.PASS, ())
    subprocess.run(["sha256sum", "-c", "--strict", HASHES], cwd=bundle, check=True, capture_output=True)
    assert check.checked == len(files_below(bundle)) > 20
    assert load_metrics(bundle)["verdict"] == "FAIL"


@pytest.mark.parametrize("name", KINDS)
def test_one_flipped_byte_is_found_and_named(bundle, name):
    path = bundle / name
    content = bytearray(path.read_bytes() or b"x")
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    check = verify_bundle(bundle)
    assert check.word is Word.FAIL
    assert name in files_of(check)


@pytest.mark.parametrize("name", [name for name in KINDS if name != HASHES])
def test_removed_file_is_found_and_named(bundle, name):
    (bundle / name).unlink()
    check = verify_bundle(bundle)
    assert check.word is Word.FAIL
    assert name in files_of(check)


def test_added_file_is_found(bundle):
    (bundle / "c-parity" / "extra.txt").write_text("x", encoding="ascii")
    assert files_of(verify_bundle(bundle)) == {"c-parity/extra.txt"}


@pytest.mark.parametrize("kind", ["{}_float.bin", "{}.png"])
def test_swapped_images_are_found_and_said_to_be_swapped(bundle, kind):
    first, second = (bundle / "c-parity" / kind.format(side) for side in ("c", "py"))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    said = [str(fault) for fault in verify_bundle(bundle).faults if fault.file == f"c-parity/{first.name}"]
    assert f"holds what c-parity/{second.name} held" in said[0]


def test_swapped_images_are_found_even_with_new_hashes(bundle):
    first, second = (bundle / "c-parity" / f"{side}_float.bin" for side in ("c", "py"))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    rehash(bundle)
    assert {"c-parity/c_float.bin", "c-parity/py_float.bin"} <= files_of(verify_bundle(bundle))


@pytest.mark.parametrize(("place", "value"), [("measured", 1e-12), ("state", "held"), ("strict", 1.0)])
def test_edited_metrics_are_found_even_with_new_hashes(bundle, place, value):
    metrics = json.loads((bundle / METRICS).read_text(encoding="utf-8"))
    metrics["figures"][1][place] = value
    (bundle / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    rehash(bundle)
    assert [f"figures[1].{place}" in str(fault) for fault in verify_bundle(bundle).faults] == [True]


def test_edited_summary_is_found_even_with_new_hashes(bundle):
    path = bundle / "c-parity" / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["metrics"]["rmse"] *= 0.5
    path.write_text(json.dumps(summary), encoding="utf-8")
    rehash(bundle)
    assert "metrics.rmse" in str(verify_bundle(bundle).faults[0])


@pytest.mark.parametrize(
    "change", [{"figures": "none"}, {"extra": 1}, {"exit_status": True}, {"schema": "nb-bundle 2"}]
)
def test_metrics_that_break_the_schema_are_neither_written_nor_read(bundle, tmp_path, change):
    with pytest.raises(BundleError, match=METRICS):
        BundleWriter.start(tmp_path / "reports", "a", "b").finish(FRAME | change)
    (bundle / METRICS).write_text(json.dumps(FRAME | change), encoding="utf-8")
    rehash(bundle)
    assert METRICS in files_of(verify_bundle(bundle))


def test_closing_statement_that_was_edited_is_found_even_with_new_hashes(original, tmp_path):
    closing = next(find_bundles(original.parents[1] / "summary"))
    bundle = shutil.copytree(closing, tmp_path / "closing")
    assert verify_bundle(bundle).word is Word.PASS
    statement = json.loads((bundle / "gates.json").read_text(encoding="utf-8"))
    statement["gates"][0]["figures"][0]["measured"] = 0.5
    (bundle / "gates.json").write_text(json.dumps(statement | {"verdict": "PASS"}), encoding="utf-8")
    rehash(bundle)
    assert files_of(verify_bundle(bundle)) == {"gates.json", "gates.md"}


def test_part_that_points_outside_is_refused(bundle):
    metrics = json.loads((bundle / METRICS).read_text(encoding="utf-8"))
    (bundle / METRICS).write_text(json.dumps(metrics | {"parts": ["../elsewhere"]}), encoding="utf-8")
    assert "points outside" in " ".join(map(str, verify_bundle(bundle).faults))


def test_result_folder_of_nb_compare_is_a_bundle(nb_compare):
    nb_compare("good", "scale")
    assert verify_bundle(Path("out")).word is Word.PASS
    Path("out/py_float.bin").write_bytes(bytes(19200))
    assert "py_float.bin" in files_of(verify_bundle(Path("out")))


def test_two_bundles_of_one_second_get_two_names(tmp_path):
    writers = [BundleWriter.start(tmp_path, "a", "b") for _ in range(3)]
    paths = {writer.finish(FRAME) for writer in writers}
    assert len(paths) == 3
    assert all(is_complete(path) for path in paths)


@pytest.mark.parametrize("name", ["..", "../up", "/etc", "a/b", "", ".hidden", "a\nb"])
def test_names_that_point_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(BundleError, match="plain name"):
        BundleWriter.start(tmp_path / "reports", "gates", name)
    assert not (tmp_path / "reports").exists()


def test_file_in_the_way_is_one_clear_error(tmp_path):
    (tmp_path / "reports").write_text("mine", encoding="ascii")
    with pytest.raises(BundleError, match="cannot write in"):
        BundleWriter.start(tmp_path / "reports", "a", "b")
    assert (tmp_path / "reports").read_text(encoding="ascii") == "mine"


def test_interrupted_bundle_lists_what_is_finished(tmp_path):
    writer = BundleWriter.start(tmp_path, "a", "b")
    writer.add_text("one.txt", "1\n")
    check = verify_bundle(writer.path)
    assert (check.word, is_complete(writer.path)) == (Word.NOT_COMPARABLE, False)
    assert ("one.txt", "finished") in {(fault.file, fault.what) for fault in check.faults}


def fill_and_fail(writer):
    with writer.folder("part") as folder:
        (folder / "half").write_text("x", encoding="ascii")
        (folder / "missing").read_bytes()


def test_failed_folder_leaves_no_half(tmp_path):
    writer = BundleWriter.start(tmp_path, "a", "b")
    with pytest.raises(BundleError, match="stays marked incomplete"):
        fill_and_fail(writer)
    assert [path.name for path in writer.path.iterdir()] == [MARK]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if (
        shutil.which("mount") is None
        or subprocess.run(words, capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("no right to mount a small file system here; run as root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_full_disk_leaves_a_marked_bundle_and_nothing_half_written(small_disk):
    writer = BundleWriter.start(small_disk, "a", "b")
    with pytest.raises(BundleError, match=r"no space left .*stays marked incomplete"):
        writer.add_text("large.txt", "x" * 500_000)
    assert [path.name for path in writer.path.iterdir()] == [MARK]
    assert not is_complete(writer.path)


def test_read_only_folder_is_one_clear_error(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(BundleError, match=r"cannot write in .*Read-only file system; name another --reports"):
        BundleWriter.start(small_disk, "a", "b")


KILLED = """
import gc, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from tests.harness.evidence.test_verify import plan_of
from harness.gates.run import run_gates
from harness.gates.table import GATES
import harness.drawing

def run():
    run_gates(plan_of(*sys.argv[1:3]), GATES[4:], Path(sys.argv[3]))

start = time.monotonic()
run()
gc.collect()
gc.freeze()
print(time.monotonic() - start, flush=True)
for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        run()
        os._exit(0)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
"""Runs gates as often as it is told, each time in a process of its own that has all modules loaded."""


def test_killed_at_random_moments_no_bundle_claims_to_be_complete_that_is_not(original, tmp_path):
    programs = [str(original.parents[3] / name) for name in ("good", "scale")]
    runner = run_script(
        KILLED, *programs, str(tmp_path / "reports"), str(ROOT), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with runner:
        whole_s = float(runner.stdout.readline())
        moments = random.Random(1)
        for _ in range(5):
            runner.stdin.write("again\n")
            runner.stdin.flush()
            pid = int(runner.stdout.readline())
            time.sleep(whole_s * moments.uniform(0.0, 1.0))
            with contextlib.suppress(ProcessLookupError):  # it was over before that moment
                os.kill(pid, signal.SIGKILL)
            assert int(runner.stdout.readline()) in (0, -signal.SIGKILL)
        states = []
        for path in find_bundles(tmp_path / "reports"):
            states.append(is_complete(path))
            assert verify_bundle(path).word is (Word.PASS if states[-1] else Word.NOT_COMPARABLE), path
        assert {True, False} == set(states)
        runner.stdin.write("again\n")
        runner.stdin.close()
        assert runner.stdout.readlines()[1:] == ["0\n"]


WRITTEN = """
import json, os, signal, sys
from pathlib import Path
from harness.store.bundle import BundleWriter
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "shutil.rmtree")

def write():
    writer = BundleWriter.start(Path(sys.argv[1]), "gates", "VG-1")
    writer.add_text("notes.txt", "two words")
    with writer.folder("part") as folder:
        (folder / "one.bin").write_bytes(b"1")
    writer.finish(json.loads(sys.argv[2]))

def killed_before(left):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
    def count(event, _given):
        nonlocal left
        left -= event in EVENTS
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    write()
    os._exit(0)

number = 0
while killed_before(number):
    number += 1
print(number)
"""
"""Writes a bundle again and again, and dies at each thing that it does to files, the first, the second..."""


def test_killed_before_each_change_of_a_file_no_bundle_claims_to_be_complete_that_is_not(tmp_path):
    with run_script(WRITTEN, str(tmp_path), json.dumps(FRAME), stdout=subprocess.PIPE) as runner:
        kills = int(runner.stdout.read())
    bundles = list(find_bundles(tmp_path))
    whole = [path for path in bundles if is_complete(path)]
    assert kills > len(bundles) > 20
    assert {verify_hashes(path).word for path in whole} == {Word.PASS}
    assert {verify_bundle(path).word for path in bundles if path not in whole} == {Word.NOT_COMPARABLE}


def test_command_line_names_faults_and_statuses(bundle, capsys, tmp_path):
    assert main(["verify", str(bundle)]) == 0
    (bundle / "env.json").write_text("{}", encoding="ascii")
    assert main(["verify", str(bundle), "--json"]) == 1
    (bundle / MARK).write_text("{}", encoding="ascii")
    assert main(["verify", str(bundle)]) == 2
    assert main(["verify", str(tmp_path / "nowhere")]) == 3
    captured = capsys.readouterr()
    assert "env.json" in captured.out
    assert "no bundle" in captured.err
    assert captured.err.count("\n") == 1


def test_environment_names_commit_and_packages():
    facts = describe_environment(os.environ)
    assert facts["packages"]["numpy"]
    assert facts["git"] is None or len(facts["git"]["commit"]) == 40


def test_pair_with_inputs_names_them_by_hash(fake, tmp_path):
    (tmp_path / "A.mat").write_text("1 0 0 0 1 0 0 0 1\n", encoding="ascii")
    program = program_at(fake("good"), "--c-bin")
    job = PairJob(program, program, ("-mat", "A.mat"), tmp_path)
    folder = tmp_path / "result"
    folder.mkdir()
    write_pair_results(folder, run_pair(job), {}, ["nb-compare"])
    digest = hashlib.sha256((tmp_path / "A.mat").read_bytes()).hexdigest()
    assert f"# input {digest}  {tmp_path / 'A.mat'}" in (folder / "commands.txt").read_text(encoding="utf-8")
