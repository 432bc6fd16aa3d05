"""Kept results: what they depend on, that they serve bit for bit, and that a broken one never does."""

import json
import os
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from harness.commands.alone.cache import main as cache_command
from harness.commands.nb_compare import main as compare
from harness.commands.nb_report import main as report
from harness.kept.entry import BrokenEntryError, KeptResult, entry_bytes, result_in
from harness.kept.key import folder_key, follows_the_clock, run_key
from harness.kept.options import chosen_shelf
from harness.kept.runs import kept_or_run
from harness.kept.shelf import Shelf
from harness.programs.arguments import prepare_arguments
from harness.programs.build import build_reference
from harness.programs.programs import Program, program_at, simulator_program

LINE = ("-cell", "79", "79", "38", "90", "90", "90", "-default_F", "100", "-N", "5", "-lambda", "1",
        "-distance", "100", "-detpixels", "16")  # fmt: skip
TRACED = (*LINE, "-roi", "3", "9", "4", "8", "-trace_pixel", "5", "5")


@pytest.fixture(scope="module")
def binary():
    return build_reference().path


@pytest.fixture
def program(binary):
    return Program("reference", (str(binary),), {})


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "results")


def ran(program, shelf, folder, line=TRACED, **more):
    arguments = prepare_arguments(line, folder)
    place = folder / f"run{len(list(folder.iterdir()))}"
    return kept_or_run(
        program, program.settings("c-parity").words, arguments, place, 60.0, shelf=shelf, **more
    )


def entry_of(shelf):
    return next(shelf.folder.iterdir())


def key(program, line=LINE, threads=1, folder=None):
    arguments = prepare_arguments(line, folder or os.sep)
    return run_key(program, program.settings("c-parity").words, arguments, threads)


def test_a_kept_result_is_bit_for_bit_what_the_program_gave(program, shelf, tmp_path):
    first, second = (ran(program, shelf, tmp_path) for _ in range(2))
    assert first.kept is None
    assert second.kept is not None
    assert shelf.answers == [None, second.kept]
    assert first.image.tobytes() == second.image.tobytes()
    assert first.image.shape == second.image.shape
    assert (first.stdout, first.stderr, first.trace) == (second.stdout, second.stderr, second.trace)
    assert second.facts() == {**first.facts(), "kept": second.kept}
    assert first.trace


def test_without_a_shelf_nothing_is_kept(program, shelf, tmp_path):
    assert [ran(program, None, tmp_path).kept for _ in range(2)] == [None, None]
    assert not shelf.folder.exists()


def test_a_run_that_fails_is_not_kept(program, shelf, tmp_path):
    runs = [ran(program, shelf, tmp_path, ("-cell", "79")) for _ in range(2)]
    assert all(run.failure and run.kept is None for run in runs)
    assert shelf.books() == []


def test_the_key_changes_with_all_that_a_run_depends_on(program, binary, tmp_path, monkeypatch):
    plain = key(program)
    assert key(program) == plain
    assert key(program, (*LINE, "-roi", "1", "2", "3", "4")) != plain
    assert run_key(program, ("-parity_mode", "spec"), prepare_arguments(LINE, tmp_path), 1) != plain
    other = tmp_path / "other"
    shutil.copyfile(binary, other)
    with other.open("ab") as stream:
        stream.write(b"\0")
    other.chmod(0o755)
    assert key(replace(program, words=(str(other),))) not in (plain, None)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert key(program) != plain
    monkeypatch.undo()
    monkeypatch.setenv("NO_SUCH_MATTER", "7")
    assert key(program) == plain


def test_inputs_count_by_content_and_not_by_place(program, tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder, text in zip(folders, ("0 0 1 5\n", "0 0 1 5\n", "0 0 1 6\n"), strict=True):
        folder.mkdir()
        (folder / "x.hkl").write_text(text)
    same, again, other = (key(program, (*LINE, "-hkl", "x.hkl"), folder=folder) for folder in folders)
    assert same == again != other
    (folders[0] / "x.hkl").rename(folders[0] / "x.txt")
    assert key(program, (*LINE, "-hkl", "x.txt"), folder=folders[0]) != same


def test_what_need_not_repeat_or_is_no_one_file_has_no_key(binary, tmp_path):
    script = tmp_path / "nb"
    script.write_text(f'#!/bin/sh\nexec {binary} "$@"\n')
    script.chmod(0o755)
    wrapped = program_at(str(script), "--c-bin")
    external = Program("external", (str(binary),), {})
    assert key(wrapped) is None
    assert key(simulator_program()) is None
    assert key(external) is not None
    assert run_key(external, (), prepare_arguments(LINE, tmp_path), 2) is None


def test_a_program_changed_while_it_runs_is_not_kept(program, binary, shelf, tmp_path, monkeypatch):
    keys = iter(["a" * 64, "b" * 64])
    monkeypatch.setattr("harness.kept.runs.run_key", lambda *_: next(keys))
    assert ran(program, shelf, tmp_path).failure is None
    assert shelf.books() == []


@pytest.mark.parametrize("spoil", ["cut", "changed", "other", "empty", "foreign"])
def test_a_broken_entry_is_said_and_made_anew(program, shelf, tmp_path, capsys, spoil):
    first = ran(program, shelf, tmp_path)
    place = entry_of(shelf)
    data = bytearray(place.read_bytes())
    spoilt = {
        "cut": data[:-5], "changed": data[:-1] + bytes([data[-1] ^ 1]), "empty": b"",
        "foreign": b"\x80" * 500,
        "other": entry_bytes("f" * 64, KeptResult.of(first)),
    }[spoil]  # fmt: skip
    place.write_bytes(spoilt)
    again = ran(program, shelf, tmp_path)
    assert again.kept is None
    assert again.image.tobytes() == first.image.tobytes()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is not used: " in said
    assert "runs anew" in said
    assert ran(program, shelf, tmp_path).kept is not None


def test_facts_that_do_not_fit_their_files_are_broken(program, shelf, tmp_path):
    result = KeptResult.of(ran(program, shelf, tmp_path))
    good = entry_bytes("k", result)
    assert np.array_equal(result_in("k", good).image, result.image)
    with pytest.raises(BrokenEntryError, match="another run"):
        result_in("l", good)


def test_what_was_used_longest_ago_goes_first(program, shelf, tmp_path):
    lines = [(*LINE, "-N", str(count)) for count in (1, 2, 3)]
    for age, line in enumerate(lines):
        ran(program, shelf, tmp_path, line)
        os.utime(shelf._place(key(program, line)), (age, age))
    ran(program, shelf, tmp_path, lines[0])  # used again: now the youngest
    sizes = [book.size_bytes for book in shelf.books()]
    replace(shelf, most_bytes=sum(sizes) - 1).shrink()
    left = {book.key for book in shelf.books()}
    assert left == {key(program, lines[0]), key(program, lines[2])}


def test_a_result_larger_than_its_share_is_not_kept(program, tmp_path):
    small = Shelf(tmp_path / "results", most_bytes=2048)
    assert ran(program, small, tmp_path).failure is None
    assert small.books() == []


def test_a_folder_that_cannot_be_written_costs_no_run(program, tmp_path):
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "results")
    assert [ran(program, shelf, tmp_path).kept for _ in range(2)] == [None, None]


