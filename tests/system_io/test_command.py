"""Whatever ends a command becomes an exit status and one line."""

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest

from system_io.command import Command
from system_io.errors import UserError

ROOT = Path(__file__).parents[2]


class NotComparableError(UserError):
    exit_status = 2


def raising(error: BaseException) -> Command:
    def run(_words: Sequence[str]) -> int:
        raise error

    return Command("tool", run)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UserError("thing 'x'\n is bad; do y"), 3, "thing 'x' is bad; do y"),
        (NotComparableError("nothing in common"), 2, "nothing in common"),
        (OSError(28, "No space left on device", "x.bin"), 3, "x.bin: No space left on device"),
        (MemoryError(), 3, "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 3, "out of memory"),
        (ImportError("libtorch.so: cannot map"), 3, "cannot load a library"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 3, "nobody reads"),
        (SystemExit("words"), 3, "words"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line(
    error: BaseException, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error)([]) == status
    shown = capsys.readouterr().err
    assert shown.startswith("tool: error: ")
    assert words in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError("deep"), ZeroDivisionError(), UnicodeError("\udcff")]
)
def test_a_fault_of_ours_is_kept_in_a_file(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert raising(error)([]) == 3
    shown = capsys.readouterr().err
    (kept,) = tmp_path.iterdir()
    assert str(kept) in shown
    assert "Traceback" not in shown
    assert type(error).__name__ in kept.read_text()


def test_warnings_of_libraries_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def run(_words: Sequence[str]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("overflow\n in cast", RuntimeWarning, stacklevel=1)
        return 0

    assert Command("tool", run)([]) == 0
    assert capsys.readouterr().err == "tool: warning: overflow in cast (RuntimeWarning)\n"


PRINTING = """
import sys
import time
from system_io.command import Command
sys.exit(Command("tool", lambda words: print("x") or 0)([]))
"""


@pytest.mark.parametrize(("closing", "status"), [(">/dev/full", 3), (">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_standard_streams_may_be_full_or_closed(closing: str, status: int) -> None:
    words = ["sh", "-c", f'exec "$0" -c "$1" {closing}', sys.executable, PRINTING]
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_a_destructor_swallows_ends_the_command_all_the_same(number: int) -> None:
    class Slow:
        def __del__(self) -> None:
            os.kill(os.getpid(), number)
            time.sleep(0.01)

    def run(_words: Sequence[str]) -> int:
        for thing in (Slow(),):
            assert thing
        del thing
        time.sleep(30)
        return 0

    assert Command("tool", run)([]) == 128 + number
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
