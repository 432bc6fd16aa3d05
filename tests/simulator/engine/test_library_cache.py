"""Kept stages are whole, of this processor and of these sources, or they are not used."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from simulator import RunConfig
from simulator.engine import library_cache, making
from simulator.engine.compiled import Needed
from simulator.engine.library_cache import (
    BrokenLibraryError,
    StageFacts,
    clear_kept,
    kept_stages,
    put_library,
    whole_library,
)
from simulator.engine.machine_code import MachineCode, _given_back, _owners, load
from simulator.engine.rehearsal import Probe
from simulator.engine.stage import Call
from simulator.engine.tensor_tree import leaves
from simulator.kernel.kernel import photons
from simulator.kernel.small_blocks import rehearse
from simulator.kernel.stages import Stages
from simulator.scene.scene import prepare
from simulator.scene.setting_up import set_up

WORDS = "-cell 40 40 40 90 90 90 -default_F 1 -lambda 1 -distance 100 -detpixels 8 -N 5 -nonoise -nopgm"
CPU = torch.device("cpu")
MACHINE = 18
"""Offset of the processor in an ELF file."""


@pytest.fixture(scope="module")
def finish() -> tuple[Call, Any]:
    """A call of the smallest stage, and what it gives."""
    probe = Probe()
    ins = set_up(prepare(RunConfig.from_args(WORDS.split())))
    rehearse(ins, lambda few, block: photons(Stages(few, probe), block))
    return next(found for found in probe.calls.values() if found[0].stage.name == "finish")


@pytest.fixture(scope="module")
def compiled(finish: tuple[Call, Any], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Its entry in a cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NB_CACHE", str(tmp_path_factory.mktemp("made")))
        needed = needed_of(finish)
        making.make_libraries(needed.missing)
        return needed.missing[0].facts.path.read_bytes()


@pytest.fixture
def entry(finish: tuple[Call, Any], compiled: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The entry in a cache of its own."""
    monkeypatch.setenv("NB_CACHE", str(tmp_path))
    path = needed_of(finish).missing[0].facts.path
    path.parent.mkdir()
    path.write_bytes(compiled)
    load.cache_clear()
    return path


def needed_of(found: tuple[Call, Any]) -> Needed:
    return Needed(CPU, {found[0].form(): found})


def test_machine_code_gives_what_the_stage_gives(finish: tuple[Call, Any], entry: Path) -> None:
    call, expected = finish
    flat = [part.clone() for part in call.flat()]
    (found,) = load(entry)(flat)
    (wanted,) = leaves(expected)
    del flat
    assert found.shape == wanted.shape
    assert torch.allclose(found, wanted, rtol=1e-14, atol=0.0)  # roundings of some products
    with pytest.raises(RuntimeError, match=r"takes .* tensors, not 0"):
        load(entry)([])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def cut_in_the_middle(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:5000] + data[6000:])


def a_text(path: Path) -> None:
    path.write_text("no library\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_another_machine(path: Path) -> None:
    facts, code = whole_library(path)
    put_library(facts, code[:MACHINE] + bytes([code[MACHINE] ^ 0xFF]) + code[MACHINE + 1 :])


def without_functions(path: Path) -> None:
    facts, _ = whole_library(path)
    source, library = path.with_name("a.c"), path.with_name("a.bin")
    source.write_text("int nothing;\n")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, source], check=True)
    put_library(facts, library.read_bytes())


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_text("")


def unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)  # a loop, which nobody can read, the superuser included


@pytest.mark.parametrize(
    "spoil",
    [
        truncated, cut_in_the_middle, a_text, empty, of_another_machine, without_functions, a_folder,
        unreadable,
    ],
)  # fmt: skip
def test_broken_entry_is_removed_and_said_in_one_line(
    spoil: Callable[[Path], None], finish: tuple[Call, Any], entry: Path, compiled: bytes
) -> None:
    spoil(entry)
    needed = needed_of(finish)
    (note,) = needed.notes
    assert note.startswith("compiled stage 'finish' of the cache is not used: it")
    assert "\n" not in note
    assert not needed.found
    assert not os.path.lexists(entry)
    put_library(needed.missing[0].facts, whole_code(compiled))
    needed.look()
    assert needed.found
    assert needed.notes == (note,)


def whole_code(data: bytes) -> bytes:
    """Return the code of an entry's content."""
    said = int.from_bytes(data[-len(library_cache.MARK) - 40 : -len(library_cache.MARK) - 32], "big")
    return data[: -len(library_cache.MARK) - 40 - said]


def test_folder_in_place_of_an_entry_is_replaced(entry: Path, compiled: bytes) -> None:
    facts, code = whole_library(entry)
    a_folder(entry)
    put_library(facts, code)
    assert entry.read_bytes() == compiled


def test_code_of_another_processor_is_not_met(
    finish: tuple[Call, Any], entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert needed_of(finish).found
    monkeypatch.setattr(library_cache, "processor_words", lambda: "x86_64 without avx512f")
    other = needed_of(finish)
    assert not other.found
    assert other.missing[0].facts.path != entry
    (kept,) = kept_stages()
    assert not kept.usable


@pytest.mark.parametrize("name", ["torch_version", "device", "form", "stage"])
def test_key_names_everything_that_code_depends_on(name: str, entry: Path) -> None:
    facts, _ = whole_library(entry)
    other = StageFacts(**{**vars(facts), name: "another"})
    assert other.path != facts.path == entry


def write_often(facts: StageFacts, code: bytes) -> None:
    for _ in range(20):
        put_library(facts, code)


def test_two_processes_that_write_one_entry_do_not_harm_each_other(entry: Path) -> None:
    facts, code = whole_library(entry)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(facts, code)) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert whole_library(entry)[1] == code
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert list(entry.parent.iterdir()) == [entry]


def test_cache_is_shown_and_emptied(entry: Path) -> None:
    other = entry.with_name(f"{'0' * 32}.so")
    a_text(other)
    kept = {one.path: one for one in kept_stages()}
    assert kept.keys() == {entry, other}
    assert (kept[entry].usable, kept[other].usable, kept[other].facts) == (True, False, None)
    assert kept[entry].size_bytes == entry.stat().st_size
    assert clear_kept() == 2
    assert list(kept_stages()) == []


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_stage_that_crashes_its_process_is_told(tmp_path: Path) -> None:
    crashed, failed, made = making._forked([killed, lambda: os._exit(3), lambda: None])
    assert (crashed, failed, made) == (-9, 3, 0)
    assert making._reason(tmp_path / "none", crashed).endswith("loaded or run, SIGKILL")


def test_result_that_was_handed_in_is_kept_alive() -> None:
    one, other = torch.zeros(4), torch.zeros(4)
    lent = [(part.data_ptr(), part.data_ptr() + part.nbytes, part) for part in (other, one)]
    assert [part is one for part in _owners(one.data_ptr() + 8, lent)] == [True]
    assert _owners(0, lent) == []
    kept, deleted = [one], []
    _given_back(lambda handle: deleted.append(handle) or 0, 7, kept)
    assert (kept, deleted) == ([], [7])


def test_library_that_is_none_is_no_stage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.so")
    file = tmp_path / "text.so"
    a_text(file)
    with pytest.raises(BrokenLibraryError, match="its end is not that of a compiled stage"):
        load(file)
    with pytest.raises(OSError, match=r"file too short|invalid ELF"):
        MachineCode(file)