def test_writers_and_readers_of_one_key_meet_only_whole_entries(program, shelf, tmp_path, capsys):
    result = KeptResult.of(ran(program, None, tmp_path))
    found = []

    def work():
        other = Shelf(shelf.folder)
        for turn in range(40):
            other.put("k", result)
            found.append(other.take("k"))
            if turn % 10 == 9:
                other.clear()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one is None or one.image.tobytes() == result.image.tobytes() for one in found)
    assert any(one is not None for one in found)
    assert capsys.readouterr().err == ""
    assert [path.name for path in shelf.folder.iterdir() if not path.name.endswith(".kept")] == []


def test_compare_states_a_kept_result_and_replay_runs_anew(binary, tmp_path, monkeypatch, capsys):
    compiled = tmp_path / "cache"
    monkeypatch.setenv("NB_CACHE", str(compiled))
    words = ["--c-bin", str(binary), "--py-bin", str(binary), "--determinism", "--", *LINE]
    for name in ("first", "second"):  # both sides may be one program: runs are to repeat
        assert compare(["--outdir", str(tmp_path / name), *words]) == 0
    assert "kept" not in json.loads((tmp_path / "second" / "summary.json").read_text())["runs"]["c"]
    words = ["--c-bin", str(binary), "--parity-mode", "c-parity", "--", *LINE]
    for name, more in (("a", []), ("b", []), ("c", ["--no-cache"])):
        assert compare(["--outdir", str(tmp_path / name), *more, *words]) == 0
    summaries = {name: json.loads((tmp_path / name / "summary.json").read_text()) for name in "abc"}
    kept = {name: "kept" in data["runs"]["c"] for name, data in summaries.items()}
    assert kept == {"a": False, "b": True, "c": False}
    assert "kept" not in summaries["b"]["runs"]["py"]
    assert any("kept result, computed" in note for note in summaries["b"]["notes"])
    assert report(["verify", str(tmp_path / "b")]) == 0
    capsys.readouterr()
    entry_of(Shelf(compiled / "results")).write_bytes(b"forged")
    assert report(["replay", str(tmp_path / "b")]) == 0
    assert "is not used" not in capsys.readouterr().err
    assert cache_command(["list"]) == 0
    assert "BROKEN" in capsys.readouterr().out
    assert cache_command(["clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 1
    assert cache_command(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == []


def test_a_place_that_cannot_hold_results_is_said_once(tmp_path, capsys):
    (tmp_path / "cache").write_text("a file")
    assert chosen_shelf(False, {"NB_CACHE": str(tmp_path / "cache")}) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "results of C programs are not kept" in said
    assert chosen_shelf(True, {"NB_CACHE": str(tmp_path / "cache")}) is None
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("-nonoise", False),
        ("-seed 3", False),
        ("", True),
        ("-nonoise -misset random", True),
        ("-nonoise -misset random -misset_seed 4", False),
        ("-nonoise -noisefile a.img", True),
    ],
)
def test_a_run_that_takes_its_random_numbers_from_the_clock_is_not_kept(program, words, clock):
    assert follows_the_clock(words.split()) is clock
    assert (folder_key(program, words.split(), {}, {}) is None) is clock


def test_a_run_in_a_folder_depends_on_words_files_and_program(program, binary, tmp_path):
    words = ("-hkl", "a.hkl", "-nonoise")
    first = folder_key(program, words, {"a.hkl": b"1 1 1 1"}, {})
    assert first == folder_key(program, words, {"a.hkl": b"1 1 1 1"}, {})
    other = tmp_path / "other"
    shutil.copy(binary, other)
    with other.open("ab") as stream:
        stream.write(b"\0")
    changed = [
        folder_key(program, words, {"a.hkl": b"1 1 1 2"}, {}),
        folder_key(program, (*words, "-cell", "79"), {"a.hkl": b"1 1 1 1"}, {}),
        folder_key(Program("reference", (str(other),), {}), words, {"a.hkl": b"1 1 1 1"}, {}),
        folder_key(program, words, {"a.hkl": b"1 1 1 1"}, {"OMP_NUM_THREADS": "7"}),
    ]
    assert None not in changed
    assert len({first, *changed}) == 5
    assert folder_key(simulator_program(), words, {}, {}) is None
